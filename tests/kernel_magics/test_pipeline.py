"""`%pipeline` in real kernels, on real notebooks, with the real command line as its child."""

from __future__ import annotations

import json
import os
import sys
import time
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

from kernel_magics.kernels import Kernel, Reply, started_kernel
from kernel_magics.notebooks import write_cells

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [pytest.mark.kernel, pytest.mark.filterwarnings("ignore::DeprecationWarning")]

CELLS = (
    "%load_ext stepmill",
    "%%parameters\nalpha = 2",
    "%%step load\nx = [1, 2, 3]",
    "%%step total --metrics score\nscore = sum(x) * alpha",
    "%%step report\ntext = f'score {score}'",
)
HEAVY = ("mlflow", "papermill", "click", "rich", "nbformat", "jupyter_server", "matplotlib", "stepmill.api")


class Desk:
    """A folder with one notebook, and a kernel in it that has loaded us."""

    def __init__(self, folder: Path, kernel: Kernel) -> None:
        self.folder = folder
        self.kernel = kernel
        self.notebook = folder / "scores für alle.ipynb"

    def write(self, *cells: str) -> None:
        write_cells(self.notebook, *cells)

    def run(self, line: str) -> Reply:
        return self.kernel.run(line, timeout_s=120)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    folder = tmp_path_factory.mktemp("a folder") / "with blanks"
    folder.mkdir()
    (folder / "pyproject.toml").write_text("")
    with started_kernel(folder, JPY_SESSION_NAME=str(folder / "scores für alle.ipynb")) as kernel:
        assert kernel.run("%load_ext stepmill").messages == []
        yield Desk(folder, kernel)


@pytest.fixture
def desk(shared: Desk) -> Desk:
    shared.kernel.run(f"%cd -q {shared.folder}")
    shared.write(*CELLS)
    return shared


# Drawing


def test_alone_it_draws_a_picture_and_a_text(desk: Desk) -> None:
    reply = desk.run("%pipeline")
    [bundle] = reply.bundles
    texts = [text.text for text in ET.fromstring(bundle["image/svg+xml"]).iter() if text.text]
    assert {"load", "total", "report", "x", "score", "alpha = 2"} <= set(texts)
    assert "<script" not in bundle["image/svg+xml"]
    assert "takes x from load" in bundle["text/plain"]
    assert reply.text == ""


def test_a_notebook_without_steps_hears_what_to_do(desk: Desk) -> None:
    desk.write("import os", "x = 1")
    reply = desk.run("%pipeline")
    assert reply.status == "ok"
    assert "has no steps yet. Put %%step NAME on the first line" in reply.text
    assert "%pipeline suggest proposes steps" in reply.text


def test_problems_are_pointed_at(desk: Desk) -> None:
    desk.write("%%step a\nx = 1", "y = x", "%%step b\nz = y")
    assert "1 error: %pipeline check" in desk.run("%pipeline").text
    assert "SM304" in desk.run("%pipeline check").said


def test_options_make_it_text(desk: Desk) -> None:
    assert "flowchart" in desk.run("%pipeline graph --format mermaid").text
    assert "given in cell [2]" in desk.run("%pipeline --explain").said


# Running


def test_a_run_is_drawn_in_place_and_ends_in_a_table(desk: Desk) -> None:
    desk.write(*CELLS, f"%%step last\nfresh = {time.time()}")
    reply = desk.run("%pipeline run --no-tracking")
    assert reply.status == "ok"
    kinds = [kind for kind, _ in reply.messages]
    assert kinds[0] == "display_data"
    assert set(kinds[1:]) == {"update_display_data"}
    identities = {content["transient"]["display_id"] for _, content in reply.messages}
    assert len(identities) == 1
    assert "running" in reply.results[-2] or "executed" in reply.results[-2]
    final = reply.results[-1]
    assert "succeeded: 4 steps: 4 executed" in final
    assert "no earlier result is stored" in final
    assert "metrics: score=12" in final
    assert "<table>" in reply.bundles[-1]["text/html"]
    assert "score=12" in reply.bundles[-1]["text/html"]


def test_what_was_reused_and_why_is_said(desk: Desk) -> None:
    desk.run("%pipeline run --no-tracking")
    reply = desk.run("%pipeline run --no-tracking -p alpha=3")
    lines = {line.split()[1]: line for line in reply.results[-1].splitlines() if line.startswith("  ")}
    assert "cached" in lines["load"]
    assert "nothing changed" in lines["load"]
    assert "executed" in lines["total"]
    assert "alpha" in lines["total"]


def test_the_kernel_stays_light(desk: Desk) -> None:
    desk.run("%pipeline run --no-tracking")
    desk.run("%pipeline")
    assert desk.kernel.value(f"[m for m in {HEAVY!r} if m in __import__('sys').modules]") == "[]"


def test_a_failure_shows_step_cell_line_and_the_end_of_the_traceback(desk: Desk) -> None:
    desk.write(*CELLS[:3], "%%step total\nscore = sum(x)\n\nraise ValueError('too <small>')", CELLS[4])
    reply = desk.run("%pipeline run --no-tracking")
    assert reply.status == "error"
    assert reply.error.startswith("PipelineFailed")
    assert "failed: total" in reply.error
    final = reply.results[-1]
    assert "step total failed in cell [3], line 4: ValueError: too <small>" in final
    assert "----> 4 raise ValueError" in final
    assert "skipped" in final
    assert "too &lt;small&gt;" in reply.bundles[-1]["text/html"]
    assert "following.py" not in reply.traceback


def test_a_refused_notebook_shows_all_places(desk: Desk) -> None:
    desk.write("%%step a\nx = 1", "y = x", "%%step b\nz = y")
    reply = desk.run("%pipeline run")
    assert reply.status == "error"
    assert "cell [2], line 2" in reply.said
    assert "hint: tag cell [1]" in reply.said


def test_wrong_options_are_errors_of_one_glance(desk: Desk) -> None:
    for line, said in (
        ("run -p beta=1", "there is no parameter 'beta'"),
        ("run --jbos 3", "--jobs"),
        ("why nosuch", "has no step 'nosuch'"),
        ("runn", "did you mean `%pipeline run`?"),
        ("plan nosuch.ipynb", "there is no notebook nosuch.ipynb"),
    ):
        reply = desk.run(f"%pipeline {line}")
        assert reply.status == "error"
        assert said in reply.said
        assert "Traceback" not in reply.said


def test_an_interrupt_detaches_and_the_run_goes_on(desk: Desk) -> None:
    marker = desk.folder / "ended"
    wait = f"import time, pathlib\ntime.sleep(4)\n_ = pathlib.Path({str(marker)!r}).write_text('yes')"
    desk.write(f"%%step slow --no-cache\n{wait}")
    started = desk.kernel.start("%pipeline run --no-tracking")
    for _, content in desk.kernel.iopub(started, 60):
        if "running" in content.get("data", {}).get("text/plain", "").partition("\n")[2]:
            break
    desk.kernel.manager.interrupt_kernel()
    reply = desk.kernel.finish(started)
    assert reply.status == "ok"
    assert "detached: run" in reply.text
    assert "%pipeline follow" in reply.text
    followed = desk.run("%pipeline follow")
    assert "succeeded: 1 step: 1 executed" in followed.results[-1]
    assert marker.read_text() == "yes"


def test_a_detached_run_can_be_stopped(desk: Desk) -> None:
    desk.write("%%step slow --no-cache\nimport time\ntime.sleep(60)")
    started = desk.kernel.start("%pipeline run --no-tracking")
    for _, content in desk.kernel.iopub(started, 60):
        if "running" in content.get("data", {}).get("text/plain", "").partition("\n")[2]:
            break
    desk.kernel.manager.interrupt_kernel()
    desk.kernel.finish(started)
    assert "is over: cancelled" in desk.run("%pipeline stop").text


# Other commands


def test_plan_why_step_runs_and_show_pass_through(desk: Desk) -> None:
    desk.run("%pipeline run --no-tracking")
    assert "nothing to run: all results are there" in desk.run("%pipeline plan").said
    assert "nothing changed" in desk.run("%pipeline why total").said
    assert "gives score" in desk.run("%pipeline step total").said
    runs = desk.run("%pipeline runs -n 1").said
    assert "succeeded" in runs
    desk.kernel.run("%cd -q /")
    assert "score=12" in desk.run("%pipeline show").said
    assert "Replace the value of a notebook parameter" in desk.run("%pipeline plan --help").said
    assert "restore" in desk.run("%pipeline --help").said


def test_colours_are_for_people_and_json_for_programs(desk: Desk) -> None:
    assert "\x1b[" in desk.run("%pipeline plan").text
    assert json.loads(desk.run("%pipeline plan --json").text)["schema"] == 1


# Which notebook


def test_an_argument_wins_from_any_folder(desk: Desk, tmp_path: Path) -> None:
    other = write_cells(tmp_path / "óther one.ipynb", "%%step only\nq = 1")
    assert "only" in desk.run(f"%pipeline graph '{other}'").results[0]
    desk.kernel.run(f"%cd -q {tmp_path}")
    assert "only" in desk.run("%pipeline 'óther one.ipynb'").results[0]
    assert "total" in desk.run("%pipeline").results[0]


def test_vs_code_says_which_it_is(desk: Desk, tmp_path: Path) -> None:
    other = write_cells(tmp_path / "code.ipynb", "%%step only\nq = 1")
    desk.kernel.run(f"__vsc_ipynb_file__ = {str(other)!r}")
    assert "only" in desk.run("%pipeline").results[0]
    desk.kernel.run("del __vsc_ipynb_file__")


def test_without_a_front_end_it_never_guesses(tmp_path: Path) -> None:
    with started_kernel(tmp_path, JPY_SESSION_NAME="") as kernel:
        kernel.run("%load_ext stepmill")
        assert "there is none in" in kernel.run("%pipeline").said
        write_cells(tmp_path / "one.ipynb", *CELLS)
        reply = kernel.run("%pipeline")
        assert "one.ipynb: the only notebook in" in reply.text
        assert "total" in reply.results[0]
        write_cells(tmp_path / "two.ipynb", *CELLS)
        reply = kernel.run("%pipeline run")
        assert "cannot tell which notebook this is: in" in reply.said
        assert "one.ipynb, two.ipynb" in reply.said
        (tmp_path / "two.ipynb").unlink()
        kernel.run("something = 1", cell_id="of-another-notebook")
        assert "has none of the cells of this session" in kernel.run("%pipeline").said


def test_a_name_from_before_a_rename_is_not_used(tmp_path: Path) -> None:
    with started_kernel(tmp_path, JPY_SESSION_NAME=str(tmp_path / "old.ipynb")) as kernel:
        kernel.run("%load_ext stepmill")
        write_cells(tmp_path / "new.ipynb", *CELLS)
        assert "new.ipynb: the only notebook" in kernel.run("%pipeline").said


# Unsaved changes


def test_unsaved_changes_stop_a_run_and_are_said_elsewhere(desk: Desk) -> None:
    changed = "%%step load\nx = [100]"
    assert desk.kernel.run(changed, cell_id="c2").status == "ok"
    refused = desk.run("%pipeline run --no-tracking")
    assert refused.status == "error"
    assert "unsaved changes in cell 2" in refused.said
    assert "%pipeline run --saved" in refused.said
    assert "note: unsaved changes in cell 2" in desk.run("%pipeline plan").said
    assert desk.run("%pipeline run --saved --no-tracking").status == "ok"
    desk.write(*CELLS[:2], changed, *CELLS[3:])
    assert desk.run("%pipeline run --no-tracking").status == "ok"


# In a terminal


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_ipython_in_a_terminal_gets_lines(tmp_path: Path) -> None:
    import pexpect

    write_cells(tmp_path / "plain.ipynb", *CELLS)
    (tmp_path / "pyproject.toml").write_text("")
    environment = {**os.environ, "IPYTHONDIR": str(tmp_path / "ipython"), "TERM": "dumb", "COLUMNS": "120"}
    arguments = ["-m", "IPython", "--simple-prompt", "--no-banner", "--colors=NoColor"]
    shell = pexpect.spawn(
        sys.executable,
        arguments,
        cwd=str(tmp_path),
        env=environment,
        encoding="utf-8",
        timeout=90,
        echo=False,
    )
    try:
        for line, shown in (
            ("%load_ext stepmill", ""),
            ("%pipeline", "takes x from load"),
            ("%pipeline run --no-tracking", "reading the notebook"),
        ):
            shell.expect_exact("In [")
            shell.sendline(line)
            shell.expect_exact(shown)
        shell.expect_exact("load    executed")
        shell.expect_exact("3 steps: 3 executed")
        shell.expect_exact("metrics: score=12")
    finally:
        shell.terminate(force=True)
        shell.close()


def test_unloading_takes_pipeline_away(tmp_path: Path) -> None:
    with started_kernel(tmp_path) as kernel:
        kernel.run("%load_ext stepmill")
        completed = kernel.ask("complete", "%pipeline re", len("%pipeline re"))
        assert "restore" in completed["matches"]
        kernel.run("%reload_ext stepmill")
        count = (
            "sum(type(c).__name__ == 'ExecutedCells' for c in get_ipython().events.callbacks['pre_run_cell'])"
        )
        assert kernel.value(count) == "1"
        kernel.run("%unload_ext stepmill")
        assert kernel.value(count) == "0"
        assert "`%pipeline` not found" in kernel.run("%pipeline").said
