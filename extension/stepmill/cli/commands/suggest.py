"""`stepmill suggest`: steps for a notebook that has none."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from stepmill import api
from stepmill.cli.command import StepmillCommand, json_option, notebook_argument, project_option
from stepmill.cli.copies import copy_options, copy_path
from stepmill.cli.json_output import print_json
from stepmill.cli.render.console import open_console
from stepmill.cli.render.suggestion import render_suggestion
from stepmill.notebook.writing import write_document

if TYPE_CHECKING:
    from stepmill.suggestion.proposal import Suggestion

HELP = """Propose steps for NOTEBOOK, which has none, and write them into a copy.

Where to cut is decided by its headings, by what its cells do (load, clean, make features, train,
evaluate, plot) and by what flows across each cut; the copy is analysed like any pipeline, and a
proposal with an error in it is never made. Nothing is run, and NOTEBOOK itself is never written.

The steps are a beginning: rename, move or remove the %%step lines as you like. A notebook that cannot
be divided is refused, with the cell and line that is in the way.
"""
EXAMPLES = (
    ("propose steps; the copy is churn-steps.ipynb", "stepmill suggest churn.ipynb"),
    ("then see whether it gives what Run All gives", "stepmill verify churn-steps.ipynb"),
    ("tags as cell metadata, for Jupyter without stepmill", "stepmill suggest churn.ipynb --metadata"),
    ("for a script", "stepmill suggest churn.ipynb -o steps.ipynb --json"),
)


@click.command("suggest", cls=StepmillCommand, help=HELP, examples=EXAMPLES)
@notebook_argument
@copy_options("NOTEBOOK-steps.ipynb")
@click.option("--metadata", is_flag=True, help="Tag cells by their metadata instead of %%step lines.")
@project_option
@json_option
def command(
    notebook: Path, output: Path | None, force: bool, metadata: bool, project: Path | None, as_json: bool
) -> int:
    """Write the copy and print what was proposed, and why."""
    target = copy_path(notebook, output, "steps", force=force)
    found = api.suggest(notebook, project=project, metadata=metadata)
    write_document(found.document, target)
    if as_json:
        print_json(_document(found, notebook, target))
    else:
        screen = open_console()
        screen.write(*render_suggestion(found, notebook, target, width=screen.width))
    return 0


def _document(found: Suggestion, notebook: Path, target: Path) -> dict[str, Any]:
    return {
        "schema": 1,
        "notebook": str(notebook),
        "output": str(target),
        "steps": found.steps,
        "parameters": found.parameters,
        "untagged": found.untagged,
        "diagnostics": found.pipeline.diagnostics,
    }
