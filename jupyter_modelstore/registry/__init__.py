"""The verbs: what can be done with models, each joining the rooms that it needs.

Nothing here knows IPython, HTTP, SQLite or pickle. A door (a magic, a command, a widget) parses what its user wants, calls one
verb of :class:`Registry`, and shows what it returns.
"""

from jupyter_modelstore.registry._asking import Listing
from jupyter_modelstore.registry._loading import EnvironmentWarning, Loaded, NotArrivedWarning, environment_of
from jupyter_modelstore.registry._registry import Registry
from jupyter_modelstore.registry._saving import PARTS

__all__ = ["PARTS", "EnvironmentWarning", "Listing", "Loaded", "NotArrivedWarning", "Registry", "environment_of"]
