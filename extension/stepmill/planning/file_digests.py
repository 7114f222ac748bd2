"""Digests of files on disk, with a memory, so that planning does not read gigabytes twice."""

from __future__ import annotations

import json
import stat
import time
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from stepmill import atomic
from stepmill.artifacts.file_digests import answer, file_digest, listing_digest
from stepmill.model.artifact import ABSENT
from stepmill.notebook.modules import source_digest

if TYPE_CHECKING:
    import os
    from collections.abc import Container

_REMEMBERED_FROM_BYTES = 1 << 18
"""Smaller files are read each time: that is as fast as a look-up, and never out of date."""

UNREADABLE = "unreadable"
"""In place of the digest of a file that cannot be read now: no record has it."""

_SETTLED_NS = 2_000_000_000
"""A file changed within this time before it was read may change again under the same time stamp."""


class FileDigests:
    """Answers what a file or folder is now.

    Big files are remembered by path, size, inode and both times; `memory` is the JSON document that
    keeps this between processes (read on first use, written by `save`).
    """

    def __init__(self, memory: Path | None = None) -> None:
        self._memory = memory
        self._known: dict[str, list[Any]] | None = None
        self._changed = False
        self._lock = Lock()

    def content(self, path: Path) -> str:
        """Return the digest of the file's bytes, of a folder's listing; `ABSENT` if there is nothing.

        What may not be read, and what is no file (a pipe), has a text that is no digest.
        """
        try:
            status = path.stat()
        except (OSError, ValueError):
            return ABSENT
        if stat.S_ISDIR(status.st_mode):
            return self.listing(path)
        if not stat.S_ISREG(status.st_mode):
            return answer(path, "kind")
        try:
            return self._of_file(path, status)
        except FileNotFoundError:
            return ABSENT
        except OSError:
            return UNREADABLE

    def _of_file(self, path: Path, status: os.stat_result) -> str:
        if status.st_size < _REMEMBERED_FROM_BYTES:
            return file_digest(path)
        stamp = _stamp_of(status)
        with self._lock:
            known = self._load().get(str(path))
        if known is not None and known[1:] == stamp:
            return str(known[0])
        started_ns = time.time_ns()
        digest = file_digest(path)
        if max(status.st_mtime_ns, status.st_ctime_ns) < started_ns - _SETTLED_NS:
            with self._lock:
                self._load()[str(path)] = [digest, *stamp]
                self._changed = True
        return digest

    def code(self, path: Path) -> str:
        """Return the digest of a module's normalised source, `ABSENT` if there is none."""
        try:
            return source_digest(path)
        except (OSError, ValueError):
            return ABSENT

    def listing(self, path: Path, *, without: Container[str] = ()) -> str:
        """Return the digest of the names in a folder, some left out; `ABSENT` if there is no folder."""
        return listing_digest(path, without=without)

    def save(self) -> None:
        """Write what was learned, atomically; nothing if nothing was. Files gone or changed are forgotten."""
        with self._lock:
            if self._memory is None or not self._changed:
                return
            self._known = {path: known for path, known in self._load().items() if known[1:] == _stamp(path)}
            atomic.write_text(self._memory, json.dumps(self._known))
            self._changed = False

    def _load(self) -> dict[str, list[Any]]:
        if self._known is None:
            self._known = _read_memory(self._memory)
        return self._known


def _stamp_of(status: os.stat_result) -> list[int]:
    return [status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino]


def _stamp(path: str) -> list[int] | None:
    try:
        return _stamp_of(Path(path).stat())
    except (OSError, ValueError):
        return None


def _read_memory(path: Path | None) -> dict[str, list[Any]]:
    try:
        document = json.loads(path.read_text(encoding="utf-8")) if path else {}
    except (OSError, ValueError):
        return {}  # only a memory: what is missing is read again
    return document if isinstance(document, dict) else {}
