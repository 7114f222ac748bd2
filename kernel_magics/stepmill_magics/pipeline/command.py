"""The line magic `%pipeline`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stepmill.errors import PipelineError, StepmillError, UsageError
from stepmill_magics.executed import record_of
from stepmill_magics.pipeline import following
from stepmill_magics.pipeline.arguments import Request, help_text, parse
from stepmill_magics.pipeline.child import Answer, ask, error_of, raise_for
from stepmill_magics.pipeline.failures import PipelineFailed, failure_of
from stepmill_magics.pipeline.screen import RunScreen, say, show_bundle, width_of
from stepmill_magics.pipeline.unsaved import unsaved_changes
from stepmill_magics.pipeline.whereabouts import Whereabouts, find_notebook

if TYPE_CHECKING:
    from collections.abc import Callable

_NO_STEPS = """\
{name} has no steps yet. Put %%step NAME on the first line of the cells that do the work:

    %%step load
    df = pd.read_csv("in.csv")

    %%step train
    model = fit(df)

Imports, functions and looking-around stay as they are. Save, then %pipeline draws what flows between the
steps, %pipeline check says what stands in the way, %pipeline run runs them.

%pipeline suggest proposes steps for all of it, and writes them into a copy."""


def run_line(line: str, shell: Any) -> None:
    """Do what `%pipeline LINE` says.

    Raises
    ------
    PipelineFailed
        It did not come about; the message is all that the user sees.
    """
    try:
        request = parse(line)
        if request.help:
            say(_help(request))
        else:
            _ACTIONS.get(request.command, _pass_on)(request, shell)
    except StepmillError as error:
        raise failure_of(error) from None
    except KeyboardInterrupt:
        raise PipelineFailed("interrupted") from None


def _help(request: Request) -> str:
    own = request.command in ("", "restore", "follow", "stop")
    return help_text() if own else ask((request.command, "--help")).out


def _graph(request: Request, shell: Any) -> None:
    """Draw; with options of the command line as text."""
    if request.rest:
        _pass_on(request, shell)
        return
    notebook = _saved_notebook(request, shell)
    answer = ask(("graph", _shown(notebook), "--format", "mime"))
    document = answer.document()
    if "image/svg+xml" not in document:
        raise_for(answer)
    if not document["steps"]:
        say(_NO_STEPS.format(name=notebook.name))
        return
    show_bundle({key: str(document[key]) for key in ("image/svg+xml", "text/plain")}, shell)
    if document["problems"]:
        say(f"{document['problems']}: %pipeline check")


def _run(request: Request, shell: Any) -> None:
    rest = tuple(word for word in request.rest if word != "--json")
    _watch(following.start(_saved_notebook(request, shell, must_be_saved=True), rest), shell)


def _follow(request: Request, shell: Any) -> None:  # noqa: ARG001
    _watch(following.last_run(), shell)


def _watch(watched: following.Watched, shell: Any) -> None:
    screen = RunScreen(shell)
    if not following.follow(watched, screen.draw):
        process = watched.child.process.pid
        say(
            f"detached: run {watched.state.run_id or '(starting)'} goes on in process {process}\n"
            "%pipeline follow looks on again, %pipeline stop stops it"
        )
        return
    screen.close(watched)
    if watched.refusal is not None:
        _refuse(watched, shell)
    if (failed := following.failure(watched)) is not None:
        raise failed


def _refuse(watched: following.Watched, shell: Any) -> None:
    """Show why the notebook does not run: all places, as `check` shows them, or the one error."""
    refusal = watched.refusal or {}
    error = error_of(refusal["error"])
    if refusal.get("diagnostics"):
        say(ask(("check", _shown(watched.notebook)), width=width_of(shell)).out)
        error = PipelineError(error.message)
    raise error


def _stop(request: Request, shell: Any) -> None:  # noqa: ARG001
    watched = following.last_run()
    over = following.stop(watched)
    run = watched.state.run_id or "the run"
    if watched.finished is not None:
        say(f"{run} is over: {watched.finished.get('status')}; finished steps are kept")
    elif over:
        say(f"{run} was stopped before it began")
    else:
        say(f"{run} was told to stop and is still at it; %pipeline follow looks on")


def _restore(request: Request, shell: Any) -> None:
    from stepmill_magics.pipeline.restoring import restore

    notebook = _saved_notebook(request, shell, must_be_saved=True)
    say(restore(notebook, request.rest, shell))


def _pass_on(request: Request, shell: Any) -> None:
    """Let the command line do it and show what it says."""
    if request.command in ("compare", "show", "artifacts"):
        answer = _in_project(request, shell)
    elif request.command == "runs":
        notebook = find_notebook(shell, request.notebook).path
        answer = ask(("runs", _shown(notebook), *request.rest), width=width_of(shell))
    else:
        notebook = _saved_notebook(request, shell)
        answer = ask((request.command, _shown(notebook), *request.rest), width=width_of(shell))
    _show(answer)


def _in_project(request: Request, shell: Any) -> Answer:
    """Run a command about runs, which finds its project from where it is started."""
    folder = None
    if "--project" not in request.rest:
        folder = find_notebook(shell, request.notebook).path.parent
    return ask((request.command, *request.rest), folder=folder, width=width_of(shell))


def _show(answer: Answer) -> None:
    say(answer.out)
    if answer.code and answer.err.strip():
        raise PipelineFailed(answer.err.rstrip())
    say(answer.err)


def _saved_notebook(request: Request, shell: Any, *, must_be_saved: bool = False) -> Path:
    """Return the notebook, after saying which it is where that is not plain, and what is not saved.

    Raises
    ------
    UsageError
        With `must_be_saved`: it would not do what the user has on the screen.
    """
    found: Whereabouts = find_notebook(shell, request.notebook)
    if found.how:
        say(f"{found.path.name}: {found.how}")
    changes = unsaved_changes(found.path, record_of(shell).all())
    if changes and must_be_saved and not request.saved:
        raise UsageError(
            f"unsaved changes in {', '.join(changes)} of {found.path.name}",
            hint=f"save it and repeat; `%pipeline {request.command} --saved` takes it as it is saved",
        )
    if changes:
        say(f"note: unsaved changes in {', '.join(changes)}: this is {found.path.name} as it is saved")
    return found.path


def _shown(notebook: Path) -> str:
    """Return the path as messages say it: relative where it lies below the working directory."""
    here = Path.cwd()
    text = str(notebook.relative_to(here)) if notebook.is_relative_to(here) else str(notebook)
    return f".{os.sep}{text}" if text.startswith("-") else text


_ACTIONS: dict[str, Callable[[Request, Any], None]] = {
    "graph": _graph,
    "run": _run,
    "follow": _follow,
    "stop": _stop,
    "restore": _restore,
}
