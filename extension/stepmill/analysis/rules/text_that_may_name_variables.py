"""A text that may name variables."""

from __future__ import annotations

from stepmill.model.diagnostic import Severity
from stepmill.model.rule import Rule

RULE = Rule(
    code="SM213",
    severity=Severity.WARNING,
    title="a text that may name variables",
    message="this text is put together at run time and may name variables that cannot be seen",
    label="reads variables by name",
    hint="write the query or formula as one literal text; a query takes values by `local_dict=`, too",
    why=(
        "`df.query`, `df.eval` and formulas read variables by name; one that is not seen would be missing "
        "in the step. Functions and modules that a formula names are there in any case."
    ),
    bad=(
        "import pandas as pd",
        "%%step a\ndf = pd.DataFrame({'a': [1]})",
        "%%step b\ncol = input()\ny = df.query(col)",
    ),
    at=(2, 3),
    good=(
        "import pandas as pd",
        "%%step a\ndf = pd.DataFrame({'a': [1]})",
        "%%step b\ny = df.query('a > 1')",
    ),
)
