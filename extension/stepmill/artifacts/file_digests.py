"""Digests of the user's files, one rule for the kernel that observes them and the runner that checks."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from stepmill.artifacts.hashing import digest_bytes, digest_chunks, digest_json
from stepmill.model.artifact import ABSENT

if TYPE_CHECKING:
    from collections.abc import Container, Iterator
    from pathlib import Path

_CHUNK_BYTES = 4 << 20

_UNLISTED = frozenset({".stepmill", "__pycache__", ".ipynb_checkpoints", ".git"})
"""Names that come and go without the user's doing."""


def file_digest(path: Path) -> str:
    """Return the digest of the file's bytes: that of a stored blob with the same content.

    Raises
    ------
    OSError
        The file is missing or may not be read.
    """
    with path.open("rb", buffering=0) as file:
        first = file.read(_CHUNK_BYTES)
        if len(first) < _CHUNK_BYTES and not file.read(1):
            return digest_bytes(first)
        file.seek(0)
        return digest_chunks(_chunks(file))


def listing_digest(path: Path, *, without: Container[str] = ()) -> str:
    """Return the digest of the names in a folder, some left out; `ABSENT` if it cannot be read."""
    try:
        names = sorted(set(os.listdir(path)) - _UNLISTED)  # noqa: PTH208 - names alone, without objects
    except OSError:
        return ABSENT
    return digest_json([name for name in names if name not in without])


def answer(path: Path, question: str) -> str:
    """Return what a process is told about `path` that asks without opening it.

    `question` is "kind" (is it there, file or folder), "size", "time" (of the last change, too) or
    "link" (where a symbolic link leads).
    """
    if question == "link":
        return _link_target(path)
    try:
        found = path.stat()
    except (OSError, ValueError):
        return ABSENT
    if not stat.S_ISREG(found.st_mode):
        what = "folder" if stat.S_ISDIR(found.st_mode) else "special file"
        return f"{what} of {found.st_mtime_ns} ns" if question == "time" else what
    if question == "kind":
        return "file"
    size = f"file of {found.st_size} bytes"
    return f"{size} of {found.st_mtime_ns} ns" if question == "time" else size


def _link_target(path: Path) -> str:
    try:
        return f"link to {os.readlink(path)}"  # noqa: PTH115 - the text itself, not a path made of it
    except (OSError, ValueError):
        return ABSENT


def _chunks(file: object) -> Iterator[bytes]:
    while chunk := file.read(_CHUNK_BYTES):  # type: ignore[attr-defined]
        yield chunk
