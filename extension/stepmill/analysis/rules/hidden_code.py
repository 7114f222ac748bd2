"""A magic that runs or loads other code."""

from __future__ import annotations

from stepmill.model.diagnostic import Severity
from stepmill.model.rule import Rule

HINTS = {
    "%run": (
        "make it a module and import what you need: `from script import f`; a script is read where its path "
        "is plain, it takes no arguments, and no cell changes names that its functions look up"
    ),
    "%reset": "leave it out: each step begins in a fresh process; `del x` takes one variable away",
    "%reset_selective": "name what is to go: `del x, y`",
    "%pipeline": "put it into an untagged cell: it is about the notebook, no part of a step",
}
"""What to do, by what was found."""

RULE = Rule(
    code="SM333",
    severity=Severity.ERROR,
    title="a magic that runs or loads other code",
    message="`{name}` runs or loads code that cannot be seen here",
    label="runs code that stands elsewhere",
    hint="put that code into a module and import it, or into this cell itself",
    why=("That code may bind and change any name; what flows between steps must be visible here."),
    bad=("%%step a\nx = 1\n%run other.py",),
    at=(0, 3),
    good=(
        "from other import f",
        "%%step a\nx = f(1)",
    ),
)
