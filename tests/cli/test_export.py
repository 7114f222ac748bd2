"""`stepmill export`, and the module that it writes as a program."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from cli.notebooks import GOOD, write_notebook
from stepmill.cli.main import app

IMPORTS = """from enum import Enum
from datetime import date
from pathlib import Path
from typing import Literal, Optional"""
PARAMETERS = """%%parameters
alpha = 0.1  # strength, in %
n_rows = 3
title = 'a "b" \\\\ c'
fast = True
columns = ['x']
sizes = {'a': 1}
nothing = None
limit: int | None = None
share: Optional[float] = 0.5
kind: Literal['ridge', 'lasso'] = 'ridge'
mode: Mode = Mode.FAST
day: date = date(2024, 1, 31)
where: Path = Path('data')"""
SHOW = """%%step show
for value in (
    alpha, n_rows, title, fast, columns, sizes, nothing, limit, share, kind, mode, day, where
):
    print(repr(value))"""
TYPES = [IMPORTS, "class Mode(Enum):\n    FAST = 1\n    SLOW = 2", PARAMETERS, SHOW]
DEFAULTS = [
    "0.1", "3", repr('a "b" \\ c'), "True", "['x']", "{'a': 1}", "None", "None", "0.5", "'ridge'",
    "<Mode.FAST: 1>", "datetime.date(2024, 1, 31)", "PosixPath('data')",
]  # fmt: skip


def invoke(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, [str(a) for a in arguments])


def run(module: Path, *arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(module), *arguments],
        cwd=cwd or module.parent,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def notebook(tmp_path: Path) -> Path:
    (tmp_path / "pyproject.toml").write_text("")
    return write_notebook(tmp_path / "book.ipynb", GOOD)


@pytest.fixture(scope="module")
def typed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A module with a parameter of each type."""
    folder = tmp_path_factory.mktemp("typed")
    (folder / "pyproject.toml").write_text("")
    notebook = write_notebook(folder / "book.ipynb", TYPES)
    assert invoke("export", notebook, "-o", folder / "typed.py").exit_code == 0
    return folder / "typed.py"


# -- the module as a program -----------------------------------------------------------------------


def test_the_module_runs_with_its_defaults_and_with_other_values(notebook: Path) -> None:
    module = notebook.with_name("churn.py")
    assert invoke("export", notebook, "-o", module).exit_code == 0
    assert run(module).stdout == "[0.5, 1.0, 1.5]\n"
    assert run(module, "--alpha", "0.3").stdout == f"{[0.3 * v for v in (1, 2, 3)]}\n"
    assert "stepmill" not in re.sub(r"Made by `stepmill export`", "", module.read_text("utf-8"))


def test_importing_it_runs_nothing_and_main_can_be_called_again(notebook: Path) -> None:
    assert invoke("export", notebook, "-o", notebook.with_name("churn.py")).exit_code == 0
    code = "import churn; print('imported'); print(churn.main() == churn.main(0.5), churn.main(alpha=2))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=notebook.parent, capture_output=True, text=True, check=True
    )
    lines = done.stdout.splitlines()
    assert lines[0] == "imported"
    assert lines[1:3] == ["[0.5, 1.0, 1.5]"] * 2
    assert lines[-1].startswith("True {")


def test_a_list_is_not_shared_by_two_calls_of_main(tmp_path: Path) -> None:
    cells = [
        "%%parameters\nrows = [1]\nnames = {'a': 1}",
        "%%step a\nrows.append(2)\nnames['b'] = 2\nprint(rows, names)",
    ]
    notebook = write_notebook(tmp_path / "b.ipynb", cells)
    assert invoke("export", notebook, "-o", tmp_path / "m.py").exit_code == 0
    done = subprocess.run(
        [sys.executable, "-c", "import m; m.main(); m.main()"],
        cwd=tmp_path, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout == "[1, 2] {'a': 1, 'b': 2}\n" * 2


def test_every_type_of_parameter_has_its_default(typed: Path) -> None:
    done = run(typed)
    assert (done.stdout.splitlines(), done.stderr) == (DEFAULTS, "")


@pytest.mark.parametrize(
    ("arguments", "place", "shown"),
    [
        (["--alpha", "2"], 0, "2.0"),
        (["--alpha", "1e-3"], 0, "0.001"),
        (["--alpha", "-1"], 0, "-1.0"),
        (["--n-rows", "7"], 1, "7"),
        (["--n_rows", "-7"], 1, "-7"),
        (["--title", "züri %s {x}"], 2, "'züri %s {x}'"),
        (["--title", ""], 2, "''"),
        (["--no-fast"], 3, "False"),
        (["--fast"], 3, "True"),
        (["--columns", '["a", "b"]'], 4, "['a', 'b']"),
        (["--columns", "[]"], 4, "[]"),
        (["--sizes", '{"b": 2}'], 5, "{'b': 2}"),
        (["--sizes", "{}"], 5, "{}"),
        (["--limit", "10"], 7, "10"),
        (["--limit", "None"], 7, "None"),
        (["--share", "None"], 8, "None"),
        (["--share", "0.25"], 8, "0.25"),
        (["--kind", "lasso"], 9, "'lasso'"),
        (["--mode", "SLOW"], 10, "<Mode.SLOW: 2>"),
        (["--day", "2025-02-01"], 11, "datetime.date(2025, 2, 1)"),
        (["--where", "a/b"], 12, "PosixPath('a/b')"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_a_value_on_the_command_line(typed: Path, arguments: list[str], place: int, shown: str) -> None:
    done = run(typed, *arguments)
    assert done.stderr == ""
    assert done.stdout.splitlines() == [*DEFAULTS[:place], shown, *DEFAULTS[place + 1 :]]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--alpha", "much"], "--alpha: invalid float value: 'much'"),
        (["--n-rows", "1.5"], "--n-rows/--n_rows: invalid int value: '1.5'"),
        (["--columns", "a,b"], "--columns: 'a,b' is no list, write it as JSON"),
        (["--columns", '{"a": 1}'], "is no list"),
        (["--sizes", "[1]"], "is no dict"),
        (["--limit", "few"], "--limit: "),
        (["--kind", "forest"], "invalid choice: 'forest'"),
        (["--mode", "2"], "--mode: '2' is none of FAST, SLOW"),
        (["--day", "31.1.2024"], "--day: "),
        (["--nowhere", "1"], "unrecognized arguments: --nowhere"),
        (["extra"], "unrecognized arguments: extra"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_a_wrong_value_is_told_and_nothing_runs(typed: Path, arguments: list[str], words: str) -> None:
    done = run(typed, *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_help_names_every_parameter_with_its_default(typed: Path) -> None:
    done = run(typed, "--help")
    assert done.returncode == 0
    for words in [
        "--alpha",
        "--n-rows",
        "--no-fast",
        "--kind",
        "ridge",
        "--mode",
        "2024",
        "strength, in %",
        "0.1",
    ]:
        assert words in done.stdout


def test_main_has_the_types(typed: Path) -> None:
    (signature,) = re.findall(r"(?s)^def main\((.*?)\)\s*->", typed.read_text("utf-8"), re.MULTILINE)
    for words in [
        "alpha: float = 0.1",
        "n_rows: int = 3",
        "fast: bool = True",
        "columns: list[str] | None = None",
        "limit: int | None = None",
        "kind: Literal[",
        "mode: Mode = Mode.FAST",
        "day: date = date(2024, 1, 31)",
    ]:
        assert words in signature


# -- files -----------------------------------------------------------------------------------------


def test_without_a_target_it_is_printed(notebook: Path) -> None:
    before = sorted(notebook.parent.iterdir())
    shown = invoke("export", notebook)
    assert shown.stdout == invoke("export", notebook, "-o", "-").stdout
    assert shown.stdout.rstrip().endswith("main(**vars(parse_arguments()))")
    compile(shown.stdout, "shown", "exec")
    assert sorted(notebook.parent.iterdir()) == before


def test_a_foreign_file_is_kept_unless_forced(notebook: Path) -> None:
    target = notebook.with_name("churn.py")
    target.write_text("mine = 1\n")
    refused = invoke("export", notebook, "-o", target)
    assert refused.exit_code == 2
    assert "--force" in refused.output
    assert target.read_text() == "mine = 1\n"
    assert invoke("export", notebook, "-o", target, "--force").exit_code == 0
    assert "def main(" in target.read_text("utf-8")


def test_its_own_file_is_written_again_unless_somebody_changed_it(notebook: Path) -> None:
    target = notebook.with_name("churn.py")
    assert "written" in invoke("export", notebook, "-o", target).stdout
    assert "is up to date" in invoke("export", notebook, "-o", target).stdout
    write_notebook(notebook, [*GOOD, "%%step more\nprint('more')"])
    assert "written" in invoke("export", notebook, "-o", target).stdout
    assert "more" in target.read_text("utf-8")
    target.write_text(target.read_text("utf-8") + "# by hand\n", "utf-8")
    refused = invoke("export", notebook, "-o", target)
    assert refused.exit_code == 2
    assert "changed" in refused.output
    assert target.read_text("utf-8").endswith("# by hand\n")


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        (["%%step a\nx = 1\n%unknown 3"], ["SM501", "%unknown", "[0], line 3"]),
        (["%%step a\nx = (1"], ["[0], line 2"]),
        (["x = 1"], ["SM309"]),
    ],
    ids=["refused", "no Python", "no pipeline"],
)
def test_a_refused_export_writes_nothing(cells: list[str], words: list[str], tmp_path: Path) -> None:
    notebook, target = write_notebook(tmp_path / "b.ipynb", cells), tmp_path / "old.py"
    target.write_text("old = 1\n")
    for arguments in (["-o", target, "--force"], ["-o", tmp_path / "new.py"], []):
        result = invoke("export", notebook, *arguments)
        assert result.exit_code == 1
        assert "Traceback" not in result.output
        assert "def main" not in result.output
        for word in words:
            assert word in result.output
    assert target.read_text() == "old = 1\n"
    assert not (tmp_path / "new.py").exists()


@pytest.mark.parametrize("target", ["no folder/x.py", "."])
def test_a_target_that_cannot_be_is_wrong_usage(target: str, notebook: Path) -> None:
    result = invoke("export", notebook, "-o", notebook.parent / target)
    assert result.exit_code == 2
    assert "Traceback" not in result.output
    assert not list(notebook.parent.glob("**/*.py"))


def test_a_module_in_another_folder_finds_files_and_modules(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("")
    (tmp_path / "note books").mkdir()
    (tmp_path / "src").mkdir()
    (tmp_path / "note books" / "rows.txt").write_text("1\n2\n")
    (tmp_path / "note books" / "own_module.py").write_text("def double(x):\n    return 2 * x\n")
    cells = [
        "from own_module import double",
        "%%step a\ntext = open('rows.txt').read()\nprint(double(len(text.split())))",
    ]
    notebook = write_notebook(tmp_path / "note books" / "b.ipynb", cells)
    assert invoke("export", notebook, "-o", tmp_path / "src" / "m.py").exit_code == 0
    done = run(tmp_path / "src" / "m.py", cwd=Path("/"))
    assert (done.stdout, done.stderr) == ("4\n", "")


def test_a_write_that_fails_leaves_the_old_file(notebook: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = notebook.with_name("churn.py")
    target.write_text("old = 1\n")

    def fail(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", fail)
        patch.setattr(Path, "replace", fail)
        result = invoke("export", notebook, "-o", target, "--force")
    assert (result.exit_code, "SM000" in result.stderr) == (2, False)
    assert "cannot write" in result.stderr
    assert target.read_text() == "old = 1\n"
    assert {path.name for path in notebook.parent.glob("*churn*")} == {"churn.py"}


def test_json_has_the_text(notebook: Path) -> None:
    document = json.loads(invoke("export", notebook, "--json").stdout)
    assert document["schema"] == 1
    assert (document["path"], document["status"]) == (None, "made")
    assert document["text"] == invoke("export", notebook).stdout
    target = notebook.with_name("m.py")
    written: dict[str, Any] = json.loads(invoke("export", notebook, "-o", target, "--json").stdout)
    assert (written["path"], written["status"]) == (str(target), "written")
    assert written["text"] == target.read_text("utf-8")


def test_an_unknown_format_is_told(notebook: Path) -> None:
    result = invoke("export", notebook, "--format", "cobol")
    assert result.exit_code in (1, 2)
    assert "cobol" in result.output
    assert "Traceback" not in result.output


def test_the_notebooks_own_lines_stay_without_a_formatter(tmp_path: Path) -> None:
    notebook = write_notebook(tmp_path / "b.ipynb", ["%%step a\nx = {  'a':1 }\nprint( x )"])
    assert "x = {  'a':1 }" in invoke("export", notebook, "--no-format").stdout
    assert 'x = {"a": 1}' in invoke("export", notebook).stdout
