"""Python source to its tree: the one place that calls Python's parser.

In CPython 3.11 and 3.12 the conversion between C's tree and Python's counts its depth per interpreter, not
per thread: two threads that parse at once can get `SystemError: AST constructor recursion depth mismatch`
(github.com/python/cpython/issues/106905), and `warnings.catch_warnings` is of the whole process. So one
thread parses at a time. What the parser says about the user's escapes is said when the user's cell runs.
"""

from __future__ import annotations

import ast
import re
import warnings
from functools import lru_cache
from threading import RLock
from typing import Any

_LOCK = RLock()
FAILURES = (SyntaxError, ValueError, RecursionError, MemoryError)
"""What the parser raises for source that is no Python, or too deep."""
TABLE = re.compile(r"\b(?:from|join)\s+([^\W\d]\w*)", re.IGNORECASE)
"""A table in a query: DuckDB and Polars look for it among the variables."""


def parse(source: str | bytes, *, top_level_await: bool = False) -> ast.Module:
    """Parse a module, or a cell, where `await` may stand at the top.

    Raises
    ------
    SyntaxError, ValueError, RecursionError, MemoryError
        It is no Python, holds a null byte, or is nested too deeply: `FAILURES`.
    """
    flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT if top_level_await else 0
    tree = _compiled(source, "<cell>", "exec", flags | ast.PyCF_ONLY_AST)
    assert isinstance(tree, ast.Module)
    return tree


@lru_cache(maxsize=4096)
def cell_tree(source: str) -> ast.Module:
    """Parse a cell; raises what `parse` does.

    The tree is shared between calls, so that a cell is parsed once, also while somebody types in another
    one: nobody changes it.
    """
    return parse(source, top_level_await=True)


def parse_or_empty(source: str | bytes, *, top_level_await: bool = False) -> ast.Module:
    """Parse; what is no Python has no statements: other code has made a diagnostic of it."""
    try:
        return parse(source, top_level_await=top_level_await)
    except FAILURES:
        return ast.Module(body=[], type_ignores=[])


def parse_expression(source: str) -> ast.expr:
    """Parse one expression; raises what `parse` does."""
    tree = _compiled(source.strip(), "<expression>", "eval", ast.PyCF_ONLY_AST)
    assert isinstance(tree, ast.Expression)
    return tree.body


def is_expression(source: str) -> bool:
    """Tell whether the text is one expression."""
    try:
        parse_expression(source)
    except FAILURES:
        return False
    return True


def compile_tree(tree: ast.Module, filename: str, flags: int = 0) -> Any:
    """Compile statements to a code object, without the flags of this module."""
    return _compiled(tree, filename, "exec", flags)


def _compiled(source: Any, filename: str, mode: str, flags: int) -> Any:
    with _LOCK, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return compile(source, filename, mode, flags, dont_inherit=True)
