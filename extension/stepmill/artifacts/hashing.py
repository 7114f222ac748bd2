"""Digests: BLAKE3 as 64 lower-case hex digits, over bytes or over the canonical encoding of plain data."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from stepmill.artifacts.encoding import encode_plain
from stepmill.errors import KernelError

if TYPE_CHECKING:
    from collections.abc import Iterable

Buffer = bytes | bytearray | memoryview

_CHUNK_BYTES = 8 << 20


def total_bytes(chunks: Iterable[Buffer]) -> int:
    """Return the size of `chunks`, concatenated; who makes them anew each time tells it by `nbytes`."""
    told: int | None = getattr(chunks, "nbytes", None)
    return sum(memoryview(chunk).nbytes for chunk in chunks) if told is None else told


def digest_chunks(chunks: Iterable[Buffer]) -> str:
    """Return the digest of the concatenated `chunks`; big ones are read once and never copied."""
    try:
        from blake3 import blake3
    except ImportError as error:
        raise KernelError(
            f"this Python cannot name stored values: {error}",
            hint="install blake3 in the kernel's environment: python -m pip install blake3",
        ) from error
    hasher = blake3()
    for chunk in chunks:
        view = memoryview(chunk).cast("B") if len(chunk) else b""
        for start in range(0, len(view), _CHUNK_BYTES):
            hasher.update(view[start : start + _CHUNK_BYTES])
    return str(hasher.hexdigest())


def digest_bytes(data: Buffer) -> str:
    """Return the digest of `data`."""
    return digest_chunks((data,))


def digest_plain(value: Any) -> str:
    """Return the digest of plain data; equal digests mean equal values of equal types.

    Raises
    ------
    NotPlain
        `value` holds something that `encode_plain` does not know.
    """
    return digest_bytes(encode_plain(value))


def canonical_json(document: Any) -> bytes:
    """Return the one JSON text of `document`: sorted keys, no spaces, ASCII."""
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return text.encode()


def digest_json(document: Any) -> str:
    """Return the digest of the canonical JSON text of `document`."""
    return digest_bytes(canonical_json(document))
