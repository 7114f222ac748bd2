"""`--inputs` or `--outputs` names nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stepmill.analysis.tag_lines import option_place
from stepmill.model.diagnostic import Severity
from stepmill.model.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stepmill.analysis.rules.view import View
    from stepmill.model.diagnostic import Diagnostic

RULE = Rule(
    code="SM361",
    severity=Severity.ERROR,
    title="`--inputs` or `--outputs` names nothing",
    message="`--{detail}s {name}`: nothing in the notebook {step} `{name}`",
    label="no such variable",
    hint=("correct the name, or leave the option out: stepmill infers what the step takes and gives"),
    why="A wrong name would silently hand on nothing.",
    bad=("%%step a --outputs nope\nx = 1",),
    at=(0, 1),
    good=("%%step a --outputs x\nx = 1",),
)


def check(view: View) -> Iterator[Diagnostic]:
    """Look at each step's own lines."""
    for step, options in view.assembly.options.items():
        for name in options.inputs or ():
            if name not in view.flow.final:
                place = option_place(view.notebook, step, "inputs", name)
                yield view.diagnose(RULE, place, name, detail="input", step="gives")
        for name in options.outputs or ():
            if name not in view.interpreter.env:
                place = option_place(view.notebook, step, "outputs", name)
                yield view.diagnose(RULE, place, name, detail="output", step="binds")
