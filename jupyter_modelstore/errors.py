"""Every error that a user can meet, in one tree.

An error says what happened (``message``), what to do next (``hint``) and a word to search for (``code``). A leaf also
inherits the builtin that fits, so ``except LookupError`` works without this package. A notebook shows the message and
the hint, and no stack, unless debugging is switched on. ``status`` is the HTTP status of the same answer.

::

    ModelStoreError
     ├─ InvalidName · InvalidReference · InvalidValue   what was typed is not accepted             400  ValueError
     ├─ UsageError                                      a magic or command was called wrongly      400  ValueError
     ├─ NotAModel · NotFitted                           there is nothing to keep                   400  TypeError, ValueError
     ├─ CannotPickle                                    the object cannot be written               400  TypeError
     ├─ NotFound                                        no such model, version, alias, variable    404  LookupError
     ├─ ModelFileNotFound                               the record is there, its file is not       404  FileNotFoundError
     ├─ Ambiguous                                       more than one thing is meant               409  LookupError
     ├─ InUse                                           an alias names the version                 409  ValueError
     ├─ NotConfirmed                                    the question was not answered with yes     409  ValueError
     ├─ NameTaken                                       another model has that name                409  ValueError
     ├─ ModelChanged                                    it is no longer the model that was meant   409  ValueError
     ├─ Cancelled                                       the user stopped it                        409  RuntimeError
     ├─ FileChanged                                     the bytes are not those that were saved    409  ValueError
     ├─ NotTrusted                                      somebody else's file, not yet trusted      403  PermissionError
     ├─ MissingDistribution · EnvironmentDiffers        this environment cannot load it            409  ImportError
     ├─ CannotLoad                                      unpickling failed                          422  ValueError
     ├─ NotConfigured                                   settings are missing or contradict         400  ValueError
     ├─ NotSignedIn                                     nobody is signed in, or the session ended   401  PermissionError
     ├─ SomebodyElse                                    another person signed in meanwhile          401  PermissionError
     ├─ Forbidden                                       this person may not do that                403  PermissionError
     ├─ Unreachable                                     the project does not answer                503  ConnectionError
     ├─ Throttled                                       too many requests                          429  ConnectionError
     ├─ QuotaExceeded · TooLarge                        no room, or a limit of the project's       413  OSError
     ├─ SchemaMismatch                                  the database's schema is not this one's    500  RuntimeError
     ├─ ServiceError                                    the project answered with an error         502  RuntimeError
     ├─ MigrationFailed                                 the database's schema was not installed    500  RuntimeError
     └─ StorageError                                    the disk or the database refused           500  OSError
         ├─ DiskFull                                    no room                                    507
         ├─ ReadOnly                                    no right to write                          403
         ├─ StoreBusy                                   another process holds the store            503
         ├─ StoreCorrupt                                the database is damaged                    500
         └─ StoreTooNew                                 a newer version made the database          500
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import ClassVar

debug = False
"""Show the stack of this package's errors in IPython (``%modelstore config debug=True`` sets it)."""


# Control characters (but for the line feed) and those that reorder a line: a message may quote what a file or record holds.
_HARMFUL = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


_PASSWORD = re.compile(r"(\b[A-Za-z][A-Za-z0-9+.-]*://)[^/\s@]*@")
"""Who asks, and with which password, in an address: an error may quote what was typed."""


def _escaped(match: re.Match[str]) -> str:
    return f"\\u{ord(match[0]):04x}"


class ModelStoreError(Exception):
    """Base of all errors of this package.

    Parameters
    ----------
    message
        What happened, one sentence.
    hint
        What to do next; empty if nothing can be done.

    Attributes
    ----------
    code : str
        Stable word to search for; stands in the documentation.
    status : int
        The HTTP status that says the same.
    """

    code: ClassVar[str] = "error"
    status: ClassVar[int] = 500

    def __init__(self, message: str, hint: str = "") -> None:
        self.message = _PASSWORD.sub(r"\1…@", _HARMFUL.sub(_escaped, message))
        self.hint = _PASSWORD.sub(r"\1…@", _HARMFUL.sub(_escaped, hint))
        super().__init__(self.message)

    def __str__(self) -> str:
        """Return message, hint and code, as a notebook shows them."""
        hint = f"\n{self.hint}" if self.hint else ""
        return f"{self.message}{hint} [modelstore:{self.code}]"

    def to_json(self) -> dict[str, str]:
        """Return ``{code, message, hint}``."""
        return {"code": self.code, "message": self.message, "hint": self.hint}

    @property
    def _render_traceback_(self) -> Callable[[], list[str]]:
        """IPython's hook: the lines to show in place of a stack; absent while debugging, so that the stack is shown."""
        if debug:
            raise AttributeError("_render_traceback_")
        return lambda: str(self).splitlines()

    def __reduce__(self) -> tuple[type[ModelStoreError], tuple[str, str]]:
        """Pickle by the two arguments, so that worker processes can hand it on."""
        return type(self), (self.message, self.hint)


class InvalidName(ModelStoreError, ValueError):
    """The name of a model or alias breaks the rule."""

    code = "invalid_name"
    status = 400


class InvalidReference(ModelStoreError, ValueError):
    """A reference such as ``churn:3`` cannot be read."""

    code = "invalid_reference"
    status = 400


class InvalidValue(ModelStoreError, ValueError):
    """A description, tag, metric, date or option is not accepted."""

    code = "invalid_value"
    status = 400


class UsageError(ModelStoreError, ValueError):
    """A magic or command was called in a wrong way."""

    code = "usage"
    status = 400


class NotAModel(ModelStoreError, TypeError):
    """The object neither predicts nor transforms."""

    code = "not_a_model"
    status = 400


class NotFitted(ModelStoreError, ValueError):
    """The estimator has not been fitted."""

    code = "not_fitted"
    status = 400


class CannotPickle(ModelStoreError, TypeError):
    """The object, or something inside it, cannot be pickled."""

    code = "cannot_pickle"
    status = 400


class NotFound(ModelStoreError, LookupError):
    """No model, version, alias or variable of that name."""

    code = "not_found"
    status = 404


class ModelFileNotFound(ModelStoreError, FileNotFoundError):
    """The record exists, its file does not."""

    code = "file_not_found"
    status = 404


class Ambiguous(ModelStoreError, LookupError):
    """More than one thing could be meant."""

    code = "ambiguous"
    status = 409


class InUse(ModelStoreError, ValueError):
    """An alias names the version that was to be deleted, or another one than was thought."""

    code = "in_use"
    status = 409


class NotConfirmed(ModelStoreError, ValueError):
    """A question was answered with no, or could not be asked."""

    code = "not_confirmed"
    status = 409


class NameTaken(ModelStoreError, ValueError):
    """Another model has that name already."""

    code = "name_taken"
    status = 409


class ModelChanged(ModelStoreError, ValueError):
    """The model of a form or an offer was fitted again, changed or replaced since."""

    code = "model_changed"
    status = 409


class Cancelled(ModelStoreError, RuntimeError):
    """The user stopped it; nothing was changed."""

    code = "cancelled"
    status = 409


class FileChanged(ModelStoreError, ValueError):
    """Size or sha256 of the file differ from the record."""

    code = "file_changed"
    status = 409


class NotTrusted(ModelStoreError, PermissionError):
    """The file was not made by this user with this software, and not trusted yet."""

    code = "not_trusted"
    status = 403


class MissingDistribution(ModelStoreError, ImportError):
    """The model needs a package that is not installed."""

    code = "missing_distribution"
    status = 409


class EnvironmentDiffers(ModelStoreError, ImportError):
    """The model cannot, or by ``strict=True`` may not, be loaded under these versions."""

    code = "environment_differs"
    status = 409


class CannotLoad(ModelStoreError, ValueError):
    """The file is the one that was saved, and still cannot be rebuilt here."""

    code = "cannot_load"
    status = 422


class NotConfigured(ModelStoreError, ValueError):
    """Settings are missing or contradict each other."""

    code = "not_configured"
    status = 400


class NotSignedIn(ModelStoreError, PermissionError):
    """Nobody is signed in, or the session has ended."""

    code = "not_signed_in"
    status = 401


class SomebodyElse(ModelStoreError, PermissionError):
    """Another person is signed in than the one as whom a store was opened."""

    code = "somebody_else"
    status = 401


class Forbidden(ModelStoreError, PermissionError):
    """The person may not do that."""

    code = "forbidden"
    status = 403


class Unreachable(ModelStoreError, ConnectionError):
    """The project does not answer."""

    code = "unreachable"
    status = 503


class Throttled(ModelStoreError, ConnectionError):
    """The project takes no more requests for a while."""

    code = "throttled"
    status = 429


class QuotaExceeded(ModelStoreError, OSError):
    """The files of a person or space would take more room than they may."""

    code = "quota_exceeded"
    status = 413


class TooLarge(ModelStoreError, OSError):
    """The file is larger than the project takes."""

    code = "too_large"
    status = 413


class SchemaMismatch(ModelStoreError, RuntimeError):
    """The database's schema is missing, or of another version than this package can work with."""

    code = "schema_mismatch"
    status = 500


class ServiceError(ModelStoreError, RuntimeError):
    """The project answered with an error that is its own."""

    code = "service_error"
    status = 502


class MigrationFailed(ModelStoreError, RuntimeError):
    """The database of a Supabase project did not answer, or refused a migration."""

    code = "migration_failed"
    status = 500


class StorageError(ModelStoreError, OSError):
    """The file system or the database refused."""

    code = "storage_failed"
    status = 500


class DiskFull(StorageError):
    """No space left on the disk, or over a quota or file size limit."""

    code = "disk_full"
    status = 507


class ReadOnly(StorageError):
    """The store cannot be written by this user."""

    code = "read_only"
    status = 403


class StoreBusy(StorageError):
    """Another process has held the store for too long."""

    code = "store_busy"
    status = 503


class StoreCorrupt(StorageError):
    """The database of the store is damaged."""

    code = "store_corrupt"
    status = 500


class StoreTooNew(StorageError):
    """The database was made by a newer version of this package."""

    code = "store_too_new"
    status = 500
