"""A store stays with whom it was opened as: anybody may sign in from another window of the same home at any moment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jupyter_modelstore.errors import SomebodyElse
from jupyter_modelstore.names import visible

if TYPE_CHECKING:
    from jupyter_modelstore.protocols import AccessToken, TokenSource


class OneUser:
    """A token source that names one person, for good: the first that it was asked for.

    Each request asks it. So no models go to somebody else's space, and nobody's models are changed, because another window
    signed in between two requests of one line.

    Parameters
    ----------
    source
        Where tokens come from.
    """

    def __init__(self, source: TokenSource) -> None:
        self._source = source
        self._user_id = ""

    def __repr__(self) -> str:
        """Return the source's, which is nothing secret."""
        return repr(self._source)

    def token(self, *, refused: str | None = None) -> AccessToken:
        """Return a token of this person.

        Raises
        ------
        SomebodyElse
            Another person is signed in now.
        """
        return self._same(self._source.token(refused=refused))

    def known(self) -> AccessToken:
        """Return who that is.

        Raises
        ------
        SomebodyElse
            Another person is signed in now.
        """
        return self._same(self._source.known())

    def _same(self, token: AccessToken) -> AccessToken:
        self._user_id = self._user_id or token.user_id
        if token.user_id != self._user_id:
            raise SomebodyElse(
                f"Somebody else has signed in from this home directory meanwhile: {visible(token.handle)}.",
                "To go on as them, run the line again.",
            )
        return token
