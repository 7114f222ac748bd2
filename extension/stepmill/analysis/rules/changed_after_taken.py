"""A step changes what another one has already taken."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stepmill.analysis.rules.tagging import split, tag
from stepmill.model.diagnostic import Severity
from stepmill.model.pipeline import SETUP_STEP
from stepmill.model.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stepmill.analysis.rules.view import View
    from stepmill.model.diagnostic import Diagnostic, Fix

RULE = Rule(
    code="SM301",
    severity=Severity.ERROR,
    title="a step changes what another one has already taken",
    message=(
        "this needs {what} as it was before step `{detail}` changed it again (cell [{cell2}], line {line2})"
    ),
    label="needs the earlier value",
    other="changed again here, in the same step",
    hint="give the part of `{detail}` from cell [{cell2}] on a step name of its own",
    why="A step hands on what its variables are at its end; the earlier value would be lost.",
    bad=(
        "%%step a\nx = [1]",
        "%%step b\ny = x[0]",
        "%%step a\nx = [2]",
    ),
    at=(1, 2),
    good=(
        "%%step a\nx = [1]",
        "%%step b\ny = x[0]",
        "%%step a_2\nx = [2]",
    ),
)


def check(view: View) -> Iterator[Diagnostic]:
    """The implicit step is parted by tagging one of its cells."""
    for conflict in view.conflicts(RULE.code):
        place = conflict.other
        hint = ""
        if place and conflict.detail == SETUP_STEP:
            hint = f"tag cell [{view.cells.position(place.cell)}] with `%%step NAME`"
        yield view.diagnose(
            RULE, conflict.place, conflict.name, other=place, hint=hint, what=conflict.what,
            detail=conflict.detail,
        )  # fmt: skip


def fixes(view: View, found: Diagnostic) -> tuple[Fix, ...]:
    """Part the giving step where it changes the value again."""
    again = found.others[0].cell
    owner = view.notebook.cells[again].step
    return tag(view, again, found.name or "", "update") if owner is None else split(view, owner, again)
