"""Digests of code that comments, formatting and place do not change."""

from __future__ import annotations

import ast
from functools import lru_cache
from typing import TYPE_CHECKING

from blake3 import blake3

if TYPE_CHECKING:
    from collections.abc import Iterable


@lru_cache(maxsize=8192)
def normal_text(node: ast.AST) -> str:
    """Return the syntax tree as text, without places."""
    return ast.dump(node, annotate_fields=False)


def code_digest(nodes: Iterable[ast.AST], *extra: str) -> str:
    """Return the digest of the normalised syntax trees, and of further texts."""
    hasher = blake3(b"stepmill-code-1")
    for text in (*(normal_text(node) for node in nodes), *extra):
        encoded = text.encode("utf-8", "surrogatepass")
        hasher.update(len(encoded).to_bytes(8, "little"))
        hasher.update(encoded)
    return str(hasher.hexdigest())
