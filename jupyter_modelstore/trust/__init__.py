"""Whether a file may be unpickled here: whose it is, and whether this environment is like the one it was made in.

Unpickling runs code. What this software pickled for this user loads silently; everything else needs the user's word for that
one file, given by its sha256 and remembered (:class:`Approvals`). And a model that was fitted under other versions may load
and predict something else, or not load at all: :func:`compare` says which before anything is unpickled.
"""

from jupyter_modelstore.trust._approvals import Approvals
from jupyter_modelstore.trust._environment import Verdict, compare, describe

__all__ = ["Approvals", "Verdict", "compare", "describe"]
