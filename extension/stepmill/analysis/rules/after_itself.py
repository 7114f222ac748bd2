"""A step after itself."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from stepmill.analysis.rules.tagging import replaced
from stepmill.analysis.tag_lines import option_place
from stepmill.model.diagnostic import Fix, Severity
from stepmill.model.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stepmill.analysis.rules.view import View
    from stepmill.model.diagnostic import Diagnostic

RULE = Rule(
    code="SM308",
    severity=Severity.ERROR,
    title="a step after itself",
    message="step `{name}` cannot come after itself",
    label="the step itself",
    hint="remove `--after {name}` from its `%%step` line",
    why="A pipeline has no circles.",
    bad=("%%step a --after a\nx = 1",),
    at=(0, 1),
    good=(
        "%%step b\nx = 1",
        "%%step a --after b\nx = 1",
    ),
)


def check(view: View) -> Iterator[Diagnostic]:
    """Look at each step's own line."""
    for name, options in view.assembly.options.items():
        if name in options.after:
            yield view.diagnose(RULE, option_place(view.notebook, name, "after", name), name)


def fixes(view: View, found: Diagnostic) -> tuple[Fix, ...]:
    """Take the option out, where it stands alone on the line."""
    if found.cell is None or found.line is None:
        return ()
    line = view.notebook.cells[found.cell].source.split("\n")[found.line - 1]
    option = re.search(rf"\s+--after[=\s]+{re.escape(found.name or '')}(?=\s|$)", line)
    if option is None:
        return ()
    return (
        Fix(
            title=f"remove `{option[0].strip()}`",
            edits=(replaced(found.cell, found.line, *option.span(), ""),),
        ),
    )
