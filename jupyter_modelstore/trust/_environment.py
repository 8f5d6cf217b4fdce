"""The environment a model was made in, and how this one differs.

At save the modules that the file's classes come from are turned into distributions and their versions; at load the two are
compared before anything is unpickled. A module is looked for, never imported.
"""

from __future__ import annotations

import functools
import importlib.util
import platform
import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import metadata
from typing import Any

from jupyter_modelstore.errors import EnvironmentDiffers, MissingDistribution
from jupyter_modelstore.names import visible

_PLAIN = re.compile(r"[A-Za-z0-9._+!-]{1,200}")
_WELL_KNOWN = {"sklearn": "scikit-learn"}


def describe(modules: Iterable[str], by_value: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return what a record keeps of this environment.

    Parameters
    ----------
    modules
        Full names of the modules that a file's classes come from.
    by_value
        Modules whose code is in the file.

    Returns
    -------
    dict
        ``python``, ``platform``, ``distributions`` (name to version), ``modules`` (import name to distribution) and, if
        there are any, ``by_value``.
    """
    own = {module.partition(".")[0] for module in by_value}
    tops = {module.partition(".")[0] for module in modules} - own
    found: dict[str, str] = {}
    for top in sorted(tops - set(sys.stdlib_module_names)):
        name = _distribution_of(top)
        if name is not None:
            found[top] = name
    result: dict[str, Any] = {
        "python": platform.python_version(),
        "platform": _platform(),
        "distributions": {name: _version_of(name) for name in sorted(set(found.values()))},
        "modules": found,
    }
    if by_value:
        result["by_value"] = list(by_value)
    return result


@functools.cache
def _platform() -> str:
    return f"{platform.system()}-{platform.machine()}"


@functools.cache
def _distribution_of(module: str) -> str | None:
    """Return the distribution that a top-level module belongs to, or None; an index of all is made only when it must be."""
    guess = _WELL_KNOWN.get(module, module.replace("_", "-"))
    try:
        found = metadata.distribution(guess)
    except metadata.PackageNotFoundError:
        owners = _all_distributions().get(module)
        return owners[0] if owners else None
    return found.metadata["Name"] or guess


@functools.cache
def _all_distributions() -> Mapping[str, list[str]]:
    return metadata.packages_distributions()


@functools.cache
def _version_of(distribution: str) -> str:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """How this environment differs from the one that a model was saved in.

    Attributes
    ----------
    missing : tuple of str
        Distributions that are needed and not here.
    different : tuple of (str, str, str)
        Distribution, version then, version here.
    python : tuple of (str, str) or None
        Python's minor version then and here, if they differ.
    code_inside : tuple of str
        Modules whose code is in the file, which only that minor version of Python can run.
    pinned : tuple of str
        ``name==version`` of all that was there.
    """

    missing: tuple[str, ...] = ()
    different: tuple[tuple[str, str, str], ...] = ()
    python: tuple[str, str] | None = None
    code_inside: tuple[str, ...] = ()
    pinned: tuple[str, ...] = ()

    @property
    def install_line(self) -> str:
        """The line that makes an environment as it was then."""
        return "pip install " + " ".join(self.pinned)

    @property
    def warning(self) -> str:
        """What to say after the load; empty if nothing differs."""
        if not self.different:
            return ""
        return f"Saved under {', '.join(self._changes)}: it may predict differently. As it was: {self.install_line}"

    @property
    def _changes(self) -> list[str]:
        return [f"{name} {then} (here {here})" for name, then, here in self.different]

    def require(self, ref: str, *, strict: bool = False) -> None:
        """Refuse what cannot, or with ``strict`` may not, be loaded here.

        Raises
        ------
        MissingDistribution
            A distribution is missing.
        EnvironmentDiffers
            The file holds code for another minor version of Python; or ``strict`` and a version differs.
        """
        if self.missing:
            verb = "are" if len(self.missing) > 1 else "is"
            raise MissingDistribution(
                f"{ref} was not loaded: it needs {', '.join(self.missing)}, which {verb} not installed here.",
                f"In a new environment: {self.install_line}",
            )
        if self.code_inside and self.python:
            then, here = self.python
            raise EnvironmentDiffers(
                f"{ref} was not loaded: it holds code of a notebook, which runs on Python {then} only; this is Python {here}.",
                f"Open a kernel with Python {then}, or fit the model again here.",
            )
        if strict and (self.different or self.python):
            changes = [f"Python {then} (here {here})" for then, here in filter(None, [self.python])] + self._changes
            raise EnvironmentDiffers(
                f"{ref} was not loaded, as strict was asked for: it was saved under {', '.join(changes)}.",
                f"In a new environment{f' with Python {self.python[0]}' if self.python else ''}: {self.install_line}",
            )


def compare(environment: Mapping[str, Any]) -> Verdict:
    """Compare a record's environment with this one; nothing is imported.

    Parameters
    ----------
    environment
        As :func:`describe` returned it, perhaps elsewhere; members that make no sense count as unknown.
    """
    distributions = _texts(environment.get("distributions"))
    modules = {name: module for module, name in _texts(environment.get("modules")).items()}
    missing, different = [], []
    for name, then in distributions.items():
        here = _here(name, modules[name]) if name in modules else _version_of(name) or None
        if here is None:
            missing.append(f"{name}=={then}" if then else name)
        elif then and here and here != then:
            different.append((name, then, here))
    by_value = environment.get("by_value")
    return Verdict(
        missing=tuple(missing),
        different=tuple(different),
        python=_python(environment.get("python")),
        code_inside=tuple(map(str, by_value)) if isinstance(by_value, (list, tuple)) else (),
        pinned=tuple(f"{name}=={version}" if version else name for name, version in distributions.items()),
    )


def _texts(value: object) -> dict[str, str]:
    """Return a mapping of names and versions; what is neither is left out, since the user is shown a line to type."""
    if not isinstance(value, Mapping):
        return {}
    return {k: v for k, v in value.items() if isinstance(k, str) and isinstance(v, str) and _PLAIN.fullmatch(k + v)}


def _here(distribution: str, module: str) -> str | None:
    """Return the version that provides a module here; empty if unknown, None if the module is not here.

    Asked by module: ``xgboost-cpu`` and ``xgboost`` both provide ``xgboost``.
    """
    top = module.partition(".")[0]
    if top not in sys.modules and not _exists(top):
        return None
    name = _distribution_of(top)
    return _version_of(name if name is not None else distribution)


def _exists(top: str) -> bool:
    try:
        return importlib.util.find_spec(top) is not None
    except (ImportError, ValueError, AttributeError):
        return False


def _python(then: object) -> tuple[str, str] | None:
    here = ".".join(platform.python_version_tuple()[:2])
    if not isinstance(then, str) or not then:
        return None
    minor = ".".join(visible(then).split(".")[:2])
    return None if minor == here else (minor, here)
