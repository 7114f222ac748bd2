"""Golden modules in `golden/`, and what ruff and pyright say of them and of the examples.

Write them anew with STEPMILL_UPDATE_GOLDEN=1 and read the diff.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from compiler.linear import Cells, Tagged, Text, write_cells
from stepmill import api

GOLDEN = Path(__file__).parent / "golden"
EXAMPLES = Path(__file__).parents[2] / "examples"
NAMES = ("churn", "messy", "lifespan", "co2", "digits")

TOTAL = """%%step total
import statistics

total = sum(row[column] for row in rows for column in columns[1:])
mean = statistics.mean(float(row["price"]) for row in rows)
print(money(total), money(mean))"""
REPORT: Cells = [
    Text("# Sales of a week\n\nOne file in, one number out."),
    "import csv\nfrom pathlib import Path",
    Text("What may be changed:"),
    '%%parameters\npath: Path = Path("sales.csv")\nrate = 0.1  # tax, as a share\ncolumns = ["price", "tax"]',
    'CURRENCY = "CHF"\n\n\ndef money(x):\n    """As text."""\n    return f"{x:.2f} {CURRENCY}"',
    Text("## Read the file"),
    "%%step read\nwith open(path) as file:\n    rows = list(csv.DictReader(file))\nlen(rows)",
    "rows[:1]  # a look at it",
    Text("## Add the tax\n\nOn each row."),
    '%%step add-tax\nfor row in rows:\n    row["tax"] = float(row["price"]) * rate',
    TOTAL,
]
SHARED: Cells = [
    "import random\n\nrandom.seed(7)\nseen = []",
    "def draw():\n    global drawn\n    drawn += 1\n    return random.randint(1, top)",
    "class Box:\n    size = 3\n\n    def fill(self):\n        return [draw() for _ in range(self.size)]",
    "%%step first\ntop = 6\ndrawn = 0\nbox = Box()\nseen.extend(box.fill())",
    "%%step second\ntop = 100  # the helper sees it\nother = box.fill()\nprint(drawn, seen, other)",
    "%%step first\nlast = seen[-1]",
    "%%step class\nlast += 1\nfor i in range(2):\n    last += i\nprint(last, i)",
]
SHELL: Cells = [
    "%load_ext autoreload\n%matplotlib inline\nimport asyncio",
    "%pip install numpy",
    "%%step make\n%%writefile made.txt\none\ntwo",
    "%%step count --after make\nn = 2\nlines = !cat made.txt\n!echo {n} lines\n%time total = len(lines)",
    "%%step wait\nawait asyncio.sleep(0)\ndone = [await asyncio.sleep(0, x) for x in (total, n)]\ndone",
    Tagged("%%step fragile\nparts = []\nparts.append(done[0] / 0)", ("raises-exception",)),
    "%%step end\n%%capture\nprint(parts)",
]
NOTEBOOKS = {"report": REPORT, "shared": SHARED, "shell": SHELL}


def exported(name: str, folder: Path) -> str:
    notebook = write_cells(folder / f"{name}.ipynb", NOTEBOOKS[name])
    return api.export(notebook, project=folder, formatted=False).text


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_the_module_is_the_golden_one(name: str, tmp_path: Path) -> None:
    text = exported(name, tmp_path)
    path = GOLDEN / f"{name}.py.txt"  # not .py: linters would mend it
    if os.environ.get("STEPMILL_UPDATE_GOLDEN"):
        path.write_text(text, "utf-8")
    assert text == path.read_text("utf-8")


@pytest.fixture(scope="module")
def modules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the modules of these notebooks and of the examples, as `stepmill export` writes them."""
    folder = tmp_path_factory.mktemp("modules")
    for name, cells in NOTEBOOKS.items():
        api.export(write_cells(folder / f"{name}.ipynb", cells), target=folder / f"{name}.py", project=folder)
    for name in NAMES:
        api.export(EXAMPLES / name / f"{name}.ipynb", target=folder / f"{name}.py", project=folder)
    return folder


@pytest.mark.parametrize(
    "rules", [[], ["--select", "E,F,W,I,B,UP", "--ignore", "E501,B905"]], ids=["default", "more"]
)
def test_ruff_finds_nothing(modules: Path, rules: list[str]) -> None:
    command = [sys.executable, "-m", "ruff", "check", "--isolated", "--target-version", "py311"]
    command += ["--exclude", "*.ipynb"]
    done = subprocess.run([*command, *rules, modules], capture_output=True, text=True, check=False)
    assert (done.stdout.strip(), done.returncode) == ("All checks passed!", 0)


@pytest.mark.xfail(strict=True, reason="7: the comments on top are longer")
@pytest.mark.parametrize("name", NOTEBOOKS)
def test_no_line_of_ours_is_longer_than_ruff_has_it(name: str, modules: Path) -> None:
    lines = (modules / f"{name}.py").read_text("utf-8").splitlines()
    assert [line for line in lines if len(line) > 88] == []


KNOWN_TO_PYRIGHT = ['shared.py: Declaration "draw" is obscured by a declaration of the same name']
"""8: a helper that is made while the notebook runs."""


@pytest.mark.slow
def test_pyright_finds_nothing(modules: Path) -> None:
    pytest.importorskip("pyright")
    settings = {"typeCheckingMode": "basic", "include": ["."], "pythonVersion": "3.11"}
    (modules / "pyrightconfig.json").write_text(json.dumps(settings))
    command = [sys.executable, "-m", "pyright", "--outputjson", "--pythonpath", sys.executable]
    done = subprocess.run(
        [*command, "--project", modules],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    report = json.loads(done.stdout)
    found = [f"{Path(d['file']).name}: {d['message']}" for d in report["generalDiagnostics"]]
    assert found == KNOWN_TO_PYRIGHT
    assert report["summary"]["filesAnalyzed"] == len(NOTEBOOKS) + len(NAMES)
