"""Runs that were made: listed, compared, cancelled, cleaned up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from stepmill.api.past_run import Run, home_of, open_run
from stepmill.artifacts.store import open_store
from stepmill.comparing.compare import MOST_RUNS
from stepmill.comparing.compare import compare as compare_facts
from stepmill.comparing.labels import changes
from stepmill.config import load_settings
from stepmill.errors import UsageError
from stepmill.execution.lock import CLEANING, hold_project
from stepmill.model.cleaning import Cleaning
from stepmill.model.run import RunStatus, RunSummary
from stepmill.planning.project import Project
from stepmill.running.cleaning import GRACE_S, keep_run
from stepmill.running.cleaning import Limits as CleaningLimits
from stepmill.running.cleaning import clean as clean_store
from stepmill.running.deleting import delete_run as move_away
from stepmill.running.deleting import forget_deleted
from stepmill.running.deleting import restore_run as move_back
from stepmill.running.folder import RunFolder, list_summaries
from stepmill.running.run_facts import run_facts

if TYPE_CHECKING:
    from stepmill.model.comparison import Comparison, RunFacts


def compare(*runs: str | Run, project: str | Path | None = None) -> Comparison:
    """Return what distinguishes runs, the cause before the effect; nothing stored is loaded.

    Parameters
    ----------
    runs
        Two to ten runs, or their names as for `open_run`: `compare("latest~1", "latest")`.
    project
        As for `open_run`.

    Raises
    ------
    UsageError
        There is no such run, or not two to ten of them.
    """
    if not 2 <= len(runs) <= MOST_RUNS:
        raise UsageError(
            f"two to {MOST_RUNS} runs can be compared, not {len(runs)}",
            hint="`stepmill compare latest~1 latest` compares the last two",
        )
    opened = [open_run(run, project) if isinstance(run, str) else run for run in runs]
    return compare_facts([run_facts(run.folder, run.summary, run.store) for run in opened])


def cancel_run(run_id: str, project: str | Path | None = None) -> bool:
    """Ask a run to stop, whoever started it; return whether it is going on. Arguments as for `open_run`.

    Raises
    ------
    UsageError
        There is no such run, or this user may not write into its folder.
    """
    run = open_run(run_id, project)
    if run.status is not RunStatus.RUNNING:
        return False
    try:
        run.folder.cancel_request.touch()
    except OSError as error:
        raise UsageError(f"run {run.run_id} cannot be cancelled: {error.strerror or error}") from error
    return True


def list_runs(
    project: str | Path | None = None, *, notebook: str | Path | None = None, limit: int | None = None
) -> list[RunSummary]:
    """Return the runs of a project or of one notebook, newest first; `project` as for `open_run`."""
    home = home_of(project)
    found: Iterable[RunSummary] = list_summaries(home.runs)
    if notebook is not None:
        wanted = str(Path(notebook).resolve())
        found = (summary for summary in found if summary.notebook_source == wanted)
    return list(islice(found, limit))


def clean(
    project: str | Path | None = None,
    *,
    unused_s: float | None = None,
    budget_bytes: int | None = None,
    grace_s: float = GRACE_S,
    dry_run: bool = False,
) -> Cleaning:
    """Remove stored values that nothing needs; what is missing later is computed again by the next run.

    Always removed are values that no record and no run names, and what killed writers left. Never
    removed are the values of runs that the user keeps, and of the newest run of each notebook.

    Parameters
    ----------
    project
        As for `open_run`.
    unused_s
        Remove also results that no run used for so many seconds.
    budget_bytes
        Remove results, the least valuable first, until the store takes no more than this; by default as
        configured, else there is no limit.
    grace_s
        Younger files that nothing names are left alone.
    dry_run
        Only say what would be removed.

    Raises
    ------
    ProjectLocked
        A run is using the project.
    """
    home = home_of(project)
    if not home.state.is_dir():
        return Cleaning(dry_run=dry_run, budget_bytes=budget_bytes)
    settings = load_settings((home.root,))
    limit = settings.budget_bytes if budget_bytes is None else budget_bytes
    limits = CleaningLimits(unused_s=unused_s, budget_bytes=limit, grace_s=grace_s)
    store = open_store(home.state)
    if dry_run:
        return clean_store(home, store, limits, dry_run=True)
    with hold_project(home.state, CLEANING):
        forget_deleted(home)
        return clean_store(home, store, limits)


def keep(run_id: str, *, keep: bool = True, project: str | Path | None = None) -> None:
    """Mark a run as one whose values `clean` never removes, or take the mark away.

    Raises
    ------
    UsageError
        There is no such run.
    """
    keep_run(open_run(run_id, project).folder, keep=keep)


def delete_run(run_id: str, project: str | Path | None = None) -> None:
    """Take a run that is over out of all lists; `restore_run` puts it back within a week.

    What it stored stays as long as a later run could reuse it. What a tracker has of it stays there.

    Raises
    ------
    UsageError
        There is no such run, it is going on, or its folder cannot be moved.
    """
    run = open_run(run_id, project)
    if run.status is RunStatus.RUNNING:
        raise UsageError(f"run {run.run_id} is going on", hint="stop it first, then delete it")
    move_away(home_of(project), run.run_id)


def restore_run(run_id: str, project: str | Path | None = None) -> Run:
    """Put a run back that was deleted less than a week ago, by its whole id, and return it.

    Raises
    ------
    UsageError
        It is not among the deleted ones.
    """
    move_back(home_of(project), run_id)
    return open_run(run_id, project)


def changes_of(
    runs: Iterable[RunSummary], project: str | Path | None = None
) -> Mapping[str, tuple[str, ...]]:
    """Return for each run what it has otherwise than the run of the same notebook before it, in few words.

    An empty tuple: nothing. The first run of a notebook is left out. `project` as for `open_run`.
    """
    home = home_of(project)
    before = _runs_before(home)
    facts: dict[str, RunFacts] = {}

    def facts_of(summary: RunSummary) -> RunFacts:
        if summary.run_id not in facts:
            facts[summary.run_id] = run_facts(RunFolder(home.runs, summary.run_id), summary, None)
        return facts[summary.run_id]

    return {
        run.run_id: changes(facts_of(before[run.run_id]), facts_of(run))
        for run in runs
        if run.run_id in before
    }


def _runs_before(home: Project) -> dict[str, RunSummary]:
    """Return for each run the one of the same notebook before it."""
    found: dict[str, RunSummary] = {}
    later: dict[str, str] = {}
    for summary in list_summaries(home.runs):
        if summary.notebook_source in later:
            found[later[summary.notebook_source]] = summary
        later[summary.notebook_source] = summary.run_id
    return found
