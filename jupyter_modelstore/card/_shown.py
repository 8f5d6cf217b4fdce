"""What a magic returns to be displayed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from jupyter_modelstore.card._blocks import Doc
from jupyter_modelstore.card._html import to_html
from jupyter_modelstore.card._text import to_text


@dataclass(frozen=True, slots=True, repr=False)
class Shown:
    """A finished output: text, and the same as HTML where there is more to see. It holds nothing else.

    Attributes
    ----------
    text : str
        For terminals and ``print``; it is also the repr.
    html : str or None
        For notebooks; None: the text is all.
    """

    text: str
    html: str | None = None

    def __repr__(self) -> str:
        """Return the text."""
        return self.text

    def __str__(self) -> str:
        """Return the text."""
        return self.text

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:  # noqa: ANN401, ARG002 (IPython's hook; it filters by itself)
        html = {} if self.html is None else {"text/html": self.html}
        return {"text/plain": self.text, **html}


def shown(doc: Doc, *, small: bool = False) -> Shown:
    """Return a card, rendered both ways."""
    return Shown(to_text(doc), to_html(doc, small=small))
