"""Untagged code that the pipeline cannot run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stepmill.analysis.rules.tagging import tag
from stepmill.model.diagnostic import Severity
from stepmill.model.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stepmill.analysis.drafts import Conflict
    from stepmill.analysis.rules.view import View
    from stepmill.model.diagnostic import Diagnostic, Fix

RULE = Rule(
    code="SM304",
    severity=Severity.ERROR,
    title="untagged code that the pipeline cannot run",
    message=(
        "this takes {what}, which untagged code between the steps {detail} (cell [{cell2}], line {line2})"
    ),
    label="takes {what}",
    other="not run in the pipeline",
    hint=(
        "tag cell [{cell2}] with `%%step NAME`; or put `%%scratch` on it, if {what} is the same without it"
    ),
    why=(
        "Untagged code that needs a step's result does not run in the pipeline; without it the "
        "value would be another one."
    ),
    bad=(
        "%%step a\nx = [1]",
        "y = x + [2]",
        "%%step b\nz = y",
    ),
    at=(2, 2),
    good=(
        "%%step a\nx = [1]",
        "%%step extend\ny = x + [2]",
        "%%step b\nz = y",
    ),
)


def check(view: View) -> Iterator[Diagnostic]:
    """Say whether the untagged code makes the value or changes one that a step has made: once per cell."""
    said = set()
    for conflict in view.conflicts(RULE.code):
        key = (conflict.place.cell, conflict.variable, conflict.other)
        if key in said:
            continue
        said.add(key)
        yield view.diagnose(
            RULE, conflict.place, conflict.name, other=conflict.other, what=conflict.what,
            detail=f"{_verb(view, conflict)}s",
        )  # fmt: skip


def _verb(view: View, conflict: Conflict) -> str:
    for seen in view.flow.observed.values():
        change = seen.effects.changes.get(conflict.variable)
        if change is not None and change.place == conflict.other:
            return "change"
        if seen.effects.deletes.get(conflict.variable) == conflict.other:
            return "delete"
    return "make"


def fixes(view: View, found: Diagnostic) -> tuple[Fix, ...]:
    """Let the cell run in the pipeline."""
    return tag(
        view, found.others[0].cell, found.name or "", "update" if "changes" in found.message else "make"
    )
