"""None, numbers, text, dates, paths and containers of these, as canonical bytes."""

# ruff: noqa: ARG002 - the signatures are those of the protocol

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stepmill.artifacts.encoding import PLAIN_TYPES, NotPlain, decode_plain, encode_chunks
from stepmill.artifacts.materializers.base import Encoded, NotExactError
from stepmill.artifacts.reach import Reach

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stepmill.artifacts.scope import Scope


class PlainMaterializer:
    """Exact types without shared or very large containers; the rest is pickled."""

    priority = 10

    def accepts(self, value: Any) -> bool:
        return type(value) in PLAIN_TYPES

    def encode(self, value: Any, scope: Scope) -> Encoded:
        containers: dict[int, Any] = {}
        try:
            chunks = encode_chunks(value, containers)
        except NotPlain as reason:
            raise NotExactError(str(reason)) from None
        return Encoded({}, {"plain": chunks}, reach=lambda: Reach(containers))

    def decode(self, header: Mapping[str, Any], parts: Mapping[str, memoryview], scope: Scope) -> Any:
        return decode_plain(parts["plain"])
