from __future__ import annotations

import asyncio
import io
import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import nbformat
import papermill
import pytest
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from papermill.exceptions import PapermillExecutionError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ORDERS = [
    pytest.param("import stepmill.execution.engine, papermill", id="ours-first"),
    pytest.param("import papermill, stepmill.execution.engine", id="papermill-first"),
    pytest.param("import stepmill.execution.client, papermill", id="client-first"),
    pytest.param("import stepmill.execution.kernel, papermill", id="kernel-first"),
]


@pytest.mark.parametrize("imports", ORDERS)
def test_papermill_finds_the_engine_whatever_is_imported_first(imports: str) -> None:
    check = "from papermill.engines import papermill_engines as e; print(e.get_engine('stepmill').__name__)"
    done = subprocess.run([sys.executable, "-c", f"{imports}; {check}"], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("StepmillEngine\n", "")


def test_the_executor_is_light_until_it_runs() -> None:
    check = (
        "import sys, stepmill.execution.executors.local, stepmill.execution.engine; "
        "print([m for m in ('papermill', 'nbclient', 'zmq', 'nbformat', 'IPython') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True)
    assert done.stdout == "[]\n"


def run(notebook: Any, path: Path, **options: Any) -> Any:
    source = path.with_name("in.ipynb")
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    source.write_text(nbformat.writes(notebook), "utf-8")
    return papermill.execute_notebook(
        str(source), str(path), engine_name="stepmill", progress_bar=False, **options
    )


@pytest.mark.kernel
def test_as_an_engine_of_papermill(tmp_path: Path, step_notebook: Callable[..., Any]) -> None:
    stdout = io.StringIO()
    nb = run(step_notebook("x = 1", "print(x)"), tmp_path / "out.ipynb", stdout_file=stdout)
    assert stdout.getvalue() == "1\n"
    saved = json.loads((tmp_path / "out.ipynb").read_text("utf-8"))
    assert [c["metadata"]["papermill"]["status"] for c in saved["cells"]] == ["completed"] * len(nb.cells)


@pytest.mark.kernel
def test_papermill_raises_for_a_failing_cell_and_keeps_the_notebook(
    tmp_path: Path, step_notebook: Callable[..., Any]
) -> None:
    with pytest.raises(PapermillExecutionError, match="ZeroDivisionError"):
        run(step_notebook("1 / 0"), tmp_path / "out.ipynb")
    assert "ZeroDivisionError" in (tmp_path / "out.ipynb").read_text("utf-8")


@pytest.mark.kernel
def test_papermill_hears_of_a_dead_kernel_and_the_notebook_is_saved(
    tmp_path: Path, step_notebook: Callable[..., Any]
) -> None:
    with pytest.raises(DeadKernelError, match="exit code 4"):
        run(step_notebook("import os", "os._exit(4)"), tmp_path / "out.ipynb")
    assert "exit code 4" in (tmp_path / "out.ipynb").read_text("utf-8")


@pytest.mark.kernel
def test_papermills_timeout_for_a_cell(tmp_path: Path, step_notebook: Callable[..., Any]) -> None:
    with pytest.raises(CellTimeoutError):
        run(step_notebook("import time; time.sleep(600)"), tmp_path / "out.ipynb", execution_timeout=1)


@pytest.mark.kernel
def test_where_an_event_loop_already_runs(tmp_path: Path, step_notebook: Callable[..., Any]) -> None:
    async def inside() -> Any:
        return run(step_notebook("40 + 2"), tmp_path / "out.ipynb")

    with asyncio.Runner() as runner:
        nb = runner.run(inside())
    assert nb.cells[0].outputs[0].data["text/plain"] == "42"


@pytest.mark.kernel
def test_it_saves_once(
    tmp_path: Path, step_notebook: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    import papermill.engines

    saves: list[Any] = []
    monkeypatch.setattr(papermill.engines, "write_ipynb", lambda *args: saves.append(args))
    run(step_notebook(*["1"] * 10), tmp_path / "out.ipynb")
    assert len(saves) == 1
