"""A module of the project that comes out otherwise in each process that imports it."""

from __future__ import annotations

from stepmill.model.diagnostic import Severity
from stepmill.model.own_module import ModuleText
from stepmill.model.rule import Rule

RULE = Rule(
    code="SM323",
    severity=Severity.ERROR,
    title="a module of your own that cannot be imported twice",
    message=(
        "{detail} when it is imported: Run All imports it once, a pipeline once in each step that needs it, "
        "with another result"
    ),
    label="imported here first",
    other="this step would import it again",
    hint=(
        "do it in a function that a step calls, and hand the result on in a variable; or use it in "
        "one step only"
    ),
    why=(
        "Each step has a process of its own. Settings and seeds that a module makes when it is imported are "
        "repeated, what it prints is shown once; the clock, random numbers and written files differ then. "
        "Other names of a module that asks the clock may be used in all steps."
    ),
    modules=(
        ModuleText("run", "", "run.py", "run.py", "import time\n\nSTART = time.time()\n"),
        ModuleText(
            "clock", "", "clock.py", "clock.py", "import time\n\ndef now():\n    return time.time()\n"
        ),
    ),
    bad=("import run", "%%step a\nx = run.START", "%%step b\nprint(x == run.START)"),
    at=(0, 1),
    good=("import clock", "%%step a\nx = start = clock.now()", "%%step b\nprint(x == start)"),
    more="In the example `run.py` has the line `START = time.time()`, `clock.py` a function that returns it.",
)
