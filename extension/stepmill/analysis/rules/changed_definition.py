"""A class or function that a step changes."""

from __future__ import annotations

from stepmill.model.diagnostic import Severity
from stepmill.model.rule import Rule

RULE = Rule(
    code="SM311",
    severity=Severity.ERROR,
    title="a class or function that a step changes",
    message=("this uses `{name}`, whose own state a step has changed (cell [{cell2}], line {line2})"),
    label="uses `{name}`",
    other="changes the state of `{name}` itself",
    hint=("keep the changing value in an ordinary variable (a dict or a list) instead of on `{name}`"),
    why=(
        "Functions that a library has wrapped, Enums and the like are defined again in each step; what "
        "was stored on them would be lost. Plain functions and classes go on with their state."
    ),
    bad=(
        "from enum import Enum\nclass K(Enum):\n    A = 1",
        "%%step a\nK.total = len(open('f').read())",
        "%%step b\ny = K.total",
    ),
    at=(2, 2),
    good=(
        "state = {'total': 0}",
        "%%step a\nstate['total'] = len(open('f').read())",
        "%%step b\ny = state['total']",
    ),
)
