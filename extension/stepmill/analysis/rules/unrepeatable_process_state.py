"""Process state that cannot be repeated."""

from __future__ import annotations

from stepmill.model.diagnostic import Severity
from stepmill.model.rule import Rule

PROCESS = "the process (its folder, environment or settings)"
MODULE_DATA = "what a module of yours keeps in its variables ({})"

RULE = Rule(
    code="SM320",
    severity=Severity.ERROR,
    title="process state that cannot be repeated",
    message="this changes {detail} in a way that cannot be repeated in the later steps",
    label="changes the process",
    hint=(
        "make it a statement of its own at the top level of a cell, with literal values; or pass the folder "
        "or setting to the functions that need it"
    ),
    why="Each step has a process of its own; settings are repeated in each of them.",
    bad=(
        "import os",
        "%%step a\nn = str(len(open('f').read()))\nos.environ['N'] = n",
        "%%step b\ny = 1",
    ),
    at=(1, 3),
    good=(
        "import os",
        "%%step a\nos.environ['N'] = '1'",
        "%%step b\ny = 1",
    ),
)
