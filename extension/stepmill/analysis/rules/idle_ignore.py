"""A comment that silences nothing."""

from __future__ import annotations

from stepmill.model.diagnostic import Severity
from stepmill.model.rule import Rule

RULE = Rule(
    code="SM207",
    severity=Severity.INFO,
    title="a comment that silences nothing",
    message="this comment silences nothing: {detail}",
    hint="{todo}",
    why="A comment that outlives its cause would silence the next doubt on its line, unseen.",
    more=(
        "`# stepmill: ignore[SM205]` silences one code on its own line, `ignore[SM205, SM210]` several. It\n"
        "works for warnings and notes, never for errors. What is silenced is counted at the end of `check`."
    ),
    bad=("%%step a\nx = 1  # stepmill: ignore[SM201]",),
    at=(0, 2),
    good=("%%step a\nx = nope  # stepmill: ignore[SM201]",),
)
