"""Untagged code that may change a value."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stepmill.analysis.rules.tagging import tag, vouch
from stepmill.model.diagnostic import Severity
from stepmill.model.rule import Rule

if TYPE_CHECKING:
    from stepmill.analysis.rules.view import View
    from stepmill.model.diagnostic import Diagnostic, Fix

RULE = Rule(
    code="SM205",
    severity=Severity.WARNING,
    title="untagged code that may change a value",
    message=(
        "this untagged code is not run in the pipeline, and it may change `{name}`, which step "
        "`{detail}` takes"
    ),
    label="taken for a mere look at `{name}`",
    hint=("tag the cell with `%%step NAME` if it changes `{name}`, or with `%%scratch` if it only looks"),
    why=(
        "stepmill does not know this call; if it changes its object, the step gets another "
        "value than in Run All."
    ),
    bad=(
        "import foo\nm = 1",
        "%%step a\nxs = foo.make()",
        "xs.frobnicate()",
        "%%step b\ny = xs",
    ),
    at=(2, 1),
    good=(
        "import foo\nm = 1",
        "%%step a\nxs = foo.make()",
        "%%scratch\nxs.frobnicate()",
        "%%step b\ny = xs",
    ),
)


def fixes(view: View, found: Diagnostic) -> tuple[Fix, ...]:
    """Running the cell is right whatever it does; that it does nothing, only the user knows."""
    if found.cell is None or found.name is None:
        return ()
    return (*tag(view, found.cell, found.name, "update"), *vouch(view, found.cell, found.name))
