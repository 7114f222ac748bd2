"""No steps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stepmill.model.diagnostic import Severity
from stepmill.model.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stepmill.analysis.rules.view import View
    from stepmill.model.cell import Cell
    from stepmill.model.diagnostic import Diagnostic

RULE = Rule(
    code="SM309",
    severity=Severity.ERROR,
    title="no steps",
    message="no cell of this notebook is tagged as a step",
    hint=(
        "put `%%step NAME` on the first line of a cell; `stepmill suggest` proposes steps for "
        "a whole notebook"
    ),
    why="stepmill turns tagged cells into a pipeline; without one there is nothing to run.",
    more="""Where the magic is not wanted, the cell tag `step:NAME` in the cell's metadata does the same.""",
    bad=("x = 1",),
    at=(None, None),
    good=("%%step a\nx = 1",),
)


def check(view: View) -> Iterator[Diagnostic]:
    """Say it about the notebook as a whole, unless a tag could not be read: then that is the problem."""
    if not view.assembly.options and not any(map(_has_a_bad_tag, view.notebook.cells)):
        yield view.diagnose(RULE, None)


def _has_a_bad_tag(cell: Cell) -> bool:
    return any(problem.is_error and problem.code != "SM110" for problem in cell.problems)
