"""`stepmill delete`: take runs out of all lists, or put them back."""

from __future__ import annotations

from pathlib import Path

import click

from stepmill import api
from stepmill.cli.command import StepmillCommand, json_option, project_option
from stepmill.cli.json_output import print_json
from stepmill.cli.render.console import open_console
from stepmill.model.quantities import count_text, listed

HELP = """Take past runs out of all lists. --undo puts them back, for a week.

RUN is an id, its beginning, or `latest`. The values that a run stored stay as long as a result needs them
(`stepmill gc` removes the others), and what MLflow has of a run stays there. A run that is going on
cannot be deleted.
"""
EXAMPLES = (
    ("a run that is not worth keeping", "stepmill delete 20250301-101500-3f2a"),
    ("put it back", "stepmill delete --undo 20250301-101500-3f2a"),
)


@click.command("delete", cls=StepmillCommand, help=HELP, examples=EXAMPLES)
@click.argument("runs", nargs=-1, required=True, metavar="RUN...")
@click.option("--undo", is_flag=True, help="Put back runs that were deleted, by their whole ids.")
@project_option
@json_option
def command(runs: tuple[str, ...], project: Path | None, *, undo: bool, as_json: bool) -> int:
    """Delete all of the runs, or none if one of them cannot be found."""
    if undo:
        found = [api.restore_run(name, project).run_id for name in dict.fromkeys(runs)]
    else:
        found = list(dict.fromkeys(api.open_run(name, project).run_id for name in runs))
        for run_id in found:
            api.delete_run(run_id, project)
    if as_json:
        print_json({"schema": 1, "runs": found, "deleted": not undo})
        return 0
    what = f"{count_text(len(found), 'run')} {'put back' if undo else 'deleted'}: {listed(found)}"
    screen = open_console()
    screen.write(what)
    if not undo:
        screen.write(f"stepmill delete --undo {' '.join(found)}   puts back, for a week")
    return 0
