"""History of the interactive session."""

from __future__ import annotations

from stepmill.model.diagnostic import Severity
from stepmill.model.rule import Rule

RULE = Rule(
    code="SM330",
    severity=Severity.ERROR,
    title="history of the interactive session",
    message="`{name}` refers to the session's history, which differs from run to run",
    label="history of the session",
    hint="give the value a name where it is made, and use that name here",
    why="`_`, `Out` and `In` depend on what was executed before, and how.",
    bad=("%%step a\nx = 1\ny = Out[1]",),
    at=(0, 3),
    good=("%%step a\nx = 1\ny = x",),
)
