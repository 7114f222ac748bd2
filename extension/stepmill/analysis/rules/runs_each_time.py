"""A step that runs each time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stepmill.analysis.rules.tagging import add_option
from stepmill.model.diagnostic import Severity
from stepmill.model.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stepmill.analysis.rules.view import View
    from stepmill.model.diagnostic import Diagnostic, Fix

RULE = Rule(
    code="SM204",
    severity=Severity.INFO,
    title="a step that runs each time",
    message="step `{step}` runs each time, for its result depends on {name}",
    label="asked here",
    hint="add `--cache-for 1d` to its `%%step` line if its result may be reused for a while",
    why=("The clock, the network, a database or another process can answer differently each time."),
    bad=(
        "import time",
        "%%step a\nx = time.time()",
    ),
    at=(1, 2),
    good=(
        "import time",
        "%%step a --cache-for 1d\nx = time.time()",
    ),
)


def check(view: View) -> Iterator[Diagnostic]:
    """Point at the first of such reads; a step that may be cached for a while has been thought about."""
    for step in view.steps:
        if step.volatile and step.options.cache_for_s is None:
            first = step.volatile[0]
            yield view.diagnose(RULE, first.place, first.told, step=step.name)


def fixes(view: View, found: Diagnostic) -> tuple[Fix, ...]:
    """How long a result may be reused, only the user knows."""
    step = view.notebook.cells[found.cell or 0].step or ""
    title = "let a result be reused for a day: `--cache-for 1d`"
    return add_option(view, step, "--cache-for 1d", title, automatic=False)
