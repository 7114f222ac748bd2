"""`stepmill step`: all about one step."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

import click

from stepmill import api
from stepmill.cli.command import StepmillCommand, json_option, notebook_argument, project_option
from stepmill.cli.json_output import print_json
from stepmill.cli.render.console import open_console
from stepmill.cli.render.step_text import render_step
from stepmill.cli.sources import cell_sources
from stepmill.cli.steps import missing_step
from stepmill.model.cell import StepOptions
from stepmill.model.graph import graph_document

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from stepmill.model.pipeline import Pipeline, Step

HELP = """Tell all about the step STEP of NOTEBOOK: its cells and options, what it takes and gives
and the lines that make it so, and the code that is replayed before it in a fresh kernel.
"""
EXAMPLES = (
    ("what does this step take and give?", "stepmill step churn.ipynb train"),
    ("for a script", "stepmill step churn.ipynb train --json"),
)


@click.command("step", cls=StepmillCommand, help=HELP, examples=EXAMPLES)
@notebook_argument
@click.argument("name", metavar="STEP")
@project_option
@json_option
def command(notebook: Path, name: str, project: Path | None, as_json: bool) -> int:
    """Print what the analysis knows of the step."""
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


def _document(pipeline: Pipeline, step: Step) -> Mapping[str, Any]:
    """Return the step as the graph's document has it, with its own edges, options and diagnostics."""
    graph = graph_document(pipeline)
    entry = next(entry for entry in graph["steps"] if entry["name"] == step.name)
    edges = [e for e in graph["edge_details"] if step.name in (e["producer"], e["consumer"])]
    options = {field.name: getattr(step.options, field.name) for field in fields(StepOptions)}
    findings = [d for d in pipeline.diagnostics if d.cell in step.cells]
    return {"schema": 1, **entry, "options": options, "edge_details": edges, "diagnostics": findings}
