"""Figures: the notebook puts away pyplot's current figure below each cell, a script does not."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from stepmill.compiler.python_module.borrowed import imported

if TYPE_CHECKING:
    from stepmill.analysis.interpreter import Observed
    from stepmill.compiler.python_module.borrowed import Names
    from stepmill.compiler.python_module.statements import Statement

_ROOTS = ("matplotlib", "seaborn", "pylab")


def close_figures(statements: list[Statement], observed: dict[int, Observed], names: Names) -> None:
    """Let each cell that draws close its figures, if code below draws as well: it would draw into them."""
    drawing = _drawing_cells(statements, observed)
    if not drawing or any("ioff" in statement.text for statement in statements):
        return  # what is drawn while pyplot is not interactive stays open in the notebook too
    last = {statement.cell: statement for statement in statements if not _is_definition(statement)}
    for cell in sorted(drawing)[:-1]:
        if cell in last:
            pyplot = _alias(statements) or names.borrow("matplotlib.pyplot", alias="plt")
            last[cell].closes = f'{pyplot}.close("all")'


def _drawing_cells(statements: list[Statement], observed: dict[int, Observed]) -> set[int]:
    tools: set[str] = set()
    found: set[int] = set()
    for statement in statements:
        tools |= {key[2] for key in imported(statement.node) if key[0].partition(".")[0] in _ROOTS}
        used = {use.name for use in statement.walk.uses}
        if isinstance(statement.node, ast.FunctionDef) and used & tools:
            tools.add(statement.node.name)
            continue
        if isinstance(statement.node, ast.Import | ast.ImportFrom | ast.ClassDef):
            continue
        plots = any(observed[unit.index].effects.plots for unit in statement.units)
        calls = any(isinstance(part, ast.Call) for part in ast.walk(statement.node))
        if plots or (calls and used & tools):
            found.add(statement.cell)
    return found


def _alias(statements: list[Statement]) -> str:
    keys = [key for s in statements for key in imported(s.node)]
    return next(
        (key[2] for key in keys if key[:2] == ("matplotlib.pyplot", "") and key[2] != "matplotlib"), ""
    )


def _is_definition(statement: Statement) -> bool:
    return isinstance(
        statement.node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Import | ast.ImportFrom
    )
