from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import threading
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stepmill.errors import KernelError, RunCancelled, StepFailed
from stepmill.execution.scheduler import run_steps
from stepmill.model.run import StepOutcome, StepStatus

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

GOOD = StepOutcome(status=StepStatus.EXECUTED)
DIAMOND = {"b": {"a"}, "c": {"a"}, "d": {"b", "c"}}


def statuses(outcomes: Mapping[str, StepOutcome]) -> dict[str, str]:
    return {name: outcome.status.value for name, outcome in outcomes.items()}


def performing(**results: StepOutcome | Exception) -> tuple[Callable[[str], StepOutcome], list[str]]:
    done: list[str] = []

    def perform(step: str) -> StepOutcome:
        done.append(step)
        result = results.get(step, GOOD)
        if isinstance(result, Exception):
            raise result
        return result

    return perform, done


def run(
    order: Sequence[str],
    upstream: Mapping[str, set[str]],
    perform: Callable[[str], StepOutcome],
    *,
    jobs: int = 1,
    cancel: threading.Event | None = None,
    fail_fast: bool = False,
) -> Mapping[str, StepOutcome]:
    return run_steps(
        order, upstream, perform, jobs=jobs, cancel=cancel or threading.Event(), fail_fast=fail_fast
    )


def test_one_job_keeps_the_order() -> None:
    perform, done = performing()
    assert statuses(run("abcd", DIAMOND, perform)) == dict.fromkeys("abcd", "executed")
    assert done == list("abcd")


def test_no_steps_no_outcomes() -> None:
    assert run((), {}, performing()[0]) == {}


def test_cached_counts_as_good_and_unknown_upstream_too() -> None:
    perform, done = performing(a=StepOutcome(status=StepStatus.CACHED))
    run("ab", {"b": {"a", "earlier"}}, perform)
    assert done == ["a", "b"]


def test_what_follows_a_failure_is_skipped_and_names_it_other_branches_finish() -> None:
    upstream = {"b": {"a"}, "c": {"b"}, "d": {"c"}, "y": {"x"}}
    perform, done = performing(b=StepFailed("boom", hint="look", cell=3, line=2, step="b", traceback="tb"))
    outcomes = run("abcdxy", upstream, perform)
    assert done == ["a", "b", "x", "y"]
    assert statuses(outcomes) == {
        "a": "executed", "b": "failed", "c": "skipped", "d": "skipped", "x": "executed", "y": "executed"
    }  # fmt: skip
    assert outcomes["c"].reason == outcomes["d"].reason == "step 'b' failed"
    assert outcomes["b"].reason == "boom"
    assert outcomes["b"].error == {
        "code": "SM031", "message": "boom", "hint": "look", "cell": 3, "line": 2, "column": None,
        "step": "b", "traceback": "tb",
    }  # fmt: skip


def test_fail_fast_starts_nothing_more() -> None:
    perform, done = performing(a=KernelError("no kernel"))
    outcomes = run("axy", {}, perform, fail_fast=True)
    assert done == ["a"]
    assert statuses(outcomes) == {"a": "failed", "x": "skipped", "y": "skipped"}
    assert outcomes["y"].reason == "step 'a' failed"


def test_a_performer_that_was_cancelled() -> None:
    perform, _ = performing(a=RunCancelled("stopped"))
    outcomes = run("ab", {"b": {"a"}}, perform)
    assert statuses(outcomes) == {"a": "cancelled", "b": "skipped"}
    assert outcomes["b"].reason == "step 'a' cancelled"


def test_after_cancel_running_steps_are_waited_for_and_the_rest_does_not_start() -> None:
    cancel = threading.Event()

    def perform(step: str) -> StepOutcome:
        cancel.set()
        return StepOutcome(status=StepStatus.CANCELLED)

    assert statuses(run("ab", {}, perform, cancel=cancel)) == {"a": "cancelled", "b": "cancelled"}


def test_as_many_at_a_time_as_jobs() -> None:
    together = threading.Barrier(3)

    def perform(step: str) -> StepOutcome:
        together.wait(30)  # passes only if three steps are in here at once
        return GOOD

    run("abcdef", {}, perform, jobs=3)


def test_a_bug_in_a_performer_propagates_after_the_others_came_back() -> None:
    cancel, started, back = threading.Event(), threading.Event(), []

    def perform(step: str) -> StepOutcome:
        if step == "bad":
            started.wait(30)
            raise ZeroDivisionError("bug")
        started.set()
        assert cancel.wait(30)
        back.append(step)
        return StepOutcome(status=StepStatus.CANCELLED)

    with pytest.raises(ZeroDivisionError, match="bug"):
        run(["slow", "bad", "never"], {}, perform, jobs=2, cancel=cancel)
    assert back == ["slow"]


def test_steps_that_wait_for_each_other_are_an_error() -> None:
    with pytest.raises(ValueError, match="a, b"):
        run("ab", {"a": {"b"}, "b": {"a"}}, performing()[0])


@st.composite
def graphs(draw: st.DrawFn) -> tuple[list[str], dict[str, set[str]], set[str]]:
    names = [f"s{i}" for i in range(draw(st.integers(1, 9)))]
    upstream = {n: set(draw(st.lists(st.sampled_from(names[:i])))) for i, n in enumerate(names) if i}
    return names, upstream, set(draw(st.lists(st.sampled_from(names), max_size=3)))


@given(graphs(), st.integers(1, 4))
def test_no_step_starts_before_its_upstream_is_good(
    graph: tuple[list[str], dict[str, set[str]], set[str]], jobs: int
) -> None:
    names, upstream, failing = graph
    good: set[str] = set()
    early: list[str] = []

    def perform(step: str) -> StepOutcome:
        if not upstream.get(step, set()) <= good:
            early.append(step)
        if step in failing:
            return StepOutcome(status=StepStatus.FAILED)
        good.add(step)
        return GOOD

    outcomes = run(names, upstream, perform, jobs=jobs)
    assert early == []
    assert list(outcomes) == names
    for name, outcome in outcomes.items():
        blocked = any(not outcomes[u].status.is_good for u in upstream.get(name, ()))
        assert (outcome.status is StepStatus.SKIPPED) == blocked


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_ctrl_c_cancels_waits_and_returns() -> None:
    program = """
        import threading
        from stepmill.execution.scheduler import run_steps
        from stepmill.model.run import StepOutcome, StepStatus
        cancel = threading.Event()
        def perform(step):
            print("started", flush=True)
            assert cancel.wait(60)
            return StepOutcome(status=StepStatus.CANCELLED, reason="interrupted")
        outcomes = run_steps("ab", {"b": {"a"}}, perform, jobs=1, cancel=cancel)
        print([(n, o.status.value, o.reason) for n, o in outcomes.items()])
    """
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(program)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "started\n"
    os.kill(process.pid, signal.SIGINT)
    out, _ = process.communicate()
    assert process.returncode == 0
    assert "('a', 'cancelled', 'interrupted'), ('b', 'cancelled', 'the run was cancelled" in out
