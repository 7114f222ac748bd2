"""Anything else: pickle 5 by our pickler, large buffers beside it in one mapped file."""

# ruff: noqa: ARG002 - the signatures are those of the protocol

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stepmill.artifacts import reach
from stepmill.artifacts.materializers.base import Encoded
from stepmill.artifacts.pickle_identity import identity_of
from stepmill.artifacts.pickling import Pickled, dump
from stepmill.artifacts.unpickling import load

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from stepmill.artifacts.hashing import Buffer
    from stepmill.artifacts.scope import Scope

_ALIGNMENT = 64


class PickleMaterializer:
    """The last resort, which takes whatever can be pickled."""

    priority = 1000

    def accepts(self, value: Any) -> bool:
        return True

    def encode(self, value: Any, scope: Scope) -> Encoded:
        return encode_pickle(dump(value, scope))

    def decode(self, header: Mapping[str, Any], parts: Mapping[str, memoryview], scope: Scope) -> Any:
        return load(parts["pickle"], _cut(parts.get("buffers"), header["buffers"]), scope)


def encode_pickle(pickled: Pickled) -> Encoded:
    """Return a pickle as parts: the stream, and all out-of-band buffers aligned in one."""
    sizes = [[buffer.nbytes, int(buffer.readonly)] for buffer in pickled.buffers]
    parts: dict[str, Sequence[Buffer]] = {"pickle": (pickled.stream,)}
    if sizes:
        parts["buffers"] = tuple(_padded(pickled.buffers))
    return Encoded(
        {"buffers": sizes},
        parts,
        identities=lambda: _identities(pickled.stream),
        definitions=pickled.definitions,
        reach=lambda: reach.of_pickle(pickled),
    )


def _identities(stream: bytes) -> dict[str, Buffer]:
    identity = identity_of(stream)
    return {} if identity is None else {"pickle": identity}


def _padded(buffers: Sequence[memoryview]) -> Iterator[Buffer]:
    for buffer in buffers:
        yield buffer
        yield bytes(-buffer.nbytes % _ALIGNMENT)


def _cut(data: memoryview | None, sizes: Sequence[Sequence[int]]) -> list[memoryview]:
    """Return the buffers again; read-only ones are so for the loaded value as well."""
    found, start = [], 0
    for size_bytes, readonly in sizes:
        assert data is not None, "buffers without their part"
        piece = data[start : start + size_bytes]
        found.append(piece.toreadonly() if readonly else piece)
        start += size_bytes + -size_bytes % _ALIGNMENT
    return found
