"""Digests of code that comments, formatting and place do not change."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from blake3 import blake3

if TYPE_CHECKING:
    from collections.abc import Iterable


def code_digest(nodes: Iterable[ast.AST], *extra: str) -> str:
    """Return the digest of the normalised syntax trees, and of further texts."""
    hasher = blake3(b"stepmill-code-1")
    for text in (*(ast.dump(node, annotate_fields=False) for node in nodes), *extra):
        encoded = text.encode("utf-8", "surrogatepass")
        hasher.update(len(encoded).to_bytes(8, "little"))
        hasher.update(encoded)
    return str(hasher.hexdigest())
