"""A parameter that is computed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stepmill.model.cell import Role
from stepmill.model.diagnostic import Severity
from stepmill.model.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stepmill.analysis.rules.view import View
    from stepmill.model.diagnostic import Diagnostic

RULE = Rule(
    code="SM360",
    severity=Severity.WARNING,
    title="a parameter that is computed",
    message=("`{name}` is no parameter, though it stands in a parameters cell: its value is not a literal"),
    label="computed",
    hint="write a number, text, list or dict; or move the line out of the parameters cell",
    why="A run can only replace literals; this line is executed as it stands.",
    bad=(
        "%%parameters\nalpha = open('f').read()",
        "%%step a\nx = alpha",
    ),
    at=(0, 2),
    good=(
        "%%parameters\npath = 'f'",
        "%%step a\nx = open(path).read()",
    ),
)


def check(view: View) -> Iterator[Diagnostic]:
    """Replayable lines (imports, constants made of constants) do no harm there."""
    if not view.cells.tags.has_parameters:
        return
    for index, seen in view.flow.observed.items():
        if seen.unit.cell.role is not Role.PARAMETERS or index in view.flow.parameters:
            continue
        if seen.effects.binds and not view.flow.replayable[index]:
            name, place = next(iter(seen.effects.binds.items()))
            yield view.diagnose(RULE, place, name)
