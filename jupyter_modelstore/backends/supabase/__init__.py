"""Models in a Supabase project: rows in its database, files in its bucket, everything as the person who is signed in."""

from jupyter_modelstore.backends.supabase._backend import SupabaseBackend
from jupyter_modelstore.backends.supabase._database import Functions
from jupyter_modelstore.backends.supabase._objects import Objects

__all__ = ["Functions", "Objects", "SupabaseBackend"]
