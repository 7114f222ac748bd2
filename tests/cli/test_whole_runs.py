"""Whole runs from the command line, in processes and kernels of their own."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

import psutil
import pytest

from cli.notebooks import FAILING, GOOD, SLOW, write_notebook

pytestmark = [pytest.mark.kernel, pytest.mark.slow]
COMMAND = [sys.executable, "-m", "stepmill"]


def stepmill(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    line = [*COMMAND, *map(str, arguments)]
    return subprocess.run(line, capture_output=True, text=True, encoding="utf-8", check=False)


def last_event(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert events[0]["event"] == "run-started"
    found: dict[str, Any] = events[-1]
    assert found["event"] == "run-finished"
    return found


def processes_in(folder: Path) -> list[str]:
    """The command lines of the processes that work in `folder`, as kernels do in their notebook's."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if Path(process.cwd()) == folder:
                found.append(" ".join(process.cmdline()))
    return found


def statuses(event: dict[str, Any]) -> dict[str, str]:
    return {name: step["status"] for name, step in event["steps"].items()}


@pytest.mark.parametrize("how", [["--json"], []], ids=["json", "text"])
def test_a_run_that_nobody_reads_any_more_is_cancelled(tmp_path: Path, how: list[str]) -> None:
    notebook = write_notebook(tmp_path / "n.ipynb", SLOW)
    line = [*COMMAND, "run", str(notebook), "--no-tracking", *how]
    with subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        assert running.stdout.readline()
        running.stdout.close()
        assert running.stderr.read() == ""
    assert running.returncode == 130
    runs = json.loads(stepmill("runs", notebook, "--json").stdout)["runs"]
    assert [run["status"] for run in runs] == ["cancelled"]


def test_run_reuse_and_run_again(tmp_path: Path) -> None:
    notebook = write_notebook(tmp_path / "a b.ipynb", GOOD)
    before = notebook.read_bytes()
    first = last_event(stepmill("run", notebook, "--json", "--no-tracking"))
    assert set(statuses(first).values()) == {"executed"}
    assert (first["schema"], first["status"], first["mlflow_run_id"]) == (1, "succeeded", None)
    assert Path(first["notebook"]).is_file()

    second = stepmill("run", notebook, "-p", "alpha=2", "--json", "--no-tracking")
    assert second.returncode == 0
    assert statuses(last_event(second)) == {"load": "cached", "order": "cached", "scale": "executed"}

    third = stepmill("run", notebook, "--no-tracking")
    assert third.returncode == 0
    assert third.stderr == ""
    assert "\x1b" not in third.stdout
    assert "succeeded: 3 steps: 3 cached" in third.stdout

    plan = stepmill("plan", notebook)
    assert "nothing to run" in plan.stdout
    runs = json.loads(stepmill("runs", "--project", tmp_path, "--json").stdout)["runs"]
    assert [run["parameters"]["alpha"] for run in runs] == [0.5, 2, 0.5]
    assert "alpha 0.5 → 2.0" in stepmill("runs", "--project", tmp_path).stdout
    shown = stepmill("show", first["run_id"], "--project", tmp_path)
    assert first["steps"]["load"]["outputs"]["values"][:12] in shown.stdout
    assert notebook.read_bytes() == before


def test_a_failing_step_shows_the_users_own_traceback(tmp_path: Path) -> None:
    notebook = write_notebook(tmp_path / "n.ipynb", FAILING)
    unknown = stepmill("run", notebook, "--follow", "brocken")
    assert (unknown.returncode, "did you mean 'broken'?" in unknown.stderr) == (2, True)
    done = stepmill("run", notebook, "--no-tracking", "--follow", "scale")
    assert done.returncode == 1
    about = [line.split()[:2] for line in done.stdout.splitlines() if line.startswith(("scale ", "│ ", "| "))]
    assert about[0] == ["scale", "running"]
    assert about[1][1] == "[0.5,"
    assert about[2] == ["scale", "executed"]
    assert done.stderr == ""
    assert "ZeroDivisionError: float division by zero" in done.stdout
    assert f"--> {notebook}, cell [4], line 2" in done.stdout
    assert "----> 2 nothing = scaled[0] / 0" in done.stdout
    assert "site-packages" not in done.stdout
    again = stepmill("run", notebook, "--json", "--no-tracking")
    assert again.returncode == 1
    found = last_event(again)
    assert found["status"] == "failed"
    assert statuses(found) == {
        **dict.fromkeys(("load", "order", "scale"), "cached"),
        "broken": "failed",
        "after_broken": "skipped",
    }


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for one process")
@pytest.mark.parametrize("number", [getattr(signal, n, None) for n in ("SIGINT", "SIGTERM", "SIGHUP")])
def test_an_interrupted_run_is_reported_and_leaves_no_kernel(number: signal.Signals, tmp_path: Path) -> None:
    notebook = write_notebook(tmp_path / "n.ipynb", SLOW)
    line = [*COMMAND, "run", str(notebook), "--json", "--no-tracking"]
    with subprocess.Popen(line, stdout=subprocess.PIPE, text=True, start_new_session=True) as process:
        assert process.stdout is not None
        lines = []
        for text in process.stdout:
            lines.append(json.loads(text))
            if lines[-1]["event"] == "step-started" and lines[-1]["step"] == "slow":
                assert processes_in(tmp_path)
                process.send_signal(number)
        code = process.wait()
    assert code == 130, lines[-1]
    assert lines[-1]["status"] == "cancelled"
    assert statuses(lines[-1])["slow"] == "cancelled"
    assert statuses(lines[-1])["scale"] == "executed"
    assert processes_in(tmp_path) == []


def test_a_second_run_in_one_project_is_refused(tmp_path: Path) -> None:
    notebook = write_notebook(tmp_path / "n.ipynb", SLOW)
    with subprocess.Popen(
        [*COMMAND, "run", str(notebook), "--json"], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        second = stepmill("run", notebook, "--json")
        doctor = stepmill("doctor", "--project", tmp_path)
        process.send_signal(signal.SIGINT)
        process.stdout.read()
    assert second.returncode == 1
    assert json.loads(second.stdout)["error"]["code"] == "SM050"
    assert "held by run" in doctor.stdout


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for one process")
def test_ui_serves_until_it_is_interrupted(tmp_path: Path) -> None:
    notebook = write_notebook(tmp_path / "n.ipynb", GOOD)
    assert last_event(stepmill("run", notebook, "--json"))["mlflow_run_id"]
    line = [*COMMAND, "ui", "--no-browser", "--project", str(tmp_path)]
    with subprocess.Popen(
        line, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONUNBUFFERED": "1"}
    ) as ui:
        assert ui.stdout is not None
        address = next(text.split()[0] for text in ui.stdout if text.startswith("http://127.0.0.1:"))
        with urllib.request.urlopen(address, timeout=60) as page:
            assert b"MLflow" in page.read()
        ui.send_signal(signal.SIGINT)
        assert ui.wait() == 0
    host, port = address.removeprefix("http://").split(":")
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((host, int(port)), timeout=5).close()


def test_parameters_come_from_a_file_or_from_standard_input(tmp_path: Path) -> None:
    notebook = write_notebook(tmp_path / "n.ipynb", GOOD)
    values = tmp_path / "values.json"
    values.write_text('{"alpha": 2}')
    run = [*COMMAND, "run", "--json", "--no-tracking", "--parameters"]
    done = subprocess.run([*run, values, notebook], capture_output=True, text=True, check=True)
    assert last_event(done)["parameters"] == {"alpha": 2}
    both = [*run, "-", "-p", "alpha=3", notebook]
    done = subprocess.run(both, input='{"alpha": 1}', capture_output=True, text=True, check=True)
    assert last_event(done)["parameters"] == {"alpha": 3}
    for text, said in [("[1]", "no JSON object"), ("{", "Expecting"), ('{"alpha": "2"}', "takes a float")]:
        done = subprocess.run([*run, "-", notebook], input=text, capture_output=True, text=True, check=False)
        assert (done.returncode, said in json.loads(done.stdout)["error"]["message"]) == (2, True)
