"""The one schema: what is known of a saved model, and how one is named, asked for and counted.

:class:`ModelRecord` is a row of the store, whichever backend holds it; :class:`Captured` is what the notebook knows of a
model, :class:`Draft` what a save hands in; :class:`Reference` is how a user names a record (``churn:3``); :class:`Query`
is what a gallery asks. All are frozen. Their JSON is the only form in which they leave Python: database, widget messages,
REST, ``--json``. Members that a newer version of this package wrote are kept in ``extra``.
"""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import MAXYEAR, MINYEAR, datetime, timezone
from typing import Any, Literal

from jupyter_modelstore._json import JsonObject, encode
from jupyter_modelstore._lines import as_word
from jupyter_modelstore.errors import InvalidName, InvalidReference
from jupyter_modelstore.names import clean_alias, clean_name, clean_tags, visible

SCHEMA_VERSION = 1

Status = Literal["pending", "ready", "missing", "purged"]
Origin = Literal["fitted", "file", "import", "legacy"]
ModelType = Literal["classification", "regression", "clustering", "transformation", "outlier_detection", "other"]
MODEL_TYPES: tuple[ModelType, ...] = (
    "classification",
    "regression",
    "clustering",
    "transformation",
    "outlier_detection",
    "other",
)
SPLIT_PREFIXES = {"train": "train_", "validation": "val_", "cross-validation": "cv_", "out-of-bag": "oob_"}
"""How the name of a metric says on which rows it was computed; nothing in front: on rows that were set aside."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """How a user names a saved model: ``churn``, ``churn:3``, ``churn@champion``, ``id:1f3a9c2e``.

    Attributes
    ----------
    name : str
        The model's name; empty if ``id`` is given.
    version : int or None
        None means the newest ready version.
    alias : str or None
    space : str or None
        The space that owns the name, if one was written.
    id : str or None
        A record's id, or its first 8 or more hexadecimal digits (lower case, no hyphens).
    """

    name: str = ""
    version: int | None = None
    alias: str | None = None
    space: str | None = None
    id: str | None = None

    @classmethod
    def parse(cls, text: str | Reference) -> Reference:
        """Read a reference.

        Parameters
        ----------
        text
            ``name``, ``name:3``, ``name@alias``, ``space/name…``, ``id:…``; also ``name:v3``, ``name:latest``,
            ``models:/name/3`` and ``models:/name@alias``.

        Raises
        ------
        InvalidReference
            The text is none of these.
        InvalidName
            The name or alias in it breaks its rule.
        """
        if isinstance(text, Reference):
            return text
        if not isinstance(text, str) or not text.strip():
            raise InvalidReference("There is no reference.", _REFERENCE_RULE)
        return _parse_reference(text.strip())

    def __str__(self) -> str:
        """Return the one printed form."""
        if self.id is not None:
            return f"id:{self.id}"
        tail = f":{self.version}" if self.version is not None else f"@{self.alias}" if self.alias else ""
        return (f"{self.space}/" if self.space else "") + self.name + tail


_REFERENCE_RULE = "Write a name, name:3, name@alias or id: and 8 or more digits of the id. %models shows what there is."
_ID = re.compile(r"id:\s*([0-9a-fA-F][0-9a-fA-F-]{7,35})")
_MODELS_URI = re.compile(r"models:/+([^/@]+)(?:/([^/@]+)|@([^/@]+))?")
_MAX_VERSION = 2**31 - 1


def _parse_reference(text: str) -> Reference:
    if match := _ID.fullmatch(text):
        digits = match[1].replace("-", "").lower()
        if len(digits) >= 8:  # noqa: PLR2004 (the contract's least number of digits)
            return Reference(id=digits[:32])
    if match := _MODELS_URI.fullmatch(text):
        name, version, alias = match[1], match[2], match[3]
        text = name + (f":{version}" if version else f"@{alias}" if alias else "")
    space, slash, rest = text.rpartition("/")
    name, colon, version = rest.partition(":")
    name, at, alias = name.partition("@") if not colon else (name, "", "")
    if (slash and not space) or (colon and not version) or (at and not alias):
        raise InvalidReference(f"'{visible(text)}' is not a reference.", _REFERENCE_RULE)
    return Reference(
        name=clean_name(name),
        version=_parse_version(version, text) if colon else None,
        alias=clean_alias(alias) if at else None,
        space=clean_name(space) if space else None,
    )


def _parse_version(text: str, whole: str) -> int | None:
    if text.casefold() == "latest":
        return None
    match = re.fullmatch(r"[vV]?([0-9]{1,10})", text.strip())
    if not match or not 1 <= int(match[1]) <= _MAX_VERSION:
        raise InvalidReference(f"'{visible(whole)}' names no version: '{visible(text)}' is not a number.", _REFERENCE_RULE)
    return int(match[1])


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What a save hands to a backend, before version, time and id are given.

    The attributes are those of :class:`ModelRecord`. ``parameters`` and the like stand in ``training_config``.

    Attributes
    ----------
    version : int or None
        The number that a copy from another store had; honoured if it is above all that the name ever had.
    created_at : datetime or None
        When the model that is copied was saved; None: now.
    """

    model_name: str
    save_id: str
    algorithm: str = ""
    model_type: ModelType = "other"
    description: str = ""
    tags: tuple[str, ...] = ()
    alias: str | None = None
    metrics: Mapping[str, int | float] = field(default_factory=dict)
    training_config: Mapping[str, Any] = field(default_factory=dict)
    feature_columns: tuple[str, ...] | None = None
    target_column: str | None = None
    training_time_seconds: float | None = None
    training_samples: int | None = None
    test_samples: int | None = None
    environment: Mapping[str, Any] = field(default_factory=dict)
    source: Mapping[str, Any] = field(default_factory=dict)
    signature: Mapping[str, Any] = field(default_factory=dict)
    origin: Origin = "fitted"
    format: str = "pickle"
    format_version: int = 0
    sha256: str = ""
    model_file_size: int = 0
    version: int | None = None
    created_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unattached:
    """A number that was found in the notebook and is not kept as a metric of the model.

    Attributes
    ----------
    name : str
        What it would be called: ``accuracy``.
    value : float or None
        None if the number itself is not certain.
    reason : str
        Why it is not kept, in a few words: ``older than the fit``.
    cell : int or None
        Number of the cell that computed it.
    code : str
        The expression, ``accuracy_score(y_test, pred)``.
    """

    name: str
    value: float | None
    reason: str
    cell: int | None = None
    code: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Captured:
    """What a save finds out from the notebook, besides the object itself. All that is not certain stays empty.

    Attributes
    ----------
    metrics, feature_columns, target_column, training_samples, test_samples, training_time_seconds, source
        As in :class:`ModelRecord`; what the user says wins over them.
    not_attached : tuple of Unattached
        Numbers that were found and are not kept.
    notes : tuple of str
        What else is worth saying once: ``training rows unknown: partial_fit``.
    looked_inside : bool
        Training rows in the object were looked for: what was found is in ``source``.
    """

    metrics: Mapping[str, int | float] = field(default_factory=dict)
    feature_columns: tuple[str, ...] | None = None
    target_column: str | None = None
    training_samples: int | None = None
    test_samples: int | None = None
    training_time_seconds: float | None = None
    source: Mapping[str, Any] = field(default_factory=dict)
    not_attached: tuple[Unattached, ...] = ()
    notes: tuple[str, ...] = ()
    looked_inside: bool = False


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ModelRecord:
    """One version of one model, as the store knows it.

    Attributes
    ----------
    id, user_id, space_id, save_id, file_id : str or None
        UUIDs: the row; who saved it; the owning space; the save (one, however often it was retried); reserved.
    model_name : str
    version : int
        1, 2, 3 … for each name; never given twice.
    status : str
        ``pending``, ``ready``, ``missing`` (its file is gone) or ``purged`` (a tombstone).
    model_type, algorithm : str
        What it does, and the class name of the final or best estimator.
    metrics : Mapping[str, int or float]
    training_config : Mapping[str, Any]
        ``params`` (name to value), ``set`` (names that differ from the default), ``chain`` (class names from the outermost
        object to the estimator that learned), and what else a capture knows.
    feature_columns : tuple of str or None
        Feature names in their order; None if the model does not know them.
    training_time_seconds : float or None
        Seconds of wall time.
    training_samples, test_samples : int or None
        Rows.
    model_file_path : str
        Where the file lies, below the store's root.
    model_file_size : int
        Bytes.
    sha256, head_blake3 : str or None
        Hexadecimal digests of the file.
    format, format_version : str, int
        Who wrote the file: ``pickle``, ``joblib``.
    origin : str
        ``fitted`` (pickled by this software from a live object), ``file``, ``import``, ``legacy``.
    environment : Mapping[str, Any]
        ``python``, ``platform``, ``distributions`` (name to version), ``modules`` (import name to distribution),
        ``by_value`` (modules whose code is in the file).
    source : Mapping[str, Any]
        As far as known: ``variable``; ``notebook``; ``git``; ``cells`` (each ``cell``, ``does``, ``code``; in old records
        plain texts) and ``masked``, the number of secrets masked in them; ``fit`` and ``metrics`` (where each comes
        from); ``parent``; ``data_inside``.
    signature : Mapping[str, Any]
        ``n_features`` and what else is known of the inputs.
    created_at, updated_at, last_downloaded_at, deleted_at : datetime or None
        In UTC. ``deleted_at``: in the trash since.
    aliases : tuple of str
        The aliases that name this version now.
    extra : Mapping[str, Any]
        What a newer version of this package wrote.
    """

    id: str
    user_id: str
    space_id: str
    model_name: str
    version: int
    save_id: str | None = None
    file_id: str | None = None
    status: str = "ready"
    model_type: str = "other"
    algorithm: str = ""
    description: str = ""
    tags: tuple[str, ...] = ()
    metrics: Mapping[str, Any] = field(default_factory=JsonObject)
    training_config: Mapping[str, Any] = field(default_factory=JsonObject)
    feature_columns: tuple[str, ...] | None = None
    target_column: str | None = None
    training_time_seconds: float | None = None
    training_samples: int | None = None
    test_samples: int | None = None
    model_file_path: str = ""
    model_file_size: int = 0
    sha256: str | None = None
    head_blake3: str | None = None
    format: str = "pickle"
    format_version: int = 0
    origin: str = "fitted"
    environment: Mapping[str, Any] = field(default_factory=JsonObject)
    source: Mapping[str, Any] = field(default_factory=JsonObject)
    signature: Mapping[str, Any] = field(default_factory=JsonObject)
    created_at: datetime
    updated_at: datetime
    last_downloaded_at: datetime | None = None
    deleted_at: datetime | None = None
    aliases: tuple[str, ...] = ()
    extra: Mapping[str, Any] = field(default_factory=JsonObject)

    def __repr__(self) -> str:
        """Return what the record is of; ``to_json()`` has all of it."""
        metrics = "".join(f", {visible(str(name))}={value!r}" for name, value in list(self.metrics.items())[:3])
        return f"<ModelRecord {visible(self.ref)}: {visible(self.algorithm) or 'unknown'}{metrics}>"

    @property
    def name(self) -> str:
        """The model's name."""
        return self.model_name

    @property
    def ref(self) -> str:
        """The reference in its printed form, ``churn:3``."""
        return self.model_name if self.status == "pending" else f"{self.model_name}:{self.version}"

    @property
    def params(self) -> Mapping[str, Any]:
        """The parameters of the estimator, name to value."""
        params = self.training_config.get("params")
        return params if isinstance(params, Mapping) else {}

    @property
    def refused(self) -> Mapping[str, Any] | None:
        """Of a save that is on its way and was refused: ``code``, ``message`` and ``hint``; None of any other."""
        why = self.extra.get("refused") if self.status == "pending" else None
        return why if isinstance(why, Mapping) else None

    @property
    def as_of(self) -> datetime | None:
        """When this was known, if the store could not be asked now; None of a record that the store has just given."""
        seen = self.extra.get("as_of")
        try:
            return parse_time(seen) if isinstance(seen, str) else None
        except ValueError:
            return None

    @property
    def holds_code(self) -> tuple[str, ...]:
        """Modules whose code travels inside the file (``__main__``: the notebook)."""
        by_value = self.environment.get("by_value")
        return tuple(str(module) for module in by_value) if isinstance(by_value, (list, tuple)) else ()

    def to_json(self) -> dict[str, Any]:
        """Return the record as plain JSON values."""
        return {"schema_version": SCHEMA_VERSION, **to_json(self)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> ModelRecord:
        """Return the record that :meth:`to_json` wrote, by this or another version of this package.

        Raises
        ------
        ValueError
            A required member is missing or a time cannot be read.
        """
        try:
            known = {name: _from_json(name, data[name]) for name in _FIELDS if name in data}
            unknown = {key: value for key, value in data.items() if key not in _FIELDS and key != "schema_version"}
            if unknown:
                known["extra"] = JsonObject.of(dict(known.get("extra") or {}) | unknown)
            return cls(**known)
        except (TypeError, AttributeError) as error:
            raise ValueError(f"Not a record: {error}") from error


_FIELDS = {entry.name for entry in dataclasses.fields(ModelRecord)}
_REQUIRED = {entry.name for entry in dataclasses.fields(ModelRecord) if entry.default is entry.default_factory}
OBJECT_FIELDS = ("metrics", "training_config", "environment", "source", "signature", "extra")
LATE_FIELDS = (
    "file_id",
    "training_config",
    "feature_columns",
    "target_column",
    "training_time_seconds",
    "training_samples",
    "test_samples",
    "model_file_path",
    "head_blake3",
    "environment",
    "source",
    "signature",
    "extra",
)
"""What a card shows and no list: of the records of a long list, read when it is looked at."""
LIST_FIELDS = ("tags", "feature_columns", "aliases")
TIME_FIELDS = ("created_at", "updated_at", "last_downloaded_at", "deleted_at")


class Rest:
    """What a long list left unread of some records: read, of all of them, when one of them is looked at.

    So a list of 10,000 models costs what a list shows. It may be read in several threads at once; they find the same.

    Parameters
    ----------
    read
        Returns :data:`LATE_FIELDS` as they are now, by the record's id. A record that is not there any more has none.
    """

    __slots__ = ("_found", "_read")

    def __init__(self, read: Callable[[], Mapping[str, Sequence[Any]]]) -> None:
        self._read = read
        self._found: Mapping[str, Sequence[Any]] | None = None

    def of(self, record: ModelRecord) -> Sequence[Any]:
        """Return the values of one record."""
        if self._found is None:
            self._found = self._read()
        return self._found.get(record.id, _NOTHING_LATE)


class _LookedAt:
    """A field of a record that is made when it is looked at: JSON text becomes an object, a :class:`Rest` is read."""

    __slots__ = ("_get", "_is_object", "_place", "_set")

    def __init__(self, name: str, slot: Any) -> None:  # noqa: ANN401 (a slot's descriptor has no public type)
        self._get, self._set = slot.__get__, slot.__set__
        self._place = LATE_FIELDS.index(name) if name in LATE_FIELDS else 0
        self._is_object = name in OBJECT_FIELDS

    def __get__(self, record: ModelRecord | None, owner: type | None = None) -> Any:  # noqa: ANN401 (any field)
        if record is None:
            return self
        value = self._get(record)
        if type(value) is Rest:
            value = value.of(record)[self._place]
            self._set(record, value)
        if self._is_object and type(value) is str:
            value = JsonObject(value)
            self._set(record, value)
        return value

    def __set__(self, record: ModelRecord, value: object) -> None:
        self._set(record, value)  # a frozen record is filled once, by whoever makes it


for _name in {*OBJECT_FIELDS, *LATE_FIELDS}:
    setattr(ModelRecord, _name, _LookedAt(_name, getattr(ModelRecord, _name)))
_BY_NAME = {entry.name: entry for entry in dataclasses.fields(ModelRecord)}
_NOTHING_LATE = tuple(JsonObject() if name in OBJECT_FIELDS else _BY_NAME[name].default for name in LATE_FIELDS)


def _from_json(name: str, value: Any) -> Any:  # noqa: ANN401 (any member)
    if name in OBJECT_FIELDS:
        return JsonObject(json.dumps(value or {}, ensure_ascii=False, separators=(",", ":")))
    if value is None:
        if name in _REQUIRED:
            raise ValueError(f"Not a record: {name} is missing")
        return None
    if name in LIST_FIELDS:
        return tuple(str(item) for item in value)
    return parse_time(value) if name in TIME_FIELDS else value


def to_json(value: Any) -> Any:  # noqa: ANN401 (any dataclass of this module)
    """Return a dataclass, or a container of such, as plain JSON values; times as ISO 8601 in UTC."""
    if isinstance(value, JsonObject):
        return _members(value.text)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {entry.name: to_json(getattr(value, entry.name)) for entry in dataclasses.fields(value)}
    if isinstance(value, datetime):
        return format_time(value)
    if isinstance(value, (list, tuple)):
        return [to_json(item) for item in value]
    if isinstance(value, dict):
        return {str(key): to_json(item) for key, item in value.items()}
    return encode(value)


def _members(text: str) -> dict[str, Any]:
    """Return a JSON object; of one that cannot be read, nothing: one damaged row must not hide the others."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def now() -> datetime:
    """Return the time, in UTC."""
    return datetime.now(timezone.utc)


def format_time(when: datetime) -> str:
    """Return a time as ISO 8601 in UTC, always with microseconds: texts sort as times do."""
    return when.astimezone(timezone.utc).isoformat(timespec="microseconds")


def parse_time(text: str) -> datetime:
    """Read what :func:`format_time` wrote, or any ISO 8601 time; one without zone is UTC.

    Raises
    ------
    ValueError
        The text is no time.
    """
    when = datetime.fromisoformat(text if text.endswith("+00:00") else text.replace("Z", "+00:00"))
    when = when if when.tzinfo else when.replace(tzinfo=timezone.utc)
    if not MINYEAR < when.year < MAXYEAR:  # the first or last year: in UTC it may be one that there is not
        try:
            when.astimezone(timezone.utc)
        except OverflowError:
            raise ValueError(f"no time that there can be: {text[:40]}") from None
    return when


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """What a gallery asks for. Every term narrows.

    Attributes
    ----------
    words : str
        Words that must all occur in name, description, tags or algorithm, without regard to case.
    tags : tuple of str
        All of these tags.
    name : str or None
        One model's name.
    metrics : Mapping
        Metric's name to (least, most); None leaves a side open.
    all_versions : bool
        Every version, not only the newest ready one of each name.
    deleted : bool
        What lies in the trash, in place of what does not.
    sort : str
        ``created_at``, ``updated_at``, ``model_name``, ``version``, ``model_file_size``, ``algorithm`` or
        ``metrics.NAME``; a leading ``-`` turns it round.
    """

    words: str = ""
    tags: tuple[str, ...] = ()
    algorithm: str | None = None
    model_type: str | None = None
    name: str | None = None
    metrics: Mapping[str, tuple[float | None, float | None]] = field(default_factory=dict)
    space: str | None = None
    all_versions: bool = False
    deleted: bool = False
    sort: str = "-created_at"


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A part of what a query finds: ``records[0]`` is number ``offset`` of ``total``."""

    records: tuple[ModelRecord, ...]
    total: int
    offset: int
    limit: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Facets:
    """How often each value occurs among what a query finds, most frequent first."""

    tags: Mapping[str, int]
    algorithms: Mapping[str, int]
    model_types: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stats:
    """What a store holds.

    Attributes
    ----------
    models, versions_ready, trash : int
        Names with a ready version; ready versions; versions in the trash.
    storage_bytes, trash_bytes : int
        Bytes of all files; of these, bytes in the trash.
    quota_bytes : int or None
        None: no quota.
    """

    models: int
    versions_ready: int
    trash: int
    storage_bytes: int
    trash_bytes: int
    quota_bytes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AliasEvent:
    """One line of an alias's history: who let it name which version, when and why. ``version`` None: removed."""

    model_name: str
    alias: str
    version: int | None
    previous: int | None
    at: datetime
    who: str
    why: str = ""


ROLLBACK = "rollback"
"""How the reason begins for which an alias went back to an earlier version."""


def pointed_at(history: Sequence[AliasEvent]) -> Sequence[int]:
    """Return the versions that an alias has pointed at, without what was rolled back, oldest first."""
    versions: list[int] = []
    for event in reversed(history):
        if event.version is None:
            continue
        if event.why.startswith(ROLLBACK) and event.version in versions[:-1]:
            versions.pop()
            while versions[-1] != event.version:
                versions.pop()
        elif versions[-1:] != [event.version]:
            versions.append(event.version)
    return versions


def goes_back_to(history: Sequence[AliasEvent]) -> int | None:
    """Return the version that a rollback would let an alias point at; None if there is none."""
    back = 1 if history and history[0].version is None else 2  # a removed alias goes back to what it named last
    versions = pointed_at(history)
    return versions[-back] if len(versions) >= back else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """What a backend answers to a save.

    Attributes
    ----------
    record : ModelRecord
    created : bool
        False: the newest version held the same bytes and metrics already; description, tags and alias went to it.
    """

    record: ModelRecord
    created: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """An address that gives a model's file to anyone who has it, until it expires. It is a secret.

    Attributes
    ----------
    record : ModelRecord
    url : str
    expires_at : datetime
    """

    record: ModelRecord
    url: str = field(repr=False)
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Removal:
    """What a delete, purge or prune did (or would do).

    Attributes
    ----------
    records : tuple of ModelRecord
        The versions concerned.
    bytes : int
        Bytes still held (delete) or freed (purge).
    purge_after : datetime or None
        When the trash gives the bytes back by itself; None after a purge.
    removed_aliases : tuple of str
        Aliases that named one of the versions and are gone.
    returned_aliases : tuple of (str, str)
        Aliases that named one of the versions, and the reference of what they name again: the version before it.
    former_aliases : tuple of str
        Aliases that named one of them in the past.
    """

    records: tuple[ModelRecord, ...]
    bytes: int
    purge_after: datetime | None = None
    removed_aliases: tuple[str, ...] = ()
    returned_aliases: tuple[tuple[str, str], ...] = ()
    former_aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Pushed:
    """What a push did, or would do.

    Attributes
    ----------
    copied : tuple of (str, str)
        Reference here, and there: the number differs where it was taken.
    waiting : tuple of str
        References of models that are kept to be sent when the project answers.
    known : int
        Versions that were there already.
    failed : tuple of (str, str)
        Reference, and why it was not copied.
    aliases_left : tuple of str
        Aliases that are not copied, since the model has one of this name there: ``churn@champion``.
    bytes : int
        Bytes of what was copied, or would be.
    """

    copied: tuple[tuple[str, str], ...] = ()
    waiting: tuple[str, ...] = ()
    known: int = 0
    failed: tuple[tuple[str, str], ...] = ()
    aliases_left: tuple[str, ...] = ()
    bytes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What an edit changes; None leaves a thing as it is.

    Attributes
    ----------
    description : str or None
    tags : tuple of str or None
        Replace all tags.
    add_metrics : Mapping or None
        Added to the metrics; one of the same name is replaced.
    drop_metrics : tuple of str
        Names of metrics that are taken away.
    """

    description: str | None = None
    tags: tuple[str, ...] | None = None
    add_metrics: Mapping[str, int | float] | None = None
    drop_metrics: tuple[str, ...] = ()


def changed_metrics(record: ModelRecord, changes: Changes) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return a record's metrics after an edit, and its ``source``: what the user says no longer comes from a cell."""
    added, metrics, source = dict(changes.add_metrics or {}), dict(record.metrics), dict(record.source)
    said = {name for name, value in added.items() if name not in metrics or metrics[name] != value} | set(changes.drop_metrics)
    kept = {name: value for name, value in metrics.items() if name not in changes.drop_metrics} | added
    measured = source.get("metrics")
    if isinstance(measured, Mapping) and said & set(measured):
        source["metrics"] = {name: value for name, value in measured.items() if name not in said}
    return kept, source


def merged_tags(old: tuple[str, ...], new: tuple[str, ...]) -> tuple[str, ...]:
    """Return the old tags and those of the new that are not among them."""
    return clean_tags([*old, *new])


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of a comparison.

    Attributes
    ----------
    name : str
        Of the metric, parameter or distribution; in the section ``about`` a field of :class:`ModelRecord`.
    values : tuple
        One for each record; None: absent. A parameter that is ``None`` is given as an opaque text of that word.
    differs : bool
        The values are not all the same. NaN is the same as NaN.
    best : int or None
        Which record wins; None unless one of them clearly does.
    """

    name: str
    values: tuple[Any, ...]
    differs: bool
    best: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Several records side by side.

    Attributes
    ----------
    records : tuple of ModelRecord
        In the order asked for.
    sections : Mapping of str to tuple of Row
        ``metrics``, ``parameters``, ``features``, ``environment``, ``about``, in this order; any may be empty.
    remark : str
        Why a metric that differs has no winner; empty if there is nothing to say.
    """

    records: tuple[ModelRecord, ...]
    sections: Mapping[str, tuple[Row, ...]]
    remark: str = ""


def typed(what: str | Reference | ModelRecord) -> str:
    """Return what one types into a magic to name a model; a record whose name breaks the rule, by its id."""
    if isinstance(what, ModelRecord):
        record = what
        try:
            what = Reference.parse(record.ref)
        except (InvalidName, InvalidReference):
            what = f"id:{record.id[:8]}"
    return as_word(visible(str(what)))
