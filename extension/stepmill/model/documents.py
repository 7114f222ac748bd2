"""Plans, runs, events and errors as the documents that scripts, magics and the panel read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stepmill.errors import PipelineError, StepmillError
from stepmill.model.codec import SCHEMA, to_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from stepmill.model.cleaning import Cleaning
    from stepmill.model.comparison import Comparison
    from stepmill.model.plan import Plan, StepPlan
    from stepmill.model.run import Event, RunSummary

FINISHED = "run-finished"
"""The kind of a run's last event."""


def plan_document(plan: Plan) -> Mapping[str, Any]:
    """Return `{"schema", "steps": [{"name", "status", "reason", "causes", "expected_seconds"}]}`."""
    return {"schema": SCHEMA, "steps": [step_document(step) for step in plan.steps]}


def step_document(step: StepPlan) -> Mapping[str, Any]:
    """Return one step of the plan; `causes` are the words of the closed set, with what they are about."""
    return {
        "name": step.step,
        "status": step.status,
        "reason": step.reason,
        "causes": [reason.cause for reason in step.reasons],
        "expected_seconds": step.expected_seconds,
    }


def event_document(event: Event) -> Mapping[str, Any]:
    """Return the event with its data beside its own fields, which win over data of the same name."""
    own = {
        "event": event.kind,
        "schema": SCHEMA,
        "number": event.number,
        "run_id": event.run_id,
        "time_s": event.time_s,
    }
    step = {} if event.step is None else {"step": event.step}
    return {**own, **step, **{name: value for name, value in event.data.items() if name not in own | step}}


def run_document(summary: RunSummary) -> Mapping[str, Any]:
    """Return the run as its last event says it, with every field of the record."""
    return {"event": FINISHED, "schema": SCHEMA, **to_json(summary)}


def runs_document(summaries: Iterable[RunSummary]) -> Mapping[str, Any]:
    """Return `{"schema", "runs": [run, …]}`, a run being the record as it stands."""
    return {"schema": SCHEMA, "runs": [to_json(summary) for summary in summaries]}


def cleaning_document(done: Cleaning) -> Mapping[str, Any]:
    """Return `{"schema", "freed_bytes", "left_bytes", "removed": [{"step", "run_id", …}], …}`."""
    return {"schema": SCHEMA, **to_json(done), "over_budget_bytes": done.over_budget_bytes}


def comparison_document(found: Comparison) -> Mapping[str, Any]:
    """Return the comparison with every field of the record."""
    return {"schema": SCHEMA, **to_json(found)}


def error_document(error: StepmillError) -> Mapping[str, Any]:
    """Return `{"schema", "error": {code, message, hint, cell, line, column}}`, and diagnostics."""
    fields = ("code", "message", "hint", "cell", "line", "column")
    document: dict[str, Any] = {
        "schema": SCHEMA,
        "error": {name: getattr(error, name) for name in fields},
    }
    if isinstance(error, PipelineError) and error.diagnostics:
        document["diagnostics"] = to_json(error.diagnostics)
    return document
