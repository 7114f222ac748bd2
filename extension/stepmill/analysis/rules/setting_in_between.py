"""A setting between the cells of a step."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stepmill.analysis.rules.tagging import join
from stepmill.model.diagnostic import Severity
from stepmill.model.rule import Rule

if TYPE_CHECKING:
    from stepmill.analysis.rules.view import View
    from stepmill.model.diagnostic import Diagnostic, Fix

RULE = Rule(
    code="SM322",
    severity=Severity.ERROR,
    title="a setting between the cells of a step",
    message=(
        "this setting stands between the cells of step `{detail}`; repeated before the step, it would hold "
        "for the cells above it too (cell [{cell2}], line {line2})"
    ),
    label="a setting of the process or of a library",
    other="the step begins here",
    hint="put `%%step {detail}` on this cell too, or move it above the step",
    why="Settings in other cells are repeated at the start of each step that comes to use them.",
    bad=(
        "import pandas as pd",
        "%%step a\nx = pd.Series([1 / 3])\nprint(x)",
        "pd.set_option('display.precision', 2)",
        "%%step a\nprint(x)",
    ),
    at=(2, 1),
    good=(
        "import pandas as pd",
        "%%step a\nx = pd.Series([1 / 3])\nprint(x)",
        "%%step a\npd.set_option('display.precision', 2)",
        "%%step a\nprint(x)",
    ),
)


def fixes(view: View, found: Diagnostic) -> tuple[Fix, ...]:
    """Let the setting be made in its place."""
    cell = found.others[0].cell
    step = view.notebook.cells[cell].step
    return () if found.cell is None or step is None else join(view, found.cell, step)
