"""What rules look at, and how they say what they found."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stepmill.analysis.units import parse
from stepmill.model.diagnostic import Diagnostic, OtherPlace, Place

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stepmill.analysis.assembly import Assembly
    from stepmill.analysis.drafts import Conflict
    from stepmill.analysis.flow import Flow
    from stepmill.analysis.interpreter import Interpreter
    from stepmill.analysis.labels import Labelled
    from stepmill.analysis.units import Unit
    from stepmill.model.cell import Cell, Notebook
    from stepmill.model.pipeline import Edge, Step
    from stepmill.model.rule import Rule


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """An analysed notebook. `cycle`: the edges of a circle of steps, if there is one.

    Flow, assembly and interpreter know cells by labels; steps, edges and what rules say by positions.
    """

    cells: Labelled
    flow: Flow
    assembly: Assembly
    interpreter: Interpreter
    steps: tuple[Step, ...]
    edges: tuple[Edge, ...]
    cycle: tuple[Edge, ...]

    @property
    def notebook(self) -> Notebook:
        """The notebook as it was read."""
        return self.cells.original

    def cell_of(self, unit: Unit) -> Cell:
        """Return the cell of a statement, with its position."""
        return self.notebook.cells[self.cells.position(unit.cell.index)]

    def conflicts(self, code: str) -> Iterator[Conflict]:
        """Return what kept the steps from being put together, of one kind."""
        return (conflict for conflict in self.assembly.conflicts if conflict.code == code)

    def diagnose(
        self,
        rule: Rule,
        place: Place | None,
        name: str = "",
        *,
        other: Place | None = None,
        hint: str = "",
        **texts: str,
    ) -> Diagnostic:
        """Return the diagnostic of `rule` at `place`; `other` is a second place it speaks of.

        `texts` fill the rule's templates beside `name`, which `what` is in words; `hint` takes the place
        of the rule's own. Places may have labels or positions of cells.
        """
        place, other = (None if one is None else self.cells.placed(one) for one in (place, other))
        fields = {"name": name, "what": f"`{name}`", "detail": "", "step": "", **texts}
        fields["cell2"], fields["line2"] = (str(other.cell), str(other.line)) if other else ("?", "?")
        column, end_column = (None, None) if place is None else self.spot(place, name)
        others = () if other is None else (self._other(other, name, rule.other.format(**fields)),)
        return Diagnostic(
            code=rule.code,
            severity=rule.severity,
            message=rule.message.format(**fields),
            cell=place.cell if place else None,
            line=place.line if place else None,
            column=column,
            end_column=end_column,
            name=name or None,
            hint=hint or rule.hint.format(**fields),
            why=rule.why.format(**fields),
            label=rule.label.format(**fields),
            others=others,
        )

    def _other(self, place: Place, name: str, message: str) -> OtherPlace:
        column, end_column = self.spot(place, name)
        return OtherPlace(
            cell=place.cell, line=place.line, column=column, end_column=end_column, message=message
        )

    def spot(self, place: Place, name: str) -> tuple[int, int]:
        """Return the columns at a place between which stands what a message about `name` points at."""
        return spot(self.notebook.cells[place.cell], place, name)


def spot(cell: Cell, place: Place, name: str) -> tuple[int, int]:
    """Return first and end column, in characters of the user's line.

    The analyzer's own columns are those of the cell's Python, in bytes; where IPython syntax was
    rewritten, the name is looked for instead.
    """
    lines = cell.source.split("\n")
    text = lines[place.line - 1].rstrip() if place.line <= len(lines) else ""
    found = _on_python_line(cell, place, text)
    if found is not None:
        number, python, shift = found
        start, end = _node_at(cell, number, python, place.column, name)
        return shift + start, min(shift + end, len(text))
    word = re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text) if name else None
    return word.span() if word else (len(text) - len(text.lstrip()), len(text))


def _on_python_line(cell: Cell, place: Place, text: str) -> tuple[int, str, int] | None:
    """Return the number and text of the Python line that stands for the user's, and how far it is shifted."""
    for number, python in enumerate(cell.python.split("\n"), start=1):
        line = cell.lines[number - 1] if number <= len(cell.lines) else number
        code = python.rstrip()
        if line == place.line and code and text.endswith(code):
            return number, code, len(text) - len(code)
    return None


def _node_at(cell: Cell, number: int, text: str, column: int, name: str) -> tuple[int, int]:
    """Return the span of the name at a place of the Python, else of the largest code that begins there."""
    line = text.encode()
    end = 0
    for node in ast.walk(parse(cell.python)):
        if getattr(node, "lineno", 0) != number or getattr(node, "col_offset", -1) != column:
            continue
        last = getattr(node, "end_col_offset", 0) if node.end_lineno == number else len(line)  # type: ignore[attr-defined]
        if isinstance(node, ast.Name) and node.id == name:
            end = last
            break
        end = max(end, last)
    if not end:
        word = re.compile(rb"\w*").match(line, column)
        end = word.end() if word else column
    if end == column:  # a comment
        end = len(line)
    return len(line[:column].decode(errors="ignore")), len(line[:end].decode(errors="ignore"))
