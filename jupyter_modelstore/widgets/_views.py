"""The widgets themselves. Only ``_esm``, ``_kind`` and ``_comm_id`` travel and are stored; all else is asked for by message."""

from __future__ import annotations

import platform
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from importlib import resources
from typing import TYPE_CHECKING, Any, ClassVar

import anywidget
from IPython.core.getipython import get_ipython
from IPython.display import DisplayHandle, display
from ipywidgets import Layout
from traitlets import Unicode, default, validate

from jupyter_modelstore import _watching, capture
from jupyter_modelstore._parser import arguments_from_json
from jupyter_modelstore.config import ModelStore
from jupyter_modelstore.errors import NotConfigured, UsageError
from jupyter_modelstore.names import MAX_ALIAS, MAX_NAME, MAX_TAG, MAX_TAGS, MAX_TEXT, visible
from jupyter_modelstore.record import Saved
from jupyter_modelstore.registry import Registry
from jupyter_modelstore.verbs import VERBS
from jupyter_modelstore.widgets import _gallery, _signing, _waiting
from jupyter_modelstore.widgets._desk import Desk, Request
from jupyter_modelstore.widgets._form import Form, Said

if TYPE_CHECKING:
    from jupyter_modelstore._watching import Watching


_ALL_WIDTH = "calc(100% - 2 * var(--jp-widgets-margin, 2px))"
"""What is left beside the margin that ipywidgets gives."""


_COLUMNS = {"name": "model_name", "size": "model_file_size"}
"""Words for what a gallery sorts by."""


@lru_cache(1)
def _bundle() -> str:
    """Return the script that browsers run."""
    file = resources.files("jupyter_modelstore") / "static" / "widget.js"
    try:
        return file.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise NotConfigured(
            "The part of jupyter-modelstore that browsers run is missing from this installation.",
            "Install it again: pip install --force-reinstall jupyter-modelstore. Until then: %models --table",
        ) from error


def _watch_of_shell() -> Watching | None:
    shell = get_ipython()
    return None if shell is None else _watching.of(shell)


def _configured() -> ModelStore:
    """Return the settings of this notebook, with what was changed in its session where the extension is loaded."""
    watching = _watch_of_shell()
    return ModelStore(parent=get_ipython()) if watching is None else watching.settings


class _Widget(anywidget.AnyWidget):
    """What the widgets share: a desk that answers their views, and nothing that is private in what is stored."""

    _esm = Unicode().tag(sync=True)
    _kind = Unicode().tag(sync=True)
    _comm_id = Unicode().tag(sync=True)
    """By it, a page asks a kernel whether it still knows the widget: not after a restart."""
    _stored = ""
    _own_layout: Layout | None = None
    _way: Callable[[str], str] = staticmethod(str)

    def __init__(
        self,
        store: Registry | None,
        settings: ModelStore | None,
        requests: Iterable[Request] = (),
        **traits: Any,  # noqa: ANN401 (ipywidgets' own)
    ) -> None:
        self._settings = settings or _configured()
        self._store = store or self._settings.registry()
        comm_id = uuid.uuid4().hex
        super().__init__(model_id=comm_id, _comm_id=comm_id, **traits)
        self._project = _signing.project_of(self._store, self._settings)
        answers = (
            *_gallery.requests_of(self._store, self._settings.download_folder),
            *_waiting.requests_of(self._store),
            *(_signing.requests_of(self._project, self._store) if self._project is not None else ()),
        )
        self._desk = Desk(self._store, self._tell, (Request("hello", self._hello), *answers, *requests), self._way)
        self.on_msg(lambda _, content, __: self._desk.receive(content))

    @default("_esm")
    def _default_esm(self) -> str:
        return _bundle()

    @default("layout")
    def _default_layout(self) -> Layout:
        self._own_layout = Layout(width=_ALL_WIDTH)
        return self._own_layout

    @validate("layout")
    def _with_width(self, proposal: Any) -> Any:  # noqa: ANN401 (traitlets' own)
        """Take the width that there is, unless the layout says another: a view has none of its own in ``HBox``."""
        layout = proposal["value"]
        if layout.width is None:
            layout.width = _ALL_WIDTH
        return layout

    @property
    def is_closed(self) -> bool:
        """Whether no view can ask it any more."""
        return self.comm is None

    def close(self) -> None:
        """Close it, and the layout that came with it, which is a widget too; a layout that it was given may be of others."""
        super().close()
        if self._own_layout is not None:
            self._own_layout.close()

    def __repr__(self) -> str:
        """Return what a notebook that is opened again shows in its place."""
        return f"<{type(self).__name__}: {self._stored}>"

    def _tell(self, message: dict[str, Any]) -> None:
        """Send a message to all views; a closed widget has none."""
        if self.comm is not None:
            self.send(message)

    def _hello(self) -> dict[str, Any]:
        """Return what a view must know before it asks."""
        return {
            "kind": self._kind,
            "where": self._store.where.partition(";")[0],  # where exactly, %modelstore status says
            "url": "local",
            "python": platform.python_version(),
            "limits": {"name": MAX_NAME, "alias": MAX_ALIAS, "tag": MAX_TAG, "tags": MAX_TAGS, "text": MAX_TEXT},
            "downloads": "kernel",
            "sign_in": self._project is not None and self._store.until is None,
            "settings": self._shown(),
        }

    def _shown(self) -> dict[str, Any]:
        settings = self._settings
        return {
            "card_metrics": settings.card_metrics,
            "card_fields": settings.card_fields,
            "sort": settings.sort,
            "query": settings.filters,
        }


class Gallery(_Widget):
    """Browse, search, compare, download and delete saved models.

    Parameters
    ----------
    store
        Where they rest; else what the settings say.
    settings
        How they are shown; else what is configured.
    query
        What to show at first: the arguments of the verb ``list``, such as ``{"tags": ["telecom"], "sort": "-metrics.auc"}``.
    **traits
        As of any ipywidget: ``layout``.

    Raises
    ------
    UsageError
        The query holds what ``list`` does not take.

    Examples
    --------
    >>> jms.Gallery(jms.connect("local:models"), query={"words": ["churn"]})     # doctest: +SKIP
    """

    _stored = "run this cell to see your models"
    _way = staticmethod(_gallery.in_buttons)

    def __init__(
        self,
        store: Registry | None = None,
        *,
        settings: ModelStore | None = None,
        query: Mapping[str, Any] | None = None,
        **traits: Any,  # noqa: ANN401 (ipywidgets' own)
    ) -> None:
        self._query = _checked(query or {})
        super().__init__(store, settings, _kind="gallery", **traits)

    def _shown(self) -> dict[str, Any]:
        shown = super()._shown()
        query = dict(self._query)
        sort = query.pop("sort", None) or shown["sort"]
        column = sort.removeprefix("-")  # the list of the page knows a column by one name
        sort = sort.replace(column, _COLUMNS.get(column, column))
        return {**shown, "sort": sort, "query": query or _checked(shown["query"])}


def _checked(query: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a gallery is asked to show, as ``list`` takes it: a page would stay blank over anything else."""
    asked = {name: list(value) if isinstance(value, tuple) else value for name, value in query.items()}
    if isinstance(words := asked.get("words"), str):
        asked["words"] = words.split()
    return arguments_from_json(VERBS["list"].arguments, asked)


class Comparison(_Widget):
    """Two or more models or versions side by side.

    Parameters
    ----------
    refs
        Which.
    store, settings
        Where they rest; else what is configured.

    Raises
    ------
    NotFound
        One of them is not there.
    """

    _stored = "run this cell"

    def __init__(self, refs: Sequence[str], store: Registry | None = None, settings: ModelStore | None = None) -> None:
        super().__init__(store, settings, _kind="compare")
        # A name or an alias may mean another model later; what the cell asked for stays.
        self._refs = [f"id:{record.id}" for record in self._store.compare(refs).records]

    def _hello(self) -> dict[str, Any]:
        return {**super()._hello(), "refs": self._refs}


class SaveDialog(_Widget):
    """A form that keeps one fitted model, with all that is known of it filled in.

    Parameters
    ----------
    model
        A fitted model.
    variable
        The expression that names it in the notebook; else the variable that holds it.
    store, settings
        Where it is kept, and how; else what is configured.
    said
        What is filled in already: ``name``, ``description``, ``tags``, ``alias``, ``metrics``, ``force``.
    **traits
        As of any ipywidget: ``layout``.

    Examples
    --------
    >>> jms.SaveDialog(clf)                                                      # doctest: +SKIP
    """

    _stored = "run this cell to keep a model"

    def __init__(
        self,
        model: object,
        variable: str = "",
        *,
        store: Registry | None = None,
        settings: ModelStore | None = None,
        said: Mapping[str, Any] | None = None,
        **traits: Any,  # noqa: ANN401 (ipywidgets' own)
    ) -> None:
        settings = settings or _configured()
        store = store or settings.registry()
        about = Said(**(said or {}))
        capture.check(model, force=about.force)
        self._form = Form(store, model, variable or _variable_of(model), _watch_of_shell(), about)
        super().__init__(store, settings, self._form.requests(), _kind="save", **traits)


def _variable_of(model: object) -> str:
    shell = get_ipython()
    names = [] if shell is None else [name for name, value in list(shell.user_ns.items()) if value is model]
    name = next((str(name) for name in names if not name.startswith("_")), None)
    if name is None:
        raise UsageError("No variable holds this model.", "Assign it first: clf = …; then SaveDialog(clf)")
    return name


class Offer(_Widget):
    """One line under a cell that trained a model, which opens the dialog in place.

    Parameters
    ----------
    fresh
        The fit.
    watching
        The notebook that it is of.
    store, settings
        Where it would be kept, and how.
    """

    _stored = "run this cell to be asked again"
    _PLAIN: ClassVar = {
        "saved": "Kept.",
        "dismissed": "Not kept.",
        "stale": "The model was fitted again since; this offer is over.",
    }
    """What stays in the notebook of an offer that is over; no name, since notebooks travel."""

    def __init__(self, fresh: capture.Fresh, watching: Watching, store: Registry, settings: ModelStore) -> None:
        self._fresh = fresh
        self._state: dict[str, str] = {"state": "open"}
        model = fresh.ref()
        self._about = {
            "variable": fresh.variable,
            "algorithm": visible(capture.describe(model).algorithm),
            "mode": settings.offer,
        }
        self._form = Form(store, model, fresh.variable, watching, Said(), fresh.print)
        self._shown_as: DisplayHandle | None = None
        dismiss = Request("dismiss", self._dismiss)
        super().__init__(store, settings, (*self._form.requests(self._saved), dismiss), _kind="offer")

    def _hello(self) -> dict[str, Any]:
        self.look_again()
        return {**super()._hello(), "offer": {**self._state, **self._about}}

    @property
    def is_open(self) -> bool:
        """Whether it still waits for a word."""
        return self._state["state"] == "open"

    def look_again(self) -> None:
        """Tell the views if the model was kept by other means, or is no longer the one that was offered."""
        if not self.is_open:
            return
        if self._form.stale:
            self._become(state="stale")
            return
        known = self._store.recognise(self._fresh.ref())
        if known is not None and known[1]:
            self._become(state="saved", ref=known[0].ref)

    def show(self) -> None:
        """Display it where the cell's output is."""
        self._shown_as = display(self, display_id=True)

    def end(self) -> bool:
        """Put a plain line in its place if it is over, for a notebook that is opened again knows no widgets; tell whether."""
        if self.is_open or self._desk.is_busy:
            return False
        if self._shown_as is not None:
            self._shown_as.update({"text/plain": self._PLAIN[self._state["state"]]}, raw=True)
            self._shown_as = None
            self.close()
        return True

    def _saved(self, saved: Saved) -> None:
        self._become(state="saved", ref=saved.record.ref)

    def _dismiss(self) -> dict[str, Any]:
        self._become(state="dismissed")
        self.end()
        return {}

    def _become(self, **state: str) -> None:
        self._state = state
        self._tell({"event": "offer", "offer": {**state, **self._about}})
