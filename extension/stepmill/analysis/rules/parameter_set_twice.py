"""A parameter set twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stepmill.model.cell import Role
from stepmill.model.diagnostic import Place, Severity
from stepmill.model.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stepmill.analysis.rules.view import View
    from stepmill.model.diagnostic import Diagnostic

RULE = Rule(
    code="SM362",
    severity=Severity.ERROR,
    title="a parameter set twice",
    message=(
        "the parameter `{name}` is set twice (cell [{cell2}], line {line2}); a run could "
        "replace only one of the two"
    ),
    label="set again",
    other="set here first",
    hint="keep one of the two lines",
    why="The second line would undo the value that you asked for.",
    bad=(
        "%%parameters\nalpha = 1\nalpha = 2",
        "%%step a\nx = alpha",
    ),
    at=(0, 3),
    good=(
        "%%parameters\nalpha = 2",
        "%%step a\nx = alpha",
    ),
)


def check(view: View) -> Iterator[Diagnostic]:
    """Point at the second line, for the first is where it belongs."""
    first: dict[str, Place] = {}
    for index, parameter in sorted(view.flow.parameters.items()):
        seen = view.flow.observed[index]
        if seen.unit.cell.role is not Role.PARAMETERS:
            continue
        place = Place(cell=seen.unit.cell.index, line=seen.unit.first_line)
        if parameter.name in first:
            yield view.diagnose(RULE, place, parameter.name, other=first[parameter.name])
        first.setdefault(parameter.name, place)
