"""What Python programs call: analyse a notebook, plan it, run it, look at past runs.

The rooms are wired in `stepmill.running`; here are only the doors.
"""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stepmill.artifacts.store import open_store
from stepmill.comparing.compare import MOST_RUNS
from stepmill.comparing.compare import compare as compare_facts
from stepmill.comparing.labels import changes
from stepmill.config import Settings, load_settings
from stepmill.errors import RunCancelled, StepFailed, UsageError
from stepmill.execution.events import EventLog, read_events
from stepmill.execution.lock import CLEANING, hold_project, holder
from stepmill.execution.resources import available_cpus
from stepmill.model.cleaning import Cleaning
from stepmill.model.run import Event, RunStatus, RunSummary, StepOutcome
from stepmill.notebook.reading import read_notebook
from stepmill.notebook.step_line import format_step_line, step_name
from stepmill.notebook.tagging import Form, retagged, untagged
from stepmill.planning.project import Project, find_root
from stepmill.planning.wishes import Asked
from stepmill.running.bench import set_up
from stepmill.running.cancellation import heeding
from stepmill.running.cell_outputs import pictures_of
from stepmill.running.cleaning import GRACE_S, keep_run
from stepmill.running.cleaning import Limits as CleaningLimits
from stepmill.running.cleaning import clean as clean_store
from stepmill.running.deleting import delete_run as move_away
from stepmill.running.deleting import forget_deleted
from stepmill.running.deleting import restore_run as move_back
from stepmill.running.export import export_pipeline, finished_text, write_export
from stepmill.running.fixing import Fixed
from stepmill.running.fixing import fix as make_fixes
from stepmill.running.folder import RunFolder, find_run, list_summaries, new_run
from stepmill.running.inspecting import inspect, inspect_file, project_of, search_path_of, surroundings
from stepmill.running.loading import load_output
from stepmill.running.loop import RunLoop
from stepmill.running.opening import open_step as make_opened
from stepmill.running.restoring import restoration as find_restoration
from stepmill.running.run_facts import run_facts
from stepmill.running.step import StepLimits
from stepmill.running.stored import stored_values
from stepmill.running.tracking_link import TrackingLink
from stepmill.running.verifying.run import verify_notebook
from stepmill.suggestion.proposal import suggest as propose

if TYPE_CHECKING:
    from stepmill.artifacts.store import Store
    from stepmill.model.artifact import ArtifactRef, StoredValue
    from stepmill.model.comparison import Comparison, RunFacts
    from stepmill.model.pipeline import Pipeline
    from stepmill.model.plan import Plan
    from stepmill.model.restoration import Restoration
    from stepmill.model.verification import Verification
    from stepmill.suggestion.proposal import Suggestion

NotebookLike = str | Path | Mapping[str, Any]


def analyze(notebook: NotebookLike, *, project: str | Path | None = None) -> Pipeline:
    """Return the pipeline that a notebook is: a path, or a NotebookNode or nbformat 4 dict.

    Problems in the notebook's code are `diagnostics` of the result. What earlier runs taught us about
    a notebook on disk is taken into account. Nothing is run or written.

    Raises
    ------
    NotebookError
        It cannot be read.
    """
    if isinstance(notebook, Mapping):
        return inspect(notebook).pipeline
    path = Path(notebook)
    return inspect_file(read_notebook(path).notebook, path, project).pipeline


def fix(notebook: str | Path, *, project: str | Path | None = None) -> Fixed:
    """Return the notebook with all fixes made that need no decision; nothing is written.

    Raises
    ------
    NotebookError
        It cannot be read.
    """
    path = Path(notebook)
    loaded = read_notebook(path)
    return make_fixes(
        loaded.document, lambda document: inspect(document, path=path, project=project).pipeline
    )


def suggest(notebook: str | Path, *, project: str | Path | None = None, metadata: bool = False) -> Suggestion:
    """Return a tagged copy of an untagged notebook, with the steps proposed; nothing is written or run.

    The copy is analysed like any pipeline, and has no errors. With `metadata` its tags are cell
    metadata, else `%%step` lines.

    Raises
    ------
    NotebookError
        It cannot be read.
    SuggestionRefused, PipelineError
        It has steps already, is too small, or cannot be divided; cell and line say why.
    """
    path = Path(notebook)
    loaded = read_notebook(path)
    return propose(
        loaded.document,
        loaded.notebook,
        lambda document: inspect(document, path=path, project=project).pipeline,
        Form.METADATA if metadata else Form.MAGIC,
    )


def tag(
    notebook: str | Path,
    name: str | None = None,
    cells: Collection[int] = (),
    *,
    untag: bool = False,
    metadata: bool = False,
) -> dict[str, Any]:
    """Return a copy of the notebook's document with `cells` tagged as the step `name`; nothing is written.

    All its tags are then in one form. With `untag` the tags of `cells` are taken out, of all cells if
    none are given.

    Raises
    ------
    NotebookError, UsageError
        It cannot be read; there is no such code cell; the name cannot be one; tags contradict each other.
    """
    document = read_notebook(Path(notebook)).document
    for index in cells:
        if not 0 <= index < len(document["cells"]) or document["cells"][index]["cell_type"] != "code":
            raise UsageError(
                f"{notebook} has no code cell [{index}]", hint="cells count from 0, text cells included"
            )
    if untag:
        return untagged(document, frozenset(cells) or None)
    lines = {} if name is None else dict.fromkeys(cells, format_step_line(step_name(name)))
    return retagged(document, lines, Form.METADATA if metadata else Form.MAGIC)


@dataclass(frozen=True, slots=True)
class Export:
    """An exported file. `status`: "written", "unchanged", or "made" if it was not to be written."""

    text: str
    status: str
    formatted_with: str | None = None


def export(
    notebook: str | Path,
    *,
    target: str | Path | None = None,
    kind: str = "py",
    project: str | Path | None = None,
    formatted: bool = True,
    overwrite: bool = False,
) -> Export:
    """Make another kind of file of the pipeline, by default a plain Python module; write it to `target`.

    Parameters
    ----------
    target
        Where the file is to lie; None: nothing is written, and it is made to lie beside the notebook.
        Paths in the notebook are relative to the notebook's folder, so the text depends on it.
    kind
        The name of an exporter.
    formatted
        Let ruff or black format the text, if one is installed.
    overwrite
        Overwrite a file that is not ours, or was changed since we wrote it.

    Raises
    ------
    NotebookError, PipelineError
        The notebook cannot be read, or cannot run as a pipeline.
    ExportRefused
        It can, but something in it has no counterpart in a file of this kind.
    UsageError
        The file may not be overwritten.
    """
    path = Path(notebook)
    home = project_of(path, project)
    inspection = inspect_file(read_notebook(path).notebook, path, project)
    place = path.with_suffix(f".{kind}") if target is None else Path(target)
    search_path = search_path_of(inspection.notebook.kernel_name)
    made = export_pipeline(inspection.notebook, inspection.pipeline, path, place, search_path, kind)
    text, tool = finished_text(made, place, formatted=formatted)
    if target is None:
        return Export(text, "made", tool)
    return Export(text, write_export(home, place, text, overwrite=overwrite), tool)


def plan(
    notebook: str | Path,
    parameters: Mapping[str, Any] | None = None,
    *,
    project: str | Path | None = None,
    steps: Collection[str] | None = None,
    refresh: Collection[str] | bool = False,
    start: Collection[str] = (),
    cache_for_s: float | None = None,
    overwrite: bool = False,
    strict: bool = False,
    trust: bool = False,
    kernel_name: str | None = None,
) -> Plan:
    """Return what a run would do with each step, and why; nothing is run or written.

    The arguments are those of `run`.
    """
    path = Path(notebook)
    home = project_of(path, project)
    bench = set_up(
        path,
        home,
        parameters or {},
        asked=Asked(refresh=refresh, start=start, only=steps, cache_for_s=cache_for_s, overwrite=overwrite),
        strict=strict,
        trust=trust,
        kernel_name=kernel_name,
    )
    return bench.plan()


def restoration(
    notebook: str | Path, *, steps: Collection[str] = (), project: str | Path | None = None
) -> Restoration:
    """Return what a kernel can get back of a notebook's cached results; nothing is run or written.

    With `steps` only the results of these.

    Raises
    ------
    UsageError, NotebookError, PipelineError, KernelError
        There is no such step; the notebook cannot be read or is no pipeline.
    """
    path = Path(notebook)
    _, home = surroundings(path, project)
    return find_restoration(set_up(path, home, {}), steps)


def run(
    notebook: str | Path,
    parameters: Mapping[str, Any] | None = None,
    *,
    jobs: int | None = None,
    project: str | Path | None = None,
    tracking: bool | str = True,
    on_event: Callable[[Event], None] | None = None,
    steps: Collection[str] | None = None,
    refresh: Collection[str] | bool = False,
    start: Collection[str] = (),
    cache_for_s: float | None = None,
    overwrite: bool = False,
    strict: bool = False,
    lenient: bool = False,
    trust: bool = False,
    fail_fast: bool = False,
    forked: bool | None = None,
    kernel_name: str | None = None,
    start_timeout_s: float | None = None,
    cancel: threading.Event | None = None,
) -> Run:
    """Run a notebook as a pipeline and return the run, whether it succeeded or a step failed.

    Parameters
    ----------
    parameters
        Values that replace those of the notebook's parameters.
    jobs
        Steps that may run at a time; by default as configured, else one for each CPU.
    project
        The folder whose `.stepmill` keeps cache and runs; by default as configured, else found from
        the notebook.
    tracking
        True is the configured tracker, MLflow by default; False none; else the name of one.
    on_event
        Called with each event of the run, in the thread in which it happens.
    steps
        Run only these and what they need.
    refresh
        Steps to run even if they are cached; True for all.
    start
        Steps to run with all that come after them, even if they are cached.
    cache_for_s
        Seconds for which the result of a step that asks the clock, the network or a program may be
        reused, where its `%%step` line does not say. None: it runs each time.
    overwrite
        Let steps write files again that were changed by hand since they wrote them.
    strict, lenient
        Take the analysis' warnings for errors; take contradictions found while running for warnings.
    trust
        Reuse stored results that somebody else made, and make them this user's own. Loading them can run
        any code of theirs.
    forked
        Fork kernels, where that can be, from a process that has imported what the steps import, or start
        each anew; by default as configured, else fork. The results are the same.
    cancel
        Stops the run when set; the run is then returned as cancelled.

    Raises
    ------
    UsageError, NotebookError, PipelineError, KernelError, ProjectLocked
        Before anything ran.
    RunCancelled
        After Ctrl-C, when everything is stopped and written down.
    """
    path = Path(notebook)
    settings, home = surroundings(path, project, jobs=jobs, start_timeout_s=start_timeout_s, forked=forked)
    bench = set_up(
        path,
        home,
        parameters or {},
        asked=Asked(refresh=refresh, start=start, only=steps, cache_for_s=cache_for_s, overwrite=overwrite),
        strict=strict,
        trust=trust,
        kernel_name=kernel_name,
    )
    home.prepare()
    folder = new_run(home.runs)
    stop = threading.Event() if cancel is None else cancel
    limits = StepLimits(
        jobs=settings.jobs or available_cpus(),
        lenient=lenient,
        start_timeout_s=settings.start_timeout_s,
        threads=settings.threads,
        forked=settings.forked,
    )
    listeners = () if on_event is None else (on_event,)
    try:
        with (
            hold_project(home.state, folder.run_id),
            EventLog(folder.events, folder.run_id, listeners) as log,
            heeding(folder.cancel_request, stop),
        ):
            bench.store.remove_leftovers()
            link = TrackingLink(_tracker(tracking, settings))
            summary = RunLoop(bench, folder, limits, link, stop, log, fail_fast=fail_fast).run()
            _heed_budget(home, bench.store, settings)
    finally:
        folder.remove_if_empty()
    if summary.status is RunStatus.CANCELLED and cancel is None:
        raise RunCancelled(f"run {folder.run_id} was cancelled", hint="run again: finished steps are kept")
    return Run(folder, summary)


def open_step(
    notebook: str | Path,
    step: str,
    target: str | Path | None = None,
    parameters: Mapping[str, Any] | None = None,
    *,
    project: str | Path | None = None,
) -> Path:
    """Write a step as a notebook to work on by hand, and return where: its first cell loads what it takes.

    `target` is by default beside the notebook, called after both. What is there is never overwritten.

    Raises
    ------
    UsageError
        There is no such step; what it takes is not there; the file exists.
    NotebookError, PipelineError, ParameterError, KernelError
        The notebook cannot run as a pipeline.
    """
    path = Path(notebook)
    place = path.with_name(f"{path.stem}-{step}.ipynb") if target is None else Path(target)
    make_opened(set_up(path, project_of(path, project), parameters or {}), step, place)
    return place


def verify(
    notebook: str | Path,
    parameters: Mapping[str, Any] | None = None,
    *,
    jobs: int | None = None,
    project: str | Path | None = None,
    links: Iterable[str | Path] = (),
    kernel_name: str | None = None,
    start_timeout_s: float | None = None,
    on_progress: Callable[[str], None] = lambda _: None,
    cancel: threading.Event | None = None,
) -> Verification:
    """Run a notebook as a pipeline and as Run All does, and compare what crosses steps and what cells show.

    Both run in copies of the project; no value is taken from the cache, nothing of the project is
    changed, nothing is tracked. Where the two differ Run All runs once or twice more, and what differs
    between its runs is named as not reproducible. A notebook that cannot run as a pipeline is `refused`.

    Parameters
    ----------
    links
        Files and folders that are too big to copy, relative to the notebook's folder or the project;
        they are linked, and the notebook must only read them.
    on_progress
        Told what goes on, in short lines, from several threads.
    cancel
        Stops it when set. The other arguments are those of `run`.

    Raises
    ------
    UsageError, NotebookError, KernelError
        Before anything ran: the project is too big to copy, for example.
    RunCancelled
        After Ctrl-C or `cancel`; the copies are gone.
    """
    path = Path(notebook)
    settings, home = surroundings(path, project, jobs=jobs, start_timeout_s=start_timeout_s)
    limits = StepLimits(
        jobs=settings.jobs or available_cpus(),
        start_timeout_s=settings.start_timeout_s,
        threads=settings.threads,
        forked=settings.forked,
    )
    return verify_notebook(
        path,
        home,
        parameters or {},
        limits,
        links=tuple(links),
        kernel_name=kernel_name,
        cancel=threading.Event() if cancel is None else cancel,
        say=on_progress,
    )


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


def project_root(path: str | Path, override: str | Path | None = None) -> Path:
    """Return the folder that holds `.stepmill` for a notebook (or folder); `override` wins."""
    return find_root(Path(path), None if override is None else Path(override))


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
        pipeline = self.folder.read_pipeline()
        return load_output(
            self.store,
            name,
            self._ref(step, name),
            pipeline.step(step),
            run_id=self.run_id,
            parameters=self.summary.parameters,
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


def _heed_budget(home: Project, store: Store, settings: Settings) -> None:
    """Bring the store back into its budget after a run, which still holds the project."""
    if settings.budget_bytes is None:
        return
    try:
        clean_store(home, store, CleaningLimits(budget_bytes=settings.budget_bytes))
    except OSError as error:  # the run itself is over and well
        warnings.warn(f"the store could not be brought into its budget: {error}", stacklevel=3)


def _home(project: str | Path | None) -> Project:
    """Return the project of a folder that was named, or of a file or folder in it."""
    path = Path(project or ".")
    return Project(find_root(path, path if project is not None and path.is_dir() else None))


def _tracker(tracking: bool | str, settings: Settings) -> str | None:
    if isinstance(tracking, str):
        return tracking
    return settings.tracker if tracking and settings.tracking else None
