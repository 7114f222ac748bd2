"""A frame and an array over the same memory."""

from __future__ import annotations

from stepmill.model.diagnostic import Severity
from stepmill.model.rule import Rule

RULE = Rule(
    code="SM341",
    severity=Severity.ERROR,
    title="a frame and an array over the same memory",
    message=("`{name}` and `{detail}` share their memory, and this changes both"),
    label="changes both",
    hint=(
        "take a copy where the array is made (`.to_numpy(copy=True)`), or change the frame by "
        "assigning a column"
    ),
    why="Stored values do not keep memory that a frame and an array have in common.",
    bad=(
        "import pandas as pd",
        "%%step a\ndf = pd.DataFrame({'a': [1]})\nv = df.to_numpy()",
        "%%step b\nv[0] = 5\ny = df.sum()",
    ),
    at=(2, 2),
    good=(
        "import pandas as pd",
        "%%step a\ndf = pd.DataFrame({'a': [1]})\nv = df.to_numpy().copy()",
        "%%step b\nv[0] = 5\ny = df.sum()",
    ),
)
