"""`stepmill suggest` and `stepmill tag`: copies, never the notebook itself."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from cli.golden import blanked, check_golden
from cli.notebooks import write_notebook
from cli.test_commands import invoke

if TYPE_CHECKING:
    from pathlib import Path

UNTAGGED = [
    "import math",
    "exponent = 2",
    "# read the numbers\nnumbers = [float(n) for n in open('numbers.txt')]",
    "numbers[:5]",
    "scaled = [n / max(numbers) for n in numbers]",
    "powers = [math.pow(n, exponent) for n in scaled]\nprint(sum(powers))",
]


@pytest.fixture
def notebook(tmp_path: Path) -> Path:
    return write_notebook(tmp_path / "a folder" / "größe.ipynb", UNTAGGED)


def test_the_table_and_what_comes_next(notebook: Path) -> None:
    before = notebook.read_bytes()
    result = invoke("suggest", notebook)
    assert (result.exit_code, result.stderr) == (0, "")
    check_golden("suggest", blanked(result.stdout, notebook.parent))
    assert notebook.read_bytes() == before
    copy = notebook.with_name("größe-steps.ipynb")
    assert json.loads(invoke("graph", copy, "--json").stdout)["diagnostics"] == []


def test_a_copy_is_overwritten_only_by_force(notebook: Path) -> None:
    copy = notebook.with_name("größe-steps.ipynb")
    copy.write_text("mine")
    refused = invoke("suggest", notebook)
    assert (refused.exit_code, copy.read_text()) == (2, "mine")
    assert "--force" in refused.stderr
    assert invoke("suggest", notebook, "--force").exit_code == 0
    assert invoke("suggest", notebook, "-o", notebook, "--force").exit_code == 2


def test_json(notebook: Path) -> None:
    document = json.loads(invoke("suggest", notebook, "--metadata", "--json").stdout)
    assert document["schema"] == 1
    assert document["parameters"] == ["exponent"]
    assert document["untagged"] == [0]
    first = document["steps"][0]
    assert (first["name"], first["cells"], first["role"]) == ("load", [2, 3], "load")
    refused = invoke("suggest", document["output"], "--json")
    assert refused.exit_code == 1
    assert json.loads(refused.stdout)["error"]["code"] == "SM021"


def test_tag_and_untag(notebook: Path, tmp_path: Path) -> None:
    one, two, three = (tmp_path / f"{name}.ipynb" for name in ("one", "two", "three"))
    assert invoke("tag", notebook, "read", "--cell", "2", "--cell", "3", "-o", one).exit_code == 0
    assert invoke("tag", one, "--as", "metadata", "-o", two).exit_code == 0
    assert invoke("tag", two, "--untag", "-o", three).exit_code == 0
    steps = [json.loads(invoke("graph", path, "--json").stdout)["steps"] for path in (one, two)]
    assert [[step["name"] for step in found] for found in steps] == [["read"], ["read"]]
    cells = [
        [cell["source"] for cell in json.loads(path.read_text("utf-8"))["cells"]]
        for path in (notebook, three)
    ]
    assert ["".join(source) for source in cells[1]] == cells[0]


WRONG = [
    (["--cell", "2"], "a name and --cell"),
    (["load"], "a name and --cell"),
    ([], "nothing to do"),
    (["--untag", "--as", "magic"], "--untag takes"),
    (["a b", "--cell", "2"], "cannot stand in a step name"),
    (["load", "--cell", "99"], "no code cell [99]"),
]


@pytest.mark.parametrize(("arguments", "said"), WRONG)
def test_wrong_use_of_tag(arguments: list[str], said: str, notebook: Path) -> None:
    result = invoke("tag", notebook, *arguments)
    assert result.exit_code == 2
    assert said in result.stderr
