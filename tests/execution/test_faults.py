"""What a step may do to its kernel: the same comes of it whether the kernel was started or forked."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from stepmill.execution import reaper
from stepmill.execution.executors.base import Ending
from stepmill.execution.executors.local import LocalExecutor
from stepmill.execution.forking.servers import ForkServers, is_possible

from .conftest import Bench

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [
    pytest.mark.kernel,
    pytest.mark.skipif(sys.platform == "win32", reason="signals, forks and limits"),
]

IF_POSSIBLE = pytest.mark.skipif(not is_possible(), reason="only Linux can fork safely")
FORKED = pytest.param(True, id="forked", marks=IF_POSSIBLE)
FORKED_WAY = pytest.param("forked", id="forked", marks=IF_POSSIBLE)


@pytest.fixture(params=[pytest.param(False, id="started"), FORKED])
def bench(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Bench]:
    executor = LocalExecutor(servers=ForkServers() if request.param else None)
    made = Bench(tmp_path, executor)
    yield made
    executor.close()


def text_of(bench: Bench, cell: int) -> str:
    return "".join(o["text"] for o in bench.outputs()[cell] if o.get("name") == "stdout")


def wait_until_gone(pid: int) -> None:
    while True:  # the test's own timeout ends it
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return
        except FileNotFoundError:
            return
        time.sleep(0.05)


DEATHS = [
    pytest.param("import os; os.kill(os.getpid(), 9)", -9, "SIGKILL", id="killed"),
    pytest.param("import os; os._exit(3)", 3, "exit code 3", id="exit"),
    pytest.param("import ctypes; ctypes.string_at(0)", -11, "SIGSEGV", id="segfault"),
    pytest.param("import os; os.abort()", -6, "SIGABRT", id="abort"),
]


@pytest.mark.parametrize(("code", "exit_code", "words"), DEATHS)
def test_a_kernel_that_dies_is_reported(bench: Bench, code: str, exit_code: int, words: str) -> None:
    ended = bench.run("1", code, "2")
    assert (ended.ending, ended.exit_code, ended.cell, ended.cold_reason) == (Ending.DIED, exit_code, 1, "")
    assert words in ended.message


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not hold a process to it")
def test_memory_that_is_not_to_be_had_is_an_error_of_the_cell(bench: Bench) -> None:
    limit = (
        "import resource\n"
        "used = int(open('/proc/self/statm').read().split()[0]) * resource.getpagesize()\n"
        "resource.setrlimit(resource.RLIMIT_AS, (used + 200_000_000, -1))"
    )
    ended = bench.run(limit, "data = bytearray(1_000_000_000)")
    assert (ended.ending, ended.error and ended.error.ename) == (Ending.FAILED, "MemoryError")


CLOSING = [
    pytest.param("import sys; sys.stdout.close(); sys.stderr.close()", id="its-streams"),
    pytest.param("import os; os.close(0); os.close(1); os.close(2)", id="its-descriptors"),
]


@pytest.mark.parametrize("code", CLOSING)
def test_closed_streams_do_not_stop_a_step(bench: Bench, code: str) -> None:
    ended = bench.run(code, "import os; open('reached.txt', 'w').close()")
    assert ended.ending is Ending.COMPLETED
    assert (bench.folder / "reached.txt").exists()


def test_much_output_arrives_whole_and_in_order(bench: Bench) -> None:
    bench.run("for i in range(100_000): print(i)")
    assert text_of(bench, 0) == "".join(f"{i}\n" for i in range(100_000))


def test_of_too_much_output_it_is_said_what_was_cut(bench: Bench) -> None:
    ended = bench.run("for i in range(30): print('x' * 99_999)", "print('on')")
    (cut,) = ended.cut
    assert "1,000,000 characters in the middle are only in the step's log.txt" in cut
    assert len(text_of(bench, 0)) < 2_100_000
    assert text_of(bench, 1) == "on\n"
    assert len(bench.log()) > 3_000_000


LEFT_BEHIND = [
    pytest.param("import os, time\npid = os.fork()\nif pid == 0: time.sleep(600)\nprint(pid)", id="a-fork"),
    pytest.param(
        "import subprocess, signal\n"
        "deaf = lambda: signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "print(subprocess.Popen(['sleep', '600'], preexec_fn=deaf).pid)",
        id="a-deaf-child",
    ),
    pytest.param(
        "import os, threading, time\n"
        "threading.Thread(target=time.sleep, args=(600,)).start()\n"
        "print(os.getpid())",
        id="a-thread",
    ),
]


@pytest.mark.parametrize("code", LEFT_BEHIND)
def test_what_a_step_leaves_running_ends_with_it(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    monkeypatch.setattr(reaper, "GRACE_S", 1.0)
    ended = bench.run(code)
    assert ended.ending is Ending.COMPLETED
    bench.executor.close()
    wait_until_gone(int(text_of(bench, 0)))


def test_a_step_that_ignores_interrupts_is_killed_after_its_timeout(bench: Bench) -> None:
    code = "import signal, time\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\ntime.sleep(600)"
    ended = bench.run(code, timeout_s=0.5)
    assert (ended.ending, ended.error) == (Ending.TIMED_OUT, None)


def test_a_full_disk_is_said(bench: Bench) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full here")
    task = bench.task("print('x' * 10_000)")
    task.log.symlink_to("/dev/full")
    with pytest.raises(OSError, match="No space left"):
        bench.executor.run(task, threading.Event())


RUNNER = """
import sys, threading
from pathlib import Path
import nbformat
from stepmill.execution.executors.base import StepTask
from stepmill.execution.executors.local import LocalExecutor
from stepmill.execution.forking.servers import ForkServers
folder = Path(sys.argv[1])
code = '''import os, subprocess, time, pathlib
children = [subprocess.Popen(["sleep", "600"], start_new_session=s) for s in (False, True)]
pathlib.Path("pids.tmp").write_text(" ".join(str(pid) for pid in (os.getpid(), *(c.pid for c in children))))
os.rename("pids.tmp", "pids.txt")
time.sleep(600)'''
notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code)])
(folder / "s.ipynb").write_text(nbformat.writes(notebook))
task = StepTask(step="s", notebook=folder / "s.ipynb", executed=folder / "e.ipynb", log=folder / "log.txt",
                folder=folder, kernel_name="python3")
servers = ForkServers() if sys.argv[2] == "forked" else None
LocalExecutor(servers=servers).run(task, threading.Event())
"""


def marked(mark: str) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                if mark.encode() in (entry / "environ").read_bytes():
                    found.append(int(entry.name))
            except OSError:
                continue
    return found


@pytest.mark.skipif(sys.platform != "linux", reason="it looks into /proc")
@pytest.mark.parametrize("way", ["started", FORKED_WAY])
def test_nothing_is_left_when_the_runner_is_killed(tmp_path: Path, way: str) -> None:
    mark = f"STEPMILL_TEST_MARK={uuid4()}"
    name, _, value = mark.partition("=")
    command = [sys.executable, "-c", RUNNER, str(tmp_path), way]
    runner = subprocess.Popen(command, env={**os.environ, name: value})
    try:
        while not (tmp_path / "pids.txt").exists():
            assert runner.poll() is None
            time.sleep(0.05)
        pids = set(map(int, (tmp_path / "pids.txt").read_text().split()))
        assert pids < set(marked(mark))
    finally:
        runner.kill()
        runner.wait()
    while marked(mark):  # the test's own timeout ends it
        time.sleep(0.05)
