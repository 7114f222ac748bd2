"""`%%step` in a real kernel: a tagged cell runs as it would without its tag."""

from __future__ import annotations

import shlex
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import nbformat
import pytest
from nbclient import NotebookClient

from kernel_magics.kernels import Kernel, started_kernel
from stepmill.notebook.body import runnable_body

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [pytest.mark.kernel, pytest.mark.filterwarnings("ignore::DeprecationWarning")]


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    with started_kernel(tmp_path_factory.mktemp("kernel")) as kernel:
        assert kernel.run("%load_ext stepmill_magics").status == "ok"
        yield kernel


SAME = [
    pytest.param("1 + 1", id="expression"),
    pytest.param("a = 5\na * 2", id="several lines"),
    pytest.param("a = 5\na * 2;", id="silenced by a semicolon"),
    pytest.param("'''\n%%step b\n'''", id="a tag inside of a string is text"),
    pytest.param("import asyncio\nawait asyncio.sleep(0)\n7", id="await at the top"),
    pytest.param("x = %env HOME\nlen(x) > 0", id="line magic assigned"),
    pytest.param("!echo hi", id="shell command"),
    pytest.param("%%bash\necho hello", id="bash below"),
    pytest.param("%%capture out\nprint('quiet')\n3", id="capture below"),
    pytest.param("\n\n%%bash\necho after blank lines", id="blank lines, then bash"),
    pytest.param("cd .", id="automagic in the only line"),
    pytest.param("%%html\n<b>x</b>", id="html below"),
    pytest.param("def f():\n    return 1\n\nf()", id="definition"),
    pytest.param("    b = 1\n    b + 1", id="indented body"),
    pytest.param("", id="empty"),
    pytest.param("# only a comment", id="comment"),
    pytest.param(">>> 1 + 2", id="pasted prompt"),
    pytest.param("len?", id="help"),
    pytest.param("1/0", id="error"),
    pytest.param("nope nope", id="syntax error"),
    pytest.param("%%nosuchmagic\nx", id="unknown cell magic"),
    pytest.param("# c\n%%bash\necho", id="comment above a cell magic"),
    pytest.param("pwd\n\n", id="no automagic before a blank line"),
]


TAGS = ["%%step train --cpus 2", "%%parameters", "%%scratch  # note", "# above\n%%step t"]


def test_out_and_underscore_hold_the_result(kernel: Kernel) -> None:
    kernel.run("%%step train\n41 + 1")
    assert kernel.value("_") == "42"
    kernel.run("%%step train\n'again'")
    assert kernel.value("Out[max(Out)]") == "'again'"


def test_history_keeps_the_cell_as_written(kernel: Kernel) -> None:
    kernel.run("%%step train --retries 1\nh = 1")
    raw = kernel.value("get_ipython().history_manager.input_hist_raw[-1]")
    assert raw == repr("%%step train --retries 1\nh = 1")


@pytest.mark.parametrize("tag", TAGS)
@pytest.mark.parametrize("body", SAME)
def test_the_body_of_a_step_notebook_gives_the_same(kernel: Kernel, body: str, tag: str) -> None:
    plain, alone = kernel.run(body), kernel.run(runnable_body(f"{tag}\n{body}"))
    assert (alone.status, alone.text, alone.results) == (plain.status, plain.text, plain.results)
    assert alone.error.split(" (")[0] == plain.error.split(" (")[0]


def test_traceback_counts_the_tag_as_line_1(kernel: Kernel) -> None:
    reply = kernel.run("%%step train\nx = 1\n\n1/0")
    assert "----> 4 1/0" in reply.traceback


def test_traceback_counts_comments_above_the_tag(kernel: Kernel) -> None:
    reply = kernel.run("# one\n# two\n%%step train\n1/0")
    assert "----> 4 1/0" in reply.traceback


def test_syntax_error_counts_the_tag_as_line_1(kernel: Kernel) -> None:
    reply = kernel.run("%%step train\nx = 1\ny = = 2")
    assert "line 3" in reply.error or "line 3" in reply.traceback


@pytest.mark.parametrize("cell", ["%%time\n%%step t\n6 * 7", "%%step t\n%%time\n6 * 7"])
def test_time_stands_above_and_below(kernel: Kernel, cell: str) -> None:
    reply = kernel.run(cell)
    assert (reply.status, reply.results) == ("ok", ["42"])
    assert "Wall time" in reply.text


@pytest.mark.parametrize("magic", ["capture caught", "prun -q", "timeit -n1 -r1"])
def test_wrapping_magics_stand_above(kernel: Kernel, magic: str) -> None:
    assert kernel.run(f"%%{magic}\n%%step t\nprint('x')").status == "ok"


def test_await_inside_a_step(kernel: Kernel) -> None:
    reply = kernel.run("%%step t\nasync def g():\n    return 9\nawait g()")
    assert reply.results == ["9"]


def test_exit_in_the_only_line_is_called(kernel: Kernel) -> None:
    transformed = kernel.run("%%step t\nprint(get_ipython().transform_cell('%%step t\\nexit'))").text
    assert transformed == "\nexit()\n\n"


BAD = [
    pytest.param("%%step\nran = True", "no name", id="no name"),
    pytest.param("%%step a/b\nran = True", "column 9", id="odd name, with its column"),
    pytest.param("%%step t --retires 2\nran = True", "did you mean --retries?", id="unknown option"),
    pytest.param("%%scratch now\nran = True", "takes no arguments", id="scratch takes none"),
    pytest.param("%%step a\n%%step b\nran = True", "a cell has one tag", id="second tag below"),
    pytest.param("%%step a\nran = True\n%%step b\n", "a cell has one tag", id="second tag further down"),
    pytest.param("%%time\n%%step a/b\nran = True", "column 9", id="below %%time"),
]


@pytest.mark.parametrize(("cell", "said"), BAD)
def test_a_wrong_tag_is_said_and_the_body_does_not_run(kernel: Kernel, cell: str, said: str) -> None:
    kernel.run("ran = False")
    reply = kernel.run(cell)
    assert reply.status == "error"
    assert said in reply.text + reply.error + reply.traceback
    assert kernel.value("ran") == "False"


def test_the_mark_stands_below_the_column(kernel: Kernel) -> None:
    reply = kernel.run("%%step train --timeout soon\n1")
    shown = (reply.text + reply.traceback).splitlines()
    line = next(i for i, text in enumerate(shown) if text.endswith("--timeout soon"))
    assert shown[line + 1].index("^") == shown[line].index("soon")


def test_whole_words_only(kernel: Kernel) -> None:
    assert "`%%steps` not found" in kernel.run("%%steps x\n1").text


def test_as_a_real_cell_magic(kernel: Kernel) -> None:
    assert kernel.run("get_ipython().run_cell_magic('step', 'train', 'm = 3\\nm + 1\\n')").results == ["4"]
    assert kernel.value("m") == "3"
    bad = kernel.run("get_ipython().run_cell_magic('step', 'a/b', 'm = 5\\n')")
    assert bad.status == "error"
    assert kernel.value("m") == "3"


def test_an_error_in_the_real_cell_magic_shows_its_line(kernel: Kernel) -> None:
    reply = kernel.run("get_ipython().run_cell_magic('step', 'train', 'm = 3\\n1/0\\n')")
    assert "----> 2 1/0" in reply.traceback


def test_is_complete_does_not_stumble_over_a_wrong_tag(kernel: Kernel) -> None:
    assert kernel.ask("is_complete", "%%step a/b\nx")["status"] in ("complete", "incomplete")


@pytest.mark.parametrize("body", ["x = 1", "x = (", "if x:\n", "def f():\n    return 1", "x = 1\n\n"])
def test_is_complete_says_what_it_says_of_any_cell_magic(kernel: Kernel, body: str) -> None:
    for tag in ("%%step train", "%%parameters", "%%scratch"):
        ours = kernel.ask("is_complete", f"{tag}\n{body}")
        assert ours == kernel.ask("is_complete", f"%%bash\n{body}")


def test_completions_inside_of_a_step_are_those_of_the_plain_cell(kernel: Kernel) -> None:
    kernel.run("completed_name = {'key_one': 1}\nimport math")
    for body in ("complet", "math.sq", "x = 1\ncompleted_name['key", "%prec", "from math import flo"):
        plain = kernel.ask("complete", body, len(body))
        tag = "%%step train\n"
        tagged = kernel.ask("complete", tag + body, len(tag + body))
        assert tagged["matches"] == plain["matches"] != []
        assert tagged["cursor_start"] == plain["cursor_start"] + len(tag)


def test_inspection_inside_of_a_step_is_that_of_the_plain_cell(kernel: Kernel) -> None:
    tagged = kernel.ask("inspect", "%%step train\nlen", len("%%step train\nlen"))
    assert tagged["found"]
    assert tagged["data"] == kernel.ask("inspect", "len", 3)["data"]


def test_completion_knows_our_magics(kernel: Kernel) -> None:
    assert "%%step" in kernel.ask("complete", "%%ste", 5)["matches"]


def test_a_string_with_a_tag_and_other_magics_is_no_second_tag(kernel: Kernel) -> None:
    reply = kernel.run("%%step a\ntext = '''\n%%step b\n'''\n!echo fine")
    assert (reply.status, reply.text.strip()) == ("ok", "fine")


def test_a_tag_written_to_a_file_is_text(kernel: Kernel) -> None:
    assert kernel.run("%%step a\n%%writefile written.txt\n%%step b\nx").status == "ok"
    assert kernel.value("open('written.txt').read()") == repr("%%step b\nx\n")


def test_loading_twice_and_reloading_leave_one_transformer(kernel: Kernel) -> None:
    kernel.run("%load_ext stepmill")
    assert kernel.run("%reload_ext stepmill_magics").status == "ok"
    count = "sum(getattr(t, 'is_stepmill', False) for t in get_ipython().input_transformers_cleanup)"
    assert kernel.value(count) == "1"
    assert kernel.run("%%step t\n1").results == ["1"]


def test_unloading_leaves_nothing_and_loading_brings_it_back(kernel: Kernel) -> None:
    assert kernel.run("%unload_ext stepmill_magics").status == "ok"
    assert "`%%step` not found" in kernel.run("%%step t\n1").text
    assert kernel.value("[n for n in get_ipython().magics_manager.magics['line'] if 'stepmill' in n]") == "[]"
    kernel.run("%load_ext stepmill_magics")
    assert kernel.run("%%step t\n1").results == ["1"]


def test_history_magics_show_the_cell_as_typed(kernel: Kernel) -> None:
    cell = "%%step train --retries 1\nremembered = 1\ncd ."
    kernel.run(cell)
    assert kernel.value("_ih[-1]") == kernel.value("In[-1]") == repr("\nremembered = 1\ncd .")
    kernel.run("raw_before = _i")
    assert kernel.value("raw_before") == repr(cell)
    assert cell in kernel.run("%history -l 3").text


def test_history_can_be_run_again(kernel: Kernel) -> None:
    kernel.run("%%step one\ncounted = 1")
    number = kernel.run("%%step two\ncounted += 1").count
    kernel.run(f"%macro -q again {number - 1}-{number}")
    kernel.run("del counted\nagain")
    kernel.run("again")
    assert kernel.value("counted") == "2"


def test_traceback_of_an_indented_body_counts_as_typed(kernel: Kernel) -> None:
    assert "----> 4 1/0" in kernel.run("%%step t\n    x = 1\n\n    1/0").traceback


def test_a_function_of_a_step_shows_its_source_and_lines(kernel: Kernel) -> None:
    kernel.run("%%step t\n\ndef shown():\n    return 1/0")
    assert "----> 4     return 1/0" in kernel.run("shown()").traceback
    printed = kernel.run("import inspect\nprint(inspect.getsource(shown))").text
    assert printed == "def shown():\n    return 1/0\n\n"


def test_an_interrupt_ends_a_step_like_any_cell(kernel: Kernel) -> None:
    cell = "%%step t\nimport time\nprint('now', flush=True)\nfor _ in range(600): time.sleep(0.1)"
    started = kernel.start(cell)
    next(content for kind, content in kernel.iopub(started, 30) if kind == "stream")
    time.sleep(0.5)  # the kernel is through with sending what was printed
    kernel.manager.interrupt_kernel()
    reply = kernel.finish(started)
    assert reply.error.startswith("KeyboardInterrupt")
    assert "----> 4 for _ in range(600)" in reply.traceback
    assert kernel.run("1").results == ["1"]


def test_post_mortem_state_is_as_ever(kernel: Kernel) -> None:
    kernel.run("%%step t\nreached = 7\nraise LookupError('x')")
    assert kernel.value("reached") == "7"
    assert kernel.value("__import__('sys').last_value") == "LookupError('x')"


def test_run_executes_the_tagged_cells_of_a_notebook(kernel: Kernel, tmp_path: Path) -> None:
    path = tmp_path / "with ünïcode and blanks.ipynb"
    cells = [
        "%load_ext stepmill",
        "%%parameters\nn = 2",
        "%%step one\n!echo shell",
        "# c\n%%step two\nm = n * 21",
    ]
    nbformat.write(_notebook(*cells), path)
    reply = kernel.run(f"%run {shlex.quote(str(path))}")
    assert reply.status == "ok"
    assert "shell" in reply.text
    assert kernel.value("m") == "42"


def test_run_in_a_step_of_a_notebook_that_fails_shows_its_error(kernel: Kernel, tmp_path: Path) -> None:
    nbformat.write(_notebook("%%step one\nx = 1\n1/0"), tmp_path / "inner.ipynb")
    reply = kernel.run(f"%%step outer\n%run {tmp_path / 'inner.ipynb'}")
    assert reply.error.startswith("ZeroDivisionError")
    assert "----> 3 1/0" in reply.traceback


def test_nbclient_executes_tagged_cells(tmp_path: Path) -> None:
    notebook = _notebook("%load_ext stepmill", "%%step a\nx = 20", "%%step b --after a\n%%time\nx + 1")
    NotebookClient(notebook, timeout=60, resources={"metadata": {"path": str(tmp_path)}}).execute()
    shown = notebook.cells[2].outputs
    assert [o.data["text/plain"] for o in shown if o.output_type == "execute_result"] == ["21"]
    assert notebook.cells[1].outputs == []


def test_nbconvert_executes_tagged_cells(tmp_path: Path) -> None:
    nbformat.write(_notebook("%load_ext stepmill", "%%step a\nprint('from a step')"), tmp_path / "n.ipynb")
    command = [sys.executable, "-m", "nbconvert", "--to", "html", "--execute", "--allow-errors", "n.ipynb"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, timeout=120)
    page = (tmp_path / "n.html").read_text(encoding="utf-8")
    assert "from a step" in page
    assert "Error" not in page.partition("<body")[2]


def test_loading_shows_nothing(kernel: Kernel) -> None:
    assert kernel.run("%reload_ext stepmill").messages == []


def test_a_tag_below_code_says_where_it_belongs(kernel: Kernel) -> None:
    reply = kernel.run("import os\n%%step a\nran = 'below'")
    assert reply.status == "error"
    assert "must be the first line of its cell" in reply.text
    assert "line 2" in reply.text


def _notebook(*sources: str) -> Any:
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    return nbformat.v4.new_notebook(cells=cells)


def test_loading_imports_nothing_heavy(tmp_path: Path) -> None:
    with started_kernel(tmp_path) as fresh:
        fresh.run("import sys; before = set(sys.modules)")
        fresh.run("%load_ext stepmill_magics")
        loaded = "sorted(m for m in set(sys.modules) - before if not m.startswith(('stepmill', 'IPython')))"
        assert fresh.value(loaded) == "[]"
        fresh.run("%%step train --timeout 1h\n1")
        heavy = "sorted({'pandas', 'numpy', 'mlflow', 'papermill', 'nbformat', 'blake3'} & set(sys.modules))"
        assert fresh.value(heavy) == "[]"
