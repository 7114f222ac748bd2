"""What a tracker is told about a run, and the interface it fulfils."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from stepmill.model.pipeline import Pipeline, Step
from stepmill.model.run import RunSummary, StepOutcome


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackedRun:
    """A run that begins.

    `folder` is the run's own folder, `.stepmill/runs/<run_id>`; all paths are absolute. `parameters`
    are the values in force, defaults included; `store` is where values are stored. Leave `git_commit`
    None to have the tracker ask git in the background.
    """

    run_id: str
    notebook: Path
    folder: Path
    project_root: Path
    pipeline: Pipeline
    started_s: float
    parameters: Mapping[str, Any] = field(default_factory=dict)
    store: str = ""
    git_commit: str | None = None
    git_dirty: bool | None = None


class Tracker(Protocol):
    """Sends what a run did to a place where people compare runs.

    A tracker serves one run. No method raises for an outage of that place: what went wrong is a
    sentence in `warnings`, and the run goes on.
    """

    warnings: list[str]

    def run_started(self, run: TrackedRun) -> None:
        """Take note of the run. The runner calls it once, before any other method.

        Returns at once and starts nothing heavy: it may be that nothing follows.
        """

    def step_environment(self, step: Step) -> Mapping[str, str]:
        """Return environment variables for the kernel of `step`.

        The runner calls it in the step's worker thread just before each attempt to execute the
        step, and not for cached steps. It may wait while the step's code could otherwise log
        to a store that is not there yet.
        """

    def step_finished(self, step: str, outcome: StepOutcome) -> None:
        """Take note of how a step ended; returns at once.

        The runner calls it after each step, from any thread. It lets the tracker prepare the
        delivery while later steps run; without it everything is done at the end.
        """

    def run_finished(self, summary: RunSummary, folder: Path) -> str | None:
        """Deliver the run; return its id at the tracker, or None if there is none.

        The runner calls it once, after all kernels are gone and the executed notebooks are in
        `folder`, for failed and cancelled runs too. A run in which nothing was executed comes here only
        if it succeeded, and no run with the same parameters and results came before. There is no id when
        the delivery failed.
        """
