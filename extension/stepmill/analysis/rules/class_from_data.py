"""A class that cannot be defined again."""

from __future__ import annotations

from stepmill.model.diagnostic import Severity
from stepmill.model.rule import Rule

RULE = Rule(
    code="SM312",
    severity=Severity.ERROR,
    title="a class that cannot be defined again",
    message=(
        "this uses class `{name}`, whose definition (cell [{cell2}], line {line2}) depends on "
        "data or changes other names"
    ),
    label="uses the class",
    other="depends on data or changes other names",
    hint=(
        "let its bases, decorators, class body and the defaults of its methods use only "
        "imports, literals and other definitions; hand the data to `__init__` instead"
    ),
    why=(
        "Enums, and classes with bases or decorators from libraries, are defined again in each step that "
        "uses them."
    ),
    bad=(
        "from enum import Enum",
        "%%step a\nn = len(open('f').read())\nclass K(Enum):\n    SIZE = n",
        "%%step b\ny = K.SIZE",
    ),
    at=(2, 2),
    good=(
        "%%step a\nn = len(open('f').read())\nclass K:\n    def __init__(self, n):\n        self.n = n",
        "%%step b\ny = K(n)",
    ),
)
