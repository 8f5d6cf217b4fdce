"""The part of the build that hatchling does not know: the front end, with or without Node on the machine."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

sys.path.insert(0, str(Path(__file__).parent / "scripts"))
import front


class FrontEndHook(BuildHookInterface[Any]):
    """Builds ``jupyter_modelstore/static`` before it is packed or installed."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        """Return what the build needs; asked before the build's environment is made, so Node only where none fits."""
        if not front.stale():
            return []
        return [front.YARN] if front.node_fits() else [front.YARN, front.NODE]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build, if it must be."""
        del version, build_data
        front.build()
