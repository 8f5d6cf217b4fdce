"""A Supabase stack for tests; README.md beside this package says what it is."""

from ._stack import Stack, sweep

__all__ = ["Stack", "sweep"]
