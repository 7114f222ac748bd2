"""Fixes that make random numbers repeatable."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from stepmill.analysis.purity import function_entry, method_entry
from stepmill.analysis.rules.tagging import replaced
from stepmill.analysis.values import Kind
from stepmill.model.diagnostic import Edit, Fix

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from stepmill.analysis.rules.view import View
    from stepmill.analysis.units import Unit
    from stepmill.analysis.values import Value
    from stepmill.model.cell import Cell

SEEDS = {
    "numpy": {"numpy": "random.seed(0)", "numpy.random": "seed(0)"},
    "random": {"random": "seed(0)"},
    "torch": {"torch": "manual_seed(0)"},
}
"""Generator -> module that may be imported -> the call of it that seeds."""


def seed(view: View, unit: Unit, generator: str) -> tuple[Fix, ...]:
    """Return the fix for a statement that draws: `random_state=` where its calls take it, else a seed."""
    edits = tuple(edit for call, cell in _takers(view, unit) if (edit := _with_state(call, cell)))
    if edits and generator == "numpy":
        lines = ", ".join(sorted({f"cell [{e.cell}], line {e.line}" for e in edits}))
        return (Fix(title=f"pass `random_state=0` ({lines})", edits=edits),)
    for module, call in SEEDS.get(generator, {}).items():
        aliases = [n for n, v in view.interpreter.env.items() if _is_module(v, module)]
        alias = min(aliases, key=lambda name: (view.flow.final.get(name, ()), name), default=None)
        if alias is None:
            continue
        line, cell = unit.first_line, view.cell_of(unit)
        text = cell.source.split("\n")[line - 1]
        indent = text[: len(text) - len(text.lstrip())]
        edit = replaced(cell.index, line, 0, 0, f"{indent}{alias}.{call}\n")
        return (
            Fix(title=f"seed it: `{alias}.{call}` above line {line} of cell [{cell.index}]", edits=(edit,)),
        )
    return ()


def _is_module(value: Value, module: str) -> bool:
    return value.kind in (Kind.MODULE, Kind.LIBRARY) and value.what == module


def _takers(view: View, unit: Unit) -> Iterator[tuple[ast.Call, Cell]]:
    """Yield the calls that lack `random_state=`: in the statement, and where its estimators are made."""
    env = view.interpreter.env
    used = {node.id for node in ast.walk(unit.node) if isinstance(node, ast.Name)}
    for node in ast.walk(unit.node):
        if isinstance(node, ast.Call) and _lacks_state(node, env):
            yield node, view.cell_of(unit)
    for seen in view.flow.observed.values():
        made = seen.unit.node
        if seen.unit is unit or not isinstance(made, ast.Assign) or not isinstance(made.value, ast.Call):
            continue
        names = {target.id for target in made.targets if isinstance(target, ast.Name)}
        if names & used and _lacks_state(made.value, env):
            yield made.value, view.cell_of(seen.unit)


def _lacks_state(call: ast.Call, env: Mapping[str, Value]) -> bool:
    dotted = _dotted(call.func, env)
    entry = function_entry(dotted) if dotted else None
    if entry is None and isinstance(call.func, ast.Attribute) and not dotted:
        entry = method_entry(call.func.attr)
    if entry is None or entry.option("unless") != "random_state":
        return False
    return all(keyword.arg not in (None, "random_state") for keyword in call.keywords)


def _dotted(node: ast.expr, env: Mapping[str, Value]) -> str:
    """Return the full name of a library's function, or "" where it is none."""
    if isinstance(node, ast.Attribute):
        owner = _dotted(node.value, env)
        return f"{owner}.{node.attr}" if owner else ""
    value = env.get(node.id) if isinstance(node, ast.Name) else None
    return value.what if value is not None and value.kind in (Kind.MODULE, Kind.LIBRARY) else ""


def _with_state(call: ast.Call, cell: Cell) -> Edit | None:
    """Return the edit that adds the argument; None where the user's line is not the Python that we read."""
    number, end = call.end_lineno or 0, call.end_col_offset or 0
    python = cell.python.split("\n")[number - 1]
    line = cell.line_of(number)
    text = cell.source.split("\n")[line - 1]
    if text != python:
        return None
    column = len(python.encode()[:end].decode()) - 1  # of the closing parenthesis
    before = "\n".join(_before(cell, call, column))
    comma = "" if before.rstrip().endswith(("(", ",")) else ", "
    space = " " if before.endswith(",") else ""
    return replaced(cell.index, line, column, column, f"{comma}{space}random_state=0")


def _before(cell: Cell, call: ast.Call, column: int) -> list[str]:
    """Return the lines of the call up to a column of its last one."""
    lines = cell.python.split("\n")[call.lineno - 1 : call.end_lineno]
    lines[-1] = lines[-1][:column]
    return lines
