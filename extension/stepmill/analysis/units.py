"""The notebook as a sequence of top-level statements, each with its owner and place."""

from __future__ import annotations

import ast
from collections import defaultdict
from dataclasses import dataclass

from stepmill.model.cell import Cell, Notebook, Role
from stepmill.model.diagnostic import Place
from stepmill.syntax import FAILURES, cell_tree

MOST_IN_A_CELL = 1 << 20
"""Statements for which there are numbers in a cell."""


@dataclass(frozen=True, slots=True, eq=False)
class Unit:
    """One top-level statement.

    `owner` is the step's name, or None for untagged code. `index` is in notebook order, with gaps:
    it depends on the cell's number and what stands above in the cell, not on the other cells.
    `origin` is the statement of the cell that executes it, where it is not itself one of the cell:
    then it stands in the text `script`, if that is not empty.
    """

    index: int
    cell: Cell
    node: ast.stmt
    owner: str | None
    origin: ast.stmt | None = None
    script: str = ""

    @property
    def shown(self) -> ast.stmt:
        """The statement of the user's cell."""
        return self.node if self.origin is None else self.origin

    def place(self, node: ast.AST) -> Place:
        """Return where `node` stands in the cell as the user sees it."""
        node = node if self.origin is None else self.origin
        line = getattr(node, "lineno", 1)
        return Place(
            cell=self.cell.index, line=self.cell.line_of(line), column=getattr(node, "col_offset", 0)
        )

    @property
    def first_line(self) -> int:
        """First line in the user's cell, decorators included."""
        return self.cell.line_of(_first_line(self.shown))

    @property
    def last_line(self) -> int:
        return self.cell.line_of(self.shown.end_lineno or self.shown.lineno)

    @property
    def source(self) -> str:
        """The user's own lines of this statement (whole lines)."""
        if self.script:
            return "\n".join(self.script.splitlines()[_first_line(self.node) - 1 : self.node.end_lineno])
        lines = self.cell.body.splitlines()
        return "\n".join(lines[self.first_line - 1 : self.last_line])


def _first_line(node: ast.stmt) -> int:
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    return min([node.lineno, *(d.lineno for d in decorators)])


def units_of(notebook: Notebook) -> list[Unit]:
    """Return all statements that Run All would execute, in its order."""
    return [unit for cell in notebook.cells for unit in units_of_cell(cell)]


def units_of_cell(cell: Cell) -> list[Unit]:
    """Return the statements of a cell that Run All would execute."""
    if cell.role in (Role.TEXT, Role.SKIPPED, Role.SCRATCH) or not cell.python.strip():
        return []
    owner = cell.step if cell.role is Role.STEP else None
    first = cell.index * MOST_IN_A_CELL
    return [Unit(first + number, cell, node, owner) for number, node in enumerate(parse(cell.python).body)]


def step_cells(notebook: Notebook) -> dict[str, list[int]]:
    """Return step -> indices of its cells, in notebook order."""
    found: dict[str, list[int]] = defaultdict(list)
    for cell in notebook.cells:
        if cell.role is Role.STEP and cell.step is not None:
            found[cell.step].append(cell.index)
    return found


def parse(python: str) -> ast.Module:
    """Parse the Python of a cell; code that does not parse has no statements (it has a diagnostic).

    The tree is shared between calls: nobody changes it.
    """
    try:
        return cell_tree(python)
    except FAILURES:
        return ast.Module(body=[], type_ignores=[])
