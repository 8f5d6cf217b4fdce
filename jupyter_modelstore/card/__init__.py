"""What a user reads: a record, or several, as text, HTML and Markdown.

Each function here takes data and returns a :class:`Shown`, which a notebook displays and a terminal prints. The way of all
of them is the same: ``_reading``, ``_notebook`` and ``_words`` turn a record into short harmless lines, a builder
(``_saved_card``, ``_model_card``, ``_models``, ``_notices``) puts them into ``_blocks``, and ``_text``, ``_html`` and
``_markdown`` render the blocks, each escaping in one place. Whatever a record holds, a card is made of it: nothing here
raises because of what somebody stored.
"""

from jupyter_modelstore.card._details import captured_pieces, details
from jupyter_modelstore.card._model_card import record_card, variable_card
from jupyter_modelstore.card._models import comparison, comparison_texts, gallery, markdown
from jupyter_modelstore.card._notices import (
    download_card,
    findings_card,
    history_card,
    lines_card,
    loaded_line,
    pushed_card,
    removal_card,
    stats_card,
)
from jupyter_modelstore.card._saved_card import saved_card
from jupyter_modelstore.card._shown import Shown
from jupyter_modelstore.card._words import size

__all__ = [
    "Shown",
    "captured_pieces",
    "comparison",
    "comparison_texts",
    "details",
    "download_card",
    "findings_card",
    "gallery",
    "history_card",
    "lines_card",
    "loaded_line",
    "markdown",
    "pushed_card",
    "record_card",
    "removal_card",
    "saved_card",
    "size",
    "stats_card",
    "variable_card",
]
