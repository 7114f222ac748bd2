"""`stepmill why`: the reasons for one step or for all, one per line."""

from __future__ import annotations

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
from stepmill.cli.render.console import Screen, open_console
from stepmill.cli.render.layout import joined, styled, wrapped
from stepmill.cli.render.tables import status_text
from stepmill.cli.steps import missing_step
from stepmill.model.documents import step_document

if TYPE_CHECKING:
    from pathlib import Path

    from stepmill.model.plan import StepPlan

HELP = "Say why STEP of NOTEBOOK would run now, or why its result is reused. Without STEP: all steps."
EXAMPLES = (
    ("why would this step run again?", "stepmill why churn.ipynb train"),
    ("and with another value?", "stepmill why churn.ipynb train -p alpha=0.3"),
)


@click.command("why", cls=StepmillCommand, help=HELP, examples=EXAMPLES)
@notebook_argument
@click.argument("step", required=False)
@parameter_option
@wish_options
@project_option
@json_option
def command(
    notebook: Path,
    step: str | None,
    assignments: tuple[str, ...],
    project: Path | None,
    as_json: bool,
    **options: Any,
) -> int:
    """Print the reasons for one step of the plan."""
    parameters = typed_parameters(assignments, notebook, project)
    plan = api.plan(notebook, parameters, project=project, **wishes_in(options))
    found = [entry for entry in plan.steps if step in (None, entry.step)]
    if step is not None and not found:
        raise missing_step(step, [entry.step for entry in plan.steps], notebook)
    if as_json:
        documents = [step_document(entry) for entry in found]
        print_json({"schema": 1, **(documents[0] if step is not None else {"steps": documents})})
        return 0
    screen = open_console()
    for entry in found:
        _print(entry, screen)
    return 0


def _print(step: StepPlan, screen: Screen) -> None:
    screen.write(joined(styled(step.step, "bold"), ": ", status_text(step.status)))
    for reason in step.reasons:
        screen.write(*wrapped(styled(reason.message), screen.width, first="  - ", indent=4))
