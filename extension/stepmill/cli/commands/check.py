"""`stepmill check`: what stands in the way, without running anything."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from stepmill import api
from stepmill.cli.command import StepmillCommand, json_option, notebook_argument, project_option
from stepmill.cli.json_output import print_json
from stepmill.cli.render.console import open_console
from stepmill.cli.render.diagnostics import render_diagnostics, summary_text
from stepmill.cli.render.quantities import count_text
from stepmill.cli.sources import cell_sources
from stepmill.model.diagnostic import Severity

if TYPE_CHECKING:
    from pathlib import Path

    from stepmill.model.pipeline import Pipeline

HELP = """Say what stands in the way of running NOTEBOOK as a pipeline.

Nothing is run. Each finding has a code, the cell and line, and what to do about it. The exit code
is 1 if there are errors; with --strict also if there are warnings.
"""
EXAMPLES = (
    ("what would keep this notebook from running as a pipeline?", "stepmill check churn.ipynb"),
    ("in CI: warnings count too", "stepmill check churn.ipynb --strict"),
    ("for a script", "stepmill check churn.ipynb --json"),
)


@click.command("check", cls=StepmillCommand, help=HELP, examples=EXAMPLES)
@notebook_argument
@click.option("--strict", is_flag=True, help="Count warnings as errors.")
@project_option
@json_option
def command(notebook: Path, strict: bool, project: Path | None, as_json: bool) -> int:
    """Print all findings; 1 if there are errors, under `strict` also if there are warnings."""
    pipeline = api.analyze(notebook, project=project)
    if as_json:
        print_json({"schema": 1, "diagnostics": pipeline.diagnostics})
    else:
        _print(pipeline, notebook)
    refused = {Severity.ERROR, Severity.WARNING} if strict else {Severity.ERROR}
    return 1 if any(d.severity in refused for d in pipeline.diagnostics) else 0


def _print(pipeline: Pipeline, notebook: Path) -> None:
    screen = open_console()
    sources = cell_sources(notebook)
    found = pipeline.diagnostics
    screen.write(*render_diagnostics(found, notebook=notebook, sources=sources, width=screen.width))
    screen.write(f"{notebook}: {count_text(len(pipeline.steps), 'step')}, {summary_text(found)}")
