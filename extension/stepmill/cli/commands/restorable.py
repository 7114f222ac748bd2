"""`stepmill restorable`: what `%pipeline restore` asks; it is for programs, so the help has it not."""

from __future__ import annotations

from pathlib import Path

import click

from stepmill import api
from stepmill.cli.command import StepmillCommand, json_option, notebook_argument, project_option
from stepmill.cli.json_output import print_json
from stepmill.cli.render.console import open_console

HELP = """Say what of NOTEBOOK's cached results a kernel can get back. Nothing is run or loaded.

With STEP only the results of these steps.
"""


@click.command("restorable", cls=StepmillCommand, help=HELP)
@notebook_argument
@click.argument("steps", nargs=-1, metavar="[STEP]...")
@project_option
@json_option
def command(notebook: Path, steps: tuple[str, ...], project: Path | None, as_json: bool) -> int:
    """Print the names, or the whole document."""
    found = api.restoration(notebook, steps=steps, project=project)
    if as_json:
        print_json(found, indent=None)
    else:
        open_console().write(*(f"{value.name}  from {value.step}" for value in found.values))
    return 0
