"""A fitted estimator, and the notebook it came from, into what a draft needs.

Three questions, one module each, and nothing of the user's is run to answer them beyond what the estimator itself offers
(``get_params``, tags, properties). Objects may be as odd as they like: :func:`describe` answers for all of them.

* Is it a model, and has it learned?      :func:`check`                                  ``_model``
* What is it?                             :func:`describe`                               ``_describe``
* Which one is meant?                     :func:`candidates`, :func:`resolve`            ``_notebook``
                                          :func:`last_fitted`                            ``_cells``

What a class says of itself is asked once and remembered (``_kinds``); no library is imported, since an object whose library
is not imported cannot exist.
"""

from __future__ import annotations

from jupyter_modelstore.capture._cells import last_fitted
from jupyter_modelstore.capture._describe import Description, describe
from jupyter_modelstore.capture._model import check
from jupyter_modelstore.capture._notebook import Candidate, candidates, resolve

__all__ = ["Candidate", "Description", "candidates", "check", "describe", "last_fitted", "resolve"]
