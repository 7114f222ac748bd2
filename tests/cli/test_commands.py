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


DOUBT = [
    "import mylib",
    "%%step load\nrows = mylib.load()",
    "%%step look\nrows.inspect()",
    "%%step n\nlen(rows)",
]


@pytest.mark.parametrize("name", ["check", "plan", "run"])
def test_strict_refuses_an_edge_in_doubt(name: str, tmp_path: Path) -> None:
    notebook = write_notebook(tmp_path / "n.ipynb", DOUBT)
    result = invoke(name, notebook, "--strict")
    assert result.exit_code == 1
    assert "[SM206]: step `n` waits for `look`, which may change `rows`" in result.output
    assert invoke("check", notebook).exit_code == 0


def test_what_is_silenced_is_said(tmp_path: Path) -> None:
    cells = [source.replace("inspect()", "inspect()  # stepmill: ignore[SM206]") for source in DOUBT]
    notebook = write_notebook(tmp_path / "n.ipynb", cells)
    result = invoke("check", notebook, "--strict")
    assert result.exit_code == 0
    assert result.stdout.endswith("no problems found\n1 silenced: SM206 (cell [2], line 2)\n")
    document = json.loads(invoke("check", notebook, "--json").stdout)
    assert [found["code"] for found in document["silenced"]] == ["SM206"]


def test_a_second_place_is_shown_with_its_line(tmp_path: Path) -> None:
    cells = ["%%step a\nx = [1]", "%%step b\ny = x[0]", "%%step a\nx = [2]"]
    result = invoke("check", write_notebook(tmp_path / "größe.ipynb", cells))
    check_golden("real-check-refused", blanked(result.stdout, tmp_path))


def test_fixes_go_into_a_copy(tmp_path: Path) -> None:
    notebook = write_notebook(
        tmp_path / "n.ipynb", ["%%step a\nx = [1]", "y = x + [2]", "%%step b\nprint(y)"]
    )
    before = notebook.read_bytes()
    assert "= fix: tag cell [1] as step `make_y`" in invoke("check", notebook).stdout
    result = invoke("check", notebook, "--fix")
    check_golden("real-check-fixed", blanked(result.stdout, tmp_path))
    assert (result.exit_code, notebook.read_bytes()) == (0, before)
    fixed = json.loads((tmp_path / "n-fixed.ipynb").read_text("utf-8"))
    assert "".join(fixed["cells"][1]["source"]) == "%%step make_y\ny = x + [2]"
    again = invoke("check", notebook, "--fix")
    assert (again.exit_code, "exists already" in again.stderr) == (2, True)
    assert invoke("check", notebook, "--fix", "-o", notebook).exit_code == 2


def test_fixes_as_json_and_nothing_to_fix(tmp_path: Path) -> None:
    notebook = write_notebook(
        tmp_path / "n.ipynb", ["%%step a\nx = [1]", "y = x + [2]", "%%step b\nprint(y)"]
    )
    document = json.loads(invoke("check", notebook, "--fix", "-o", tmp_path / "m.ipynb", "--json").stdout)
    assert [one["diagnostic"]["code"] for one in document["fixed"]] == ["SM304"]
    assert document["diagnostics"] == []
    nothing = invoke("check", tmp_path / "m.ipynb", "--fix", "-o", tmp_path / "k.ipynb")
    assert nothing.stdout.startswith("nothing that a machine can fix\n")
    assert not (tmp_path / "k.ipynb").exists()
    assert invoke("check", notebook, "-o", tmp_path / "k.ipynb").exit_code == 2


def test_explain_prints_a_page_and_guesses() -> None:
    page = invoke("explain", "sm301")
    assert page.exit_code == 0
    assert page.stdout.startswith("# SM301: ")
    assert "::: cell [2], line 2" in page.stdout
    assert json.loads(invoke("explain", "SM301", "--json").stdout)["page"] == page.stdout
    everything = invoke("explain").stdout
    assert all(f"\n{code} " in f"\n{everything}" for code in ("SM101", "SM301", "SM501", "SM031"))
    wrong = invoke("explain", "SM399")
    assert wrong.exit_code == 2
    assert "`stepmill explain` lists all codes" in wrong.stderr


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
    assert invoke("why", notebook).stdout.startswith(why.stdout)
    every = json.loads(invoke("why", notebook, "--json").stdout)["steps"]
    assert every[0]["name"] == "load"
    step = invoke("step", notebook, "scale")
    assert "takes ordered from order" in step.stdout
    assert "reads alpha (parameter)" in step.stdout
    assert json.loads(invoke("step", notebook, "scale", "--json").stdout)["inputs"] == {"ordered": "order"}


def test_a_parameter_that_no_step_reads_is_told(tmp_path: Path) -> None:
    cells = ["%%parameters\nalpha = 0.5\nhalf = alpha / 2\nidle = 1", *GOOD[1:3], "%%step scale\nprint(half)"]
    path = write_notebook(tmp_path / "n.ipynb", cells)
    assert "\n  alpha = 0.5\n  idle = 1  (no step reads it)\n" in invoke("graph", path).stdout
    idle, read = (invoke("plan", path, "-p", given) for given in ("idle=2", "alpha=2"))
    assert (idle.stderr, read.stderr) == ("note: no step reads idle\n", "")
    assert json.loads(invoke("plan", path, "-p", "idle=2", "--json").output)["schema"] == 1


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


def test_verify_says_why_a_notebook_is_refused(tmp_path: Path) -> None:
    notebook = write_notebook(tmp_path / "refused.ipynb", ("%%step a\nx = 1", "x += 1", "%%step b\nprint(x)"))
    result = invoke("verify", notebook)
    assert result.exit_code == 1
    assert "SM304" in result.stdout
    assert "cannot run as a pipeline" in result.stdout
    document = json.loads(invoke("verify", notebook, "--json").stdout)
    assert (document["schema"], document["verdict"]) == (1, "refused")
    assert [found["code"] for found in document["diagnostics"]] == ["SM304"]


def test_verify_knows_what_it_is_asked(notebook: Path) -> None:
    assert invoke("verify", notebook, "-p", "beta=1").exit_code == 2
    assert invoke("verify", notebook, "--link", "nowhere").exit_code == 2


def test_verify_tells_what_it_is_at_also_in_a_pipe(tmp_path: Path) -> None:
    notebook = write_notebook(tmp_path / "n.ipynb", ("%%step a\nx = 1", "%%step b\nprint(x)"))
    result = invoke("verify", notebook)
    assert result.exit_code == 0
    told = result.stderr.splitlines()
    assert told == ["pipeline: step a", "pipeline: step b", "Run All"]
    assert "Run All" not in invoke("verify", notebook, "--json").stderr
