"""Forked kernels: they start, end and fail as started ones do, and look like them to the user's code."""

from __future__ import annotations

import gc
import json
import os
import re
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from stepmill.execution.executors.base import Ending
from stepmill.execution.executors.local import LocalExecutor
from stepmill.execution.forking import servers as servers_module
from stepmill.execution.forking.servers import ForkServers, Unforkable, as_launch, is_possible

from .conftest import Bench

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = [
    pytest.mark.kernel,
    pytest.mark.skipif(not is_possible(), reason="only Linux can fork safely"),
]

LOOKS = Path(__file__).with_name("looks.py").read_text("utf-8")


@pytest.fixture
def forked(tmp_path: Path) -> Iterator[Bench]:
    executor = LocalExecutor(servers=ForkServers(memory=tmp_path / "memory.json"))
    yield Bench(tmp_path, executor)
    executor.close()


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., dict[str, str]]:
    """Make modules that count as installed packages, and the environment in which they are found."""
    folder = tmp_path / "packages"
    folder.mkdir()

    def make(**modules: str) -> dict[str, str]:
        for name, source in modules.items():
            (folder / f"{name}.py").parent.mkdir(exist_ok=True)
            (folder / f"{name}.py").write_text(textwrap.dedent(source))
        found = servers_module._own_folders()
        monkeypatch.setattr(servers_module, "_own_folders", lambda: [*found, str(folder)])
        monkeypatch.setenv("PYTHONPATH", os.pathsep.join([os.environ.get("PYTHONPATH", ""), str(folder)]))
        return {}

    return make


def text_of(bench: Bench, step: str = "step", cell: int = -1) -> str:
    return "".join(
        output["text"] for output in bench.outputs(step)[cell] if output["output_type"] == "stream"
    )


def is_gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def wait_until_gone(*pids: int) -> None:
    while not all(map(is_gone, pids)):
        time.sleep(0.02)  # the test's own timeout ends it


def test_a_forked_kernel_looks_like_one_that_was_started(forked: Bench, bench: Bench) -> None:
    imports = ("json.tool", "numpy", "xml.dom.minidom", "pandas")
    seen: dict[str, list[Any]] = {"forked": [], "started": []}
    for number, code in enumerate(("", "import numpy", "import pandas", "import xml.dom")):
        step = f"s{number}"
        ended = forked.run(code, LOOKS, step=step, imports=imports)
        assert (ended.ending, ended.cold_reason) == (Ending.COMPLETED, "")
        seen["forked"].append(json.loads(text_of(forked, step)))
        bench.run(code, LOOKS, step=f"cold-{step}")
        seen["started"].append(json.loads(text_of(bench, f"cold-{step}")))
    for forked_look, started_look in zip(seen["forked"], seen["started"], strict=True):
        for aspect, found in forked_look.items():
            assert found == started_look[aspect], aspect


def test_settings_of_the_profile_hold_and_later_classes_have_theirs(
    forked: Bench, bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = """
        c.InteractiveShell.ast_node_interactivity = "all"
        c.IPythonKernel.ZMQInteractiveShell.show_rewritten_input = False
        c.IPKernelApp.exec_lines = ["from_profile = 1"]
        c.PlainTextFormatter.max_seq_length = 7
    """
    profile = tmp_path / "ipython" / "profile_default"
    profile.mkdir(parents=True)
    (profile / "ipython_kernel_config.py").write_text(textwrap.dedent(settings))
    monkeypatch.setenv("IPYTHONDIR", str(profile.parent))
    code = """
        from traitlets import Int
        from traitlets.config import Configurable
        class Late(Configurable):
            number = Int().tag(config=True)
        shell = get_ipython()
        shell.config.Late.number = 3
        text = shell.display_formatter.formatters["text/plain"]
        print(shell.ast_node_interactivity, shell.show_rewritten_input, from_profile, text.max_seq_length)
        print(Late(parent=shell).number, Late(config=shell.config).number, shell.history_manager.hist_file)
    """
    for one, step in ((bench, "started"), (forked, "forked")):
        ended = one.run(textwrap.dedent(code), step=step)
        assert (ended.ending, ended.cold_reason) == (Ending.COMPLETED, "")
        assert text_of(one, step) == "all False 1 7\n3 3 :memory:\n"


def test_the_debugger_passes_over_what_it_does_in_a_started_kernel(forked: Bench, bench: Bench) -> None:
    code = """
        import json
        kernel = get_ipython().kernel
        print(json.dumps(kernel._kernel_modules))
        assert kernel.debugger.kernel_modules is kernel._kernel_modules
    """
    files = []
    for one, step in ((bench, "started"), (forked, "forked")):
        assert one.run(textwrap.dedent(code), step=step).ending is Ending.COMPLETED
        files.append(set(json.loads(text_of(one, step))))
    assert files[0] <= files[1]


def test_a_submodule_that_another_step_imports_is_not_there(forked: Bench) -> None:
    code = "import xml.dom\nprint(hasattr(xml.dom, 'minidom'))"
    ended = forked.run(code, imports=("xml.dom.minidom",))
    assert (ended.cold_reason, text_of(forked)) == ("", "False\n")


def test_what_was_imported_ahead_is_not_run_again(forked: Bench, installed: Callable[..., Any]) -> None:
    installed(counted="import os\nprocess = os.getpid()")
    forked.run("import counted, os\nprint(counted.process == os.getpid())", imports=("counted",))
    assert text_of(forked) == "False\n"


def test_a_package_that_answers_for_some_attributes_keeps_its_submodules(
    forked: Bench, installed: Callable[..., Any]
) -> None:
    """pydantic answers for what has moved only; mlflow, which asks for `pydantic.fields`, did not import."""
    installed(**{
        "moved/__init__": "def __getattr__(name):\n    raise AttributeError(name)",
        "moved/fields": "kind = 'field'",
        "asking": "import os, moved.fields, loaded_next\nprocess, kind = os.getpid(), moved.fields.kind",
        "loaded_next": "",
    })  # fmt: skip
    ended = forked.run(
        "import asking, os\nprint(asking.kind, asking.process == os.getpid())", imports=("asking",)
    )
    assert (ended.cold_reason, text_of(forked)) == ("", "field False\n")


def test_a_part_that_its_package_imports_on_demand_comes_with_who_takes_it(
    forked: Bench, installed: Callable[..., Any]
) -> None:
    """As numpy does; asked while the part is not there yet, it would import it again and again."""
    on_demand = """
        asked = []
        def __getattr__(name):
            asked.append(name)
            if name != "part":
                raise AttributeError(name)
            import lazily.part as part
            return part
    """
    installed(**{
        "lazily/__init__": on_demand,
        "lazily/part": "",
        "importing": "import lazily.part",
        "taking": "import lazily\nlazily.part",
    })  # fmt: skip
    code = "import sys, taking, lazily\nprint('lazily.part' in sys.modules, lazily.asked.count('part') < 9)"
    ended = forked.run(code, imports=("importing", "taking"))
    assert (ended.cold_reason, text_of(forked)) == ("", "True True\n")


def test_a_module_of_the_project_is_not_imported_ahead(forked: Bench) -> None:
    (forked.folder / "mine.py").write_text("import os\nprocess = os.getpid()")
    ended = forked.run("import mine, os\nprint(mine.process == os.getpid())", imports=("mine",))
    assert (ended.cold_reason, text_of(forked)) == ("", "True\n")


ASKING = """
import sys
class Asking:
    def find_spec(self, *about):
        [finder.find_spec(*about) for finder in sys.meta_path if finder is not self]
sys.meta_path.insert(0, Asking())
"""


@pytest.mark.parametrize("before", ["import sys", ASKING])
def test_a_second_name_of_a_module_comes_back_when_the_path_was_changed(
    forked: Bench, installed: Callable[..., Any], before: str
) -> None:
    installed(part="K = 1", whole="import sys, part\nsys.modules['_second'] = part")
    code = f"{before}\nsys.path.insert(0, 'lib')\nimport whole\nprint(sys.modules['_second'].K)"
    ended = forked.run(code, imports=("whole",))
    assert (ended.cold_reason, text_of(forked)) == ("", "1\n")


def test_the_same_folder_in_another_spelling_hides_nothing(
    forked: Bench, installed: Callable[..., Any]
) -> None:
    installed(base="import os\nprocess = os.getpid()", whole="import base\nprocess = base.process")
    place = str(forked.folder / "packages" / ".." / "packages")
    code = f"import os, sys\nsys.path.insert(0, {place!r})\nimport whole\nprint(whole.process == os.getpid())"
    ended = forked.run(code, imports=("whole",))
    assert (ended.cold_reason, text_of(forked)) == ("", "False\n")


def test_a_module_that_hides_an_installed_one_counts_or_is_refused(
    forked: Bench, installed: Callable[..., Any]
) -> None:
    installed(base="K = 'installed'", whole="import base\nK = base.K")
    (forked.folder / "lib").mkdir()
    (forked.folder / "lib" / "base.py").write_text("K = 'own'")
    path = "import sys\nsys.path.insert(0, 'lib')\n"
    forked.run(f"{path}import base\nprint(base.K)", imports=("whole",))
    assert text_of(forked) == "own\n"
    code = f"{path}try:\n    import whole\nexcept ImportError:\n    pass"
    ended = forked.run(code, imports=("whole",), step="second")
    assert ended.error is not None
    assert "sys.path leads to another module base" in ended.error.evalue
    assert "run with --cold" in ended.error.evalue


def test_what_a_module_appends_stands_at_the_end(forked: Bench, installed: Callable[..., Any]) -> None:
    installed(
        appender="""
        import sys, warnings
        class Finder:
            def find_spec(self, *about):
                return None
        sys.meta_path.append(Finder())
        warnings.filterwarnings("error", "late", append=True)
        warnings.filterwarnings("error", "early")
        """
    )
    code = """
        import sys, warnings
        finders, filters = list(sys.meta_path), list(warnings.filters)
        import appender
        print(sys.meta_path[:-1] == finders, type(sys.meta_path[-1]).__name__)
        print(warnings.filters[1:-1] == filters)
        print(warnings.filters[0][1].pattern, warnings.filters[-1][1].pattern)
        """
    for way, imports in (("ahead", ("appender",)), ("as ever", ())):
        forked.run(textwrap.dedent(code), imports=imports, step=way)
        assert text_of(forked, way) == "True Finder\nTrue\nearly late\n", way


SPOILERS = [
    pytest.param(
        "import threading, time\nthreading.Thread(target=time.sleep, args=(99,), daemon=True).start()",
        "thread",
        id="thread",
    ),
    pytest.param("import sys\nsys.setrecursionlimit(1234)", "recursion limit", id="limit"),
    pytest.param("from IPython import get_ipython\nshell = get_ipython()", "keeps the running", id="shell"),
    pytest.param("get_ipython().push({})", "shell for push", id="shell-asked"),
    pytest.param("open('written.txt', 'w').close()", "written.txt", id="file"),
    pytest.param("import warnings\nwarnings.resetwarnings()", "filters", id="filters"),
    pytest.param("import os\nos.kill(os.getpid(), 9)", "ends the interpreter", id="death"),
    pytest.param(
        "import sys, types\nsys.modules['spoiler.part'] = types.ModuleType('spoiler.part')\nraise ValueError",
        "its import fails",
        id="half-a-package",
    ),
]


@pytest.mark.parametrize(("source", "why"), SPOILERS)
def test_an_import_that_spoils_the_fork_server_is_remembered(
    forked: Bench, installed: Callable[..., Any], source: str, why: str
) -> None:
    installed(spoiler=source)
    first = forked.run("print(1)", step="a", imports=("spoiler",))
    assert "spoiler" in first.cold_reason
    assert why in first.cold_reason
    assert "not forked" in forked.log("a")
    assert forked.run("print(1)", step="b", imports=("spoiler",)).cold_reason == ""
    known = json.loads((forked.folder / "memory.json").read_text())
    assert list(known[sys.executable]) == ["spoiler"]


def test_what_imports_change_comes_with_the_import(forked: Bench, installed: Callable[..., Any]) -> None:
    installed(changer="""
        import os, warnings
        os.environ["CHANGED"] = "yes"
        warnings.simplefilter("error", BytesWarning)
    """)  # fmt: skip
    look = "print(os.environ.get('CHANGED'), any(f[2] is BytesWarning for f in warnings.filters))"
    forked.run(f"import os, warnings\n{look}\nimport changer\n{look}", imports=("changer",))
    assert text_of(forked) == "None False\nyes True\n"


def test_an_import_sees_what_a_kernel_has(forked: Bench, bench: Bench, installed: Callable[..., Any]) -> None:
    installed(looker="""
        import builtins, doctest, os, sys
        main = sys.modules["__main__"]
        seen = [os.path.basename(sys.argv[0]), hasattr(main, "__file__"), hasattr(builtins, "__IPYTHON__"),
                hasattr(builtins, "display"), doctest._OutputRedirectingPdb.__mro__[1].__module__]
    """)  # fmt: skip
    for one, step in ((forked, "forked"), (bench, "started")):
        one.run("import looker\nprint(looker.seen)", step=step, imports=("looker",))
    assert text_of(forked, "forked") == text_of(bench, "started")


LEAVER = """
import atexit, logging, os
log = logging.getLogger("leaver.inner")
path = os.path.join(os.getcwd(), "left.txt")
atexit.register(lambda: open(path, "w").close())
"""


def test_exit_handlers_of_modules_run_where_they_are_imported(
    forked: Bench, installed: Callable[..., Any]
) -> None:
    installed(leaver=LEAVER)
    forked.run("1", step="without", imports=("leaver",))
    forked.executor._reaper.close()
    assert not (forked.folder / "left.txt").exists()
    forked.run("import leaver", step="with", imports=("leaver",))
    forked.executor._reaper.close()
    assert (forked.folder / "left.txt").exists()


def test_whoever_configures_all_loggers_meets_those_of_imported_modules(
    forked: Bench, installed: Callable[..., Any]
) -> None:
    installed(leaver=LEAVER)
    configure = "import logging.config\nlogging.config.dictConfig({'version': 1})\n"
    look = "print(logging.getLogger('leaver.inner') is leaver.log, leaver.log.disabled)"
    for step, code in (("late", f"{configure}import leaver\n"), ("early", f"import leaver\n{configure}")):
        forked.run(code + look, step=step, imports=("leaver",))
    assert [text_of(forked, step) for step in ("late", "early")] == ["True False\n", "True True\n"]


def test_a_module_that_takes_hold_of_stdout_prints_into_the_cell(
    forked: Bench, installed: Callable[..., Any]
) -> None:
    installed(holder="import sys\nheld = sys.stdout")
    forked.run("import holder\nprint('here', file=holder.held)", imports=("holder",))
    assert text_of(forked) == "here\n"


SAYER = """
import sys, warnings
from IPython import get_ipython
shell = get_ipython()
print("IPKernelApp" in shell.config, type(shell).__name__, shell.__class__, hasattr(shell, "kernel"))
print(isinstance(shell, sys.modules["ipykernel.zmqshell"].ZMQInteractiveShell), bool(shell.kernel))
del shell
sys.stderr.write("to the other stream\\n")
warnings.warn("about the importer", stacklevel=2)
warnings.warn("about itself")
"""
SILENCER = """
import warnings
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import sayer
"""


def test_what_a_module_says_at_its_import_is_said_where_it_is_imported(
    forked: Bench, bench: Bench, installed: Callable[..., Any]
) -> None:
    installed(sayer=SAYER, silencer=SILENCER)
    for module in ("sayer", "silencer"):
        said = []
        for one, way in ((forked, "forked"), (bench, "started")):
            ran = one.run(f"import {module}", step=module + way, imports=("sayer", "silencer"))
            assert ran.cold_reason == ""
            text = re.sub(r"ipykernel_\d+", "ipykernel", text_of(one, module + way))
            said.append(sorted(text.splitlines()))
        assert said[0] == said[1]
        assert len(said[0]) == {"sayer": 7, "silencer": 3}[module]


def test_a_module_is_connected_to_the_shell_of_its_kernel(
    forked: Bench, installed: Callable[..., Any]
) -> None:
    installed(ipywidgets="""
        from IPython import get_ipython
        connected = []
        def _handle_ipython():
            if get_ipython() is not None:
                connected.append(type(get_ipython()).__module__)
        _handle_ipython()
    """)  # fmt: skip
    code = "import ipywidgets\nprint(ipywidgets.connected)"
    assert forked.run(code, imports=("ipywidgets",)).cold_reason == ""
    assert text_of(forked) == "['ipykernel.zmqshell']\n"


def test_the_next_kernel_is_forked_after_one_that_died(forked: Bench) -> None:
    died = forked.run("import os; os.kill(os.getpid(), 9)")
    assert died.ending is Ending.DIED
    assert re.search(r"SIGKILL.*out of memory.*it had \d+ MB", died.message)  # asked, or told
    assert forked.run("print('next')", step="next").cold_reason == ""


def test_its_children_end_with_a_kernel_that_dies(forked: Bench) -> None:
    code = "import os, subprocess\nprint(subprocess.Popen(['sleep', '600']).pid, flush=True)"
    forked.run(code, "os.kill(os.getpid(), 9)")
    output = forked.outputs()[0][0]["text"]
    wait_until_gone(int(output))


def test_a_timeout_interrupts(forked: Bench) -> None:
    ended = forked.run("import time\ntime.sleep(600)", timeout_s=0.5)
    assert (ended.ending, ended.error is not None and ended.error.ename) == (
        Ending.TIMED_OUT,
        "KeyboardInterrupt",
    )


def test_random_numbers_differ_from_kernel_to_kernel(forked: Bench) -> None:
    code = (
        "import random, uuid, numpy as np\n"
        "print(random.random(), uuid.uuid4(), np.random.rand(), np.random.default_rng().random())"
    )
    for step in ("a", "b"):
        forked.run(code, step=step, imports=("numpy.random", "random", "uuid"))
    pairs = zip(text_of(forked, "a").split(), text_of(forked, "b").split(), strict=True)
    assert all(one != other for one, other in pairs)


def test_exit_handlers_and_threads_of_the_user_end_as_usual(forked: Bench) -> None:
    forked.run("import atexit\natexit.register(lambda: open('ended.txt', 'w').close())")
    forked.executor.close()
    assert (forked.folder / "ended.txt").exists()


def test_the_fork_server_is_killed(forked: Bench) -> None:
    code = (
        "import os, signal, subprocess\nsleeper = subprocess.Popen(['sleep', '600'], start_new_session=True)"
    )
    ended = forked.run(
        f"{code}\nprint(sleeper.pid, flush=True)",
        "os.kill(os.getppid(), signal.SIGKILL)\nsleeper.wait()",
        step="a",
    )
    assert (ended.ending, ended.exit_code) == (Ending.DIED, -signal.SIGKILL)
    wait_until_gone(int(text_of(forked, "a", cell=0)))
    assert forked.run("print(1)", step="b").ending is Ending.COMPLETED
    assert forked.run("print(1)", step="c").cold_reason == ""


HANGING = """
import sys
from pathlib import Path
from stepmill.execution.forking import servers
servers._own_folders = lambda: [sys.argv[1]]
server = servers.ForkServers(preload=["hanging"])
server.warm(servers.as_launch([sys.executable, "-m", "ipykernel_launcher"], {"PYTHONPATH": sys.argv[1]}, "/"))
sys.stdin.read()
server.close()
"""


@pytest.mark.parametrize("is_killed", [False, True], ids=["closed", "killed"])
def test_a_fork_server_that_hangs_ends_with_its_runner(tmp_path: Path, is_killed: bool) -> None:
    source = f"import os\nopen({str(tmp_path / 'tmp')!r}, 'w').write(f'{{os.getpid()}} {{os.getppid()}}')\n"
    source += f"os.rename({str(tmp_path / 'tmp')!r}, {str(tmp_path / 'pids')!r})\nwhile True: pass\n"
    (tmp_path / "hanging.py").write_text(source)
    runner = subprocess.Popen([sys.executable, "-c", HANGING, str(tmp_path)], stdin=subprocess.PIPE)
    while not (tmp_path / "pids").exists():
        assert runner.poll() is None
        time.sleep(0.05)
    if is_killed:
        runner.kill()
    runner.communicate()
    wait_until_gone(*map(int, (tmp_path / "pids").read_text().split()))


def test_a_kernel_in_another_environment_is_not_shared(forked: Bench) -> None:
    for number, value in enumerate(("1", "2", "1")):
        forked.run(
            "import os\nprint(os.environ['LC_NUMBER'])", step=f"s{number}", environment={"LC_NUMBER": value}
        )
        assert text_of(forked, f"s{number}") == f"{value}\n"
    assert len(forked.executor._servers._all) == 2  # type: ignore[union-attr]


def test_an_empty_variable_counts_as_none_where_ipykernel_takes_it_so(
    forked: Bench, installed: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With `MPLBACKEND=` pyplot loaded ahead drew nothing, and left its figures open."""
    monkeypatch.setenv("MPLBACKEND", "")
    installed(drawer="import os\nbackend = os.environ['MPLBACKEND']\n")
    forked.run("import drawer, os\nprint(drawer.backend == os.environ['MPLBACKEND'])", imports=("drawer",))
    assert text_of(forked) == "True\n"


def test_where_fork_is_not_to_be_had_kernels_are_started(
    forked: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(servers_module, "is_possible", lambda: False)
    ended = forked.run("print(1)")
    assert (ended.ending, "needs Linux" in ended.cold_reason) == (Ending.COMPLETED, True)


def test_steps_at_the_same_time(forked: Bench) -> None:
    tasks = [forked.task(f"print({i})", step=f"s{i}") for i in range(4)]
    threads = [threading.Thread(target=forked.executor.run, args=(t, threading.Event())) for t in tasks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [text_of(forked, f"s{i}") for i in range(4)] == [f"{i}\n" for i in range(4)]


def children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def test_nothing_leaks(forked: Bench) -> None:
    def held() -> list[int]:
        (server,) = children(forked.executor._servers._all[0].body._end.pid)  # type: ignore[union-attr]
        gc.collect()  # what earlier tests left
        return [sum(1 for _ in Path(f"/proc/{process}/fd").iterdir()) for process in ("self", server)]

    def run(*steps: str) -> None:
        for step in steps:
            forked.run("1", step=step)
            forked.executor._reaper.close()

    run("a", "b")
    time.sleep(0.5)  # the fork server closes what a kernel had when it hears of its end
    before = held()
    run("c", "d", "e", "f", "g", "h")
    deadline = time.monotonic() + 30
    while any(now > once for now, once in zip(held(), before, strict=True)):
        assert time.monotonic() < deadline, (before, held())
        time.sleep(0.1)


COMMANDS = [
    pytest.param(("python", "-m", "ipykernel_launcher", "-f", "x"), ((), ("-f", "x")), id="plain"),
    pytest.param(
        ("python", "-Xfrozen_modules=off", "-m", "ipykernel_launcher"),
        (("-Xfrozen_modules=off",), ()),
        id="option",
    ),
    pytest.param(("python", "-X", "dev", "-m", "ipykernel"), (("-X", "dev"), ()), id="option-with-value"),
]


@pytest.mark.parametrize(("command", "parts"), COMMANDS)
def test_commands_that_can_be_forked(command: tuple[str, ...], parts: Any) -> None:
    launch = as_launch(command, {}, "/")
    assert (launch.options, launch.arguments) == parts


OTHERS = ["R --slave", "python -m xeus", "python kernel.py", "conda run python -m ipykernel_launcher"]


@pytest.mark.parametrize("command", OTHERS)
def test_commands_that_cannot(command: str) -> None:
    with pytest.raises(Unforkable):
        as_launch(command.split(), {}, "/")
