"""Golden step notebooks in `golden/`. Write them anew with STEPMILL_UPDATE_GOLDEN=1 and read the diff."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest

from stepmill.compiler.step_notebook import compile_step
from stepmill.model.cell import StepOptions
from stepmill.model.pipeline import EdgeKind, Fragment, Input, Output, Step

GOLDEN = Path(__file__).parent / "golden"

TRAIN = Step(
    name="train",
    cells=(4, 7),
    options=StepOptions(retries=1),
    body=(
        Fragment(cell=4, line=1, source="# %%step train\n%matplotlib inline\nmodel = fit(df, alpha)"),
        Fragment(cell=7, line=1, source="# %%step train\n%%time\nmodel.score(X)\n"),
    ),
    setup=(
        Fragment(cell=0, line=2, source="import pandas as pd"),
        Fragment(cell=0, line=3, source="import numpy as np"),
        Fragment(cell=1, line=5, source="from __future__ import annotations"),
        Fragment(cell=2, line=1, source="class Mode(Enum):\n    FAST = 1\n    SLOW = 2"),
        Fragment(cell=3, line=1, source="folder = f'out/{mode.value}/{alpha}'"),
    ),
    inputs=(
        Input(name="df", producer="load"),
        Input(name="X", producer="features"),
        Input(name="numpy", producer="features", kind=EdgeKind.RANDOM),
    ),
    outputs=(Output(name="model"), Output(name="numpy", kind=EdgeKind.RANDOM)),
    parameters=("alpha", "mode"),
)
PARAMETERS: dict[str, tuple[str, Any]] = {
    "alpha": ("0.1", 0.1),
    "mode": ("Mode.FAST", "FAST"),
    "unused": ("'x'", "x"),
}

CASES = {
    "everything": (
        TRAIN,
        {"parameters": PARAMETERS, "notebook": "my `odd` churn.ipynb", "may_raise": frozenset({7})},
    ),
    "least": (Step(name="only", cells=(0,), body=(Fragment(cell=0, line=1, source="print(1)"),)), {}),
    "implicit": (
        Step(
            name="setup",
            implicit=True,
            cells=(0, 2),
            body=(
                Fragment(cell=0, line=1, source="import time"),
                Fragment(cell=2, line=1, source="now = time.time()"),
            ),
            outputs=(Output(name="now"),),
        ),
        {"notebook": "nb.ipynb"},
    ),
}


def compiled(name: str) -> dict[str, Any]:
    step, options = CASES[name]
    return compile_step(
        step,
        **{
            "parameters": {},
            "manifest_path": "/p/steps/x/manifest.json",
            "kernel_name": "python3",
            **options,
        },
    )


@pytest.mark.parametrize("name", CASES)
def test_the_notebook_is_the_golden_one(name: str) -> None:
    text = json.dumps(compiled(name), indent=1, ensure_ascii=False) + "\n"
    path = GOLDEN / f"{name}.json"  # not .ipynb: linters would mend it
    if os.environ.get("STEPMILL_UPDATE_GOLDEN"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, "utf-8")
    assert text == path.read_text("utf-8")


@pytest.mark.parametrize("name", CASES)
def test_it_is_a_valid_notebook(name: str) -> None:
    nbformat.validate(nbformat.from_dict(compiled(name)))


def test_the_cells_of_the_user_are_verbatim() -> None:
    bodies = [c for c in compiled("everything")["cells"] if c["metadata"]["stepmill"]["role"] == "body"]
    assert [c["source"] for c in bodies] == [fragment.source for fragment in TRAIN.body]
    assert [c["metadata"]["stepmill"]["cell"] for c in bodies] == [4, 7]
    assert [c["metadata"].get("tags") for c in bodies] == [None, ["raises-exception"]]


def test_a_parameter_that_needs_a_class_stands_behind_it_and_before_what_reads_it() -> None:
    sources = [c["source"] for c in compiled("everything")["cells"]]
    assert sources.index("alpha = 0.1") < sources.index("mode = Mode.FAST")
    assert "class Mode" in sources[sources.index("mode = Mode.FAST") - 1]
    assert sources[sources.index("mode = Mode.FAST") + 1].startswith("folder = ")


def test_setup_lines_lead_back_to_the_notebook() -> None:
    seen = []
    for cell in compiled("everything")["cells"]:
        lines = cell["source"].split("\n")
        for here, origin, line in cell["metadata"]["stepmill"].get("lines", ()):
            seen.append((lines[here - 1], origin, line))
    assert sorted(seen, key=lambda entry: entry[1:]) == [
        (fragment.source.split("\n")[0], fragment.cell, fragment.line) for fragment in TRAIN.setup
    ]


PATHS = [
    "/plain/manifest.json",
    '/with "quotes" and ü/m.json',
    "C:\\Users\\x\\m.json",
    "/{braces} $HOME/m.json",
]


@pytest.mark.parametrize("path", PATHS)
def test_the_manifest_path_is_a_json_string(path: str) -> None:
    document = compile_step(CASES["least"][0], parameters={}, manifest_path=path, kernel_name="k")
    line = next(c for c in document["cells"] if c["id"] == "inputs")["source"].split("\n")[-1]
    assert json.loads(line.removeprefix("%stepmill_begin ")) == path


def test_two_processes_compile_the_same_bytes() -> None:
    program = """
import json
from stepmill.compiler.step_notebook import compile_step
from stepmill.model.pipeline import Step, Fragment
step = Step(name="s", cells=(0,), parameters=("b", "a"), body=(Fragment(cell=0, line=1, source="a+b"),))
parameters = {"a": ("1", 1), "b": ("2", 2)}
print(json.dumps(compile_step(step, parameters=parameters, manifest_path="m", kernel_name="k")))
"""
    runs = {
        subprocess.run(
            [sys.executable, "-c", program], capture_output=True, env={**os.environ, "PYTHONHASHSEED": seed}
        ).stdout
        for seed in ("1", "2")
    }
    assert len(runs) == 1
    assert runs != {b""}


@pytest.mark.kernel
def test_it_runs_by_hand(tmp_path: Path) -> None:
    """Under plain nbclient, with the two cells of ours left out."""
    from nbclient import NotebookClient

    step = Step(
        name="s",
        cells=(3, 5),
        parameters=("alpha", "mode"),
        setup=(
            Fragment(cell=1, line=1, source="from enum import Enum"),
            Fragment(cell=2, line=1, source="from __future__ import annotations"),
            Fragment(cell=2, line=3, source="class Mode(Enum):\n    FAST: Undefined = 1"),
            Fragment(cell=2, line=9, source="label = f'{mode.name} {alpha}'"),
        ),
        body=(
            Fragment(cell=3, line=1, source="# %%step s\nprint(label)"),
            Fragment(cell=5, line=1, source="# %%step s\n!echo shell"),
        ),
    )
    parameters = {"alpha": ("0.1", 0.1), "mode": ("Mode.FAST", "FAST")}
    document = compile_step(step, parameters=parameters, manifest_path="m", kernel_name="python3")
    document["cells"] = [
        c for c in document["cells"] if c["metadata"]["stepmill"]["role"] not in ("inputs", "outputs")
    ]
    done = NotebookClient(
        nbformat.from_dict(document), resources={"metadata": {"path": str(tmp_path)}}
    ).execute()
    texts = ["".join(o.get("text", "") for o in c.outputs) for c in done.cells if c.cell_type == "code"]
    assert [text.split() for text in texts[-2:]] == [["FAST", "0.1"], ["shell"]]
