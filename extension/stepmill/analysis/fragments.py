"""Pieces of the user's source for the step notebooks."""

from __future__ import annotations

import ast
from collections import defaultdict
from typing import TYPE_CHECKING

from stepmill.analysis.units import parse
from stepmill.model.pipeline import Fragment

if TYPE_CHECKING:
    from stepmill.analysis.units import Unit


def body_of(units: list[Unit], *, implicit: bool, cells: list[int]) -> tuple[Fragment, ...]:
    """Return one fragment per cell.

    A step's cells come whole. Of untagged cells only the statements `units` are active: the other
    lines become comments, so that those that run keep their line numbers.
    """
    by_cell: dict[int, list[Unit]] = defaultdict(list)
    for unit in units:
        by_cell[unit.cell.index].append(unit)
    fragments = []
    for index in cells:
        chosen = by_cell.get(index, [])
        if chosen:
            source = _active(chosen) if implicit else chosen[0].cell.body
            fragments.append(Fragment(cell=index, line=1, source=source))
    return tuple(fragments)


def _active(units: list[Unit]) -> str:
    cell = units[0].cell
    if cell.body.lstrip().startswith("%%"):  # a cell magic takes its cell whole
        return cell.body
    keep: set[int] = set()
    for unit in units:
        keep |= set(range(unit.first_line, unit.last_line + 1))
    alone = _statements_alone(units)
    lines = []
    for number, line in enumerate(cell.body.splitlines(), start=1):
        inactive = number not in keep and line.strip() and not line.lstrip().startswith("#")
        lines.append(f"# {line}" if inactive else alone.get(number, line))
    return "\n".join(lines)


def _statements_alone(units: list[Unit]) -> dict[int, str]:
    """Return, for lines that have other statements too (`x = []; y = {}`), the text of those of `units`."""
    cell = units[0].cell
    chosen = {id(unit.shown) for unit in units}
    others = [node for node in parse(cell.python).body if id(node) not in chosen]
    shared = {cell.line_of(line) for node in others for line in (node.lineno, node.end_lineno or node.lineno)}
    found: dict[int, list[str]] = defaultdict(list)
    for unit in units:
        if unit.first_line == unit.last_line in shared and unit.origin is None:
            found[unit.first_line].append(ast.get_source_segment(cell.python, unit.node) or unit.source)
    longer = {line for u in units if u.first_line != u.last_line for line in (u.first_line, u.last_line)}
    return {line: "; ".join(texts) for line, texts in found.items() if line not in longer}


def setup_of(units: list[Unit]) -> tuple[Fragment, ...]:
    """Return the source of replayed statements, one fragment each, `__future__` imports first."""
    found = [Fragment(cell=u.cell.index, line=u.first_line, source=source_of(u)) for u in units]
    first = [f for f, u in zip(found, units, strict=True) if _is_future(u.node)]
    return (*first, *(f for f in found if f not in first))


def source_of(unit: Unit) -> str:
    """Return the statement's own source, also where it shares its lines with others."""
    if unit.script:
        decorated = getattr(unit.node, "decorator_list", ())
        return unit.source if decorated else ast.get_source_segment(unit.script, unit.node) or unit.source
    shared = ast.get_source_segment(unit.cell.python, unit.node)
    lines = unit.cell.python.splitlines()
    first, last = unit.node.lineno, unit.node.end_lineno or unit.node.lineno
    before = lines[first - 1].encode()[: unit.node.col_offset].strip()
    after = lines[last - 1].encode()[unit.node.end_col_offset or 0 :].strip()
    alone = not before and (not after or after.startswith(b"#"))
    decorated = getattr(unit.node, "decorator_list", ())
    if shared is not None and not alone and not decorated:
        return shared
    return unit.source


def _is_future(node: ast.stmt) -> bool:
    return isinstance(node, ast.ImportFrom) and node.module == "__future__"
