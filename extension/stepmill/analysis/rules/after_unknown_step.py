"""`--after` names no step."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from stepmill.analysis.rules.tagging import replaced
from stepmill.analysis.tag_lines import option_place
from stepmill.model.diagnostic import Fix, Severity
from stepmill.model.pipeline import SETUP_STEP
from stepmill.model.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stepmill.analysis.rules.view import View
    from stepmill.model.diagnostic import Diagnostic

RULE = Rule(
    code="SM307",
    severity=Severity.ERROR,
    title="`--after` names no step",
    message="`--after {name}`: there is no step of that name",
    label="no such step",
    hint="the steps are: {detail}",
    why="The order that you asked for cannot be kept.",
    bad=(
        "%%step load\nx = 1",
        "%%step b --after laod\ny = 1",
    ),
    at=(1, 1),
    good=(
        "%%step load\nx = 1",
        "%%step b --after load\ny = 1",
    ),
)


def check(view: View) -> Iterator[Diagnostic]:
    """Guess which step was meant."""
    for name, options in view.assembly.options.items():
        for after in options.after:
            if after in view.assembly.options:
                continue
            names = [step.name for step in view.steps if step.name != SETUP_STEP]
            close = _closest(view, after)
            hint = f"did you mean `{close}`? the steps are: {', '.join(names)}" if close else ""
            place = option_place(view.notebook, name, "after", after)
            yield view.diagnose(RULE, place, after, hint=hint, detail=", ".join(names))


def fixes(view: View, found: Diagnostic) -> tuple[Fix, ...]:
    """Write the name that was meant."""
    close = _closest(view, found.name or "")
    if close is None or found.cell is None or found.line is None or found.column is None:
        return ()
    end = found.end_column or found.column
    if view.notebook.cells[found.cell].source.split("\n")[found.line - 1][found.column : end] != found.name:
        return ()  # the cell's metadata has it
    return (
        Fix(title=f"write `{close}`", edits=(replaced(found.cell, found.line, found.column, end, close),)),
    )


def _closest(view: View, name: str) -> str | None:
    names = [step.name for step in view.steps if step.name != SETUP_STEP]
    return next(iter(difflib.get_close_matches(name, names, n=1)), None)
