"""A magic's line as words: what people type, not what a shell would make of it.

A quote opens only at the beginning of a word (or after ``=``) and closes only at its end, so that an apostrophe in a word
needs no escape; a word that begins with ``#`` begins a comment.
"""

from __future__ import annotations

import re

from jupyter_modelstore.errors import UsageError

_QUOTES = "\"'"
_PLAIN = re.compile(r"[\w.\-+:@/…]+")


class Word(str):
    """A word of a line; ``quoted`` tells whether it stood in quotes."""

    __slots__ = ("quoted",)
    quoted: bool

    @classmethod
    def of(cls, text: str, *, quoted: bool) -> Word:
        """Return a word."""
        word = cls(text)
        word.quoted = quoted
        return word


def split_line(line: str) -> list[Word]:
    """Split a magic's line into words.

    Raises
    ------
    UsageError
        A quote is not closed.
    """
    words: list[Word] = []
    at = 0
    while True:
        while at < len(line) and line[at].isspace():
            at += 1
        if at >= len(line) or line[at] == "#":
            return words
        word, at = _word(line, at)
        words.append(word)


def _word(line: str, start: int) -> tuple[Word, int]:
    """Return the word that begins at ``start``, and where it ends."""
    at, text = start, ""
    while at < len(line) and not line[at].isspace():
        if line[at] in _QUOTES and (at == start or line[at - 1] == "="):
            inside, at = _quoted(line, at)
            return Word.of(text + inside, quoted=not text), at
        text += line[at]
        at += 1
    return Word.of(text, quoted=False), at


def _quoted(line: str, start: int) -> tuple[str, int]:
    quote, at, text = line[start], start + 1, ""
    while at < len(line):
        if line[at] == "\\" and line[at + 1 : at + 2] in ("\\", quote):
            text += line[at + 1]
            at += 2
            continue
        if line[at] == quote and (at + 1 == len(line) or line[at + 1].isspace()):
            return text, at + 1
        text += line[at]
        at += 1
    raise UsageError(f"The quote {quote} is not closed.", "Close it at the end of the word or text.")


def as_word(text: str) -> str:
    """Return a text as one types it as one word: in quotes, if it needs them."""
    return text if _PLAIN.fullmatch(text) else '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def open_word(line: str) -> tuple[list[Word], str, bool]:
    """Return a line's whole words, the word that is being typed at its end, and whether that one's quote is open."""
    at = 0
    words: list[Word] = []
    while at < len(line):
        if line[at].isspace():
            at += 1
            continue
        start = at
        try:
            word, at = _word(line, at)
        except UsageError:
            return words, line[start + 1 :], True
        if at == len(line) and not word.quoted:
            return words, str(word), False
        words.append(word)
    return words, "", False
