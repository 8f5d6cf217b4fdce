"""The functions of the project's database, called through PostgREST; one JSON argument, one JSON answer."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from jupyter_modelstore._gateway import not_understood, of_network
from jupyter_modelstore.backends.supabase import _answers, _order
from jupyter_modelstore.errors import NotSignedIn, SchemaMismatch
from jupyter_modelstore.protocols import TokenSource
from jupyter_modelstore.record import ModelRecord

if TYPE_CHECKING:
    import httpx

_TRIES = 3
_PAUSE = 0.2  # seconds, doubled each time
SCHEMA = 1
"""The version of the functions that this package was written for; one more or less works too."""
_SHA256 = re.compile(r"[0-9a-f]{64}")
_MEMBERS: dict[str, dict[str, type | tuple[type, ...]]] = {
    "may_save": {"known": bool, "path": str},
    "commit": {"record": dict, "created": bool},
    "list": {"records": list, "total": int},
    "facets": {},
    "stats": {},
    "remove_alias": {},
    "rename": {"versions": int},
    "delete": {
        "records": list,
        "returned_aliases": list,
        "removed_aliases": list,
        "former_aliases": list,
        "purge_after": (str, type(None)),
    },
    "purge": {"records": list, "objects": (dict, list)},
    "purged": {"left": list},
    "check": {"files": int, "missing": list, "changed": list, "strays": list},
}
"""What the answers of functions must hold that answer with an object, and of which type."""
_ROWS: dict[str, dict[str, type | tuple[type, ...]]] = {
    "names": {"model_name": str, "next_version": int},
    "alias_history": {"at": str},
    "restore": {},
}
"""The same of each element, for those that answer with a list."""
_DRAFT = frozenset({"modelstore_commit"})  # its argument has another name


class Functions:
    """The project's functions, as the person whom the client signs for.

    Parameters
    ----------
    http
        A signed client.
    url
        The project's address.
    source
        Who that is. Before the first answer, and again whenever it becomes somebody else, the database is asked whom it sees.
    """

    def __init__(self, http: httpx.Client, url: str, source: TokenSource) -> None:
        from postgrest import SyncPostgrestClient

        self._url = url
        self._source = source
        self._seen = ""  # as whom the database sees us
        self._client = SyncPostgrestClient(f"{url}/rest/v1", http_client=http)

    def call(self, name: str, q: Mapping[str, Any]) -> Any:  # noqa: ANN401 (JSON)
        """Call ``modelstore_NAME``.

        Raises
        ------
        ModelStoreError
            What the database answered, in this package's words.
        """
        user_id = self._source.token().user_id
        if user_id != self._seen:
            self.whoami(user_id)
            self._seen = user_id
        answer = self._call(name, q)
        if not _is_whole(name, answer):
            raise not_understood(f"the answer of modelstore_{name} lacks what it should hold")
        return answer

    def whoami(self, user_id: str) -> Mapping[str, Any]:
        """Return whom the database sees and what it is, after making sure that it is this person.

        Raises
        ------
        NotSignedIn
            It sees somebody else, or nobody.
        SchemaMismatch
            Its functions are not ones that this package can work with.
        """
        found = self._call("whoami", {})
        answer: dict[str, Any] = found if isinstance(found, dict) else {"schema": found}
        schema = answer.get("schema") or {}
        if not isinstance(schema, dict) or not isinstance(schema.get("version", 0), int):
            raise not_understood("it does not say who is asking")
        if answer.get("role") != "authenticated" or answer.get("user_id") != user_id:
            raise NotSignedIn(
                "The project's database takes you for somebody else.", "Sign out and in again: %modelstore logout"
            )
        version = schema.get("version", 0)
        if version > SCHEMA + 1:
            raise SchemaMismatch(
                f"The project's database is newer than this package: schema {version}, this one knows up to {SCHEMA + 1}.",
                "pip install --upgrade jupyter-modelstore",
            )
        if version < SCHEMA - 1:
            raise SchemaMismatch(
                f"The project's database is older than this package: schema {version}, this one needs {SCHEMA - 1}.",
                "Its admin runs jupyter modelstore init; jupyter modelstore init --check says what is missing.",
            )
        return answer

    def _call(self, name: str, q: Mapping[str, Any]) -> Any:  # noqa: ANN401 (JSON)
        function = f"modelstore_{name}"
        for attempt in range(_TRIES):
            answer = self._ask(function, q)
            try:
                body = answer.json()
            except (ValueError, RecursionError):
                body = ""
            if answer.is_success:
                if body is None or isinstance(body, (dict, list)):
                    return body
                raise not_understood(f"the answer of {function} cannot be read")
            error = body if isinstance(body, dict) else {}
            if error.get("code") not in _answers.RETRIED or attempt == _TRIES - 1:
                raise _answers.of_database(error, answer.status_code)
            time.sleep(_PAUSE * 2**attempt)
        raise AssertionError  # the last attempt returned or raised

    def _ask(self, function: str, q: Mapping[str, Any]) -> httpx.Response:
        """Call a function once; supabase-py's own error does not tell the HTTP status, so its answer is read here."""
        import httpx

        argument = "draft" if function in _DRAFT else "q"
        request = self._client.rpc(function, {argument: dict(q)}).request  # type: ignore[dict-item]  # JSON, not text
        try:
            return request.send(httpx.Headers())
        except httpx.TransportError as error:
            raise of_network(error, self._url) from None
        except httpx.DecodingError:
            raise not_understood(f"the answer of {function} cannot be read") from None

    def record(self, name: str, q: Mapping[str, Any]) -> ModelRecord:
        """Call a function that answers with a row."""
        return record_of(self.call(name, q))


def _is_whole(name: str, answer: Any) -> bool:  # noqa: ANN401 (JSON)
    """Tell whether an answer holds what this function's must."""
    if name in _ROWS:
        return isinstance(answer, list) and all(_holds(row, _ROWS[name]) for row in answer)
    return name not in _MEMBERS or _holds(answer, _MEMBERS[name])


def _holds(answer: Any, members: Mapping[str, type | tuple[type, ...]]) -> bool:  # noqa: ANN401 (JSON)
    return isinstance(answer, dict) and all(isinstance(answer.get(name), kind) for name, kind in members.items())


def record_of(row: Any) -> ModelRecord:  # noqa: ANN401 (JSON)
    """Return a row of an answer as a record; one that cannot be read is an error of the project's."""
    try:
        record = ModelRecord.from_json(_order.restored(row))
    except (ValueError, RecursionError) as error:
        raise not_understood("a row cannot be read") from error
    if not is_sound(record) or record.as_of is not None:
        raise not_understood("a row cannot be read")
    return record


def is_sound(record: ModelRecord) -> bool:
    """Tell whether what a record's file is found and judged by is of its kind."""
    texts = (record.id, record.user_id, record.space_id, record.model_name, record.status, record.format, record.origin)
    named = isinstance(record.model_file_path, str) and all(isinstance(text, str) for text in texts)
    numbers = (record.version, record.model_file_size)
    digest = record.sha256 is None or (isinstance(record.sha256, str) and _SHA256.fullmatch(record.sha256) is not None)
    return digest and named and all(type(number) is int for number in numbers)
