"""What a magic returns to be displayed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from jupyter_modelstore.card._blocks import Doc, retyped
from jupyter_modelstore.card._html import to_html
from jupyter_modelstore.card._text import to_text


@dataclass(frozen=True, slots=True, repr=False)
class Shown:
    """A finished output: text, and the same as HTML where there is more to see.

    Attributes
    ----------
    text : str
        For terminals and ``print``; it is also the repr.
    html : str or None
        For notebooks; None: the text is all.
    doc : Doc or None
        The short texts that it was made of; no model and no record.
    """

    text: str
    html: str | None = None
    doc: Doc | None = field(default=None, compare=False)

    def text_with(self, say: Callable[[str], str]) -> str:
        """Return the text with its lines to type in other words: a terminal knows no magics."""
        return self.text if self.doc is None else to_text(retyped(self.doc, say))

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
    return Shown(to_text(doc), to_html(doc, small=small), doc)
