"""Where a notebook's project begins, and the folder in which stepmill keeps its state there."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stepmill.atomic import secret_bytes
from stepmill.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

STATE_FOLDER = ".stepmill"
RUNS_FOLDER = "runs"
_SECRET_BYTES = 32
_MARKERS = (STATE_FOLDER, "pyproject.toml", ".git")


def find_root(path: Path, override: Path | None = None) -> Path:
    """Return the project root of a notebook or folder: `override`, else the nearest parent with a marker."""
    if override is not None:
        if not override.is_dir():
            raise ConfigError(
                f"the project folder {override} does not exist", hint="create it, or leave --project out"
            )
        return override.resolve()
    absolute = path.resolve()
    folder = absolute if absolute.is_dir() else absolute.parent
    for candidate in (folder, *folder.parents):
        if any((candidate / marker).exists() for marker in _MARKERS):
            return candidate
    return folder


@dataclass(frozen=True, slots=True)
class Project:
    """The project at `root`; nothing is created before `prepare`."""

    root: Path

    @property
    def state(self) -> Path:
        return self.root / STATE_FOLDER

    @property
    def runs(self) -> Path:
        return self.state / RUNS_FOLDER

    @property
    def cache(self) -> Path:
        return self.state / "cache"

    def relative(self, notebook: Path) -> str:
        """Return the notebook's path from the root with forward slashes; absolute if it lies elsewhere."""
        absolute = notebook.resolve()
        inside = absolute.is_relative_to(self.root)
        return (absolute.relative_to(self.root) if inside else absolute).as_posix()

    def prepare(self) -> None:
        """Create the state folder, hidden from git, and make sure that it can be written.

        Raises
        ------
        ConfigError
            It cannot; nothing was changed then.
        """
        try:
            self.state.mkdir(exist_ok=True)
            ignore = self.state / ".gitignore"
            if not ignore.exists():
                ignore.write_text("*\n", encoding="utf-8")
            self.runs.mkdir(exist_ok=True)
            if not os.access(self.runs, os.W_OK):
                raise PermissionError(f"no permission to write in {self.runs}")
        except OSError as error:
            raise ConfigError(
                f"stepmill cannot keep its state in {self.state}: {error.strerror or error}",
                hint="make the folder writable, or choose another one with --project",
            ) from error

    def secret(self) -> bytes:
        """Return the 32 random bytes that key hashes of secrets in this project; made on first use.

        Where nothing can be written they are other ones each time: then no stored hash matches,
        which is the safe way to be wrong.
        """
        try:
            return secret_bytes(self.state / "secret", _SECRET_BYTES)
        except OSError:
            return os.urandom(_SECRET_BYTES)
