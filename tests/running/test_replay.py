"""Where a run stands, from its events alone."""

from __future__ import annotations

from typing import Any

from stepmill.model.codec import to_json
from stepmill.model.run import Event, RunStatus, RunSummary, StepOutcome, StepStatus
from stepmill.running.replay import replayed

SUMMARY = RunSummary(
    run_id="r",
    status=RunStatus.RUNNING,
    pipeline="nb",
    notebook_source="nb.ipynb",
    started_s=10.0,
    seconds=None,
)
GOOD = StepOutcome(
    status=StepStatus.EXECUTED, reason="first", seconds=1.0, outputs={"x": "abc"}, metrics={"f1": 0.5}
)
PLANNED = {name: {"status": "stale", "reason": f"why {name}"} for name in "abc"}


def log(*entries: tuple[str, str | None, dict[str, Any]]) -> list[Event]:
    return [
        Event(number=number, kind=kind, run_id="r", time_s=10.0 + number, step=step, data=data)
        for number, (kind, step, data) in enumerate(entries)
    ]


HALF_WAY = log(
    ("run-started", None, {}),
    ("run-planned", None, {"steps": PLANNED}),
    ("step-started", "a", {"reason": "first"}),
    ("step-finished", "a", to_json(GOOD)),
    ("step-started", "b", {}),
    ("step-progress", "b", {"cell": 1, "cells": 2}),
)


def test_a_run_that_goes_on_has_its_steps_as_of_now() -> None:
    found = replayed(SUMMARY, HALF_WAY, is_live=True)
    assert (found.status, found.seconds) == (RunStatus.RUNNING, None)
    assert found.steps == {
        "a": GOOD,
        "b": StepOutcome(status=StepStatus.RUNNING, reason="why b"),
        "c": StepOutcome(status=StepStatus.QUEUED, reason="why c"),
    }


def test_what_a_killed_run_left_undone_is_cancelled() -> None:
    found = replayed(SUMMARY, HALF_WAY, is_live=False)
    assert (found.status, found.seconds) == (RunStatus.CANCELLED, 5.0)
    assert found.steps["a"] == GOOD
    assert [found.steps[name].status for name in "bc"] == [StepStatus.CANCELLED] * 2
    assert "without finishing" in found.steps["b"].reason
    assert "before it started" in found.steps["c"].reason


def test_a_new_plan_starts_the_steps_anew() -> None:
    replanned = [*HALF_WAY, *log(("run-planned", None, {"steps": PLANNED}))]
    found = replayed(SUMMARY, replanned, is_live=True)
    assert {outcome.status for outcome in found.steps.values()} == {StepStatus.QUEUED}


def test_events_of_another_version_change_nothing() -> None:
    strange = log(
        ("step-finished", "a", {"status": "pondered"}), ("run-planned", None, {"steps": 3}), ("x", "b", {})
    )
    assert replayed(SUMMARY, strange, is_live=True).steps == {"b": StepOutcome(status=StepStatus.QUEUED)}


def test_a_run_without_events_is_just_over() -> None:
    found = replayed(SUMMARY, [], is_live=False)
    assert (found.status, found.seconds, dict(found.steps)) == (RunStatus.CANCELLED, 0.0, {})
