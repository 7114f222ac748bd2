"""What a function's cache has counted, or emptying it."""

from __future__ import annotations

from stepmill.model.diagnostic import Severity
from stepmill.model.rule import Rule

RULE = Rule(
    code="SM314",
    severity=Severity.ERROR,
    title="a function's cache looked into",
    message="`{name}` depends on what the cache has seen in all steps so far",
    label="looks into the cache",
    other="fills the cache",
    hint="count in a variable of your own; each step starts with an empty cache",
    why="Run All has one cache from its beginning to its end, a pipeline one in each step.",
    bad=(
        "from functools import cache\n@cache\ndef double(n):\n    return n * 2",
        "%%step a\nx = double(2)",
        "%%step b\nprint(double.cache_info())",
    ),
    at=(2, 2),
    good=(
        "from functools import cache\n@cache\ndef double(n):\n    return n * 2",
        "%%step a\nx = double(2)",
        "%%step b\nprint(double(2))",
    ),
)
