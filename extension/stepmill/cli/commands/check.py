"""`stepmill check`: what stands in the way, without running anything."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from stepmill import api
from stepmill.cli.command import StepmillCommand, json_option, notebook_argument, project_option
from stepmill.cli.json_output import print_json
from stepmill.cli.render.console import open_console
from stepmill.cli.render.diagnostics import render_diagnostics, silenced_text, summary_text
from stepmill.cli.render.layout import joined, styled
from stepmill.cli.sources import cell_sources
from stepmill.errors import UsageError
from stepmill.model.diagnostic import strict_refusals
from stepmill.model.quantities import count_text
from stepmill.notebook.writing import write_document

if TYPE_CHECKING:
    from stepmill.model.pipeline import Pipeline
    from stepmill.running.fixing import Applied

HELP = """Say what stands in the way of running NOTEBOOK as a pipeline.

Nothing is run. Each finding has a code, the cell and line, and what to do about it; `stepmill
explain CODE` says more. The exit code is 1 if there are errors; with --strict also if there are
warnings or edges in doubt. A comment `# stepmill: ignore[CODE]` silences a warning or note on its line.

With --fix, what a machine can put right is put right in a copy, and the copy is checked: a tag for
untagged code that a step needs, a step split in two, an order that was left open, a seed. NOTEBOOK
itself is never written.
"""
EXAMPLES = (
    ("what would keep this notebook from running as a pipeline?", "stepmill check churn.ipynb"),
    ("in CI: every doubt counts", "stepmill check churn.ipynb --strict"),
    ("put right what a machine can, in a copy", "stepmill check churn.ipynb --fix -o churn-fixed.ipynb"),
    ("for a script", "stepmill check churn.ipynb --json"),
)


@click.command("check", cls=StepmillCommand, help=HELP, examples=EXAMPLES)
@notebook_argument
@click.option(
    "--strict", is_flag=True, help="Refuse every doubt: warnings, and edges that the code leaves open."
)
@click.option(
    "--fix", "is_fix", is_flag=True, help="Write a copy with all fixes that need no decision of yours."
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The copy that --fix writes.  [default: NOTEBOOK-fixed.ipynb]",
)
@project_option
@json_option
def command(
    notebook: Path, strict: bool, is_fix: bool, output: Path | None, project: Path | None, as_json: bool
) -> int:
    """Print all findings; 1 if there are errors, under `strict` also if there are doubts."""
    if output is not None and not is_fix:
        raise UsageError("-o is the copy that --fix writes", hint="add --fix")
    target = (output or notebook.with_name(f"{notebook.stem}-fixed.ipynb")) if is_fix else None
    if target is not None and target.exists():
        raise UsageError(f"{target} exists already", hint="choose another name with -o, or delete it")
    fixed = api.fix(notebook, project=project) if is_fix else None
    pipeline = api.analyze(notebook, project=project) if fixed is None else fixed.pipeline
    applied = () if fixed is None else fixed.applied
    if fixed is not None and applied and target is not None:
        write_document(fixed.document, target)
    if as_json:
        print_json(_document(pipeline, target if applied else None, applied, is_fix=is_fix))
    else:
        _print(pipeline, notebook, target if applied else None, applied, is_fix=is_fix)
    refused = strict_refusals(pipeline.diagnostics) if strict else pipeline.errors
    return 1 if refused else 0


def _document(
    pipeline: Pipeline, target: Path | None, applied: tuple[Applied, ...], *, is_fix: bool
) -> dict[str, Any]:
    document = {"schema": 1, "diagnostics": pipeline.diagnostics, "silenced": pipeline.silenced}
    if is_fix:
        document["output"] = None if target is None else str(target)
        document["fixed"] = [{"diagnostic": one.diagnostic, "fix": one.fix} for one in applied]
    return document


def _print(
    pipeline: Pipeline, notebook: Path, target: Path | None, applied: tuple[Applied, ...], *, is_fix: bool
) -> None:
    """Say what was fixed, then what is left: of the copy, if there is one."""
    screen = open_console()
    for one in applied:
        screen.write(joined(styled(f"fixed[{one.diagnostic.code}]", "bold green"), f": {one.fix.title}"))
    shown = target or notebook
    if target is not None:
        screen.write(f"written to {target}; {notebook} is as it was", "")
    elif is_fix:
        screen.write("nothing that a machine can fix", "")
    found, sources = pipeline.diagnostics, cell_sources(shown)
    screen.write(*render_diagnostics(found, notebook=shown, sources=sources, width=screen.width))
    screen.write(f"{shown}: {count_text(len(pipeline.steps), 'step')}, {summary_text(found)}")
    fixes = sum(any(fix.automatic for fix in d.fixes) for d in found)
    if fixes and not is_fix:
        screen.write(f"{fixes} can be fixed in a copy: stepmill check {notebook} --fix")
    if pipeline.silenced:
        screen.write(silenced_text(pipeline.silenced))
