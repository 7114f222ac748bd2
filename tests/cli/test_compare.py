"""`stepmill compare` on runs made by hand: terminal, Markdown, JSON and HTML."""

from __future__ import annotations

import base64
import dataclasses
import json
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from click.testing import CliRunner, Result

import stepmill
from cli.golden import blanked, check_golden
from cli.past_runs import past_run
from stepmill.cli.main import app
from stepmill.cli.render.comparison_html import html_report
from stepmill.model.artifact import FileAccess, StepRecord
from stepmill.model.pipeline import Definition, Fragment, Pipeline, Step
from stepmill.model.run import RunStatus, StepOutcome, StepStatus
from stepmill.running.folder import RunFolder

FIRST, SECOND = "20260101-000000-aaaa", "20260102-000000-bbbb"
NASTY = "</script><script>alert(1)</script> & | `x` <img src=http://example.com/x.png>"
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
OTHER_PNG = PNG[:-1] + b"\x83"


def pipeline(body: str, helper: str) -> Pipeline:
    load = Step(
        name="load",
        cells=(1,),
        body=(Fragment(cell=1, line=1, source="# %%step load\ndf = read()"),),
        code_digest="load",
        body_digest="load",
    )
    fit = Step(
        name="fit",
        cells=(3,),
        body=(Fragment(cell=3, line=1, source=f"# %%step fit\n{body}"),),
        setup=(Fragment(cell=2, line=1, source=helper),),
        definitions=(Definition(name="helper", digest=helper),),
        parameters=("alpha",),
        code_digest=body + helper,
        body_digest=body,
    )
    return Pipeline(name="n.ipynb", steps=(load, fit))


def record(file_digest: str, version: str) -> StepRecord:
    return StepRecord(
        key="k",
        step="",
        run_id="",
        created_s=0.0,
        seconds=1.0,
        components={"code": "c", "python": "3.12.1"},
        files=(FileAccess(path="a.csv", mode="read", digest=file_digest),),
        distributions={"pandas": version, "numpy": "2.0"},
    )


def write_outputs(folder: RunFolder, data: bytes, text: str = "") -> None:
    cells: list[dict[str, Any]] = [{"cell_type": "code", "outputs": []} for _ in range(4)]
    shown = {"output_type": "display_data", "data": {"image/png": base64.b64encode(data).decode()}}
    printed = {"output_type": "stream", "name": "stdout", "text": f"rows: 3\nscore: {text}\n"}
    cells[3]["outputs"] = [printed, shown] if text else [shown]
    folder.notebook.write_text(json.dumps({"cells": cells}), encoding="utf-8")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    first = pd.DataFrame({"age": [1.0, None, 3.0], "who": ["a", "b", "a"]})
    second = pd.DataFrame({"age": [1.0, 2.0, 4.0], "who": ["a", NASTY, "a"]})
    one = past_run(
        tmp_path,
        FIRST,
        {"load": {"df": first}, "fit": {"score": 0.25, "kind": "ridge"}},
        records={"load": record("f1", "2.1"), "fit": record("f1", "2.1")},
        pipeline=pipeline("score = helper(df, alpha)", "def helper(df, alpha):\n    return 1"),
        parameters={"alpha": 0.1, "same": [1, 2]},
        metrics={"f1": 0.5},
    )
    two = past_run(
        tmp_path,
        SECOND,
        {"load": {"df": second}, "fit": {"score": 0.75, "kind": "ridge"}},
        records={"load": record("f2", "2.2"), "fit": record("f1", "2.2")},
        pipeline=pipeline(f"score = helper(df, alpha)  # {NASTY}", "def helper(df, alpha):\n    return 2"),
        parameters={"alpha": NASTY, "same": [1, 2]},
        metrics={"f1": 0.625},
    )
    write_outputs(one, PNG, "0.25")
    write_outputs(two, OTHER_PNG, f"0.75 {NASTY}")
    return tmp_path


def compare(project: Path, *arguments: str) -> Result:
    return CliRunner().invoke(app, ["compare", *arguments, "--project", str(project)])


def test_text_is_as_kept(project: Path) -> None:
    result = compare(project)
    assert (result.exit_code, result.stderr) == (0, "")
    check_golden("compare", blanked(result.stdout, project))


def test_all_shows_what_is_equal_as_well(project: Path) -> None:
    text = compare(project, FIRST, SECOND, "--all").stdout
    assert re.search(r"^  same +\[1, 2\] +\[1, 2\]$", text, re.MULTILINE)
    assert "fit kind  the same" in text
    assert "load, cell [1]: the same" in text
    assert not re.search(r"^  same ", compare(project).stdout, re.MULTILINE)


def test_one_run_is_compared_with_the_newest(project: Path) -> None:
    document = json.loads(compare(project, "latest~1", "--json").stdout)
    assert [run["run_id"] for run in document["runs"]] == [FIRST, SECOND]
    assert document["schema"] == 1
    assert document["diverged"] == "load"
    assert [cause["kind"] for cause in document["causes"]] == ["environment", "file"]
    assert [row["name"] for row in document["parameters"]] == ["alpha"]
    assert document["runs"][1]["metrics"] == {"f1": 0.625}


def test_markdown_has_no_markup_of_the_runs(project: Path) -> None:
    text = compare(project, "--markdown").stdout
    outside = re.sub(r"(?s)```.*?```", "", text)
    assert "<script" not in outside.replace("\\<", "")
    tables = [line for line in text.splitlines() if line.startswith("| ") and "alpha" in line]
    assert len(re.findall(r"(?<!\\)\|", tables[0])) == 4
    assert "```diff\n@@" in text


class Page(HTMLParser):
    """What a browser would ask for or run."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_html_report_needs_nothing_and_escapes_everything(project: Path, tmp_path: Path) -> None:
    target = tmp_path / "out" / "report.html"
    result = compare(project, "--html", str(target))
    assert (result.exit_code, str(target) in result.stdout) == (0, True)
    page = Page()
    source = target.read_text("utf-8")
    page.feed(source)
    names = {tag for tag, _ in page.tags}
    assert names.isdisjoint({"script", "link", "iframe", "object", "a", "form"})
    places = [about["src"] or "" for tag, about in page.tags if "src" in about]
    assert [place[:22] for place in places] == ["data:image/png;base64,"] * 2
    assert base64.b64decode(places[1][22:]) == OTHER_PNG
    assert not any(name.startswith("on") or name == "href" for _, about in page.tags for name in about)
    assert page.text.count("</script><script>alert(1)</script> & | `x`") >= 2
    assert "url(" not in source
    assert "default-src 'none'" in str(page.tags)


def poisoned(value: Any) -> Any:
    """Return the record with the nasty text in place of every other one."""
    if type(value) is str:
        return f'"{NASTY}'
    if isinstance(value, tuple):
        return tuple(map(poisoned, value))
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        parts = {field.name: poisoned(getattr(value, field.name)) for field in dataclasses.fields(value)}
        return dataclasses.replace(value, **parts)
    return value


def test_no_text_of_a_run_becomes_markup_of_the_report(project: Path) -> None:
    found = stepmill.compare(FIRST, SECOND, project=project)
    page = Page()
    page.feed(html_report(poisoned(found), {}))
    assert {tag for tag, _ in page.tags}.isdisjoint({"script", "img"})
    assert {name for _, about in page.tags for name in about} <= {
        "lang", "charset", "http-equiv", "name", "content", "class",
    }  # fmt: skip
    assert page.text.count("alert(1)") > 50


def test_what_is_no_png_is_not_put_in(project: Path, tmp_path: Path) -> None:
    write_outputs(RunFolder(project / ".stepmill" / "runs", SECOND), b"<svg onload=alert(1)>")
    compare(project, "--html", str(tmp_path / "r.html"))
    assert (tmp_path / "r.html").read_text("utf-8").count("<img") == 1


@pytest.mark.parametrize("arguments", [(), ("--markdown",)], ids=["terminal", "markdown"])
def test_what_cells_print_is_compared(project: Path, arguments: tuple[str, ...]) -> None:
    text = compare(project, *arguments).stdout
    printed = text[text.index("Text outputs") :]
    assert "-score: 0.25" in printed
    assert "+score: 0.75" in printed


def test_removed_results_are_said_to_be(project: Path) -> None:
    shutil.rmtree(project / ".stepmill" / "artifacts")
    shutil.rmtree(project / ".stepmill" / "objects", ignore_errors=True)
    result = compare(project)
    assert result.exit_code == 0
    assert "only digests of them can be compared" in result.stdout
    assert "fit score  differs; removed from the store in A, B" in result.stdout


def test_a_failed_run_and_one_that_left_next_to_nothing(project: Path) -> None:
    failed = StepOutcome(status=StepStatus.FAILED, error={"ename": "ValueError", "evalue": "no\nmore"})
    past_run(
        project,
        "20260103-000000-cccc",
        {},
        status=RunStatus.FAILED,
        steps={"load": failed},
        pipeline=pipeline("score = helper(df, alpha)", "def helper(df, alpha):\n    return 1"),
        parameters={"alpha": 0.1, "same": [1, 2]},
    )
    text = compare(project, FIRST, "latest").stdout
    assert "load is the first step that diverged: it failed in B: ValueError: no." in text
    assert "Environment" not in text, "what a failed run did not write down is no difference"
    past_run(project, "20260104-000000-dddd", {}, status=RunStatus.CANCELLED)
    text = compare(project, FIRST, "latest", "--all").stdout
    assert "load is the first step that diverged: only A has it." in text


def test_other_notebooks_are_said_to_be(project: Path) -> None:
    past_run(project, "20260105-000000-eeee", {"load": {"x": 1}}, notebook_source="/elsewhere/m.ipynb")
    assert "different notebooks (A of n.ipynb, B of m.ipynb)" in compare(project, FIRST, "latest").stdout


def test_without_arguments_runs_of_one_notebook_are_compared(project: Path) -> None:
    past_run(project, "20260101-120000-abcd", {"a": {"x": 1}}, notebook_source="/elsewhere/m.ipynb")
    document = json.loads(compare(project, "--json").stdout)
    assert [run["run_id"] for run in document["runs"]] == [FIRST, SECOND]
    newest = "/elsewhere/k.ipynb"
    past_run(project, "20260105-000000-eeee", {"a": {"x": 1}}, notebook_source=newest)
    alone = compare(project)
    assert (alone.exit_code, "k.ipynb, which ran last, has no earlier run" in alone.stderr) == (2, True)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("latest", "nope"), "there is no run 'nope'"),
        (("--json", "--markdown"), "exclude each other"),
        (("latest",) * 11, "two to 10 runs can be compared, not 11"),
        (("--html", "/dev/null/x/r.html"), "cannot write"),
    ],
    ids=["unknown", "both-formats", "too-many", "unwritable"],
)
def test_wrong_usage_is_said(project: Path, arguments: tuple[str, ...], message: str) -> None:
    result = compare(project, *arguments)
    assert (result.exit_code, message in result.output) == (2, True)


def test_python_gets_the_same_record(project: Path) -> None:
    found = stepmill.compare(FIRST, SECOND, project=project)
    assert found.sentence == json.loads(compare(project, "--json").stdout)["sentence"]
    assert [row.name for row in found.only_differences().outputs] == ["df", "score"]
