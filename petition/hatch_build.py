"""A build hook that only hatchling runs: it stores the commit in the wheel and the sdist."""

import runpy
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CommitHook(BuildHookInterface[Any]):
    """Adds the file that version.py reads."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "editable":  # version.py asks git in the checkout
            return
        ours = runpy.run_path(str(Path(self.root, "petition", "version.py")))
        self._file.parent.mkdir(parents=True, exist_ok=True)
        self._file.write_text(ours["commit"](Path(self.root)), "utf-8")
        build_data["force_include"][str(self._file)] = ours["WRITTEN"]

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        self._file.unlink(missing_ok=True)

    @property
    def _file(self) -> Path:
        return Path(self.directory, "commit.txt")
