"""Real kernels through real papermill."""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
import tempfile
import textwrap
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from stepmill.errors import KernelError
from stepmill.execution.executors.base import Ending
from stepmill.execution.executors.local import LocalExecutor
from stepmill.execution.keeper import Keeper

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Bench

pytestmark = pytest.mark.kernel


def text_of(outputs: list[dict[str, Any]]) -> str:
    return "".join(output.get("text", "") for output in outputs)


def test_a_good_step(bench: Bench) -> None:
    exit_ = bench.run("x = 20", "print(x)", "x + 22")
    assert (exit_.ending, exit_.error, exit_.message, exit_.cell) == (Ending.COMPLETED, None, "", 2)
    first, second, third = bench.outputs()
    assert first == []
    assert second == [{"output_type": "stream", "name": "stdout", "text": "20\n"}]
    assert third[0]["data"] == {"text/plain": "42"}
    assert [cell.execution_count for cell in bench.executed().cells] == [1, 2, 3]
    assert bench.executed().metadata.papermill.exception is None


def test_the_log_has_the_outputs_as_text(bench: Bench, body_cell: Callable[..., Any]) -> None:
    bench.run(body_cell("print('hello')\n1 + 1", 7))
    assert bench.log() == "[1/1 cell 7]\nhello\n2\n"


def test_progress_counts_code_cells(bench: Bench) -> None:
    bench.run("1", "import time; time.sleep(0.3)", "3")
    assert bench.progress[0] == (1, 3)
    assert bench.progress[-1] == (3, 3)


def test_what_fails_beside_the_cells_stops_the_step(bench: Bench) -> None:
    def progress(cell: int, cells: int) -> None:
        if cell > 1:
            raise OSError("no space left")

    task = bench.task("1", "import time; time.sleep(60)", "3")
    with pytest.raises(OSError, match="no space left"):
        bench.executor.run(task, threading.Event(), progress)


def test_a_failing_cell_stops_the_step_and_the_notebook_is_kept(bench: Bench) -> None:
    exit_ = bench.run("a = 1", "a / 0", "print('never')")
    assert exit_.ending is Ending.FAILED
    assert exit_.message == "ZeroDivisionError: division by zero"
    assert exit_.error is not None
    assert (exit_.error.cell, exit_.error.ename, exit_.error.execution_count) == (1, "ZeroDivisionError", 2)
    assert any("a / 0" in part for part in map(plain, exit_.error.traceback))
    outputs = bench.outputs()
    assert outputs[1][0]["output_type"] == "error"
    assert outputs[2] == []


def plain(text: str) -> str:
    from stepmill.execution.failures import plain as without_colours

    return without_colours(text)


def test_a_cell_that_may_raise_does_not_fail_the_step(bench: Bench, body_cell: Callable[..., Any]) -> None:
    exit_ = bench.run(body_cell("1 / 0", 0, "raises-exception"), "print('on')")
    assert exit_.ending is Ending.COMPLETED
    assert bench.outputs()[0][0]["ename"] == "ZeroDivisionError"
    assert text_of(bench.outputs()[1]) == "on\n"


def test_sys_exit_is_a_failure_as_it_ends_run_all(bench: Bench) -> None:
    exit_ = bench.run("import sys; sys.exit()", "print('never')")
    assert exit_.ending is Ending.FAILED
    assert exit_.error is not None
    assert exit_.error.ename == "SystemExit"
    assert bench.outputs()[1] == []


DEATHS = [
    pytest.param("os._exit(3)", 3, "exit code 3", id="exit"),
    pytest.param("os.kill(os.getpid(), 9)", -9, "SIGKILL", id="killed"),
]


@pytest.mark.parametrize(("source", "code", "words"), DEATHS)
def test_a_dead_kernel_fails_its_step(bench: Bench, source: str, code: int, words: str) -> None:
    # zmq needs a moment to send what was printed; what it has not sent dies with the process
    exit_ = bench.run("import os, time", f"print('last', flush=True); time.sleep(0.3); {source}", "2")
    assert (exit_.ending, exit_.exit_code, exit_.cell) == (Ending.DIED, code, 1)
    assert words in exit_.message
    dead, after = bench.outputs()[1:]
    assert text_of(dead) == "last\n"
    assert dead[-1]["ename"] == "DeadKernelError"
    assert after == []


def test_death_is_noticed_where_the_system_gives_no_handle(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forbidden(pid: int, flags: int = 0) -> int:
        raise PermissionError(f"pidfd_open({pid})")  # what a container's filter of system calls says

    monkeypatch.setattr(os, "pidfd_open", forbidden, raising=False)
    exit_ = bench.run("1", "import os; os.kill(os.getpid(), 9)")
    assert (exit_.ending, exit_.exit_code) == (Ending.DIED, -9)


def test_a_step_past_its_timeout_is_interrupted(bench: Bench) -> None:
    exit_ = bench.run("import time", "time.sleep(600)", timeout_s=0.5)
    assert exit_.ending is Ending.TIMED_OUT
    assert exit_.message == "stopped after its timeout of 0.5 s"
    assert exit_.error is not None
    assert exit_.error.ename == "KeyboardInterrupt"
    assert exit_.cell == 1


def cancelled_by_file(bench: Bench, source: str, name: str = "ready") -> Any:
    """Run a step and cancel it once its cell has written the file `name`."""
    cancel = threading.Event()

    def watch() -> None:
        while not (bench.folder / name).exists():
            time.sleep(0.02)
        cancel.set()

    watcher = threading.Thread(target=watch)
    watcher.start()
    exit_ = bench.run(source, "print('never')", cancel=cancel)
    watcher.join()
    return exit_


def test_cancel_interrupts_the_cell(bench: Bench) -> None:
    exit_ = cancelled_by_file(bench, "import time; open('ready', 'w').close(); time.sleep(600)")
    assert exit_.ending is Ending.CANCELLED
    assert exit_.error.ename == "KeyboardInterrupt"
    assert bench.outputs()[1] == []


def test_cancel_kills_a_cell_that_does_not_give_in(bench: Bench) -> None:
    stubborn = """
        import time
        open("ready", "w").close()
        while True:
            try:
                time.sleep(600)
            except KeyboardInterrupt:
                print("no", flush=True)
    """
    exit_ = cancelled_by_file(bench, textwrap.dedent(stubborn))
    assert exit_.ending is Ending.CANCELLED
    assert text_of(bench.outputs()[0]) == "no\n"


def test_cancel_kills_the_children_of_the_kernel(bench: Bench) -> None:
    source = """
        import subprocess, signal
        child = subprocess.Popen(["sleep", "600"], preexec_fn=lambda: signal.signal(2, signal.SIG_IGN))
        open("pid", "w").write(str(child.pid))
        open("ready", "w").close()
        while True:
            try:
                child.wait()
            except KeyboardInterrupt:
                pass
    """
    cancelled_by_file(bench, textwrap.dedent(source))
    wait_for_end(int((bench.folder / "pid").read_text()))


def test_cancel_before_the_kernel_answers(bench: Bench) -> None:
    cancel = threading.Event()
    cancel.set()
    assert bench.run("1", cancel=cancel).ending is Ending.CANCELLED


def test_outputs_keep_their_order(bench: Bench) -> None:
    source = """
        import sys
        print("one"); print("two")
        print("careful", file=sys.stderr)
        display({"text/plain": "shown"}, raw=True)
        print("three")
    """
    bench.run(textwrap.dedent(source))
    shapes = [(o.get("name"), o.get("text") or o["data"]["text/plain"]) for o in bench.outputs()[0]]
    assert shapes == [
        ("stdout", "one\ntwo\n"),
        ("stderr", "careful\n"),
        (None, "shown"),
        ("stdout", "three\n"),
    ]


def test_a_display_is_updated_from_a_later_cell_after_streams_were_joined(bench: Bench) -> None:
    bench.run(
        "for i in range(20): print(i, flush=True)\nhandle = display('old', display_id=True)",
        "handle.update('new')",
    )
    assert bench.outputs()[0][1]["data"]["text/plain"] == "'new'"


def test_a_progress_bar_leaves_its_last_state(bench: Bench) -> None:
    bench.run("for i in range(100): print(f'\\r{i:3d}%', end='', flush=True)\nprint()")
    assert text_of(bench.outputs()[0]) == " 99%\n"


def test_no_output_is_lost_however_fast_it_comes(bench: Bench) -> None:
    bench.run("for i in range(20_000): print(i, flush=i % 10 == 0)")
    assert text_of(bench.outputs()[0]).split() == [str(i) for i in range(20_000)]


def test_a_broken_character_does_not_break_the_step(bench: Bench) -> None:
    exit_ = bench.run("print('a\\ud800b')", "1")
    assert exit_.ending is Ending.COMPLETED


READS = [
    pytest.param("input('name? ')", Ending.FAILED, "StdinNotImplementedError", id="input-fails"),
    pytest.param(
        "import getpass; getpass.getpass()", Ending.FAILED, "StdinNotImplementedError", id="getpass"
    ),
    pytest.param(
        "import subprocess; subprocess.run(['cat'])", Ending.COMPLETED, None, id="child-reads-nothing"
    ),
]


@pytest.mark.parametrize(("source", "ending", "ename"), READS)
def test_nothing_waits_for_standard_input(
    bench: Bench, source: str, ending: Ending, ename: str | None
) -> None:
    exit_ = bench.run(source)
    assert exit_.ending is ending
    assert (exit_.error and exit_.error.ename) == ename


@pytest.mark.parametrize("folder", ["with space", "ünïcode 数据", "{braces} $HOME %d", 'o\'clock "quoted"'])
def test_any_folder_will_do(make_bench: Callable[[str], Bench], folder: str) -> None:
    bench = make_bench(folder)
    exit_ = bench.run("import os; print(os.getcwd())")
    assert exit_.ending is Ending.COMPLETED
    assert text_of(bench.outputs()[0]) == f"{bench.folder}\n"


def test_the_runner_stays_in_its_folder(bench: Bench) -> None:
    before = Path.cwd()
    bench.run("1")
    assert Path.cwd() == before


def test_a_kernel_that_cannot_be_watched_is_ended(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []

    def watch(_: Keeper, pid: int) -> None:
        seen.append(pid)
        raise OSError("there is room for no other process")

    monkeypatch.setattr(Keeper, "watch", watch)
    with pytest.raises(OSError, match="no other process"):
        bench.run("1")
    wait_for_end(seen[0])


def test_a_missing_kernel_names_those_installed(bench: Bench) -> None:
    with pytest.raises(KernelError, match=r"'no-such-kernel'.*not installed") as caught:
        bench.run("1", kernel_name="no-such-kernel")
    assert "python3" in caught.value.hint
    assert not (bench.folder / "steps/step/log.txt").exists()


def make_kernel(folder: Path, name: str, *argv: str) -> None:
    import json

    spec = folder / "kernels" / name
    spec.mkdir(parents=True)
    (spec / "kernel.json").write_text(
        json.dumps({"argv": list(argv), "display_name": name, "language": "python"}), "utf-8"
    )


BROKEN = [
    pytest.param(
        ("/no/such/python", "-m", "ipykernel_launcher", "-f", "{connection_file}"),
        "cannot be launched",
        id="interpreter-is-gone",
    ),
    pytest.param(
        (sys.executable, "-c", "import no_such_module_here  # ipykernel", "{connection_file}"),
        "did not start.*no_such_module_here",
        id="process-ends",
    ),
    pytest.param(
        (sys.executable, "-c", "input() or __import__('time').sleep(600)"), "did not start", id="eof"
    ),
    pytest.param((sys.executable, "-c", "__import__('time').sleep(600)"), "did not answer", id="silent"),
]


@pytest.mark.parametrize(("argv", "words"), BROKEN)
def test_a_kernel_that_does_not_start(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, argv: tuple[str, ...], words: str
) -> None:
    make_kernel(bench.folder, "broken", *argv)
    monkeypatch.setenv("JUPYTER_PATH", str(bench.folder))
    with pytest.raises(KernelError, match=f"(?s){words}"):
        bench.run("1", kernel_name="broken", start_timeout_s=1.5)


def test_atexit_handlers_run_before_close_returns(bench: Bench) -> None:
    bench.run("import atexit, time\natexit.register(lambda: (time.sleep(0.3), open('left', 'w').close()))")
    bench.executor.close()
    assert (bench.folder / "left").exists()


def test_nothing_is_left_behind(
    bench: Bench, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    temporary = tmp_path_factory.mktemp("t")
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    handles = open_handles()
    threads = threading.active_count()
    for number, source in enumerate(["1", "1/0", "import os; os._exit(1)"]):
        bench.run(source, step=f"s{number}")
    bench.executor.close()
    gc.collect()
    assert list(temporary.iterdir()) == []
    assert threading.active_count() == threads
    assert open_handles() <= handles + 2


def open_handles() -> int:
    return len(list(Path("/proc/self/fd").iterdir())) if Path("/proc/self/fd").is_dir() else 0


def test_four_at_once_are_apart(bench: Bench) -> None:
    source = "import os, time\nfor i in range(5): print(os.environ['WHO'], flush=True); time.sleep(0.02)"
    tasks = [bench.task(source, step=f"s{i}", environment={"WHO": f"w{i}"}) for i in range(8)]
    executor = LocalExecutor(jobs=4)
    problems: list[BaseException] = []

    def work(mine: list[Any]) -> None:
        try:
            for task in mine:
                assert executor.run(task, threading.Event()).ending is Ending.COMPLETED
        except BaseException as error:
            problems.append(error)

    threads = [threading.Thread(target=work, args=(tasks[i::4],)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    executor.close()
    gc.collect()  # an event loop or socket that was not closed warns now, and warnings are errors
    assert problems == []
    assert [text_of(bench.outputs(f"s{i}")[0]) for i in range(8)] == [f"w{i}\n" * 5 for i in range(8)]


def test_the_environment_of_a_step(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "7")
    names = ["PYTHONHASHSEED", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MINE", "DO_NOT_TRACK"]
    bench.run(f"import os; print([os.environ[n] for n in {names}])", environment={"MINE": "x"}, cpus=3)
    assert text_of(bench.outputs()[0]) == "['0', '3', '7', 'x', 'true']\n"


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_kernels_end_when_the_runner_is_killed(bench: Bench) -> None:
    task = bench.task("import os, time; open('pid', 'w').write(str(os.getpid())); time.sleep(600)")
    runner = f"""
        import threading
        from pathlib import Path
        from stepmill.execution.executors.base import StepTask
        from stepmill.execution.executors.local import LocalExecutor
        paths = dict(
            notebook=Path({str(task.notebook)!r}),
            executed=Path({str(task.executed)!r}),
            log=Path({str(task.log)!r}),
            folder=Path({str(task.folder)!r}),
        )
        task = StepTask(step="s", kernel_name="python3", **paths)
        LocalExecutor().run(task, threading.Event())
    """
    environment = {**os.environ, "TMPDIR": str(bench.folder)}  # what a killed runner leaves behind
    process = subprocess.Popen([sys.executable, "-c", textwrap.dedent(runner)], env=environment)
    pid = bench.folder / "pid"
    while not (pid.exists() and pid.read_text()):
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    wait_for_end(int(pid.read_text()))


def wait_for_end(pid: int) -> None:
    """Return when the process is gone or a zombie; the test's own timeout is the limit."""
    while True:
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return
        except FileNotFoundError:
            return
        time.sleep(0.05)
