"""`stepmill tag`: tags on cells from the command line."""

from __future__ import annotations

from pathlib import Path

import click

from stepmill import api
from stepmill.cli.command import StepmillCommand, json_option, notebook_argument
from stepmill.cli.copies import copy_options, copy_path
from stepmill.cli.json_output import print_json
from stepmill.cli.render.console import open_console
from stepmill.errors import UsageError
from stepmill.notebook.writing import write_document

HELP = """Tag cells of NOTEBOOK as the step NAME, or take tags out, in a copy.

Cells count from 0, text cells included. A cell that has a tag gets the new one instead. With --as
all tags of the copy are written in one form: `magic` is a %%step line on top of the cell, `metadata` a
cell tag `step:NAME`, which also works in a Jupyter without stepmill. NOTEBOOK itself is never written.
"""
EXAMPLES = (
    ("put cells 4 and 5 into the step `clean`", "stepmill tag churn.ipynb clean --cell 4 --cell 5"),
    ("for colleagues without stepmill", "stepmill tag churn.ipynb --as metadata -o plain.ipynb"),
    ("without any tags", "stepmill tag churn.ipynb --untag -o untagged.ipynb"),
)


@click.command("tag", cls=StepmillCommand, help=HELP, examples=EXAMPLES)
@notebook_argument
@click.argument("name", required=False)
@click.option(
    "--cell", "cells", type=click.IntRange(min=0), multiple=True, metavar="N", help="A cell to tag."
)
@click.option("--untag", is_flag=True, help="Take tags out: of all cells, or of those given by --cell.")
@click.option(
    "--as", "form", type=click.Choice(["magic", "metadata"]), help="How tags are written.  [default: magic]"
)
@copy_options("NOTEBOOK-tagged.ipynb")
@json_option
def command(
    notebook: Path,
    name: str | None,
    cells: tuple[int, ...],
    untag: bool,
    form: str | None,
    output: Path | None,
    force: bool,
    as_json: bool,
) -> int:
    """Write the copy and say what it is."""
    if untag and (name is not None or form is not None):
        raise UsageError(
            "--untag takes neither a name nor --as", hint="give --cell N, or nothing for all cells"
        )
    if not untag and (name is None) != (not cells):
        raise UsageError("a name and --cell go together", hint="stepmill tag NOTEBOOK clean --cell 4")
    if not untag and name is None and form is None:
        raise UsageError("nothing to do", hint="give a name and --cell, or --untag, or --as magic|metadata")
    target = copy_path(notebook, output, "tagged", force=force)
    document = api.tag(notebook, name, cells, untag=untag, metadata=form == "metadata")
    write_document(document, target)
    if as_json:
        print_json({"schema": 1, "notebook": str(notebook), "output": str(target)})
    else:
        open_console().write(f"written to {target}; {notebook} is as it was")
    return 0
