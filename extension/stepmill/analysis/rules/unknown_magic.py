"""Unknown magic."""

from __future__ import annotations

from difflib import get_close_matches

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

_OURS = ("step", "parameters", "scratch")


def hint_of(name: str) -> str:
    """Return the hint about a magic whose name is nearly that of one of ours, else "": the usual one."""
    close = get_close_matches(name.lstrip("%"), _OURS, n=1) if name.startswith("%%") else []
    return f"did you mean `%%{close[0]}`? Jupyter knows no `{name}` either" if close else ""
