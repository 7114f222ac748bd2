"""`stepmill plan`: what a run would do, and why, without doing it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import click

from stepmill import api
from stepmill.cli.assignments import typed_parameters
from stepmill.cli.command import (
    StepmillCommand,
    json_option,
    notebook_argument,
    parameter_option,
    project_option,
    wish_options,
    wishes_in,
)
from stepmill.cli.json_output import print_json
from stepmill.cli.render.console import open_console
from stepmill.cli.render.tables import plan_table
from stepmill.model.documents import plan_document
from stepmill.model.plan import Plan, PlanStatus
from stepmill.model.quantities import count_text, listed, seconds_text

if TYPE_CHECKING:
    from pathlib import Path

HELP = """Say what a run of NOTEBOOK would do with each step, and why.

Nothing is run and no stored value is loaded. A step is "cached" (its result is there), "stale" (it
would run) or "blocked" (it cannot run until you decide something).
"""
EXAMPLES = (
    ("what would run?", "stepmill plan churn.ipynb"),
    ("and with another value?", "stepmill plan churn.ipynb -p alpha=0.3"),
    ("and if I ran it from one step on?", "stepmill plan churn.ipynb --from train"),
    ("for a script", "stepmill plan churn.ipynb --json"),
)


@click.command("plan", cls=StepmillCommand, help=HELP, examples=EXAMPLES)
@notebook_argument
@parameter_option
@wish_options
@click.option("--strict", is_flag=True, help="Refuse to plan if `stepmill check --strict` would.")
@click.option("--trust", is_flag=True, help="Plan as `stepmill run --trust` would: results of others count.")
@project_option
@json_option
def command(
    notebook: Path,
    assignments: tuple[str, ...],
    strict: bool,
    trust: bool,
    project: Path | None,
    as_json: bool,
    **options: Any,
) -> int:
    """Print the plan; 0 whatever it says."""
    note = None if as_json else partial(click.echo, err=True)
    parameters = typed_parameters(assignments, notebook, project, note)
    plan = api.plan(notebook, parameters, project=project, strict=strict, trust=trust, **wishes_in(options))
    if as_json:
        print_json(plan_document(plan))
    else:
        screen = open_console()
        screen.write(*plan_table(plan, width=screen.width), "", _summary(plan))
    return 0


def _summary(plan: Plan) -> str:
    to_run = [step for step in plan.steps if step.status is PlanStatus.STALE]
    if not to_run and all(step.status is PlanStatus.CACHED for step in plan.steps):
        return "nothing to run: all results are there"
    known = [step.expected_seconds for step in to_run if step.expected_seconds is not None]
    expected = f", at least {seconds_text(sum(known))} of work as last measured" if known else ""
    text = f"{count_text(len(to_run), 'step')} of {len(plan.steps)} would run{expected}"
    blocked = [step.step for step in plan.steps if step.status is PlanStatus.BLOCKED]
    if not blocked:
        return text
    return f"{text}; {listed(blocked)} cannot before you decide about what is said above"
