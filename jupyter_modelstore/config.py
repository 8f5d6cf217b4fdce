"""Settings, and the way from them to a :class:`~jupyter_modelstore.registry.Registry`.

Traitlets end here: what lies below takes plain arguments. The same class is configured in IPython, a server and a hub
(``c.ModelStore.home = …``); what is not configured comes from the environment. With no setting at all, models rest on this
machine, in Jupyter's data directory.
"""

from __future__ import annotations

import contextlib
import os
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from traitlets import Bool, Bunch, Dict, Enum, Float, List, Unicode, default, observe
from traitlets.config import Configurable

from jupyter_modelstore import errors
from jupyter_modelstore._files import expanded, file_errors, fsync_directory, make_private, write_atomic
from jupyter_modelstore.errors import NotConfigured

if TYPE_CHECKING:
    from jupyter_modelstore._project import Project
    from jupyter_modelstore.registry import Registry


OFFERS = ("line", "dialog", "off")
CARD_FIELDS = ("description", "tags", "aliases", "algorithm", "type", "size", "created_at", "sparkline", "loads_here")
FILTERS = ("words", "tags", "algorithm", "model_type", "metrics", "all_versions")


class ModelStore(Configurable):
    """Where models are kept, and how they are shown."""

    url = Unicode(
        help="Address of the store: local: (this machine), local:DIRECTORY, or a Supabase project's. From MODELSTORE_URL.",
    ).tag(config=True)
    key = Unicode(help="Publishable key of the Supabase project. From SUPABASE_KEY.").tag(config=True)
    space = Unicode(help="A group's space in the project; empty for your own. From MODELSTORE_SPACE.").tag(config=True)
    home = Unicode(
        help="The local store, and what else belongs to this user. From MODELSTORE_HOME; else in Jupyter's data directory.",
    ).tag(config=True)
    debug = Bool(default_value=False, help="Show the stack of this package's errors.").tag(config=True)
    keep_cells = Bool(default_value=True, help="Keep the cells that made a model with it, secrets masked.").tag(config=True)
    keep_metrics = Bool(default_value=True, help="Keep metrics that the notebook computed of a model.").tag(config=True)
    keep_data = Bool(
        default_value=True, help="Keep names of features and target, and numbers of rows; never the data itself."
    ).tag(config=True)
    keep_time = Bool(default_value=True, help="Keep how long the cell that fitted a model took.").tag(config=True)
    keep_notebook = Bool(default_value=True, help="Keep the path of the notebook.").tag(config=True)
    keep_git = Bool(default_value=True, help="Keep the commit of the repository around the notebook.").tag(config=True)

    static_output = Enum(
        ["auto", "always", "never"],
        default_value="auto",
        help="Whether %models writes its answer into the notebook: auto (where no gallery can be shown), always, never.",
    ).tag(config=True)
    offer = Enum(list(OFFERS), help="What follows a cell that trained a model: a line, the dialog, or nothing (off).").tag(
        config=True
    )
    offer_after = Float(3.0, min=0.0, help="Offer to keep a model whose fit took at least so many seconds.").tag(config=True)
    card_metrics = List(
        Unicode(), help="Metrics that the gallery's cards show first, such as ['auc', 'f1']; the first is the main one."
    ).tag(config=True)
    card_fields = List(
        Enum(list(CARD_FIELDS)), default_value=list(CARD_FIELDS), help=f"What else the cards show: {', '.join(CARD_FIELDS)}."
    ).tag(config=True)
    sort = Unicode(
        "-created_at",
        help="How the gallery is sorted at first: created_at, name, size, metrics.auc; with - the other way round.",
    ).tag(config=True)
    filters = Dict(
        key_trait=Enum(list(FILTERS)), help=f"What the gallery is narrowed to at first, by {', '.join(FILTERS)}."
    ).tag(config=True)
    download_folder = Unicode(help="Where the gallery puts downloads; else the kernel's working directory.").tag(config=True)

    @default("offer")
    def _default_offer(self) -> str:
        return remembered_offer(self.home)

    _url_of_environment = ""

    @default("url")
    def _default_url(self) -> str:
        self._url_of_environment = url_from(os.environ)
        return self._url_of_environment

    def _follow_environment(self) -> None:
        """Read the address anew with the key and the token, unless it was set here: no project hears those of another."""
        if self.url == self._url_of_environment:
            self.url = self._url_of_environment = url_from(os.environ)

    @default("home")
    def _default_home(self) -> str:
        return str(home_from(os.environ))

    @observe("debug")
    def _switch_debugging(self, change: Bunch) -> None:
        errors.debug = change.new

    @property
    def kept(self) -> frozenset[str]:
        """What a save keeps of the notebook: the words of ``capture.ALL``."""
        prefix = "keep_"
        return frozenset(
            name[len(prefix) :] for name in self.trait_names(config=True) if name.startswith(prefix) and getattr(self, name)
        )

    def registry(self) -> Registry:
        """Return the registry that these settings describe."""
        self._follow_environment()
        return connect(self.url, home=self.home, key=self.key, space=self.space)

    def project(self) -> Project:
        """Return the Supabase project that these settings name.

        Raises
        ------
        NotConfigured
            Models rest on this machine, where nobody signs in.
        """
        self._follow_environment()
        return project_of(self.url, expanded(self.home), key=self.key, space=self.space)


def remembered_offer(home: str | os.PathLike[str]) -> str:
    """Return what was last chosen with ``%modelstore offer``."""
    with contextlib.suppress(OSError, ValueError):
        word = _offer_file(home).read_text(encoding="ascii").strip()
        if word in OFFERS:
            return word
    return OFFERS[0]


def remember_offer(home: str | os.PathLike[str], word: str) -> None:
    """Keep the choice for the kernels to come.

    Raises
    ------
    StorageError
        The user's directory cannot be written.
    """
    path = _offer_file(home)
    with file_errors(f"at {path}"):
        make_private(path.parent)
        write_atomic(path, f"{word}\n".encode())


def _offer_file(home: str | os.PathLike[str]) -> Path:
    return expanded(home) / "offer"


def url_from(environment: Mapping[str, str]) -> str:
    """Return the address that environment variables give.

    Raises
    ------
    NotConfigured
        Only one of the two Supabase settings is there.
    """
    url = environment.get("MODELSTORE_URL", "").strip()
    if url:
        return url
    settings = {name: environment.get(name, "").strip() for name in ("SUPABASE_URL", "SUPABASE_KEY")}
    missing = [name for name, value in settings.items() if not value]
    if len(missing) == len(settings):
        return "local:"
    if missing:
        raise NotConfigured(
            f"Supabase not configured: {missing[0]} is missing.",
            f"Set {missing[0]}, or keep models on this machine: set MODELSTORE_URL=local: or %modelstore config url=local:",
        )
    return settings["SUPABASE_URL"]


def home_from(environment: Mapping[str, str]) -> Path:
    """Return the user's directory for models."""
    home = environment.get("MODELSTORE_HOME", "").strip()
    if home:
        return expanded(home)
    from jupyter_core.paths import jupyter_data_dir

    return Path(jupyter_data_dir()) / "modelstore"


def connect(url: str | None = None, *, home: str | os.PathLike[str] | None = None, key: str = "", space: str = "") -> Registry:
    """Open a store.

    Parameters
    ----------
    url
        ``local:`` (this machine), ``local:DIRECTORY`` or ``https://….supabase.co``; else what ``MODELSTORE_URL`` or
        ``SUPABASE_URL`` says; else this machine.
    home
        The user's directory for models; else ``MODELSTORE_HOME``; else in Jupyter's data directory.
    key
        The project's publishable key; else ``SUPABASE_KEY``.
    space
        A group's space in the project; else ``MODELSTORE_SPACE``; else one's own.

    Returns
    -------
    Registry
        With all the verbs: ``save``, ``list``, ``load`` and so on.

    Raises
    ------
    NotConfigured
        There is no such store.

    Examples
    --------
    >>> store = connect("local:models")                      # doctest: +SKIP
    >>> store.save(clf, "churn", metrics={"auc": 0.93})      # doctest: +SKIP
    >>> clf = store.load("churn")                            # doctest: +SKIP
    """
    from jupyter_modelstore.backends import open_backend
    from jupyter_modelstore.registry import Registry
    from jupyter_modelstore.trust import Approvals

    directory = (expanded(home) if home else home_from(os.environ)).absolute()
    user_id = _user_id(directory)
    address = url or url_from(os.environ)
    if _is_project(address):
        backend = project_of(address, directory, key=key, space=space).backend(os.environ)
    else:
        backend = open_backend(address, home=directory, user_id=user_id)
    return Registry(backend, Approvals(directory / "trusted.jsonl", user_id))


def _is_project(url: str) -> bool:
    return url.strip().lower().startswith(("https:", "http:"))


def project_of(url: str, home: Path, *, key: str = "", space: str = "") -> Project:
    """Return the Supabase project at an address.

    Raises
    ------
    NotConfigured
        There is none.
    """
    from jupyter_modelstore._project import Project

    if not _is_project(url):
        if os.environ.get("SUPABASE_URL", "").strip():
            raise NotConfigured(
                f"Models are kept on this machine, where nobody signs in: the store is set to {url}",
                "To keep them in the project of SUPABASE_URL, take away MODELSTORE_URL or whatever else sets the store.",
            )
        raise NotConfigured(
            "Models are kept on this machine, where nobody signs in.",
            "To keep them in a Supabase project, set SUPABASE_URL and SUPABASE_KEY; docs/supabase.md says how.",
        )
    return Project.of(url, home, os.environ, key=key, space=space)


def _user_id(home: Path) -> str:
    """Return the UUID that stands for this user in records made here; made once, kept in the user's directory.

    It is random: whoever hands over a directory of models cannot claim that they were pickled by its receiver.
    """
    path = home / "user"
    if not os.path.exists(path):  # noqa: PTH110 (a path that cannot be one, or cannot be looked at, is no error yet)
        _make_user_id(path)
    try:
        return str(uuid.UUID(path.read_text(encoding="ascii").strip()))
    except FileNotFoundError:
        return str(uuid.uuid4())  # a directory that cannot be written: nothing is saved there, and nothing counts as own
    except (OSError, ValueError) as error:
        hint = "Restore it from a backup, or remove it; or set MODELSTORE_HOME to another directory."
        raise NotConfigured(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}.", hint) from error


def _make_user_id(path: Path) -> None:
    """Write the file, unless another process is faster; a half-written one is never seen."""
    part = path.with_name(f".user.{uuid.uuid4()}")
    with contextlib.suppress(OSError, ValueError):  # a directory that cannot be written, or that there cannot be
        make_private(path.parent)
        write_atomic(part, f"{uuid.uuid4()}\n".encode())
        part.chmod(0o600)
        try:
            path.hardlink_to(part)
        except FileExistsError:
            pass
        except OSError:  # no hard links on this file system
            part.replace(path)
        fsync_directory(path.parent)
    with contextlib.suppress(OSError, ValueError):
        part.unlink(missing_ok=True)
