"""`stepmill step`: all about one step."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
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
)
from stepmill.cli.json_output import print_json
from stepmill.cli.render.console import open_console
from stepmill.cli.render.step_text import render_step
from stepmill.cli.sources import cell_sources
from stepmill.cli.steps import missing_step
from stepmill.errors import UsageError
from stepmill.model.cell import StepOptions
from stepmill.model.graph import graph_document

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stepmill.model.pipeline import Pipeline, Step

HELP = """Tell all about the step STEP of NOTEBOOK: its cells and options, what it takes and gives
and the lines that make it so, and the code that is replayed before it in a fresh kernel.

With --open, write the step as a notebook of its own, to work on in Jupyter: its first cell loads
what the step takes from the cache. Steps that failed can be opened, too. No file is overwritten.
"""
EXAMPLES = (
    ("what does this step take and give?", "stepmill step churn.ipynb train"),
    ("work on it by hand, with its inputs loaded", "stepmill step churn.ipynb train --open"),
    ("for a script", "stepmill step churn.ipynb train --json"),
)


@click.command("step", cls=StepmillCommand, help=HELP, examples=EXAMPLES)
@notebook_argument
@click.argument("name", metavar="STEP")
@click.option("--open", "opened", is_flag=True, help="Write the step as a notebook that runs by hand.")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The notebook that --open writes.  [default: NOTEBOOK-STEP.ipynb, beside it]",
)
@parameter_option
@project_option
@json_option
def command(
    notebook: Path,
    name: str,
    opened: bool,
    output: Path | None,
    assignments: tuple[str, ...],
    project: Path | None,
    as_json: bool,
) -> int:
    """Print what the analysis knows of the step, or write it as a notebook."""
    if opened:
        return _open(
            notebook, name, output, typed_parameters(assignments, notebook, project), project, as_json
        )
    if output is not None or assignments:
        raise UsageError("-o and -p go with --open", hint=f"stepmill step {notebook} {name} --open")
    pipeline = api.analyze(notebook, project=project)
    step = next((step for step in pipeline.steps if step.name == name), None)
    if step is None:
        raise missing_step(name, [step.name for step in pipeline.steps], notebook)
    if as_json:
        print_json(_document(pipeline, step))
    else:
        screen = open_console()
        screen.write(*render_step(pipeline, step, sources=cell_sources(notebook), width=screen.width))
    return 0


def _open(
    notebook: Path,
    name: str,
    output: Path | None,
    parameters: Mapping[str, Any],
    project: Path | None,
    as_json: bool,
) -> int:
    written = api.open_step(notebook, name, output, parameters, project=project)
    if as_json:
        print_json({"schema": 1, "step": name, "notebook": str(written.resolve())})
    else:
        open_console().write(f"wrote {written}: its first cell loads what step {name} takes")
    return 0


def _document(pipeline: Pipeline, step: Step) -> Mapping[str, Any]:
    """Return the step as the graph's document has it, with its own edges, options and diagnostics."""
    graph = graph_document(pipeline)
    entry = next(entry for entry in graph["steps"] if entry["name"] == step.name)
    edges = [e for e in graph["edge_details"] if step.name in (e["producer"], e["consumer"])]
    options = {field.name: getattr(step.options, field.name) for field in fields(StepOptions)}
    findings = [d for d in pipeline.diagnostics if d.cell in step.cells]
    return {"schema": 1, **entry, "options": options, "edge_details": edges, "diagnostics": findings}
