"""A stand-in for Supabase Storage over the stack's PostgreSQL: every verb asks the database under the caller's role and claims.

Storage is given out by no registry. It was written to behave as version 1.70.6 was measured; README.md says where it differs.
"""

from ._scope import Caller
from ._server import application

__all__ = ["Caller", "application"]
