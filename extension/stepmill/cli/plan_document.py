"""The plan as JSON, as scripts read it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stepmill.model.plan import Plan, StepPlan


def plan_document(plan: Plan) -> Mapping[str, Any]:
    """Return `{"schema", "steps": [{"name", "status", "reason", "causes", "expected_seconds"}]}`."""
    return {"schema": 1, "steps": [step_document(step) for step in plan.steps]}


def step_document(step: StepPlan) -> Mapping[str, Any]:
    """Return one step of the plan; `causes` are the words of the closed set, with what they are about."""
    return {
        "name": step.step,
        "status": step.status,
        "reason": step.reason,
        "causes": [reason.cause for reason in step.reasons],
        "expected_seconds": step.expected_seconds,
    }
