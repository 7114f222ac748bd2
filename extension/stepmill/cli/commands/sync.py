"""`stepmill sync`: deliver what a tracking server did not take."""

from __future__ import annotations

from pathlib import Path

import click

from stepmill import api
from stepmill.cli.command import StepmillCommand, json_option, project_option
from stepmill.cli.json_output import print_json
from stepmill.cli.render.console import open_console

HELP = """Deliver runs that did not reach MLflow, because its server was down or the run was killed.

Runs that are there already are left alone. Exit code 1 if a run could still not be delivered.
"""
EXAMPLES = (("after the server is back", "stepmill sync"),)


@click.command("sync", cls=StepmillCommand, help=HELP, examples=EXAMPLES)
@project_option
@json_option
def command(project: Path | None, as_json: bool) -> int:
    """Deliver every run of the project that is not delivered yet."""
    from stepmill.tracking.mlflow_tracker import deliver

    root = api.project_root(Path.cwd(), project)
    screen = None if as_json else open_console()
    rows = []
    for folder in _waiting(root):
        run_id, warnings = deliver(folder)
        rows.append({"run_id": folder.name, "mlflow_run_id": run_id, "warnings": list(warnings)})
        if screen is not None:
            screen.write(f"{folder.name}  {run_id or 'not delivered: ' + '; '.join(warnings)}")
    if screen is None:
        print_json({"schema": 1, "runs": rows})
    elif not rows:
        screen.write("everything is delivered")
    return 0 if all(row["mlflow_run_id"] for row in rows) else 1


def _waiting(root: Path) -> list[Path]:
    """Return the runs to deliver: not one that goes on now, which holds the project. That is asked last."""
    from stepmill.execution.lock import holder
    from stepmill.tracking.state import PENDING, read_state, undelivered

    found = undelivered(root)
    held = holder(root / ".stepmill")
    if held is None:
        return found
    if "run_id" in held:
        return [folder for folder in found if folder.name != held["run_id"]]
    states = {folder: read_state(folder) for folder in found}  # a run that has just begun, any of them
    return [folder for folder, state in states.items() if state is not None and state.state == PENDING]
