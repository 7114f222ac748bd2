"""`stepmill runs`: the past runs of a project."""

from __future__ import annotations

from pathlib import Path

import click

from stepmill import api
from stepmill.cli.command import StepmillCommand, json_option, project_option
from stepmill.cli.json_output import print_json
from stepmill.cli.render.console import open_console
from stepmill.cli.render.tables import runs_table
from stepmill.model.documents import runs_document

HELP = """List past runs, the newest first: when, how long, how they ended.

The last column has the parameters that are not the same in all runs shown, and the metrics.
"""
EXAMPLES = (
    ("the last runs", "stepmill runs"),
    ("more of them, of one notebook", "stepmill runs churn.ipynb -n 100"),
    ("for a script", "stepmill runs --json"),
)


@click.command("runs", cls=StepmillCommand, help=HELP, examples=EXAMPLES)
@click.argument("notebook", required=False, type=click.Path(path_type=Path))
@click.option("-n", "limit", type=click.IntRange(min=1), default=20, show_default=True, help="How many.")
@project_option
@json_option
def command(notebook: Path | None, limit: int, project: Path | None, as_json: bool) -> int:
    """Print the list."""
    found = api.list_runs(project or notebook, notebook=notebook)
    shown = found[:limit]
    if as_json:
        print_json(runs_document(shown))
        return 0
    screen = open_console()
    if not shown:
        screen.write("no runs yet: stepmill run NOTEBOOK makes the first one")
        return 0
    screen.write(*runs_table(shown, width=screen.width))
    if len(shown) < len(found):
        screen.write("", f"{len(found) - len(shown)} older ones are not shown (-n {len(found)})")
    return 0
