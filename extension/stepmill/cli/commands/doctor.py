"""`stepmill doctor`: does this machine have what stepmill needs?"""

from __future__ import annotations

from pathlib import Path

import click

from stepmill import api
from stepmill.cli.command import StepmillCommand, json_option, project_option
from stepmill.cli.doctor import Finding, Health, examine
from stepmill.cli.json_output import print_json
from stepmill.cli.render.console import open_console
from stepmill.cli.render.layout import columns, joined, styled
from stepmill.notebook.reading import read_notebook
from stepmill.planning.project import Project

HELP = """Check that this machine has what stepmill needs: Python, packages, kernels, a folder that
can be written, room on the disk. With NOTEBOOK also the kernel that it asks for.

Nothing is changed. The exit code is 1 if something is missing that stepmill cannot do without.
"""
EXAMPLES = (
    ("is everything there?", "stepmill doctor"),
    ("also the kernel of this notebook?", "stepmill doctor churn.ipynb"),
    ("to paste into a bug report", "stepmill doctor --json"),
)
STYLES = {Health.OK: "green", Health.WARN: "yellow", Health.FAIL: "bold red"}


@click.command("doctor", cls=StepmillCommand, help=HELP, examples=EXAMPLES)
@click.argument("notebook", required=False, type=click.Path(path_type=Path))
@project_option
@json_option
def command(notebook: Path | None, project: Path | None, as_json: bool) -> int:
    """Print all findings; 1 if one of them is a failure."""
    kernel_name = read_notebook(notebook).notebook.kernel_name if notebook is not None else None
    found = list(examine(Project(api.project_root(notebook or Path.cwd(), project)), kernel_name))
    if as_json:
        print_json({"schema": 1, "checks": found})
    else:
        _print(found)
    return 1 if any(finding.health is Health.FAIL for finding in found) else 0


def _print(found: list[Finding]) -> None:
    screen = open_console()
    rows = []
    for finding in found:
        hint = styled(f"  hint: {finding.hint}", "dim") if finding.hint else ""
        health = styled(finding.health, STYLES[finding.health])
        rows.append((health, styled(finding.check, "bold"), joined(finding.message, hint)))
    screen.write(*columns(rows, width=screen.width))
