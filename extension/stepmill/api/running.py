"""A notebook planned and run."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stepmill.api.past_run import Run
from stepmill.config import Settings
from stepmill.errors import RunCancelled
from stepmill.execution.events import EventLog
from stepmill.execution.lock import hold_project
from stepmill.execution.resources import available_cpus
from stepmill.model.run import Event, RunStatus
from stepmill.planning.project import Project
from stepmill.planning.wishes import Asked
from stepmill.running.bench import set_up
from stepmill.running.cancellation import heeding
from stepmill.running.cleaning import Limits as CleaningLimits
from stepmill.running.cleaning import clean as clean_store
from stepmill.running.folder import new_run
from stepmill.running.inspecting import project_of, surroundings
from stepmill.running.loop import RunLoop
from stepmill.running.step import StepLimits
from stepmill.running.tracking_link import TrackingLink

if TYPE_CHECKING:
    from stepmill.artifacts.store import Store
    from stepmill.model.plan import Plan


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
    keep_s: float = 0.0,
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
    keep_s
        Seconds for which that process waits for the next run afterwards, unless the settings say.
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
    limits = limits_of(settings, lenient=lenient, keep_s=keep_s)
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


def limits_of(settings: Settings, *, lenient: bool = False, keep_s: float = 0.0) -> StepLimits:
    """Return what holds for every step of a run, by the settings."""
    return StepLimits(
        jobs=settings.jobs or available_cpus(),
        lenient=lenient,
        start_timeout_s=settings.start_timeout_s,
        threads=settings.threads,
        forked=settings.forked,
        keep_s=keep_s if settings.keep_s is None else settings.keep_s,
    )


def _heed_budget(home: Project, store: Store, settings: Settings) -> None:
    """Bring the store back into its budget after a run, which still holds the project."""
    if settings.budget_bytes is None:
        return
    try:
        clean_store(home, store, CleaningLimits(budget_bytes=settings.budget_bytes))
    except OSError as error:  # the run itself is over and well
        warnings.warn(f"the store could not be brought into its budget: {error}", stacklevel=3)


def _tracker(tracking: bool | str, settings: Settings) -> str | None:
    if isinstance(tracking, str):
        return tracking
    return settings.tracker if tracking and settings.tracking else None
