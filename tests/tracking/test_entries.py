from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stepmill.model.run import RunStatus, RunSummary, StepOutcome, StepStatus
from stepmill.tracking.entries import (
    TAG_LIMIT,
    cached_tags,
    entry_name,
    entry_names,
    entry_value,
    failure_note,
    finite,
    infinite,
    promoted,
    run_note,
    was_executed,
)

NAMES = [
    pytest.param("accuracy", "accuracy", id="plain-names-stay"),
    pytest.param("val/loss top-1", "val/loss top-1", id="what-mlflow-allows-stays"),
    pytest.param("loss[0]", "loss_0_", id="brackets-are-refused-by-mlflow"),
    pytest.param("größe", "gr__e", id="letters-of-every-backend"),
    pytest.param("../x", "___x", id="no-path-upwards"),
    pytest.param("a//b", "a__b", id="no-empty-part"),
    pytest.param("", "_", id="never-empty"),
]


@pytest.mark.parametrize(("name", "expected"), NAMES)
def test_entry_name(name: str, expected: str) -> None:
    assert entry_name(name) == expected


@given(st.text(max_size=400))
def test_every_name_becomes_one_that_mlflow_takes(name: str) -> None:
    result = entry_name(name)
    assert re.fullmatch(r"[\w.\- /]{1,250}", result, re.ASCII)
    assert entry_name(result) == result


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        pytest.param(["δ", "size"], ["_", "size"], id="one-alone-is-as-ever"),
        pytest.param(["δ", "λ"], ["__302712", "__6bb560"], id="two-letters-of-no-backend"),
        pytest.param(["a(0)", "a_0_"], ["a_0__779dfe", "a_0_"], id="its-own-key-stays"),
    ],
)
def test_names_with_one_key_are_told_apart(names: list[str], expected: list[str]) -> None:
    assert list(entry_names(names).values()) == expected


@given(st.lists(st.text(max_size=260), unique=True))
def test_no_two_names_have_one_key(names: list[str]) -> None:
    keys = entry_names(names).values()
    assert len(set(keys)) == len(names)
    assert all(re.fullmatch(r"[\w.\- /]{1,250}", key, re.ASCII) for key in keys)


PROMOTED = [
    pytest.param({"fit": {"f1": 1.0}}, {"f1": 1.0, "fit.f1": 1.0}, id="one-logger-gives-the-bare-name"),
    pytest.param(
        {"a": {"f1": 1.0}, "b": {"f1": 2.0}}, {"a.f1": 1.0, "b.f1": 2.0}, id="two-loggers-give-no-bare-name"
    ),
    pytest.param({"a": {"seconds": 1.0}}, {"a.seconds": 1.0}, id="seconds-are-the-pipeline's"),
    pytest.param({"a": {}}, {}, id="no-metrics-no-entries"),
]


@pytest.mark.parametrize(("steps", "expected"), PROMOTED)
def test_promoted(steps: dict[str, dict[str, float]], expected: dict[str, float]) -> None:
    assert promoted(steps) == expected


def test_infinities_become_tags() -> None:
    metrics = {"a": 1.0, "b": float("-inf")}
    assert finite(metrics) == {"a": 1.0}
    assert len(finite({"猫": 1.0, "狗": 2.0})) == 2
    assert infinite(metrics) == {"stepmill.metric.b": "-inf"}


def test_long_parameters_are_cut_visibly() -> None:
    assert len(entry_value("x" * 10_000)) < 6000
    assert entry_value("x" * 10_000).endswith("…")


EXECUTED = [
    pytest.param(StepStatus.EXECUTED, 1.0, True, id="executed"),
    pytest.param(StepStatus.FAILED, 1.0, True, id="failed-steps-ran-too"),
    pytest.param(StepStatus.CANCELLED, 1.0, True, id="cancelled-while-running"),
    pytest.param(StepStatus.CANCELLED, None, False, id="cancelled-before-it-began"),
    pytest.param(StepStatus.CACHED, 0.0, False, id="cached"),
    pytest.param(StepStatus.SKIPPED, None, False, id="skipped"),
]


@pytest.mark.parametrize(("status", "seconds", "expected"), EXECUTED)
def test_was_executed(status: StepStatus, seconds: float | None, expected: bool) -> None:
    assert was_executed(StepOutcome(status=status, seconds=seconds)) is expected


def test_the_note_is_a_table_that_no_reason_breaks() -> None:
    outcome = StepOutcome(status=StepStatus.CACHED, reason="a | b\nc", cached_from="run-0")
    summary = RunSummary(
        run_id="r",
        status=RunStatus.SUCCEEDED,
        pipeline="p",
        notebook_source="n.ipynb",
        started_s=0.0,
        seconds=1.0,
        steps={"fit": outcome},
    )
    assert run_note(summary).splitlines()[-1] == "| fit | cached |  | a \\| b c |"
    assert cached_tags(summary) == {"stepmill.cached.fit": "run-0"}


def test_the_end_of_a_long_traceback_is_kept() -> None:
    error = {"traceback": "\x1b[31mx\x1b[0m" * 5000 + "ValueError: boom"}
    note = failure_note(StepOutcome(status=StepStatus.FAILED, error=error))
    assert note is not None
    assert len(note) <= TAG_LIMIT
    assert note.endswith("ValueError: boom\n```")
    assert "\x1b" not in note
