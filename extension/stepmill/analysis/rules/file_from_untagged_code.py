"""A file written by untagged code."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stepmill.analysis.rules.tagging import tag
from stepmill.model.diagnostic import Severity
from stepmill.model.rule import Rule

if TYPE_CHECKING:
    from stepmill.analysis.rules.view import View
    from stepmill.model.diagnostic import Diagnostic, Fix

RULE = Rule(
    code="SM305",
    severity=Severity.ERROR,
    title="a file written by untagged code",
    message=(
        "this reads `{name}`, which untagged code writes after a step has run (cell [{cell2}], line {line2})"
    ),
    label="reads the file",
    other="written here, not run in the pipeline",
    hint="tag cell [{cell2}] with `%%step NAME`",
    why="Untagged code does not run between steps; the file would be missing or old.",
    bad=(
        "%%step a\nx = 'text'",
        "open('f.txt', 'w').write(x)",
        "%%step b\nz = open('f.txt').read()",
    ),
    at=(2, 2),
    good=(
        "%%step a\nx = 'text'",
        "%%step save\nopen('f.txt', 'w').write(x)",
        "%%step b\nz = open('f.txt').read()",
    ),
)


def fixes(view: View, found: Diagnostic) -> tuple[Fix, ...]:
    """Let the cell run in the pipeline."""
    return tag(view, found.others[0].cell, found.name or "", "write")
