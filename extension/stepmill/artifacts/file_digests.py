"""Digests of the user's files, one rule for the kernel that observes them and the runner that checks."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from stepmill.artifacts.hashing import digest_bytes, digest_chunks, digest_json
from stepmill.model.artifact import ABSENT

if TYPE_CHECKING:
    from collections.abc import Iterator
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


def listing_digest(path: Path) -> str:
    """Return the digest of the names in a folder, `ABSENT` if there is none or it may not be read."""
    try:
        names = sorted(set(os.listdir(path)) - _UNLISTED)  # noqa: PTH208 - names alone, without objects
    except OSError:
        return ABSENT
    return digest_json(names)


def _chunks(file: object) -> Iterator[bytes]:
    while chunk := file.read(_CHUNK_BYTES):  # type: ignore[attr-defined]
        yield chunk
