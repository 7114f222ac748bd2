from __future__ import annotations

import math
import os
import signal
import subprocess
import sys
import textwrap
import threading
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stepmill.errors import KernelError, RunCancelled, StepFailed
from stepmill.execution import resources
from stepmill.execution.resources import Resources
from stepmill.execution.scheduler import run_steps
from stepmill.model.run import StepOutcome, StepStatus

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

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
    **options: Any,
) -> Mapping[str, StepOutcome]:
    return run_steps(order, upstream, perform, jobs=jobs, cancel=cancel or threading.Event(), **options)


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
        "code": "SM031", "message": "boom", "hint": "look", "cell": 3, "line": 2,
        "ename": "", "evalue": "", "traceback": "tb",
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


def in_one_lane(names: str, upstream: Mapping[str, set[str]], **options: Any) -> list[str]:
    """Return the order in which steps start when each takes the whole room."""
    perform, done = performing()
    whole = {name: Resources(cpus=1.0) for name in names}
    run(names, upstream, perform, jobs=4, needs=whole, room=Resources(cpus=1.0), **options)
    return done


def test_where_most_work_waits_goes_first() -> None:
    upstream = {"d": {"b"}, "e": {"d"}}
    assert in_one_lane("abcde", upstream) == ["b", "d", "a", "c", "e"]
    seconds = {"a": 1.0, "b": 1.0, "c": 9.0, "d": 1.0, "e": 1.0}
    assert in_one_lane("abcde", upstream, seconds=seconds) == ["c", "b", "d", "a", "e"]


ROOMS = [
    pytest.param({"cpus": 2.0}, 1, id="all-cpus-each"),
    pytest.param({"cpus": 9.0}, 1, id="more-than-there-is-runs-alone"),
    pytest.param({"memory_bytes": 6.0}, 1, id="memory"),
    pytest.param({"memory_bytes": 5.0}, 2, id="half-of-the-memory"),
    pytest.param({"gpus": 1.0}, 1, id="one-gpu"),
    pytest.param({"cpus": 0.5}, 4, id="half-a-cpu"),
]


@pytest.mark.parametrize(("need", "most"), ROOMS)
def test_no_more_runs_than_there_is_room_for(need: dict[str, float], most: int) -> None:
    at_once, seen, lock = [0], [0], threading.Lock()
    full = threading.Event()

    def perform(step: str) -> StepOutcome:
        with lock:
            at_once[0] += 1
            seen[0] = max(seen[0], at_once[0])
            if at_once[0] == most:
                full.set()
        full.wait(30)
        with lock:
            at_once[0] -= 1
        return GOOD

    needs = {name: Resources(**need) for name in "abcd"}
    run("abcd", {}, perform, jobs=4, needs=needs, room=Resources(cpus=2.0, gpus=1.0, memory_bytes=10.0))
    assert seen[0] == most


def test_what_does_not_fit_is_not_overtaken() -> None:
    upstream = {"z": {"big"}}
    needs = {"big": Resources(cpus=2.0)}
    started: list[str] = []
    go = threading.Event()

    def perform(step: str) -> StepOutcome:
        started.append(step)
        if step == "first":
            go.wait(30)
        elif step == "second":
            go.set()
        return GOOD

    seconds = {"first": 9.0, "second": 8.0, "big": 5.0, "z": 1.0, "small": 1.0}
    order = ["small", "first", "second", "big", "z"]
    run(order, upstream, perform, jobs=3, needs=needs, room=Resources(cpus=2.0), seconds=seconds)
    assert started[2] == "big"


LIMITS = [
    pytest.param("max", math.inf, id="none"),
    pytest.param("2147483648\n", 2147483648.0, id="bytes"),
    pytest.param("150000 100000\n", 1.5, id="share-of-time"),
    pytest.param(None, math.inf, id="no-such-file"),
]


@pytest.mark.parametrize(("text", "limit"), LIMITS)
def test_limits_of_control_groups(tmp_path: Path, text: str | None, limit: float) -> None:
    if text is not None:
        (tmp_path / "limit").write_text(text)
    assert resources._limit(tmp_path / "limit") == limit


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


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_ctrl_c_while_a_step_is_collected_loses_nothing() -> None:
    """It raised there, and the run waited for ever for a step that had finished."""
    program = """
        import os, queue, signal, threading
        from stepmill.execution import scheduler
        from stepmill.model.run import StepOutcome, StepStatus
        class Queue(queue.SimpleQueue):
            def get(self, **options):
                found = super().get(**options)
                if found is not None and found[0] == "a":
                    os.kill(os.getpid(), signal.SIGINT)
                    for _ in range(1000):  # until it is delivered
                        pass
                return found
        scheduler.queue.SimpleQueue = Queue
        perform = lambda step: StepOutcome(status=StepStatus.EXECUTED, reason="")
        outcomes = scheduler.run_steps("ab", {"b": {"a"}}, perform, jobs=1, cancel=threading.Event())
        print([o.status.value for o in outcomes.values()])
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    """
    command = [sys.executable, "-c", textwrap.dedent(program)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.stdout, done.returncode) == ("['executed', 'cancelled']\n", 0), done.stderr


@pytest.mark.parametrize(
    ("groups", "files", "cpus", "memory"),
    [
        pytest.param(
            "0::/a/b", {"a/cpu.max": "150000 100000", "a/b/memory.max": "4096"}, 1.5, 4096, id="two"
        ),
        pytest.param(
            "0::/a", {"a/cpu.max": "max 100000", "a/memory.max": "max"}, math.inf, math.inf, id="none"
        ),
        pytest.param(
            "4:memory:/x\n2:cpu,cpuacct:/x\n0::/",
            {
                "memory/x/memory.limit_in_bytes": "8192",
                "cpu,cpuacct/x/cpu.cfs_quota_us": "50000",
                "cpu,cpuacct/x/cpu.cfs_period_us": "100000",
            },
            0.5,
            8192,
            id="one",
        ),
        pytest.param(
            "4:memory:/of/the/host\n1:cpu:/of/the/host",
            {"memory/memory.limit_in_bytes": "8192", "cpu/cpu.cfs_quota_us": "-1"},
            math.inf,
            8192,
            id="one, in a container",
        ),
        pytest.param("0::/", {}, math.inf, math.inf, id="nothing is limited"),
    ],
)
def test_limits_of_both_versions_of_control_groups(
    groups: str,
    files: dict[str, str],
    cpus: float,
    memory: float,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    own = tmp_path / "own"
    own.write_text(groups + "\n")
    for name, text in files.items():
        (tmp_path / "groups" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "groups" / name).write_text(text + "\n")
    monkeypatch.setattr(resources, "_OWN_GROUPS", own)
    monkeypatch.setattr(resources, "_CGROUPS", tmp_path / "groups")
    assert (resources._cpu_limit(), resources._memory_limit()) == (cpus, memory)
