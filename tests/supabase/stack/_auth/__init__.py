"""A stand-in for Supabase Auth: its tables, codes and bodies, for e-mail with password or one-time code.

The real server is a Go module that no registry gives out. What differs from it stands in README.md.
"""

from ._routes import application

__all__ = ["application"]
