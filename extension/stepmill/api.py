"""What Python programs call: analyse a notebook, plan it, run it, look at past runs.

The rooms are wired in `stepmill.running`; here are only the doors.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stepmill.artifacts.store import open_store
from stepmill.config import Settings, load_settings
from stepmill.errors import KernelError, RunCancelled, StepFailed, UsageError
from stepmill.execution.environment import available_cpus
from stepmill.execution.events import EventLog, read_events
from stepmill.execution.lock import hold_project, holder
from stepmill.model.run import Event, RunStatus, RunSummary, StepOutcome
from stepmill.notebook.reading import parse_document, read_notebook
from stepmill.planning.facts import FactBook
from stepmill.planning.kernels import find_kernel
from stepmill.planning.project import Project, find_root
from stepmill.running.bench import analyze_with_facts, set_up
from stepmill.running.folder import RunFolder, find_run, list_summaries, new_run, settled
from stepmill.running.loading import load_output
from stepmill.running.loop import RunLoop
from stepmill.running.step import StepLimits
from stepmill.running.tracking_link import TrackingLink

if TYPE_CHECKING:
    from stepmill.model.artifact import ArtifactRef
    from stepmill.model.pipeline import Pipeline
    from stepmill.model.plan import Plan

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
        return analyze_with_facts(parse_document(notebook, "notebook"), Path.cwd(), None)
    path = Path(notebook)
    loaded = read_notebook(path)
    _, home = _surroundings(path, project)
    book = FactBook(open_store(home.state), home.relative(path))
    folder = path.resolve().parent
    return analyze_with_facts(loaded.notebook, folder, book, _search_path(loaded.notebook.kernel_name))


def plan(
    notebook: str | Path,
    parameters: Mapping[str, Any] | None = None,
    *,
    project: str | Path | None = None,
    steps: Collection[str] | None = None,
    refresh: Collection[str] | bool = False,
    overwrite: bool = False,
    strict: bool = False,
    kernel_name: str | None = None,
) -> Plan:
    """Return what a run would do with each step, and why; nothing is run or written.

    The arguments are those of `run`.
    """
    path = Path(notebook)
    _, home = _surroundings(path, project)
    bench = set_up(
        path,
        home,
        parameters or {},
        only=steps,
        refresh=refresh,
        overwrite=overwrite,
        strict=strict,
        kernel_name=kernel_name,
    )
    return bench.plan()


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
    overwrite: bool = False,
    strict: bool = False,
    lenient: bool = False,
    fail_fast: bool = False,
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
    overwrite
        Let steps write files again that were changed by hand since they wrote them.
    strict, lenient
        Take the analysis' warnings for errors; take contradictions found while running for warnings.
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
    settings, home = _surroundings(path, project, jobs=jobs, start_timeout_s=start_timeout_s)
    bench = set_up(
        path,
        home,
        parameters or {},
        only=steps,
        refresh=refresh,
        overwrite=overwrite,
        strict=strict,
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
    )
    listeners = () if on_event is None else (on_event,)
    try:
        with (
            hold_project(home.state, folder.run_id),
            EventLog(folder.events, folder.run_id, listeners) as log,
        ):
            link = TrackingLink(_tracker(tracking, settings))
            summary = RunLoop(bench, folder, limits, link, stop, log, fail_fast=fail_fast).run()
    finally:
        folder.remove_if_empty()
    if summary.status is RunStatus.CANCELLED and cancel is None:
        raise RunCancelled(f"run {folder.run_id} was cancelled", hint="run again: finished steps are kept")
    return Run(folder, summary)


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
    summary = folder.read_summary()
    if summary is None:
        raise UsageError(f"the record of run {folder.run_id} is damaged", hint=f"look at {folder.path}")
    return Run(folder, settled(summary, holder(home.state)))


def list_runs(project: str | Path | None = None, *, limit: int | None = None) -> list[RunSummary]:
    """Return the runs of a project, newest first; `project` as for `open_run`."""
    home = _home(project)
    return list(list_summaries(home.runs, limit))


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
            open_store(self.folder.runs.parent),
            name,
            self._ref(step, name),
            pipeline.step(step),
            run_id=self.run_id,
            parameters=self.summary.parameters,
        )

    def _ref(self, step: str, name: str) -> ArtifactRef:
        if step not in self.steps:
            raise UsageError(
                f"run {self.run_id} has no step {step!r}", hint=f"its steps: {', '.join(self.steps)}"
            )
        ref = self.folder.read_references(step).get(name)
        if ref is None:
            names = ", ".join(self.steps[step].outputs) or "none"
            raise UsageError(f"step {step!r} of run {self.run_id} gave no {name!r}", hint=f"it gave: {names}")
        return ref


def _home(project: str | Path | None) -> Project:
    """Return the project of a folder that was named, or of a file or folder in it."""
    path = Path(project or ".")
    return Project(find_root(path, path if project is not None and path.is_dir() else None))


def _surroundings(path: Path, project: str | Path | None, **arguments: Any) -> tuple[Settings, Project]:
    """Return the settings for a notebook, and its project, which the settings may name."""
    folder = path.resolve().parent
    named = None if project is None else str(project)
    settings = load_settings((find_root(path), folder), project=named, **arguments)
    return settings, Project(find_root(path, Path(settings.project) if settings.project else None))


def _tracker(tracking: bool | str, settings: Settings) -> str | None:
    if isinstance(tracking, str):
        return tracking
    return settings.tracker if tracking and settings.tracking else None


def _search_path(kernel_name: str) -> tuple[str, ...]:
    """Return where the kernel finds modules; ours, if it is not installed: looking needs no kernel."""
    try:
        return find_kernel(kernel_name).sys_path
    except KernelError:
        return ()
