"""No steps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stepmill.model.diagnostic import Severity
from stepmill.model.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stepmill.analysis.rules.view import View
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
    """Say it about the notebook as a whole."""
    if not view.assembly.options:
        yield view.diagnose(RULE, None)
