"""`stepmill graph`: the steps and what flows between them, as text, JSON, Mermaid or SVG."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from stepmill import api
from stepmill.cli.command import StepmillCommand, json_option, notebook_argument, project_option
from stepmill.cli.json_output import print_json
from stepmill.cli.render.console import open_console
from stepmill.cli.render.diagnostics import summary_text
from stepmill.cli.render.graph_text import render_graph
from stepmill.cli.render.mermaid import mermaid_text
from stepmill.cli.sources import cell_sources
from stepmill.drawing.graph_picture import graph_svg
from stepmill.model.graph import graph_document

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from stepmill.model.pipeline import Pipeline

HELP = """Draw the steps of NOTEBOOK and what flows between them.

Nothing is run: the graph is read from the code. A name with a question mark is in doubt: the step
may change it or not, and stepmill plays safe until a run has shown which.
"""
EXAMPLES = (
    ("draw it here", "stepmill graph churn.ipynb"),
    ("why is there an edge? show the lines that make it one", "stepmill graph churn.ipynb --explain"),
    ("a picture", "stepmill graph churn.ipynb --format svg > churn.svg"),
    ("for a README on GitHub", "stepmill graph churn.ipynb --format mermaid"),
    ("for a script", "stepmill graph churn.ipynb --json"),
)


@click.command("graph", cls=StepmillCommand, help=HELP, examples=EXAMPLES)
@notebook_argument
@click.option(
    "--format",
    "output_format",
    type=click.Choice(["text", "json", "mermaid", "svg", "mime"]),
    default="text",
    show_default=True,
    help="How to draw it.",
)
@click.option("--explain", is_flag=True, help="Show for each edge the lines that make it one.")
@project_option
@json_option
def command(notebook: Path, output_format: str, explain: bool, project: Path | None, as_json: bool) -> int:
    """Print the graph; 1 if the analysis found errors, which are in the JSON."""
    pipeline = api.analyze(notebook, project=project)
    if as_json or output_format == "json":
        print_json(graph_document(pipeline))
    elif output_format == "mermaid":
        sys.stdout.write(mermaid_text(pipeline))
    elif output_format == "svg":
        sys.stdout.write(graph_svg(pipeline))
    elif output_format == "mime":
        print_json(_bundle(pipeline))
    else:
        _print(pipeline, notebook, explain)
    return 1 if pipeline.errors else 0


def _bundle(pipeline: Pipeline) -> Mapping[str, Any]:
    """Return picture and text in one document, as notebooks show them."""
    found = pipeline.diagnostics
    return {
        "schema": 1,
        "image/svg+xml": graph_svg(pipeline),
        "text/plain": "\n".join(line.plain for line in render_graph(pipeline)),
        "steps": len(pipeline.steps),
        "problems": summary_text(found) if found else "",
    }


def _print(pipeline: Pipeline, notebook: Path, explain: bool) -> None:
    screen = open_console()
    lines = render_graph(
        pipeline,
        explain=explain,
        sources=cell_sources(notebook),
        width=screen.width,
        has_unicode=screen.has_unicode,
    )
    screen.write(*lines)
    if pipeline.diagnostics:
        screen.write(f"{summary_text(pipeline.diagnostics)}: stepmill check {notebook}")
