"""A step as a notebook that somebody opens in Jupyter and runs by hand."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import nbformat
import pytest
from nbclient import NotebookClient

from integration.notebooks import statuses
from stepmill import api
from stepmill.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from integration.notebooks import Workplace

LOAD = (
    "%%step load\nimport random\nrandom.seed(1)\npoints = [Point(3), Point(1)]\n"
    "state = random.getstate()[1][:3]"
)
FIT = (
    "%%step fit\nassert isinstance(points[0], Point), 'another class'\n"
    "largest = helper.most(points) * alpha\nimport random\ndraw = random.random()\n"
    "print(largest, draw)\nmissing_name"
)
CELLS = (
    "%%parameters\nalpha = 2",
    "import helper\nclass Point:\n    def __init__(self, x):\n        self.x = x",
    LOAD,
    FIT,
)


def by_hand(path: Path) -> list[dict[str, Any]]:
    """Run a notebook as Jupyter does, in its own folder, on to the end; return its code cells."""
    document: Any = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
    client = NotebookClient(document, allow_errors=True, resources={"metadata": {"path": str(path.parent)}})
    client.execute()
    return [cell for cell in document.cells if cell.cell_type == "code"]


def shown(cell: dict[str, Any]) -> list[str]:
    return [output.get("text") or output.get("ename", "") for output in cell["outputs"]]


@pytest.mark.kernel
def test_a_failed_step_opens_with_its_inputs(place: Workplace) -> None:
    (place.folder / "helper.py").write_text("def most(points):\n    return max(p.x for p in points)\n")
    place.write(*CELLS)
    assert statuses(place.run()) == {"load": "executed", "fit": "failed"}
    beside = api.open_step(place.notebook, "fit")
    assert beside == place.folder / "notebook-fit.ipynb"
    first, body = by_hand(beside)
    assert shown(first) == []
    assert shown(body) == ["6 0.13436424411240122\n", "NameError"]  # seeded in the step before

    elsewhere = place.folder / "other" / "mine.ipynb"
    elsewhere.parent.mkdir()
    api.open_step(place.notebook, "fit", elsewhere, {"alpha": 3})
    *_, body = by_hand(elsewhere)
    assert shown(body) == ["9 0.13436424411240122\n", "NameError"]

    before = beside.read_text("utf-8")
    with pytest.raises(UsageError, match="exists already"):
        api.open_step(place.notebook, "fit")
    assert beside.read_text("utf-8") == before
    assert statuses(place.run()) == {"load": "cached", "fit": "failed"}


def test_what_cannot_be_opened(place: Workplace) -> None:
    place.write("%%step load\nx = 1 + len('a')", "%%step fit\ny = x")
    with pytest.raises(UsageError, match="no step 'fot'") as caught:
        api.open_step(place.notebook, "fot")
    assert "did you mean 'fit'?" in caught.value.hint
    with pytest.raises(UsageError, match="takes something from load, which has no valid result") as caught:
        api.open_step(place.notebook, "fit")
    assert caught.value.hint == "stepmill run notebook.ipynb --only load"
    assert not list(place.folder.glob("*-f*"))


def test_a_step_that_takes_nothing_opens_without_a_run(place: Workplace) -> None:
    place.write("%%parameters\napi_token = 'from the notebook'", "%%step load\nx = api_token")
    path = api.open_step(place.notebook, "load", parameters={"api_token": "from the command line"})
    text = path.read_text("utf-8")
    assert "from the notebook" in text
    assert "from the command line" not in text
    cells = json.loads(text)["cells"]
    assert [cell["metadata"]["stepmill"]["role"] for cell in cells] == ["header", "inputs", "body"]
