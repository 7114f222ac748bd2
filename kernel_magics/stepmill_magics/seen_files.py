"""One file as a step's process touches it: how it was at each first time, and what is left in the end."""

from __future__ import annotations

import os
import stat
from importlib.util import source_from_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stepmill.artifacts.file_digests import file_digest
from stepmill.model.artifact import ABSENT

if TYPE_CHECKING:
    from collections.abc import Iterator

UNKNOWN = "unknown"
"""The digest of a file whose content at its first read is lost: it equals that of no file."""

Stamp = tuple[int, int, int, int]


class SeenFile:
    """One file: how it was when first touched (`before`, `at_read`; None: missing) and what was done."""

    __slots__ = ("at_import", "at_read", "before", "digest", "path", "was_read", "written")

    def __init__(self, path: str, before: Stamp | None) -> None:
        self.path = path
        self.before = before
        self.at_read: Stamp | None = None
        self.at_import: Stamp | None = None
        self.digest = ""
        self.was_read = False
        self.written = False

    def hash_content(self) -> None:
        """Hash the content as it was read; somebody whom we do not see may have changed it since."""
        self.digest = _digest(self.path) if stamp_of(self.path) == self.at_read else UNKNOWN

    def import_as(self, stamp: Stamp | None) -> bool:
        """Note that it was imported as it was then; return whether that is new."""
        if self.at_import is not None:
            return False
        self.at_import = stamp
        return True

    def outcome(self) -> Iterator[tuple[str, str]]:
        """Yield (mode, digest) of what the step did in effect."""
        if self.at_import is not None:
            yield "code", _code_digest(self.path) if stamp_of(self.path) == self.at_import else UNKNOWN
        if self.was_read:
            if not self.digest:
                self.hash_content()
            yield "read", self.digest
        now = stamp_of(self.path)
        if self.written and now != self.before:
            yield "write", ABSENT if now is None else _digest(self.path)


def stamp_of(path: str) -> Stamp | None:
    """Return (size, changed, status changed, inode); None if there is nothing under `path`."""
    try:
        found = os.stat(path)  # noqa: PTH116 - called for every open
    except (OSError, ValueError):
        return None
    return found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino


def is_special(path: str) -> bool:
    """Return whether something is there that is no file: a folder, a pipe, a device."""
    try:
        return not stat.S_ISREG(os.stat(path).st_mode)  # noqa: PTH116
    except (OSError, ValueError):
        return False


def folders_above(path: str) -> Iterator[str]:
    """Yield all folders above a file."""
    while (above := os.path.dirname(path)) != path:  # noqa: PTH120
        yield above
        path = above


def files_at(path: str) -> Iterator[str]:
    """Yield `path` itself, or all files below it if it is a folder."""
    if not os.path.isdir(path) or os.path.islink(path):  # noqa: PTH112, PTH114
        yield path
        return
    for folder, _, names in os.walk(path):
        for name in names:
            yield os.path.join(folder, name)  # noqa: PTH118


def below(folder: int, path: Any) -> Any:
    """Return `path` with the folder that the descriptor `folder` stands for (-1: none)."""
    link = f"/proc/self/fd/{folder}"
    if folder == -1 or isinstance(path, int) or not os.path.lexists(link):
        return path
    return os.path.join(os.readlink(link), os.fsdecode(path))  # noqa: PTH115, PTH118


def source_of(compiled: str) -> str:
    """Return the source of a module in `__pycache__`, or where PYTHONPYCACHEPREFIX has it."""
    try:
        return source_from_cache(compiled)
    except ValueError:
        return compiled  # it lies beside its source, or in its place


def _digest(path: str) -> str:
    try:
        return file_digest(Path(path))
    except OSError:  # not ours to read: then nobody can tell that it is the same later
        return UNKNOWN


def _code_digest(path: str) -> str:
    from stepmill.notebook.modules import source_digest

    try:
        return source_digest(Path(path))
    except OSError:
        return UNKNOWN
