"""The functions of the project's database, called through PostgREST; one JSON argument, one JSON answer."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from jupyter_modelstore.backends.supabase import _answers
from jupyter_modelstore.record import ModelRecord

if TYPE_CHECKING:
    import httpx

_TRIES = 3
_PAUSE = 0.2  # seconds, doubled each time
_DRAFT = frozenset({"modelstore_commit"})  # its argument has another name


class Functions:
    """The project's functions, as the person whom the client signs for.

    Parameters
    ----------
    http
        A signed client.
    url
        The project's address.
    """

    def __init__(self, http: httpx.Client, url: str) -> None:
        from postgrest import SyncPostgrestClient

        self._url = url
        self._client = SyncPostgrestClient(f"{url}/rest/v1", http_client=http)

    def call(self, name: str, q: Mapping[str, Any]) -> Any:  # noqa: ANN401 (JSON)
        """Call ``modelstore_NAME``.

        Raises
        ------
        ModelStoreError
            What the database answered, in this package's words.
        """
        import httpx
        from postgrest import APIError

        function = f"modelstore_{name}"
        argument = "draft" if function in _DRAFT else "q"
        for attempt in range(_TRIES):
            try:
                return self._client.rpc(function, {argument: dict(q)}).execute().data  # type: ignore[dict-item]  # JSON, not text
            except APIError as error:
                if str(error.code) not in _answers.RETRIED or attempt == _TRIES - 1:
                    raise _answers.of_database(error.json()) from None
            except httpx.TransportError as error:
                raise _answers.of_network(error, self._url) from None
            time.sleep(_PAUSE * 2**attempt)
        raise AssertionError  # the last attempt returned or raised

    def record(self, name: str, q: Mapping[str, Any]) -> ModelRecord:
        """Call a function that answers with a row."""
        return ModelRecord.from_json(self.call(name, q))

    def records(self, name: str, q: Mapping[str, Any]) -> list[ModelRecord]:
        """Call a function that answers with rows."""
        return [ModelRecord.from_json(row) for row in self.call(name, q)]
