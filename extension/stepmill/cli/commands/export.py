"""`stepmill export`: the pipeline as a plain Python module."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from stepmill import api
from stepmill.cli.command import StepmillCommand, json_option, notebook_argument, project_option
from stepmill.cli.json_output import print_json
from stepmill.cli.render.console import open_console

HELP = """Write the pipeline of NOTEBOOK as a plain Python module that needs no stepmill and no Jupyter.

One function per step, helpers and constants at module level, a `main` with the notebook's parameters,
a command line. It does what running all cells does; where that cannot be said in a module, the export
is refused with the line. Without -o the module goes to standard output.

A file that is there is overwritten only if `stepmill export` wrote it and nobody has changed it since.
"""
EXAMPLES = (
    ("write it beside the notebook", "stepmill export churn.ipynb -o churn.py"),
    ("then run it", "python churn.py --alpha 0.3"),
    ("look at it first", "stepmill export churn.ipynb | less"),
)


@click.command("export", cls=StepmillCommand, help=HELP, examples=EXAMPLES)
@notebook_argument
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, allow_dash=True),
    help="File to write. Paths in the notebook keep their meaning, wherever it lies.",
)
@click.option(
    "--format", "kind", default="py", show_default=True, help="What to write; plug-ins can add kinds."
)
@click.option("--force", is_flag=True, help="Overwrite a file that was not exported, or was changed since.")
@click.option(
    "--no-format",
    "formatted",
    is_flag=True,
    flag_value=False,
    default=True,
    help="Leave the notebook's own lines as they are. By default ruff or black formats the module, "
    "if one is installed.",
)
@project_option
@json_option
def command(
    notebook: Path,
    output: Path | None,
    kind: str,
    force: bool,
    formatted: bool,
    project: Path | None,
    as_json: bool,
) -> int:
    """Write the file, or print it."""
    target = None if output is None or str(output) == "-" else output
    done = api.export(
        notebook, target=target, kind=kind, project=project, formatted=formatted, overwrite=force
    )
    if as_json:
        print_json(
            {
                "schema": 1,
                "notebook": str(notebook),
                "path": None if target is None else str(target),
                "status": done.status,
                "formatted_with": done.formatted_with,
                "text": done.text,
            }
        )
    elif target is None:
        sys.stdout.write(done.text)
    else:
        _report(notebook, target, done)
    return 0


def _report(notebook: Path, target: Path, done: api.Export) -> None:
    tool = f", formatted with {done.formatted_with}" if done.formatted_with else ""
    state = "is up to date" if done.status == "unchanged" else f"written from {notebook}{tool}"
    open_console().write(f"{target} {state}")
