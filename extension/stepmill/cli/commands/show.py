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

HELP = """Show the run RUN of this project: parameters, what it has otherwise than the run before it, steps
with their reasons, and what they gave.

RUN is an id from `stepmill runs`, its beginning if that is unambiguous, or `latest`, which it is if
nothing is given; `latest~1` is the run before that.
"""
EXAMPLES = (
    ("the newest run", "stepmill show"),
    ("the one before it", "stepmill show latest~1"),
    ("for a script", "stepmill show latest --json"),
)


@click.command("show", cls=StepmillCommand, help=HELP, examples=EXAMPLES)
@click.argument("run_id", metavar="RUN", default="latest")
@project_option
@json_option
def command(run_id: str, project: Path | None, as_json: bool) -> int:
    """Print one run; 0 whatever became of it."""
    run = api.open_run(run_id, project)
    summary = run.summary
    if as_json:
        print_json(run_document(summary))
        return 0
    screen = open_console()
    sources = cell_sources(Path(summary.notebook_source))
    changed = api.changes_of([summary], project).get(summary.run_id)
    report = render_past_run(
        summary, sources=sources, values=run.artifacts(), changed=changed, width=screen.width
    )
    screen.write(*report)
    return 0
