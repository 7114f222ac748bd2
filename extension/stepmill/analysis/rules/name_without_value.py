"""Name without a value."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stepmill.model.diagnostic import Severity
from stepmill.model.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stepmill.analysis.rules.view import View
    from stepmill.model.diagnostic import Diagnostic

RULE = Rule(
    code="SM201",
    severity=Severity.WARNING,
    title="name without a value",
    message="`{name}` has no value here when the notebook runs from top to bottom",
    label="nothing above gives it a value",
    hint="check the spelling, or define `{name}` in a cell above",
    why="Run All would stop here with a NameError; so will the pipeline.",
    bad=("%%step a\nx = 1\ny = nope",),
    at=(0, 3),
    good=(
        "nope = 1",
        "%%step a\ny = nope",
    ),
)

BIND_ANYTHING = ("SM210", "SM331", "SM332", "SM333")
"""Findings about code of which nobody knows what it binds."""


def check(view: View) -> Iterator[Diagnostic]:
    """Code above that may bind anything is its own finding; a cell below may be meant to stand above."""
    if view.interpreter.star_imports or not any(view.conflicts(RULE.code)):
        return
    opaque = [
        finding.place
        for seen in view.flow.observed.values()
        for finding in seen.effects.findings
        if finding.code in BIND_ANYTHING
    ]
    first = min(((place.cell, place.line) for place in opaque), default=None)
    for conflict in view.conflicts(RULE.code):
        if first is not None and first <= (conflict.place.cell, conflict.place.line):
            continue
        below = (
            seen.unit.cell.index
            for seen in view.flow.observed.values()
            if conflict.name in seen.effects.binds and seen.unit.cell.index > conflict.place.cell
        )
        later = next(below, None)
        hint = ""
        if later is not None:
            hint = f"cell [{view.cells.position(later)}] further down defines it: move that cell up"
        yield view.diagnose(RULE, conflict.place, conflict.name, hint=hint)
