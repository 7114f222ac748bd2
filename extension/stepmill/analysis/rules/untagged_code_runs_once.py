"""Untagged code runs once, in the step `setup`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from stepmill.analysis.rules.tagging import tag
from stepmill.model.diagnostic import Severity
from stepmill.model.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stepmill.analysis.rules.view import View
    from stepmill.model.diagnostic import Diagnostic, Fix

RULE = Rule(
    code="SM202",
    severity=Severity.INFO,
    title="untagged code runs once, in the step `setup`",
    message=(
        "this untagged code runs once, in the implicit step `setup`: it gives `{name}`, which "
        "step `{step}` takes"
    ),
    label="gives `{name}`",
    other="taken here",
    hint=("nothing needs to be done; `%%step NAME` on the cell gives it a name and a place of its own"),
    why=(
        "Untagged code that a step needs, and that needs no step itself, is evaluated once, before all steps."
    ),
    bad=(
        "import os\nbase = len(os.listdir('.'))",
        "%%step a\ny = base",
    ),
    at=(0, 2),
    good=(
        "base = 3",
        "%%step a\ny = base",
    ),
)


def check(view: View) -> Iterator[Diagnostic]:
    """Say it once a cell."""
    said: set[int] = set()
    for draft, name, taken in view.assembly.taken_from_setup():
        place = view.assembly.place(taken.source.last, name)
        if place.cell not in said and not name.startswith("%"):
            said.add(place.cell)
            yield view.diagnose(RULE, place, name, other=taken.place, step=draft.name)


def fixes(view: View, found: Diagnostic) -> tuple[Fix, ...]:
    """Nothing is wrong, so nothing is changed unless it is asked for."""
    made = tag(view, found.cell or 0, found.name or "", "make")
    return tuple(replace(fix, automatic=False) for fix in made)
