"""The notebook as a sequence of top-level statements, each with its owner and place."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stepmill.model.cell import Cell, Notebook, Role
from stepmill.model.diagnostic import Place

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True, eq=False)
class Unit:
    """One top-level statement.

    `owner` is the step's name, or None for untagged code. `index` counts units in notebook order.
    """

    index: int
    cell: Cell
    node: ast.stmt
    owner: str | None

    def place(self, node: ast.AST) -> Place:
        """Return where `node` stands in the cell as the user sees it."""
        line = getattr(node, "lineno", 1)
        return Place(
            cell=self.cell.index, line=self.cell.line_of(line), column=getattr(node, "col_offset", 0)
        )

    @property
    def first_line(self) -> int:
        """First line in the user's cell, decorators included."""
        decorators = getattr(self.node, "decorator_list", ())
        return self.cell.line_of(min([self.node.lineno, *(d.lineno for d in decorators)]))

    @property
    def last_line(self) -> int:
        return self.cell.line_of(self.node.end_lineno or self.node.lineno)

    @property
    def source(self) -> str:
        """The user's own lines of this statement (whole lines)."""
        lines = self.cell.body.splitlines()
        return "\n".join(lines[self.first_line - 1 : self.last_line])


def units_of(notebook: Notebook) -> list[Unit]:
    """Return all statements that Run All would execute, in its order."""
    found: list[Unit] = []
    for cell, statement in _statements(notebook):
        owner = cell.step if cell.role is Role.STEP else None
        found.append(Unit(len(found), cell, statement, owner))
    return found


def _statements(notebook: Notebook) -> Iterator[tuple[Cell, ast.stmt]]:
    for cell in notebook.cells:
        if cell.role in (Role.TEXT, Role.SKIPPED, Role.SCRATCH) or not cell.python.strip():
            continue
        for statement in parse(cell.python).body:
            yield cell, statement


def parse(python: str) -> ast.Module:
    """Parse the Python of a cell; code that does not parse has no statements (it has a diagnostic)."""
    try:
        return compile(python, "<cell>", "exec", ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)  # type: ignore[no-any-return]
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ast.Module(body=[], type_ignores=[])
