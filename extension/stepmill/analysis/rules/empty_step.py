"""A step without code."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stepmill.analysis.tag_lines import tag_place
from stepmill.analysis.units import step_cells
from stepmill.model.diagnostic import Severity
from stepmill.model.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stepmill.analysis.rules.view import View
    from stepmill.model.diagnostic import Diagnostic

RULE = Rule(
    code="SM310",
    severity=Severity.WARNING,
    title="a step without code",
    message="step `{name}` has no code",
    label="nothing below but comments",
    hint="remove the tag, or write something into the cell",
    why="An empty step gives nothing.",
    bad=("%%step a\n# nothing",),
    at=(0, 1),
    good=("%%step a\npass",),
)


def check(view: View) -> Iterator[Diagnostic]:
    """A cell that cannot be read has been reported already."""
    drafts = view.assembly.drafts
    empty = [name for name in view.assembly.options if not drafts[name].units]
    cells_of = step_cells(view.notebook) if empty else {}
    for name in empty:
        cells = cells_of[name]
        if not any(view.notebook.cells[index].problems for index in cells):
            yield view.diagnose(RULE, tag_place(view.notebook, cells[0]), name)
