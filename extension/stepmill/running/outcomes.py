"""The outcomes of steps that did not end well, as events and summaries say them."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from stepmill.errors import StepFailed
from stepmill.execution.failures import plain, user_failure
from stepmill.model.run import outcome_of_error

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from stepmill.execution.executors.base import StepExit
    from stepmill.model.exchange import StepProblem
    from stepmill.model.pipeline import Step
    from stepmill.model.run import StepOutcome


def of_exit(
    step: Step, ended: StepExit, executed: Path, known_names: frozenset[str], advice: str = ""
) -> StepOutcome:
    """Return the outcome of a step notebook that did not run to its end, in the user's own terms.

    `advice` is the hint of errors for which their kind alone has none.
    """
    error = user_failure(step.name, ended, _document(executed), known_names=known_names)
    error.hint = error.hint or advice
    outcome = outcome_of_error(error, seconds=ended.seconds, notebook=executed)
    if outcome.error is None or ended.error is None:
        return outcome
    names = {"ename": ended.error.ename, "evalue": plain(ended.error.evalue)}
    return replace(outcome, error={**outcome.error, **names})


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
    outcome = outcome_of_error(error, seconds=seconds, notebook=notebook)
    about = {"code": problem.code, "name": problem.name, "type_name": problem.type_name}
    return replace(outcome, error={**(outcome.error or {}), **about})


def _document(executed: Path) -> Mapping[str, Any]:
    """Return the executed step notebook; without cells if the kernel never came to run any."""
    try:
        document: Mapping[str, Any] = json.loads(executed.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {"cells": []}
    return document
