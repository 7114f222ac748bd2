"""The outcomes of steps that did not end well, as events and summaries say them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from stepmill.errors import RunCancelled, StepFailed, StepmillError
from stepmill.execution.failures import plain, user_failure
from stepmill.model.run import StepOutcome, StepStatus

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from stepmill.execution.executors.base import StepExit
    from stepmill.model.exchange import StepProblem
    from stepmill.model.pipeline import Step


def failed(
    error: StepmillError, *, seconds: float | None = None, notebook: Path | None = None
) -> StepOutcome:
    """Return the outcome of a step that failed for `error` (cancelled, if it says so)."""
    cancelled = isinstance(error, RunCancelled)
    return StepOutcome(
        status=StepStatus.CANCELLED if cancelled else StepStatus.FAILED,
        reason=error.message,
        seconds=seconds,
        notebook=str(notebook) if notebook is not None and notebook.exists() else None,
        error=None if cancelled else error_document(error),
    )


def error_document(error: StepmillError, *, ename: str = "", evalue: str = "") -> dict[str, Any]:
    """Return the JSON values that an outcome carries about `error`; the traceback keeps its colours."""
    return {
        "code": error.code,
        "message": error.message,
        "hint": error.hint,
        "cell": error.cell,
        "line": error.line,
        "ename": ename,
        "evalue": evalue,
        "traceback": error.traceback if isinstance(error, StepFailed) else "",
    }


def of_exit(
    step: Step, ended: StepExit, executed: Path, known_names: frozenset[str], advice: str = ""
) -> StepOutcome:
    """Return the outcome of a step notebook that did not run to its end, in the user's own terms.

    `advice` is the hint of errors for which their kind alone has none.
    """
    error = user_failure(step.name, ended, _document(executed), known_names=known_names)
    error.hint = error.hint or advice
    outcome = failed(error, seconds=ended.seconds, notebook=executed)
    if outcome.error is None or ended.error is None:
        return outcome
    names = {"ename": ended.error.ename, "evalue": plain(ended.error.evalue)}
    return StepOutcome(
        status=outcome.status,
        reason=outcome.reason,
        seconds=outcome.seconds,
        notebook=outcome.notebook,
        error={**outcome.error, **names},
    )


def of_problem(step: Step, problem: StepProblem, *, seconds: float, notebook: Path) -> StepOutcome:
    """Return the outcome of a step whose outputs could not be taken."""
    places = {output.name: output.place for output in step.outputs}
    place = places.get(problem.name)
    error = StepFailed(
        problem.message,
        hint=problem.hint,
        cell=place.cell if place else step.cells[-1],
        line=place.line if place else None,
        step=step.name,
    )
    outcome = failed(error, seconds=seconds, notebook=notebook)
    about = {"code": problem.code, "name": problem.name, "type_name": problem.type_name}
    return StepOutcome(
        status=outcome.status,
        reason=outcome.reason,
        seconds=seconds,
        notebook=outcome.notebook,
        error={**(outcome.error or {}), **about},
    )


def _document(executed: Path) -> Mapping[str, Any]:
    """Return the executed step notebook; without cells if the kernel never came to run any."""
    try:
        document: Mapping[str, Any] = json.loads(executed.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {"cells": []}
    return document
