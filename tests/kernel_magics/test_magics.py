"""`%%step` in a real kernel: a tagged cell runs as it would without its tag."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from jupyter_client.manager import start_new_kernel

from stepmill.notebook.body import runnable_body

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from jupyter_client.blocking import BlockingKernelClient

pytestmark = [pytest.mark.kernel, pytest.mark.filterwarnings("ignore::DeprecationWarning")]

_COLOURS = re.compile(r"\x1b\[[0-9;]*m")


@dataclass
class Reply:
    """What one executed cell gave."""

    status: str = ""
    text: str = ""
    results: list[str] = field(default_factory=list)
    error: str = ""
    traceback: str = ""


class Kernel:
    def __init__(self, client: BlockingKernelClient) -> None:
        self.client = client

    def run(self, code: str, *, keep_history: bool = True) -> Reply:
        reply = Reply()

        def hear(message: dict[str, Any]) -> None:
            content, kind = message["content"], message["msg_type"]
            if kind == "stream":
                reply.text += content["text"]
            elif kind in ("execute_result", "display_data"):
                reply.results.append(content["data"]["text/plain"])
            elif kind == "error":
                reply.error = f"{content['ename']}: {content['evalue']}"
                reply.traceback = _COLOURS.sub("", "\n".join(content["traceback"]))

        answer = self.client.execute_interactive(
            code, output_hook=hear, timeout=60, store_history=keep_history, allow_stdin=False
        )
        reply.status = answer["content"]["status"]
        return reply

    def value(self, expression: str) -> str:
        return self.run(f"print(repr({expression}), end='')").text


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    manager, client = start_new_kernel(kernel_name="python3", cwd=str(tmp_path_factory.mktemp("kernel")))
    kernel = Kernel(client)
    assert kernel.run("%load_ext stepmill_magics").status == "ok"
    yield kernel
    client.stop_channels()
    manager.shutdown_kernel(now=True)


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


@pytest.mark.parametrize("tag", TAGS)
@pytest.mark.parametrize("body", SAME)
def test_a_tagged_cell_gives_what_the_plain_cell_gives(kernel: Kernel, body: str, tag: str) -> None:
    plain, tagged = kernel.run(body), kernel.run(f"{tag}\n{body}")
    assert tagged.status == plain.status
    assert tagged.text == plain.text
    assert tagged.results == plain.results
    assert tagged.error.split(" (")[0] == plain.error.split(" (")[0]  # behind it stand file and line


def test_out_and_underscore_hold_the_result(kernel: Kernel) -> None:
    kernel.run("%%step train\n41 + 1")
    assert kernel.value("_") == "42"
    kernel.run("%%step train\n'again'")
    assert kernel.value("Out[max(Out)]") == "'again'"


def test_history_keeps_the_cell_as_written(kernel: Kernel) -> None:
    kernel.run("%%step train --retries 1\nh = 1")
    raw = kernel.value("get_ipython().history_manager.input_hist_raw[-2]")
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
    message_id = kernel.client.is_complete("%%step a/b\nx")
    reply = kernel.client.get_shell_msg(timeout=30)
    while reply["parent_header"].get("msg_id") != message_id:
        reply = kernel.client.get_shell_msg(timeout=30)
    assert reply["content"]["status"] in ("complete", "incomplete")


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


def test_loading_imports_nothing_heavy(tmp_path: Path) -> None:
    manager, client = start_new_kernel(kernel_name="python3", cwd=str(tmp_path))
    try:
        fresh = Kernel(client)
        fresh.run("import sys; before = set(sys.modules)")
        fresh.run("%load_ext stepmill_magics")
        loaded = "sorted(m for m in set(sys.modules) - before if not m.startswith(('stepmill', 'IPython')))"
        assert fresh.value(loaded) == "[]"
        fresh.run("%%step train --timeout 1h\n1")
        heavy = "sorted({'pandas', 'numpy', 'mlflow', 'papermill', 'nbformat', 'blake3'} & set(sys.modules))"
        assert fresh.value(heavy) == "[]"
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
