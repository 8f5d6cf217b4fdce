"""The door of a notebook's outputs: the gallery, a comparison, the dialog that saves, and the offer after a fit.

Each is an anywidget, and so an ipywidget: it stands alone, or inside ``VBox``, ``Tab`` and ``Output``. What a view shows comes
as answers to its messages, never in a trait: a notebook that is saved with its widgets holds no name, number or path.

* ``_views``     the widgets, and what little of them travels
* ``_desk``      answers messages, on any thread, from the table of verbs
* ``_gallery``   what a gallery asks beyond the table
* ``_form``      the dialog: what is known of a model, and the save
"""

from jupyter_modelstore.widgets._desk import tell_changed
from jupyter_modelstore.widgets._views import Comparison, Gallery, Offer, SaveDialog

__all__ = ["Comparison", "Gallery", "Offer", "SaveDialog", "tell_changed"]
