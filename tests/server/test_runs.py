"""Runs that the panel starts, with real kernels."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from server.conftest import Site
from stepmill.server.launch import RunRequest

pytestmark = pytest.mark.kernel

CELLS = (
    "%%parameters\nalpha = 0.1\ntitle = 'a'\ntags = ['x']\nlimit: int | None = None",
    "%%step load\nx = [alpha, title, tags, limit]",
    "%%step show --metrics n\nn = len(x)\nprint(x)",
)


async def test_a_run_is_started_followed_and_listed(site: Site) -> None:
    site.write("a b%é.ipynb", *CELLS)
    listener = await site.listen("a b%é.ipynb")
    values = {"alpha": 0.5, "title": "$(touch pwned) `x` ; é\n", "tags": ["y", "z"], "limit": 3}
    reply = await site.ask("runs", {"path": "a b%é.ipynb", "parameters": values})
    assert reply.status == 201
    run_id = reply.document["run_id"]
    await listener.until(lambda: "run-finished" in listener.kinds)
    last = listener.events[-1]
    assert (last["run_id"], last["status"], last["parameters"]) == (run_id, "succeeded", values)
    assert {name: step["status"] for name, step in last["steps"].items()} == {
        "load": "executed",
        "show": "executed",
    }
    assert last["metrics"] == {"n": 4}
    assert listener.kinds[:3] == ["run-started", "run-planned", "step-started"]
    assert "step-progress" in listener.kinds
    await listener.close()
    document = (await site.ask(f"runs/{run_id}", path="a b%é.ipynb")).document
    assert document["steps"] == last["steps"]
    listed = (await site.ask("runs", path="a b%é.ipynb")).document["runs"]
    assert [run["run_id"] for run in listed] == [run_id]
    assert not list(site.root.rglob("pwned"))
    printed = (site.root / f".stepmill/runs/{run_id}/notebook.ipynb").read_text()
    assert "[0.5, '$(touch pwned) `x` ; é" in printed

    plan = (await site.ask("plan", {"path": "a b%é.ipynb", "parameters": values})).document
    assert [step["status"] for step in plan["steps"]] == ["cached", "cached"]
    again = await site.ask("runs", {"path": "a b%é.ipynb", "parameters": values, "refresh": ["show"]})
    end = await site.until_over(again.document["run_id"], "a b%é.ipynb")
    assert {name: step["status"] for name, step in end["steps"].items()} == {
        "load": "cached",
        "show": "executed",
    }


async def test_a_failure_says_where(site: Site) -> None:
    site.write("nb.ipynb", "%%step a\nx = 1\n\nx / 0", "%%step b\nprint(x)")
    run_id = (await site.ask("runs", {"path": "nb.ipynb"})).document["run_id"]
    end = await site.until_over(run_id, "nb.ipynb")
    assert end["status"] == "failed"
    error = end["steps"]["a"]["error"]
    assert (error["cell"], error["line"], error["ename"]) == (0, 4, "ZeroDivisionError")
    assert "division by zero" in error["traceback"]
    assert end["steps"]["b"]["status"] == "skipped"


async def test_a_run_is_cancelled_and_a_second_one_waits_its_turn(site: Site) -> None:
    site.write("nb.ipynb", "%%step a\nimport time\ntime.sleep(600)")
    run_id = (await site.ask("runs", {"path": "nb.ipynb"})).document["run_id"]
    refused = await site.ask("runs", {"path": "nb.ipynb"})
    assert (refused.status, refused.code) == (409, "SM050")
    assert run_id in refused.document["message"]
    now = (await site.ask(f"runs/{run_id}", path="nb.ipynb")).document
    assert (now["status"], now["steps"]["a"]["status"]) == ("running", "running")
    assert (await site.ask(f"runs/{run_id}", method="DELETE", path="nb.ipynb")).status == 204
    end = await site.until_over(run_id, "nb.ipynb")
    assert (end["status"], end["steps"]["a"]["status"]) == ("cancelled", "cancelled")
    assert (await site.ask(f"runs/{run_id}", method="DELETE", path="nb.ipynb")).status == 204


async def test_a_run_of_a_terminal_is_seen_and_cancelled(site: Site) -> None:
    notebook = site.write("nb.ipynb", "%%step a\nimport time\ntime.sleep(600)")
    listener = await site.listen("nb.ipynb")
    line = [sys.executable, "-m", "stepmill", "run", str(notebook)]
    process = subprocess.Popen(line, stdout=subprocess.DEVNULL)
    await listener.until(lambda: "step-started" in listener.kinds)
    run_id = listener.events[0]["run_id"]
    await site.ask(f"runs/{run_id}", method="DELETE", path="nb.ipynb")
    await listener.until(lambda: "run-finished" in listener.kinds)
    assert listener.events[-1]["status"] == "cancelled"
    assert await asyncio.to_thread(process.wait) == 130
    await listener.close()


async def test_a_run_of_another_notebook_is_not_found(site: Site) -> None:
    site.write("nb.ipynb", "%%step a\nx = 1")
    site.write("other.ipynb", "%%step a\nx = 1")
    run_id = (await site.ask("runs", {"path": "nb.ipynb"})).document["run_id"]
    await site.until_over(run_id, "nb.ipynb")
    for route, method in (
        (f"runs/{run_id}", "GET"),
        (f"runs/{run_id}", "DELETE"),
        (f"runs/{run_id}/events", "GET"),
    ):
        assert (await site.ask(route, method=method, path="other.ipynb")).status == 404
    assert (await site.ask("runs", path="other.ipynb")).document["runs"] == []


def test_no_name_becomes_an_option() -> None:
    request = RunRequest(
        notebook=Path("-rf.ipynb"),
        project=Path("-p"),
        parameters={"alpha": 1},
        steps=("--no-cache", "a b"),
        refresh=("--lenient",),
    )
    line = request.command()
    assert line[line.index("run") :] == [
        *("run", "--json", "--parameters=-", "--keep-s=300", "--project=-p"),
        *("--only=--no-cache", "--only=a b", "--refresh=--lenient", "--", "-rf.ipynb"),
    ]
    assert not any("alpha" in word for word in line)


def test_what_is_wished_becomes_options() -> None:
    request = RunRequest(
        notebook=Path("n.ipynb"),
        project=Path("p"),
        parameters={},
        refresh=True,
        start=("a b", "--json"),
        cache_for="1d",
        overwrite=True,
    )
    line = request.command()
    assert line[line.index("--project=p") + 1 :] == [
        *("--no-cache", "--from=a b", "--from=--json", "--cache-for=1d", "--overwrite", "--", "n.ipynb"),
    ]
