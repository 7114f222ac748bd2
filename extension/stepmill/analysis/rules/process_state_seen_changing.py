"""Process state that a run saw changing."""

from __future__ import annotations

from stepmill.model.diagnostic import Severity
from stepmill.model.facts import Fact, FactKind
from stepmill.model.rule import Rule

RULE = Rule(
    code="SM321",
    severity=Severity.ERROR,
    title="process state that a run saw changing",
    message=("when this step ran it changed the state of its process ({name}); later steps would not see it"),
    hint=("make the change in a statement of its own with literal values, or keep the data in a variable"),
    why=("Each step has a process of its own; only changes that the source shows can be repeated there."),
    facts=(Fact(kind=FactKind.SESSION, step="a", names=("environ:LANG",)),),
    bad=(
        "import os",
        "%%step a\nsetting = ('LANG', 'C')\nos.environ.update([setting])",
        "%%step b\ny = 1",
    ),
    at=(1, 3),
    good=(
        "import os",
        "%%step a\nos.environ['LANG'] = 'C'",
        "%%step b\ny = 1",
    ),
)
