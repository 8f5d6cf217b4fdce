"""A fitted estimator, and the notebook it came from, into what a draft needs.

Nothing of the user's is run to answer these questions beyond what the estimator itself offers (``get_params``, tags,
properties). Objects may be as odd as they like.

* Is it a model, and has it learned?              :func:`check`                                  ``_model``
* What is it?                                     :func:`describe`                               ``_describe``
* Which one is meant?                             :func:`candidates`, :func:`resolve`            ``_notebook``
                                                  :func:`last_fitted`                            ``_cells``
* What was it fitted on, and how good is it?      :class:`Watch`, :func:`captured`               ``_watch``, ``_choose``
* Does it hold rows that it was fitted on?        :func:`rows_inside`                            ``_inside``
* Which saved model is it, or was it?             :class:`Lineage`                               ``_lineage``
* Is it still as it was?                          :func:`take`, :class:`Print`                   ``_prints``
* Is it worth an offer to keep it?                :func:`fresh`, :class:`Fresh`                  ``_fresh``

A watch is told of each cell; ``_reader`` (with ``_expressions`` and ``_calls``) reads it into values of ``_domain``.
``_numbers`` reads what scores are, ``_own`` what a model says of itself,
``_place`` where the notebook is, and ``_secrets`` masks what must not be stored.

What a class says of itself is asked once and remembered (``_kinds``); no library is imported, since an object whose library
is not imported cannot exist.
"""

from __future__ import annotations

from jupyter_modelstore.capture._cells import last_fitted
from jupyter_modelstore.capture._choose import ALL, captured
from jupyter_modelstore.capture._describe import Description, describe
from jupyter_modelstore.capture._fresh import Fresh, fresh
from jupyter_modelstore.capture._inside import RowsInside, rows_inside
from jupyter_modelstore.capture._lineage import Lineage, Origin
from jupyter_modelstore.capture._model import check
from jupyter_modelstore.capture._notebook import Candidate, candidates, resolve
from jupyter_modelstore.capture._prints import Print, take
from jupyter_modelstore.capture._watch import Watch

__all__ = [
    "ALL",
    "Candidate",
    "Description",
    "Fresh",
    "Lineage",
    "Origin",
    "Print",
    "RowsInside",
    "Watch",
    "candidates",
    "captured",
    "check",
    "describe",
    "fresh",
    "last_fitted",
    "resolve",
    "rows_inside",
    "take",
]
