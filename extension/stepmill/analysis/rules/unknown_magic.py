"""Unknown magic."""

from __future__ import annotations

from stepmill.model.diagnostic import Severity
from stepmill.model.rule import Rule

RULE = Rule(
    code="SM210",
    severity=Severity.WARNING,
    title="unknown magic",
    message=("`{name}` is a magic that stepmill does not know: what it reads and binds cannot be seen"),
    label="not known",
    hint=("keep it in a step that names all it needs in ordinary statements; or do the same in plain Python"),
    why="An unknown magic may run any code.",
    bad=("%%step a\nx = 1\n%frobnicate x",),
    at=(0, 3),
    good=("%%step a\nx = 1\nprint(x)",),
)
