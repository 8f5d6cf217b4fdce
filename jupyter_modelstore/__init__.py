"""Keep a fitted model from a notebook, find it again, load it back."""

from __future__ import annotations

__version__ = "0.1.0"
