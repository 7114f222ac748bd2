"""Fork servers that wait for the next run: that has what a new one would give it, or gets a new one."""

from __future__ import annotations

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import textwrap
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from stepmill.execution.executors.base import Ending
from stepmill.execution.executors.local import LocalExecutor
from stepmill.execution.forking import kept
from stepmill.execution.forking import servers as servers_module
from stepmill.execution.forking.servers import ForkServers, is_possible
from stepmill.execution.forking.warming import warm

from .conftest import Bench
from .test_forking import is_gone, wait_until_gone

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = [
    pytest.mark.kernel,
    pytest.mark.skipif(not is_possible(), reason="only Linux can fork safely"),
]
ONLY = "import os\nprint(os.getppid())"


class Runs:
    """Runs of one step each, as the command line does them one after the other."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.packages = folder / "packages"
        self.keep_s = 60.0
        self._count = 0

    def install(self, name: str, source: str) -> None:
        (self.packages / name).parent.mkdir(parents=True, exist_ok=True)
        (self.packages / name).write_text(textwrap.dedent(source))
        time.sleep(2.1)  # else the file could have changed after it was loaded: nobody waits then

    @contextmanager
    def executor(self, *imports: str) -> Iterator[LocalExecutor]:
        servers = ForkServers(preload=imports, keep_s=self.keep_s)
        warm(servers, "python3", self.folder, cpus=None, jobs=1)
        executor = LocalExecutor(servers=servers)
        try:
            yield executor
        finally:
            executor.close()

    def run(self, code: str = ONLY, *imports: str, **options: Any) -> str:
        """Return what the step prints."""
        with self.executor(*imports) as executor:
            return self.in_one(executor, code, *imports, **options)

    def cold(self, code: str) -> str:
        executor = LocalExecutor()
        try:
            return self.in_one(executor, code)
        finally:
            executor.close()

    def in_one(self, executor: LocalExecutor, code: str, *imports: str, **options: Any) -> str:
        self._count += 1
        bench = Bench(self.folder, executor)
        ended = bench.run(code, step=f"s{self._count}", imports=imports, **options)
        assert (ended.ending, ended.cold_reason) == (Ending.COMPLETED, ""), ended
        return "".join(str(one["text"]) for one in bench.outputs(f"s{self._count}")[-1])


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Runs]:
    private = tempfile.mkdtemp(prefix="sm-")  # short: so must be the names of sockets
    monkeypatch.setenv("XDG_RUNTIME_DIR", private)
    made = Runs(tmp_path)
    made.packages.mkdir()
    found = servers_module._own_folders()
    monkeypatch.setattr(servers_module, "_own_folders", lambda: [*found, str(made.packages)])
    (tmp_path / "first").mkdir()
    path = (str(tmp_path / "first"), os.environ.get("PYTHONPATH", ""), str(made.packages))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(path))
    yield made
    kept.stop()
    shutil.rmtree(private)


def test_the_next_run_takes_it_over(runs: Runs) -> None:
    first = runs.run(ONLY, "json.tool")
    assert [runs.run(ONLY, "json.tool") for _ in range(2)] == [first, first]
    assert len(kept.waiting()) == 1


def test_what_is_imported_ahead_may_become_more_and_not_less(runs: Runs) -> None:
    first = runs.run(ONLY, "json.tool")
    assert runs.run(ONLY, "json.tool", "xml.dom.minidom") == first
    assert runs.run(ONLY, "json.tool") != first


def test_kernels_of_a_later_run_share_nothing_with_those_before(runs: Runs) -> None:
    code = "import json, os, random, sys\nsys.modules['mine'] = json.mine = os.environ['MINE'] = 'left'"
    runs.run(code, "json.tool")
    look = "import json, os, sys\nprint('mine' in sys.modules, hasattr(json, 'mine'), 'MINE' in os.environ)"
    assert runs.run(look, "json.tool") == "False False False\n"
    draw = "import random, numpy\nprint(random.random(), numpy.random.rand())"
    assert runs.run(draw, "numpy.random") != runs.run(draw, "numpy.random")


SHOW = "import base, os\nprint(base.K)"


def edited(runs: Runs) -> None:
    (runs.packages / "base.py").write_text("import other\nK = 'after '  # as long")


def edited_below(runs: Runs) -> None:
    (runs.packages / "other.py").write_text("K = 'after '")
    (runs.packages / "base.py").touch()


def settings_written(runs: Runs) -> None:
    (runs.folder / ".setting").write_text("after")


def hidden_by_a_file(runs: Runs) -> None:
    (runs.packages.parent / "first" / "base.py").write_text("K = 'hidden'")


def customized(runs: Runs) -> None:
    (runs.packages / "sitecustomize.py").write_text("import builtins\nbuiltins.customized = True")


CHANGES = [edited, edited_below, settings_written, hidden_by_a_file, customized]
LIBRARY = """
    import other, builtins
    from pathlib import Path
    setting = Path.home() / ".setting"
    K = setting.read_text() if setting.exists() else other.K
    K = getattr(builtins, "customized", K)
"""


@pytest.mark.parametrize("change", CHANGES)
def test_after_a_change_the_next_run_has_what_a_started_kernel_has(
    runs: Runs, monkeypatch: pytest.MonkeyPatch, change: Callable[[Runs], None]
) -> None:
    monkeypatch.setenv("HOME", str(runs.folder))
    runs.install("other.py", "K = 'before'")
    runs.install("base.py", LIBRARY)
    assert runs.run(SHOW, "base") == "before\n"
    assert len(kept.waiting()) == 1
    change(runs)
    wanted = runs.cold(SHOW)
    assert wanted != "before\n"
    assert runs.run(SHOW, "base") == wanted


@contextmanager
def other_umask() -> Iterator[None]:
    before = os.umask(0o077)
    yield
    os.umask(before)


@contextmanager
def other_limit() -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (0, before[1]))
    if before[0] == 0:
        resource.setrlimit(
            resource.RLIMIT_CORE, (min(4096, before[1]) if before[1] >= 0 else 4096, before[1])
        )
    yield
    resource.setrlimit(resource.RLIMIT_CORE, before)


@contextmanager
def other_signals() -> Iterator[None]:
    before = signal.signal(signal.SIGUSR2, signal.SIG_IGN)
    yield
    signal.signal(signal.SIGUSR2, before)


@contextmanager
def other_cpus() -> Iterator[None]:
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    yield
    os.sched_setaffinity(0, before)


INHERITED = """
import os, resource, signal
print(os.umask(0), resource.getrlimit(resource.RLIMIT_CORE))
print(signal.getsignal(signal.SIGUSR2), os.sched_getaffinity(0))
"""


@pytest.mark.parametrize("other", [other_umask, other_limit, other_signals, other_cpus])
def test_in_other_surroundings_the_next_run_has_what_a_started_kernel_has(
    runs: Runs, other: Callable[[], Any]
) -> None:
    before = runs.run(INHERITED)
    assert len(kept.waiting()) == 1
    with other():
        after = runs.run(INHERITED)
        assert after == runs.cold(INHERITED)
        assert after != before or len(os.sched_getaffinity(0)) == 1
    assert runs.run(INHERITED) == before


@pytest.mark.parametrize("name", ["ANY", "STEPMILL_ANY", "MLFLOW_ANY", "TZ"])
def test_with_another_variable_there_is_another_one(
    runs: Runs, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    first = runs.run()
    monkeypatch.setenv(name, "UTC")
    assert runs.run() != first
    monkeypatch.delenv(name)
    assert runs.run() == first


def test_what_a_step_is_given_is_not_kept(runs: Runs) -> None:
    environment = {"STEPMILL_SECRET_1": "dolphin"}
    shown = runs.run(
        "import os\nprint(os.getppid(), os.environ['STEPMILL_SECRET_1'])", environment=environment
    )
    (one,) = kept.waiting()
    assert shown == f"{one.pids[0]} dolphin\n"
    for pid in one.pids:
        assert b"dolphin" not in Path(f"/proc/{pid}/environ").read_bytes()
    assert runs.run("import os\nprint('STEPMILL_SECRET_1' in os.environ)") == "False\n"


def test_one_made_for_a_step_with_an_environment_of_its_own_does_not_wait(runs: Runs) -> None:
    with runs.executor() as executor:
        runs.in_one(executor, ONLY)  # else the run could be over before the other one is ready to wait
        runs.in_one(executor, ONLY, environment={"TOKEN": "dolphin"})
    (one,) = kept.waiting()
    assert all(b"dolphin" not in Path(f"/proc/{pid}/environ").read_bytes() for pid in one.pids)


def test_in_another_folder_there_is_another_one(runs: Runs) -> None:
    first = runs.run("import os\nprint(os.getppid(), os.getcwd())")
    folder, runs.folder = runs.folder, runs.folder / "other"
    runs.folder.mkdir()
    assert runs.run("import os\nprint(os.getcwd())") == f"{runs.folder}\n"
    runs.folder = folder
    assert runs.run("import os\nprint(os.getppid(), os.getcwd())") == first


def test_a_folder_that_was_made_anew_is_another(runs: Runs) -> None:
    folder, runs.folder = runs.folder, runs.folder / "inner"
    runs.folder.mkdir()
    first = runs.run()
    runs.folder.rename(folder / "old")
    runs.folder.mkdir()
    assert runs.run() != first


def test_two_runs_at_a_time_have_one_each(runs: Runs) -> None:
    first = runs.run()
    with runs.executor() as one, runs.executor() as other:
        taken = [runs.in_one(executor, ONLY) for executor in (one, other)]
        assert taken[0] == first
        assert taken[1] != first
        assert kept.waiting() == []
    assert len(kept.waiting()) == 2


def test_only_a_few_wait(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(kept.MOST + 1):
        monkeypatch.setenv("ANY", str(number))
        last = runs.run()
    assert len(kept.waiting()) == kept.MOST
    assert int(last) in {one.pids[0] for one in kept.waiting()}


def test_it_ends_when_nobody_comes(runs: Runs) -> None:
    runs.keep_s = 1.5
    runs.run()
    pids = [pid for one in kept.waiting() for pid in one.pids]
    assert len(pids) == 2
    wait_until_gone(*pids)
    assert list(kept._sockets()) == []


def test_stop_ends_all(runs: Runs) -> None:
    runs.run()
    (one,) = kept.waiting()
    assert kept.stop() == 1
    assert all(is_gone(pid) for pid in one.pids)
    assert (kept.waiting(), list(kept._sockets()), kept.stop()) == ([], [], 0)


@pytest.mark.parametrize("which", [0, 1], ids=["itself", "the-one-above"])
def test_one_that_was_killed_is_no_obstacle(runs: Runs, which: int) -> None:
    first = runs.run()
    (one,) = kept.waiting()
    os.kill(one.pids[which], signal.SIGKILL)
    wait_until_gone(one.pids[which])
    runs.run()
    if which == 0:
        wait_until_gone(*one.pids)
        assert runs.run() != first
    kept.stop()
    wait_until_gone(*one.pids)


def test_one_that_hangs_while_it_waits_is_no_obstacle(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "_ANSWER_S", 0.2)
    runs.keep_s = 3.0
    first = runs.run()
    (one,) = kept.waiting()
    os.kill(one.pids[0], signal.SIGSTOP)
    assert runs.run() != first
    wait_until_gone(*one.pids)


def test_a_program_that_a_step_left_running_is_not_its_own(runs: Runs) -> None:
    """Should a later run be killed, what an earlier one has left behind would end with it."""
    code = "import subprocess\nprint(subprocess.Popen(['sleep', '600'], start_new_session=True).pid)"
    sleeper = int(runs.run(code))
    assert kept.waiting() == []
    assert not is_gone(sleeper)
    os.kill(sleeper, signal.SIGKILL)


def test_one_that_still_imports_is_not_waited_for(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(servers_module, "_LEAVE_S", 3600.0)
    started = runs.folder / "started.txt"
    runs.install("slow.py", f"import os\nopen({str(started)!r}, 'w').close()\nwhile True: pass")
    with runs.executor("slow"):
        while not started.exists():
            time.sleep(0.02)
    assert kept.waiting() == []


RUNNER = """
import json, sys
from pathlib import Path
from stepmill.execution.forking import servers as module
from stepmill.execution.forking.warming import warm
own = json.loads(sys.argv[2])
module._own_folders = lambda: own
servers = module.ForkServers(keep_s=60.0)
warm(servers, "python3", Path(sys.argv[1]), cpus=None, jobs=1)
print(flush=True)
sys.stdin.read()
servers.close()
"""


@pytest.mark.parametrize("is_killed", [True, False])
def test_it_ends_with_a_runner_that_was_killed(runs: Runs, is_killed: bool) -> None:
    runs.run()
    before = kept.waiting()
    command = [sys.executable, "-c", RUNNER, str(runs.folder), json.dumps(servers_module._own_folders())]
    with subprocess.Popen(command, stdin=-1, stdout=-1, env=dict(os.environ)) as runner:
        assert runner.stdout is not None
        runner.stdout.readline()
        assert kept.waiting() == []  # the runner has it
        if is_killed:
            runner.kill()
    if is_killed:
        wait_until_gone(*before[0].pids)
    assert kept.waiting() == ([] if is_killed else before)


def test_a_folder_that_others_can_enter_is_not_used(runs: Runs) -> None:
    runs.run()
    kept.stop()
    kept._folder().chmod(0o755)
    runs.run()
    assert kept.waiting() == []
    assert list(kept._folder().iterdir()) == []
