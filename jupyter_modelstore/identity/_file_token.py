"""A token that somebody else renews, in a file: for jobs that a scheduler starts."""

from __future__ import annotations

from pathlib import Path

from jupyter_modelstore.errors import NotSignedIn
from jupyter_modelstore.identity._keys import token_of
from jupyter_modelstore.protocols import AccessToken, Secret


class FileToken:
    """The access token in a file, read anew for each request.

    Parameters
    ----------
    path
        ``MODELSTORE_ACCESS_TOKEN_FILE``.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def __repr__(self) -> str:
        """Return where the token comes from, not the token."""
        return f"FileToken({str(self._path)!r})"

    def token(self, *, refused: str | None = None) -> AccessToken:
        """Return the token that the file holds now.

        Raises
        ------
        NotSignedIn
            The file holds none, or still the one that the server refused.
        """
        try:
            value = Secret(self._path.read_bytes().decode("ascii").strip())
        except (OSError, ValueError) as error:
            raise NotSignedIn(f"No access token can be read from {self._path}.", "See MODELSTORE_ACCESS_TOKEN_FILE.") from error
        token = token_of(value)
        if token is None or value == refused:
            what = "has expired or is not accepted" if value == refused else "is no access token of a person"
            raise NotSignedIn(f"What {self._path} holds {what}.", "Whoever writes that file must renew it.")
        return token

    def known(self) -> AccessToken:
        """Return what the file holds."""
        return self.token()
