"""What a room must answer, so that the registry can join it to the others without knowing it.

A **format** turns an estimator into bytes and back. A **backend** is where bytes and records rest. Both are small on
purpose: a new one is one file. The promises stand in the docstrings, and the suites in ``tests/conformance`` hold every
implementation to them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, NoReturn, Protocol

if TYPE_CHECKING:
    from jupyter_modelstore.errors import ModelStoreError
    from jupyter_modelstore.record import (
        AliasEvent,
        Changes,
        Draft,
        Facets,
        ModelRecord,
        Query,
        Reference,
        Removal,
        Saved,
        Stats,
    )


class Progress(Protocol):
    """Told of long work: the stage (``writing``, ``checking``, ``reading``, ``copying``), bytes done, bytes in all or None."""

    def __call__(self, stage: str, done: int, total: int | None) -> None:
        """Take notice; must be fast, may raise to cancel."""


class Secret(str):
    """A password or code: used as any text, and not told by a debugger or a verbose traceback."""

    __slots__ = ()

    def __repr__(self) -> str:
        """Return no part of it."""
        return "<hidden>"


AS_NOBODY = "modelstore_as_nobody"
"""Extension of a request that goes without anybody's token, though it is one to the project."""

PATIENCE: ContextVar[float | None] = ContextVar("PATIENCE", default=None)
"""How many seconds a request may wait for its answer now; None: as long as is usual."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessToken:
    """What proves to a project who is asking.

    Attributes
    ----------
    value : str
        The token; never shown.
    expires_at : float
        Seconds since the epoch, by the server's clock.
    user_id : str
        UUID.
    handle : str
        How people call the person: an e-mail address, a hub's user name.
    groups : tuple of str
    """

    value: str = field(repr=False)
    expires_at: float
    user_id: str
    handle: str = ""
    groups: tuple[str, ...] = ()

    def __reduce__(self) -> NoReturn:
        """Stay in this process: a file that is made of it would hold the token."""
        raise TypeError("cannot pickle an access token")


class TokenSource(Protocol):
    """A way to be somebody. Safe to use from several threads."""

    def token(self, *, refused: str | None = None) -> AccessToken:
        """Return a token that is good now; another one than ``refused``, which the server did not accept.

        Raises
        ------
        NotSignedIn, Unreachable
        """

    def known(self) -> AccessToken:
        """Return who that is by what is stored here; the token may have ended. Nobody is asked.

        Raises
        ------
        NotSignedIn
        """


class Sink(Protocol):
    """A file that is being written and hashed."""

    @property
    def size(self) -> int:
        """Bytes written so far."""

    @property
    def sha256(self) -> str:
        """Hexadecimal digest of all that was written so far."""

    def write(self, data: Any, /) -> int:  # noqa: ANN401 (bytes or any contiguous buffer, as picklers write)
        """Write all of ``data`` and return its length in bytes."""

    def restart(self) -> None:
        """Forget all that was written; the file is empty again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dumped:
    """What a format knows of the file that it wrote.

    Attributes
    ----------
    format, format_version : str, int
    modules : frozenset of str
        Full names of the modules that the file's classes and functions come from.
    by_value : tuple of str
        Modules whose code is inside the file: ``__main__`` is the notebook.
    """

    format: str
    format_version: int
    modules: frozenset[str]
    by_value: tuple[str, ...] = ()


class Format(Protocol):
    """A way to write a model."""

    name: str
    suffix: str

    def dump(self, model: object, file: Sink) -> Dumped:
        """Write ``model``.

        Raises
        ------
        CannotPickle
            Naming the attribute path of what cannot be written.
        """

    def load(self, file: BinaryIO) -> object:
        """Read a model from an open, seekable file at position 0.

        Raises
        ------
        CannotLoad
            The bytes cannot be rebuilt in this environment.
        """

    def matches(self, head: bytes) -> bool:
        """Tell from a file's first 64 KiB whether this format wrote it; nothing is unpickled."""


class Incoming(Protocol):
    """One save on its way into a backend. Nothing of it is visible before :meth:`commit` returns."""

    @property
    def file(self) -> Sink:
        """Where the bytes go, hashed on the way."""

    def seal(self) -> None:
        """Make the bytes durable. After this, nothing more may be written; optional before :meth:`commit`."""

    def commit(self, draft: Draft) -> Saved:
        """Make the save visible, at once and for good: when this returns, it is on the disk.

        The backend adds size and sha256 of what was written, gives version, id and times, and sets the draft's alias.
        A draft whose bytes and metrics are those of the newest version makes no new one. A known ``save_id`` answers
        with its record.
        """

    def keep(self, draft: Draft) -> Saved:
        """Make the save safe, and return as soon as it is: in a store elsewhere its record is then ``pending``.

        What this machine holds is sent by :meth:`Backend.resume`. Otherwise as :meth:`commit`.
        """


class Told(Protocol):
    """Told of each save that is sent: None when it begins, then what it became, or why it has not arrived."""

    def __call__(self, record: ModelRecord, outcome: Saved | ModelStoreError | None) -> None:
        """Take notice; must be fast."""


class Held(Protocol):
    """The right to be at a piece of work, while others leave it."""

    def touch(self) -> bool:
        """Show that the holder lives; tell whether the right is still held."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """The journal of one save.

    Attributes
    ----------
    save_id, url, user_id, space : str
        Which save; for which project, person and space.
    draft : Mapping
        What the commit is told; JSON.
    at : float
        When it was kept here, in seconds since the epoch; the order of saves of one name.
    upload : str
        Of a resumable upload that was begun, its address; else empty.
    refused : Mapping or None
        ``code``, ``message``, ``hint`` of a refusal that only the person can mend; None while it waits.
    """

    save_id: str
    url: str
    user_id: str
    space: str
    draft: Mapping[str, Any] = field(repr=False)
    at: float
    upload: str = ""
    refused: Mapping[str, str] | None = None

    @property
    def name(self) -> str:
        """The model's name."""
        return str(self.draft.get("model_name", ""))


class SaveSpool(Protocol):
    """Saves on their way; see :class:`~jupyter_modelstore.spool.Spool`."""

    directory: Path

    def part(self, save_id: str) -> Path:
        """Return where a save is to be written; each time another place."""

    def file(self, save_id: str) -> Path:
        """Return the file of a save that is kept here."""

    def accept(self, waiting: Waiting, part: Path) -> None:
        """Take over a save whose file, written to :meth:`part`, is whole; when this returns, it cannot be lost."""

    def note(self, waiting: Waiting) -> Waiting:
        """Write down how far a save has come."""

    def refuse(self, waiting: Waiting, reason: Mapping[str, str]) -> Waiting:
        """Keep a save with the reason for which it was refused."""

    def done(self, save_id: str) -> None:
        """Forget a save."""

    def waiting(self, url: str, user_id: str | None = None) -> Sequence[Waiting]:
        """Return this person's saves for this project (anybody's, if none is named), oldest first; also refused ones."""

    def doubted(self, senseless: Iterable[str] = ()) -> Mapping[str, ModelStoreError]:
        """Return, by their ids, saves that are kept here and not believed, and why; also these, which make no sense."""

    def held(self, save_id: str) -> AbstractContextManager[Held | None]:
        """Hold the lease on a save; None if another process has it."""

    def sweep(self) -> None:
        """Remove what processes that died have left."""


class FileCache(Protocol):
    """Files by a key, usually their sha256; see :class:`~jupyter_modelstore.cache.Cache`."""

    def find(self, key: str, size: int) -> Path | None:
        """Return the file of this key if it has this size."""

    def gathering(self, key: str) -> AbstractContextManager[tuple[Path, Progress]]:
        """Give where the bytes of this key are gathered, and what is told of them; several kernels may be at it at once."""

    def keep(self, part: Path, key: str, size: int) -> Path:
        """Take what was gathered as the file of this key."""

    def adopt(self, path: Path, key: str, size: int) -> None:
        """Take a whole file of this machine, which stays in its place too, as the file of this key, if it is not too large."""

    def forget(self, key: str) -> bool:
        """Remove the file of this key; tell whether there was one."""

    def drop(self, key: str, owner: str, record_id: str) -> None:
        """Forget a version; its file goes too if no other version here has it."""

    def note(self, key: str, owner: str, record: Mapping[str, Any]) -> None:
        """Keep what is known now of a version that has the file of this key."""

    def noted(self, owner: str) -> Iterable[tuple[float, Mapping[str, Any]]]:
        """Return what was last known of the versions whose files are here, each with the time."""


class Backend(Protocol):
    """Where bytes and records rest. Safe to use from several threads and processes at once."""

    @property
    def where(self) -> str:
        """For people: ``on this machine``; and that there is nothing yet, if so."""

    @property
    def location(self) -> str:
        """Where exactly: a directory or an address."""

    @property
    def local_directory(self) -> Path:
        """A directory of this machine whose disk must have room."""

    @property
    def until(self) -> datetime | None:
        """When what proves who is asking ends, and must have been renewed; None where nothing does."""

    def vouches(self, record: ModelRecord) -> bool:
        """Tell whether the store itself proves that this user's own software pickled the file; then a load asks nothing."""

    @property
    def user_id(self) -> str:
        """Who is asking (UUID)."""

    def receive(self, save_id: str, progress: Progress | None = None) -> AbstractContextManager[Incoming]:
        """Begin a save. Leaving the context without a commit leaves nothing behind."""

    def find(self, ref: Reference, *, at: datetime | None = None) -> ModelRecord | None:
        """Return the one record that is meant, or None.

        Without version and alias: the newest ready one (at that time), or of a name that has none the newest missing one.
        By version or id: also one in the trash, or missing, or purged. By alias: what it names now, or named ``at`` that time.

        Raises
        ------
        Ambiguous
            Several ids start like that.
        """

    def remembered(self, ref: Reference) -> ModelRecord | None:
        """Return what this machine last knew of a version whose file it keeps, for when the store does not answer.

        Its ``as_of`` says when that was. None, if no such file is kept here.
        """

    def saved(self, save_id: str) -> ModelRecord | None:
        """Return what a save became, whatever became of it since; None if there is no such save."""

    def pending(self) -> Sequence[ModelRecord]:
        """Return this user's saves that are kept on this machine and on their way: ``status`` pending, ``version`` 0.

        What was refused says why: ``record.refused``.
        """

    def kept_for_others(self) -> int:
        """Return how many saves this machine keeps for this store which go when somebody else signs in."""

    def doubted(self) -> Mapping[str, ModelStoreError]:
        """Return, by their ids, saves that are kept on this machine and never sent, since they are not believed; and why."""

    def resume(self, progress: Progress | None = None, *, refused: bool = False, told: Told | None = None) -> Sequence[Saved]:
        """Send what waits, in its order; return what arrived. What cannot be sent now stays.

        Parameters
        ----------
        progress
            Told of the bytes.
        refused
            Try also what was refused before: the reason may be gone.
        told
            Told of each save.
        """

    def discard(self, record: ModelRecord) -> None:
        """Give up a pending save; its file on this machine is removed."""

    def select(self, query: Query, *, limit: int | None = None, offset: int = 0) -> Sequence[ModelRecord]:
        """Return what the query finds, in its order."""

    def page(self, query: Query, limit: int, offset: int) -> tuple[Sequence[ModelRecord], int]:
        """Return a part of what the query finds, and how many that are in all; in one question where that is possible."""

    def count(self, query: Query) -> int:
        """Return how many the query finds."""

    def facets(self, query: Query) -> Facets:
        """Return how often each tag, algorithm and type occurs in what the query finds."""

    def names(self) -> list[str]:
        """Return all names that have a version, also in the trash, in their order."""

    def next_version(self, name: str) -> int:
        """Return the number that the next version of this name will have: 1 if there never was one."""

    def renamed(self, name: str) -> str | None:
        """Return the newer name of a model that once had this one, or None."""

    def fetch(self, record: ModelRecord) -> Path:
        """Return a local file that should hold the record's bytes; the caller verifies them.

        Raises
        ------
        ModelFileNotFound
        """

    def forget_copy(self, record: ModelRecord) -> bool:
        """Forget a file that :meth:`fetch` returned and that is not what was saved; tell whether it was a copy only.

        If so, the next :meth:`fetch` brings what the store has.
        """

    def link(self, record: ModelRecord, seconds: int, file_name: str) -> str:
        """Return an address that gives the file, under that name, to anyone who has it, for so many seconds.

        Raises
        ------
        InvalidValue
            This store has no addresses.
        """

    def edit(self, record: ModelRecord, changes: Changes) -> ModelRecord:
        """Change description, tags or metrics, and return the record as it is now."""

    def rename(self, name: str, new: str) -> int:
        """Give all versions of a model another name; versions and aliases go along. Return the number of versions.

        Raises
        ------
        NotFound, NameTaken
        """

    def delete(self, records: Sequence[ModelRecord], *, force: bool = False) -> Removal:
        """Move records to the trash. An alias of one of them goes back to what it named before, if that is still there.

        Raises
        ------
        InUse
            An alias names one of them, and not ``force``. Then none is moved.
        """

    def restore(self, records: Sequence[ModelRecord]) -> list[ModelRecord]:
        """Take records out of the trash and return them as they are now."""

    def purge(self, records: Sequence[ModelRecord]) -> Removal:
        """Turn trashed records into tombstones, then remove their files; ``bytes`` counts those that are really gone."""

    def set_alias(self, record: ModelRecord, alias: str, *, why: str = "", only_from: int | None = None) -> ModelRecord:
        """Let an alias name this version, with a line in its history.

        Parameters
        ----------
        only_from
            The version that it must name until now, 0 for none. Left out: whatever it names.

        Raises
        ------
        InUse
            It names another one.
        """

    def remove_alias(self, name: str, alias: str, *, why: str = "") -> AliasEvent:
        """Take an alias away, with a line in its history.

        Raises
        ------
        NotFound
        """

    def alias_history(self, name: str, alias: str | None = None) -> list[AliasEvent]:
        """Return the history of a model's aliases, newest first."""

    def record_download(self, record: ModelRecord) -> ModelRecord:
        """Set ``last_downloaded_at``."""

    def stats(self) -> Stats:
        """Count what the store holds."""

    def check(self, *, full: bool = False) -> Sequence[Finding]:
        """Look for damage; mark records whose file is gone as ``missing``; sweep leftovers of dead saves.

        Parameters
        ----------
        full
            Hash every file too.
        """

    def repair(self) -> Finding:
        """Make the records readable again as far as they are; nothing is removed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One line of a check-up.

    Attributes
    ----------
    what : str
        What was looked at.
    ok : bool
    message : str
        What was found.
    hint : str
        What to do about it.
    details : Mapping
        Figures, for ``--json``.
    """

    what: str
    ok: bool
    message: str
    hint: str = ""
    details: Mapping[str, Any] | None = None
