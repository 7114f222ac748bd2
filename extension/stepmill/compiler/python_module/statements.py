"""The code that the pipeline runs, statement by statement in notebook order, and the text around it."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from stepmill.analysis.fragments import source_of
from stepmill.analysis.units import parse, units_of
from stepmill.compiler.python_module.walk import Walk
from stepmill.model.cell import Role

if TYPE_CHECKING:
    from collections.abc import Container, Iterator

    from stepmill.analysis.units import Unit
    from stepmill.compiler.python_module.cells import CellCode
    from stepmill.model.cell import Cell, Notebook
    from stepmill.model.pipeline import Pipeline

_TAG_COMMENT = re.compile(r"#\s*%%(step|parameters|scratch)\b")


@dataclass(slots=True, eq=False)
class Statement:
    """One top-level statement that the module runs.

    `text` starts at column 0; `lead` are the comment and blank lines above, `tail` a comment behind it.
    `owner`: the step, None for untagged code. `units` are the analyzer's records of the same code.
    """

    cell: int
    line: int
    owner: str | None
    text: str
    lead: list[str] = field(default_factory=list)
    tail: str = ""
    trail: list[str] = field(default_factory=list)  # comments below, at the end of the cell
    shown: bool = False  # the cell shows its value
    capture: bool = False  # the cell's output is captured
    may_raise: bool = False
    units: tuple[Unit, ...] = ()
    shape: str = ""  # how the analyzer would replay it; "" if it would not
    is_changed: bool = False  # other code changes in place what it makes
    closes: str = ""  # what runs below it, to put figures away
    markdown: list[str] = field(default_factory=list)  # text cells above that belong to it
    notes: list[str] = field(default_factory=list)  # text cells below the last statement

    _parsed: tuple[str, ast.stmt, Walk] | None = None

    def _read(self) -> tuple[str, ast.stmt, Walk]:
        if self._parsed is None or self._parsed[0] != self.text:
            body = parse(self.text).body
            if len(body) != 1:
                raise AssertionError(f"not one statement: {self.text!r}")
            self._parsed = (self.text, body[0], Walk(body))
        return self._parsed

    @property
    def node(self) -> ast.stmt:
        return self._read()[1]

    @property
    def walk(self) -> Walk:
        return self._read()[2]

    def copy(self) -> Statement:
        """Return one of its own, to change the text of."""
        values = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return Statement(**values | {"lead": list(self.lead)})


def read_statements(
    notebook: Notebook, pipeline: Pipeline, codes: dict[int, CellCode], always: Container[int]
) -> list[Statement]:
    """Return all statements that the pipeline runs, in the order of Run All, with the text cells above.

    `codes` are the cells as plain Python; `always` are units that run whether a step needs them or not.
    """
    units = units_of(notebook)
    chosen = _chosen(units, pipeline, notebook, always)
    found: list[Statement] = []
    text: list[str] = []
    for cell in notebook.cells:
        if cell.role is Role.TEXT:
            text.append(cell.source)
        elif cell.index in codes:
            new = list(_statements(cell, codes[cell.index], chosen))
            if new:
                new[0].markdown, text = text, []
            found += new
    if found:
        found[-1].notes = text
    return found


def _chosen(
    units: list[Unit], pipeline: Pipeline, notebook: Notebook, always: Container[int]
) -> dict[int, list[Unit]]:
    """Return cell -> the untagged statements of it that the pipeline runs, or replays."""
    replayed = {(f.cell, f.line, f.source) for step in pipeline.steps for f in step.setup}
    once: dict[int, list[str]] = {}
    for step in pipeline.steps:
        for fragment in step.body:
            if notebook.cells[fragment.cell].role is not Role.STEP:
                once[fragment.cell] = fragment.source.splitlines()
    found: dict[int, list[Unit]] = {}
    for unit in units:
        index = unit.cell.index
        if (
            unit.owner is not None
            or unit.index in always
            or (index, unit.first_line, source_of(unit)) in replayed
        ) or (index in once and _is_active(unit, once[index])):
            found.setdefault(index, []).append(unit)
    return found


def _is_active(unit: Unit, lines: list[str]) -> bool:
    """Tell whether the implicit step runs the statement: the lines of others are comments there."""
    line = lines[unit.first_line - 1] if unit.first_line <= len(lines) else ""
    original = unit.cell.body.splitlines()[unit.first_line - 1]
    return line == original


def _statements(cell: Cell, code: CellCode, chosen: dict[int, list[Unit]]) -> Iterator[Statement]:
    units = chosen.get(cell.index, [])
    whole = cell.role is Role.STEP
    if not whole and not units:
        return
    lead: list[str] = []
    for piece in code.pieces:
        lead += piece.lead
        own = tuple(u for u in units if piece.line <= u.first_line <= piece.last_line)
        if len(own) > 1 and not piece.is_special:  # several statements on a line
            own = tuple(u for u in own if ast.dump(u.node) == ast.dump(piece.node)) or own[:1]
        if not whole and not own:
            lead = []
            continue
        yield Statement(
            cell=cell.index,
            line=piece.line,
            owner=cell.step if whole else None,
            text=piece.text,
            lead=[line for line in lead if not _TAG_COMMENT.match(line)],
            tail=piece.tail,
            trail=piece.trail,
            shown=piece.shown,
            capture=code.captured,
            may_raise=cell.may_raise,
            units=own,
        )
        lead = []
