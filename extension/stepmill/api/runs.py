"""Runs that were made: found, compared, cancelled, cleaned up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stepmill.artifacts.store import open_store
from stepmill.comparing.compare import MOST_RUNS
from stepmill.comparing.compare import compare as compare_facts
from stepmill.comparing.labels import changes
from stepmill.compiler.parameters import render
from stepmill.config import load_settings
from stepmill.errors import RunCancelled, StepFailed, UsageError
from stepmill.execution.events import read_events
from stepmill.execution.lock import CLEANING, hold_project, holder
from stepmill.model.cleaning import Cleaning
from stepmill.model.run import Event, RunStatus, RunSummary, StepOutcome
from stepmill.model.secrets import is_secret_name
from stepmill.planning.project import Project, find_root
from stepmill.running.cell_outputs import pictures_of
from stepmill.running.cleaning import GRACE_S, keep_run
from stepmill.running.cleaning import Limits as CleaningLimits
from stepmill.running.cleaning import clean as clean_store
from stepmill.running.deleting import delete_run as move_away
from stepmill.running.deleting import forget_deleted
from stepmill.running.deleting import restore_run as move_back
from stepmill.running.folder import RunFolder, find_run, list_summaries
from stepmill.running.loading import load_output
from stepmill.running.run_facts import run_facts
from stepmill.running.stored import stored_values

if TYPE_CHECKING:
    from stepmill.artifacts.store import Store
    from stepmill.model.artifact import ArtifactRef, StoredValue
    from stepmill.model.comparison import Comparison, RunFacts


@dataclass(frozen=True, slots=True)
class Run:
    """A run that is over, or was seen at some moment."""

    folder: RunFolder
    summary: RunSummary

    @property
    def run_id(self) -> str:
        return self.summary.run_id

    @property
    def status(self) -> RunStatus:
        return self.summary.status

    @property
    def steps(self) -> Mapping[str, StepOutcome]:
        """The outcomes by step, in running order."""
        return self.summary.steps

    @property
    def notebook(self) -> Path | None:
        """The executed copy of the whole notebook."""
        return None if self.summary.notebook is None else Path(self.summary.notebook)

    def events(self) -> list[Event]:
        """Return everything that happened so far."""
        return read_events(self.folder.events)

    def check(self) -> Run:
        """Return the run itself if it succeeded; raise StepFailed with the user's own error if not."""
        for name, outcome in self.steps.items():
            if outcome.error is not None:
                error = outcome.error
                raise StepFailed(
                    str(error.get("message", outcome.reason)),
                    hint=str(error.get("hint", "")),
                    cell=error.get("cell"),
                    line=error.get("line"),
                    step=name,
                    traceback=str(error.get("traceback", "")),
                )
        if self.status is not RunStatus.SUCCEEDED:
            raise RunCancelled(f"run {self.run_id} is {self.status.value}")
        return self

    def load(self, step: str, name: str) -> Any:
        """Return the value that `step` gave under `name`.

        A value whose class or function is defined in the notebook finds it in the caller's `__main__`
        if it is the same there, else in a module made from the notebook's own definitions.

        Raises
        ------
        UsageError
            The run has no such step or output.
        ArtifactError
            The stored value is damaged, or lacks what it needs to be loaded.
        """
        pipeline, values = self.folder.read_pipeline(), self.summary.parameters
        return load_output(
            self.store,
            name,
            self._ref(step, name),
            pipeline.step(step),
            run_id=self.run_id,
            parameters={
                parameter.name: render(parameter, values[parameter.name])
                for parameter in pipeline.parameters
                if parameter.name in values and not is_secret_name(parameter.name)
            },
        )

    def artifacts(self, step: str | None = None, name: str | None = None) -> tuple[StoredValue, ...]:
        """Return what the run's steps gave, of one step or of one name only; nothing is loaded.

        Raises
        ------
        UsageError
            The run has no such step or output.
        """
        if step is not None and name is not None:
            self._ref(step, name)
        elif step is not None:
            self._check_step(step)
        found = stored_values(self.folder, self.store, self.steps if step is None else (step,))
        return tuple(value for value in found if name in (None, value.name))

    def pictures(self) -> Mapping[str, bytes]:
        """Return the PNGs that the run's cells showed, by the digest of their bytes."""
        return pictures_of(self.folder)

    @property
    def store(self) -> Store:
        """The store that keeps the run's values."""
        return open_store(self.folder.runs.parent)

    def _check_step(self, step: str) -> None:
        if step not in self.steps:
            raise UsageError(
                f"run {self.run_id} has no step {step!r}", hint=f"its steps: {', '.join(self.steps)}"
            )

    def _ref(self, step: str, name: str) -> ArtifactRef:
        self._check_step(step)
        ref = self.folder.read_references(step).get(name)
        if ref is None:
            names = ", ".join(self.steps[step].outputs) or "none"
            raise UsageError(f"step {step!r} of run {self.run_id} gave no {name!r}", hint=f"it gave: {names}")
        return ref


def open_run(run_id: str = "latest", project: str | Path | None = None) -> Run:
    """Return a past or present run by its id, the beginning of one, or "latest".

    `project` is the project's folder, or a file in it; by default it is found from the working directory.

    Raises
    ------
    UsageError
        There is no such run.
    """
    home = _home(project)
    folder = find_run(home.runs, run_id)
    summary = folder.read_state(holder(home.state))
    if summary is None:
        raise UsageError(f"the record of run {folder.run_id} is damaged", hint=f"look at {folder.path}")
    return Run(folder, summary)


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
    home = _home(project)
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
    home = _home(project)
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
    move_away(_home(project), run.run_id)


def restore_run(run_id: str, project: str | Path | None = None) -> Run:
    """Put a run back that was deleted less than a week ago, by its whole id, and return it.

    Raises
    ------
    UsageError
        It is not among the deleted ones.
    """
    move_back(_home(project), run_id)
    return open_run(run_id, project)


def changes_of(
    runs: Iterable[RunSummary], project: str | Path | None = None
) -> Mapping[str, tuple[str, ...]]:
    """Return for each run what it has otherwise than the run of the same notebook before it, in few words.

    An empty tuple: nothing. The first run of a notebook is left out. `project` as for `open_run`.
    """
    home = _home(project)
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


def _home(project: str | Path | None) -> Project:
    """Return the project of a folder that was named, or of a file or folder in it."""
    path = Path(project or ".")
    return Project(find_root(path, path if project is not None and path.is_dir() else None))
