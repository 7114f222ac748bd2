"""The link from a run to its tracker, which is loaded when the first step executes.

If none does, it is loaded at the end, and not at all if it has a run with the same results.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from stepmill.plugins import Registry
from stepmill.tracking.base import TrackedRun, Tracker
from stepmill.tracking.location import find_location
from stepmill.tracking.state import sent_to

if TYPE_CHECKING:
    from stepmill.execution.events import EventLog
    from stepmill.model.pipeline import Step
    from stepmill.model.run import RunSummary, StepOutcome
    from stepmill.running.bench import Workbench
    from stepmill.running.folder import RunFolder


WAITING = "the steps are done; waiting for the tracking to take the results in"


@dataclass(slots=True)
class TrackingLink:
    """Calls the tracker called `name` (None: no tracking). A run that repeats a tracked one loads nothing.

    When the tracker holds up the end of a run for `patience_s`, that is said.
    """

    name: str | None
    patience_s: float = 10.0
    _tracker: Tracker | None = None
    _run: TrackedRun | None = None
    _folder: RunFolder | None = None
    _said: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def run_started(self, bench: Workbench, folder: RunFolder, started_s: float) -> None:
        """Take note of the run."""
        self._folder = folder
        self._run = TrackedRun(
            run_id=folder.run_id,
            notebook=bench.path.resolve(),
            folder=folder.path,
            project_root=bench.project.root,
            pipeline=bench.pipeline,
            started_s=started_s,
            parameters=bench.values,
            store=bench.store.url,
        )

    def step_environment(self, step: Step, log: EventLog) -> Mapping[str, str]:
        """Return the variables with which the step's kernel finds its own run at the tracker."""
        if self.name is None:
            return {}
        with self._lock:
            tracker = self._load(self.name)
        found = tracker.step_environment(step)
        self._warn(log)
        return found

    def step_finished(self, name: str, outcome: StepOutcome) -> None:
        """Let the tracker prepare what it will deliver about the step."""
        if self._tracker is not None:
            self._tracker.step_finished(name, outcome)

    def run_finished(
        self, summary: RunSummary, log: EventLog, *, same: Iterable[RunSummary] = ()
    ) -> str | None:
        """Deliver the run if a step executed, or all is cached and the tracker has none of the `same` runs.

        Return its id at the tracker.
        """
        if self._tracker is None and self._is_new(summary, same):
            assert self.name is not None
            self._load(self.name)
        if self._tracker is None or self._folder is None:
            return None
        notice = threading.Timer(self.patience_s, log.emit, ["run-warning"], {"message": WAITING})
        notice.daemon = True
        notice.start()
        try:
            delivered = self._tracker.run_finished(summary, self._folder.path)
        finally:
            notice.cancel()
            notice.join()  # it writes nothing behind what the run writes next
        self._warn(log)
        return delivered

    def _is_new(self, summary: RunSummary, same: Iterable[RunSummary]) -> bool:
        return self.name is not None and summary.is_all_cached and not any(map(self._has, same))

    def _has(self, earlier: RunSummary) -> bool:
        """Tell whether an earlier run is where this one would go, or on its way there."""
        assert self._run is not None
        place = sent_to(self._run.folder.with_name(earlier.run_id))
        if place is None:
            return earlier.mlflow_run_id is not None
        here = find_location(self._run.project_root, self._run.notebook.parent, os.environ)
        return place == here.public_uri

    def _load(self, name: str) -> Tracker:
        if self._tracker is None:
            assert self._run is not None
            kind = Registry[Callable[[], Tracker]]("stepmill.trackers").load(name)
            self._tracker = kind()
            self._tracker.run_started(self._run)
        return self._tracker

    def _warn(self, log: EventLog) -> None:
        """Pass on the tracker's warnings, each once."""
        assert self._tracker is not None
        with self._lock:
            new = self._tracker.warnings[self._said :]
            self._said += len(new)
        for message in new:
            log.emit("run-warning", message=message)
