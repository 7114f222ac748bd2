"""`stepmill show`: one past run."""

from __future__ import annotations

from pathlib import Path

import click

from stepmill import api
from stepmill.cli.command import StepmillCommand, json_option, project_option
from stepmill.cli.json_output import print_json
from stepmill.cli.render.console import open_console
from stepmill.cli.render.run_report import render_past_run
from stepmill.cli.sources import cell_sources
from stepmill.model.documents import run_document

HELP = """Show the run RUN of this project: parameters, steps with their reasons, what they gave.

RUN is an id from `stepmill runs`, its beginning if that is unambiguous, or `latest`, which
it is if nothing is given.
"""
EXAMPLES = (("the newest run", "stepmill show"), ("for a script", "stepmill show latest --json"))


@click.command("show", cls=StepmillCommand, help=HELP, examples=EXAMPLES)
@click.argument("run_id", metavar="RUN", default="latest")
@project_option
@json_option
def command(run_id: str, project: Path | None, as_json: bool) -> int:
    """Print one run; 0 whatever became of it."""
    summary = api.open_run(run_id, project).summary
    if as_json:
        print_json(run_document(summary))
        return 0
    screen = open_console()
    sources = cell_sources(Path(summary.notebook_source))
    screen.write(*render_past_run(summary, sources=sources, width=screen.width))
    return 0
