"""Code that is nested too deeply to be followed: a sum of hundreds of terms, hundreds of `elif`."""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import TYPE_CHECKING

from stepmill.model.diagnostic import Diagnostic, Severity
from stepmill.syntax import parse_or_empty

if TYPE_CHECKING:
    from stepmill.model.cell import Cell, Notebook

DEEPEST_LEVELS = 100
"""What is always followed: each level takes at most five of the thousand calls that Python allows."""


def without_deep_cells(notebook: Notebook) -> Notebook:
    """Take the code out of the cells that nest too deeply, and refuse them."""
    cells = tuple(_refused_if_deep(cell) for cell in notebook.cells)
    return notebook if cells == notebook.cells else replace(notebook, cells=cells)


def _refused_if_deep(cell: Cell) -> Cell:
    depth, line = _deepest(parse_or_empty(cell.python, top_level_await=True))
    if depth <= DEEPEST_LEVELS:
        return cell
    problem = Diagnostic(
        code="SM110",
        severity=Severity.ERROR,
        message=f"the code is nested too deeply to be followed: {depth} levels",
        cell=cell.index,
        line=cell.line_of(line),
        hint="write it as several statements, or as a loop over a list",
    )
    return replace(cell, python="", lines=(), problems=(*cell.problems, problem))


def _deepest(tree: ast.Module) -> tuple[int, int]:
    """Return the levels of the deepest statement at the top, and its line. Without recursion."""
    deepest = (0, 1)
    for statement in tree.body:
        level: list[ast.AST] = [statement]
        depth = 0
        while level := [child for node in level for child in ast.iter_child_nodes(node)]:
            depth += 1
        deepest = max(deepest, (depth, statement.lineno), key=lambda found: found[0])
    return deepest
