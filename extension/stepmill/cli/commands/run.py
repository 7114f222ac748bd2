"""`stepmill run`: run what has no valid result yet, and say what happened."""

from __future__ import annotations

import threading
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from stepmill import api
from stepmill.cli.assignments import parameters_in, typed_parameters
from stepmill.cli.command import (
    StepmillCommand,
    json_option,
    notebook_argument,
    parameter_option,
    project_option,
    wish_options,
    wishes_in,
)
from stepmill.cli.following import Follower
from stepmill.cli.readers import while_read
from stepmill.cli.render.console import open_console
from stepmill.cli.render.run_progress import output_line, show_progress
from stepmill.cli.render.run_report import render_report
from stepmill.cli.run_stream import RunStream
from stepmill.cli.sources import cell_sources
from stepmill.cli.steps import missing_step
from stepmill.model.run import RunStatus

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

HELP = """Run the steps of NOTEBOOK whose results are not there yet, each in a fresh kernel.

The notebook is only read. Results of steps that nothing has changed for are reused, and every step
says in one sentence why it ran or did not. At the end an executed copy of the whole notebook is put
together, and the run is logged to MLflow in the project's .stepmill folder.
"""
EXAMPLES = (
    ("run what has changed", "stepmill run churn.ipynb"),
    ("with other values of its parameters", "stepmill run churn.ipynb -p alpha=0.3 -p title='two words'"),
    (
        "run one step again, and what depends on it if its result differs",
        "stepmill run churn.ipynb --refresh train",
    ),
    ("run one step and all that come after it", "stepmill run churn.ipynb --from train"),
    ("run everything, whatever is cached", "stepmill run churn.ipynb --no-cache"),
    ("with kernels that share nothing, not even memory", "stepmill run churn.ipynb --cold"),
    ("and see what one step prints while it runs", "stepmill run churn.ipynb --follow train"),
    ("for a script: one JSON object per event", "stepmill run churn.ipynb --json"),
)
EXIT_CODES = {RunStatus.SUCCEEDED: 0, RunStatus.CANCELLED: 130}


@click.command("run", cls=StepmillCommand, help=HELP, examples=EXAMPLES)
@notebook_argument
@parameter_option
@click.option(
    "--parameters",
    "parameter_file",
    metavar="FILE",
    help="JSON object of parameter values, - for standard input; -p wins over it.",
)
@click.option(
    "--jobs", type=click.IntRange(min=1), help="Steps that may run at once.  [default: one per CPU]"
)
@wish_options
@click.option("--follow", metavar="STEP", help="Show what this step prints while it runs.")
@click.option("--fail-fast", is_flag=True, help="Stop the other steps as soon as one fails.")
@click.option("--strict", is_flag=True, help="Refuse to run if `stepmill check --strict` would.")
@click.option("--lenient", is_flag=True, help="Let a run that contradicts the analysis go on with a warning.")
@click.option(
    "--trust",
    is_flag=True,
    help="Reuse results in this project that somebody else stored. Most are pickles: loading them can run "
    "any code of theirs. From then on they count as yours.",
)
@click.option(
    "--forked/--cold",
    default=None,
    help="Fork kernels from a process that has imported what the steps import (Linux), or start each anew.  "
    "[default: as configured, else forked]",
)
@click.option("--keep-s", type=click.FloatRange(0), default=0.0, hidden=True)  # as JupyterLab has it
@click.option("--no-tracking", is_flag=True, help="Do not log this run to MLflow.")
@project_option
@json_option
def command(
    notebook: Path,
    assignments: tuple[str, ...],
    parameter_file: str | None,
    project: Path | None,
    as_json: bool,
    **options: Any,
) -> int:
    """Run the pipeline; 1 if a step failed, 130 if the user interrupted."""
    if options["follow"] is not None:
        _look_for(options["follow"], notebook, project)
    parameters = parameters_in(parameter_file) | typed_parameters(
        assignments, notebook, project, None if as_json else partial(click.echo, err=True)
    )
    options = {**wishes_in(options), **options}
    options["tracking"] = not options.pop("no_tracking")
    # with an event of our own, a run that Ctrl-C stopped comes back and is reported like any other
    options["cancel"] = threading.Event()
    how = _run_as_json if as_json else _run
    return how(notebook, parameters, project=project, **options)


def _look_for(step: str, notebook: Path, project: Path | None) -> None:
    known = [one.name for one in api.analyze(notebook, project=project).steps]
    if step not in known:
        raise missing_step(step, known, notebook)


def _follower(
    step: str | None, write: Callable[[str], None], notebook: Path, project: Path | None
) -> Follower | None:
    def log_of(run_id: str) -> Path:
        return api.open_run(run_id, project=project or notebook).folder.step_files(step or "").log

    return None if step is None else Follower(step, log_of, write)


def _run_as_json(notebook: Path, parameters: dict[str, Any], follow: str | None, **options: Any) -> int:
    stream = RunStream()
    follower = _follower(follow, lambda line: stream.printed(follow, line), notebook, options["project"])
    on_event = stream.on_event if follower is None else follower.around(stream.on_event)
    run = api.run(notebook, parameters, on_event=while_read(on_event, options["cancel"]), **options)
    stream.finish(run.summary)
    return EXIT_CODES.get(run.summary.status, 1)


def _run(notebook: Path, parameters: dict[str, Any], follow: str | None, **options: Any) -> int:
    screen = open_console()

    def write(line: str) -> None:
        screen.write(output_line(line, has_unicode=screen.has_unicode))

    follower = _follower(follow, write, notebook, options["project"])
    pending = None if follower is None else lambda: follower.pending
    with show_progress(screen, pending) as (on_event, state):
        on_event = on_event if follower is None else follower.around(on_event)
        run = api.run(notebook, parameters, on_event=while_read(on_event, options["cancel"]), **options)
    report = render_report(
        run.summary,
        notebook=notebook,
        sources=cell_sources(notebook),
        saved_seconds=state.saved_seconds,
        width=screen.width,
    )
    screen.write("", *report)
    return EXIT_CODES.get(run.summary.status, 1)
