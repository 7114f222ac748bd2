"""A function with a cache whose earlier result is no longer what it would give."""

from __future__ import annotations

from stepmill.model.diagnostic import Severity
from stepmill.model.rule import Rule

RULE = Rule(
    code="SM313",
    severity=Severity.ERROR,
    title="a cached result that is out of date",
    message=(
        "`{name}` has a cache; an earlier step filled it from what has changed since "
        "(cell [{cell2}], line {line2})"
    ),
    label="calls what has a cache",
    other="changes what the cached result was made of",
    hint="take the cache off, or hand on the result itself: give it a name where it is first computed",
    why=(
        "Run All gives the old result again, which the cache remembers; a step starts with an empty "
        "cache and would compute a new one."
    ),
    bad=(
        "from functools import cache\nclass K:\n    n = 2\n@cache\ndef double(k):\n    return k.n * 2",
        "%%step a\nk = K()\nx = double(k)",
        "%%step b\nk.n = 5",
        "%%step c\ny = double(k)",
    ),
    at=(3, 2),
    good=(
        "class K:\n    n = 2\ndef double(k):\n    return k.n * 2",
        "%%step a\nk = K()\nx = double(k)",
        "%%step b\nk.n = 5",
        "%%step c\ny = double(k)",
    ),
)
