"""A star import that cannot be read."""

from __future__ import annotations

from stepmill.model.diagnostic import Severity
from stepmill.model.rule import Rule

RULE = Rule(
    code="SM332",
    severity=Severity.ERROR,
    title="a star import that cannot be read",
    message="`from {name} import *`: the names that it binds cannot be found out",
    label="what it binds is not known",
    hint="import the names that you use: `from {name} import this, that`",
    why=(
        "A star import may rebind any name. Its module is not found in the kernel's environment, beside the "
        "notebook or in a folder that it puts on `sys.path`, or what it exports is computed."
    ),
    bad=(
        "from nowhere import *",
        "%%step a\nx = 1",
    ),
    at=(0, 1),
    good=(
        "from nowhere import f",
        "%%step a\nx = 1",
    ),
)
