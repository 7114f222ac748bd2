"""A step needs two values of one name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stepmill.analysis.rules.tagging import split
from stepmill.model.diagnostic import Severity
from stepmill.model.rule import Rule

if TYPE_CHECKING:
    from stepmill.analysis.rules.view import View
    from stepmill.model.diagnostic import Diagnostic, Fix

RULE = Rule(
    code="SM302",
    severity=Severity.ERROR,
    title="a step needs two values of one name",
    message=(
        "step `{detail}` needs two values of {what}: it took an earlier one in cell [{cell2}], line {line2}"
    ),
    label="needs the value as it is now",
    other="took the earlier value",
    hint="split the step: give this cell, and what follows of the step, another step name",
    why="A step takes each variable once, at its start.",
    bad=(
        "%%step a\nx = [1]",
        "%%step b\ny = x[0]",
        "%%step c\nx = [2]",
        "%%step b\nz = x[0]",
    ),
    at=(3, 2),
    good=(
        "%%step a\nx = [1]",
        "%%step b\ny = x[0]",
        "%%step c\nx = [2]",
        "%%step b_2\nz = x[0]",
    ),
)


def fixes(view: View, found: Diagnostic) -> tuple[Fix, ...]:
    """Part the taking step where it needs the later value."""
    owner = view.notebook.cells[found.cell].step if found.cell is not None else None
    return split(view, owner, found.cell) if owner is not None and found.cell is not None else ()
