"""Commands on real notebooks that run nothing."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner, Result

from cli.golden import blanked, check_golden
from cli.notebooks import GOOD, write_notebook
from stepmill.cli.main import app

if TYPE_CHECKING:
    from pathlib import Path


def invoke(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, [str(a) for a in arguments])


@pytest.fixture
def notebook(tmp_path: Path) -> Path:
    return write_notebook(tmp_path / "a folder" / "größe.ipynb", GOOD)


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("real-check", ["check"]),
        ("real-graph", ["graph"]),
        ("real-graph-explained", ["graph", "--explain"]),
        ("real-graph-mermaid", ["graph", "--format", "mermaid"]),
        ("real-plan", ["plan"]),
    ],
)
def test_text_is_as_kept(name: str, arguments: list[str], notebook: Path) -> None:
    result = invoke(*arguments, notebook)
    assert (result.exit_code, result.stderr) == (0, "")
    check_golden(name, blanked(result.stdout, notebook.parent))


def test_graph_json_is_the_contract(notebook: Path) -> None:
    document = json.loads(invoke("graph", notebook, "--json").stdout)
    assert document["schema"] == 1
    assert [step["name"] for step in document["steps"]] == ["load", "order", "scale"]
    assert ["order", "scale", "ordered"] in document["edges"]
    assert document["parameters"] == {"alpha": {"type": "float", "default": 0.5}}
    assert json.loads(invoke("graph", notebook, "--format", "json").stdout) == document


def test_graph_svg_is_a_picture(notebook: Path) -> None:
    assert invoke("graph", notebook, "--format", "svg").stdout.startswith("<svg ")


def test_check_json_and_strict(tmp_path: Path) -> None:
    broken = write_notebook(tmp_path / "n.ipynb", ["%%step a\nx = (1"])
    result = invoke("check", broken, "--json")
    assert result.exit_code == 1
    document = json.loads(result.stdout)
    assert document["schema"] == 1
    assert document["diagnostics"][0].keys() >= {
        "code",
        "severity",
        "message",
        "cell",
        "line",
        "column",
        "hint",
    }
    assert document["diagnostics"][0]["cell"] == 0


def test_a_syntax_error_is_shown_in_its_cell(tmp_path: Path) -> None:
    broken = write_notebook(tmp_path / "n.ipynb", ["import os", "%%step a\nx = 1\ny = (1"])
    result = invoke("check", broken)
    assert result.exit_code == 1
    assert f"--> {broken}, cell [1], line 3" in result.stdout
    assert "3 | y = (1" in result.stdout


def test_plan_json(notebook: Path) -> None:
    document = json.loads(invoke("plan", notebook, "-p", "alpha=2", "--json").stdout)
    assert document["schema"] == 1
    assert [step["name"] for step in document["steps"]] == ["load", "order", "scale"]
    assert document["steps"][0].keys() == {"name", "status", "reason", "causes", "expected_seconds"}
    assert document["steps"][0]["causes"] == ["first-run"]


def test_why_and_step(notebook: Path) -> None:
    why = invoke("why", notebook, "load")
    assert why.stdout.startswith("load: stale\n  - ")
    assert json.loads(invoke("why", notebook, "load", "--json").stdout)["name"] == "load"
    step = invoke("step", notebook, "scale")
    assert "takes ordered from order" in step.stdout
    assert "reads alpha (parameter)" in step.stdout
    assert json.loads(invoke("step", notebook, "scale", "--json").stdout)["inputs"] == {"ordered": "order"}


BAD = [
    pytest.param(["plan", "-p", "alhpa=2"], "SM002", "alpha", id="an-unknown-parameter"),
    pytest.param(["plan", "-p", "alpha=x"], "SM002", "alpha", id="a-value-of-the-wrong-type"),
    pytest.param(["plan", "-p", "alpha"], "SM002", "NAME=VALUE", id="an-assignment-without-a-value"),
    pytest.param(["run", "--refresh", "lod"], "SM001", "lod", id="an-unknown-step-to-refresh"),
    pytest.param(["run", "--only", "lod"], "SM001", "lod", id="an-unknown-step-to-run"),
]


@pytest.mark.parametrize(("arguments", "code", "word"), BAD)
def test_wrong_wishes_are_refused_before_anything_is_written(
    arguments: list[str], code: str, word: str, notebook: Path
) -> None:
    result = invoke(*arguments, notebook)
    assert result.exit_code == 2
    assert f"error[{code}]" in result.stderr
    assert word in result.stderr
    assert not list(notebook.parent.glob(".stepmill/runs/*"))


@pytest.mark.parametrize("name", ["why", "step"])
def test_an_unknown_step_is_guessed(name: str, notebook: Path) -> None:
    result = invoke(name, notebook, "scael")
    assert result.exit_code == 2
    assert "did you mean 'scale'?" in result.stderr


@pytest.mark.parametrize("name", ["check", "graph", "plan", "run"])
def test_a_missing_notebook(name: str, tmp_path: Path) -> None:
    result = invoke(name, tmp_path / "nix.ipynb", "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout)["error"]["code"] == "SM010"


def test_a_missing_kernel(tmp_path: Path) -> None:
    notebook = write_notebook(tmp_path / "n.ipynb", GOOD, kernel="no-such-kernel")
    assert invoke("check", notebook).exit_code == 0
    result = invoke("run", notebook)
    assert result.exit_code == 1
    assert "error[SM030]" in result.stderr
    assert "no-such-kernel" in result.stderr
    doctor = invoke("doctor", notebook, "--json")
    assert doctor.exit_code == 1
    failed = [check["check"] for check in json.loads(doctor.stdout)["checks"] if check["health"] == "fail"]
    assert failed == ["notebook's kernel"]


def test_doctor_finds_this_machine_well(tmp_path: Path) -> None:
    result = invoke("doctor", "--project", tmp_path)
    assert result.exit_code == 0
    assert "fail" not in result.stdout
    assert list(tmp_path.iterdir()) == []


def test_a_project_without_runs(tmp_path: Path) -> None:
    assert "no runs yet" in invoke("runs", "--project", tmp_path).stdout
    assert json.loads(invoke("runs", "--project", tmp_path, "--json").stdout) == {"schema": 1, "runs": []}
    assert invoke("show", "--project", tmp_path).exit_code == 2
    ui = invoke("ui", "--project", tmp_path)
    assert ui.exit_code == 2
    assert "stepmill run NOTEBOOK" in ui.stderr
