"""The shipped examples, with real kernels: the pipeline is the linear run, cached when it should be."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import stepmill
from oracle.canonical import canonical
from oracle.harness import CellRun, ForkServer, cell_run, shown, step_environment
from stepmill.model.pipeline import EdgeKind, Pipeline
from stepmill.model.run import StepStatus

if TYPE_CHECKING:
    from collections.abc import Iterator

EXAMPLES = Path(__file__).parents[2] / "examples"
NAMES = ("churn", "messy")

pytestmark = [pytest.mark.kernel, pytest.mark.slow]


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One example run both ways: once for the module, because kernels are slow to start."""

    notebook: Path
    cells: list[dict[str, Any]]
    linear: dict[int, tuple[str, ...]]  # what each cell shows in one kernel
    values: dict[int, CellRun]  # the names after each cell in one process
    pipeline: Pipeline
    run: stepmill.Run


@pytest.fixture(scope="module")
def server() -> Iterator[ForkServer]:
    made = ForkServer()
    yield made
    made.close()


@pytest.fixture(scope="module", params=NAMES)
def example(request: pytest.FixtureRequest, server: ForkServer, tmp_path_factory: Any) -> Example:
    name = request.param
    linear = shutil.copytree(EXAMPLES / name, tmp_path_factory.mktemp("linear") / name)
    ours = shutil.copytree(EXAMPLES / name, tmp_path_factory.mktemp("pipeline") / name)
    notebook = ours / f"{name}.ipynb"
    cells = json.loads(notebook.read_text("utf-8"))["cells"]
    return Example(
        notebook=notebook,
        cells=cells,
        linear=run_all(linear / f"{name}.ipynb"),
        values=values_after_cells(cells, server, linear),
        pipeline=stepmill.analyze(notebook, project=ours),
        run=stepmill.run(notebook, project=ours, tracking=False, jobs=2),
    )


def run_all(notebook: Path) -> dict[int, tuple[str, ...]]:
    """Run the notebook in one kernel, as it stands; return what each code cell shows."""
    import nbformat
    from nbclient import NotebookClient

    document = nbformat.read(notebook, as_version=4)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in step_environment().items():
            if name != "MPLBACKEND":  # the kernel's own affair
                patch.setenv(name, value)
        NotebookClient(document, resources={"metadata": {"path": str(notebook.parent)}}).execute()
    cells = {i: cell for i, cell in enumerate(document.cells) if cell.cell_type == "code"}
    return {index: shown(cell.outputs, notebook.parent) for index, cell in cells.items()}


def values_after_cells(cells: list[dict[str, Any]], server: ForkServer, folder: Path) -> dict[int, CellRun]:
    """Run the notebook in one process without our magics; return the user's names after each cell."""
    indices = [i for i, cell in enumerate(cells) if cell["cell_type"] == "code"]
    jobs = [
        {
            "source": without_our_line("".join(cells[i]["source"])),
            "snapshot": True,
            "may_raise": "raises-exception" in cells[i]["metadata"].get("tags", []),
        }
        for i in indices
    ]
    records = server.run(jobs, folder, stop=True)
    return {i: cell_run(record, folder) for i, record in zip(indices, records, strict=True)}


def without_our_line(source: str) -> str:
    if source.startswith("%load_ext stepmill"):
        return ""
    return source.partition("\n")[2] if source.startswith(("%%step", "%%parameters")) else source


def test_the_example_runs_to_its_end(example: Example) -> None:
    assert {name: outcome.status for name, outcome in example.run.steps.items()} == dict.fromkeys(
        (step.name for step in example.pipeline.steps), StepStatus.EXECUTED
    )
    assert not example.pipeline.errors


def test_every_step_cell_shows_what_run_all_shows(example: Example) -> None:
    assert example.run.notebook is not None
    executed = json.loads(example.run.notebook.read_text("utf-8"))["cells"]
    indices = [i for step in example.pipeline.steps if not step.implicit for i in step.cells]
    found = {i: shown(executed[i]["outputs"], example.notebook.parent) for i in indices}
    assert found == {i: example.linear[i] for i in indices}
    assert any(found.values())


def test_every_value_at_a_border_is_that_of_run_all(example: Example) -> None:
    for step in example.pipeline.steps:
        names = [given.name for given in step.outputs if given.kind is EdgeKind.DATA and given.required]
        found = {name: canonical(example.run.load(step.name, name)) for name in names}
        truth = example.values[max(step.cells)].values
        assert found == {name: truth[name] for name in names}, step.name


def test_a_second_run_is_cached_and_shows_the_same(example: Example) -> None:
    again = stepmill.run(example.notebook, project=example.notebook.parent, tracking=False)
    assert {outcome.status for outcome in again.steps.values()} == {StepStatus.CACHED}
    assert again.notebook is not None
    assert example.run.notebook is not None
    first, second = (
        json.loads(p.read_text("utf-8"))["cells"] for p in (example.run.notebook, again.notebook)
    )
    assert [cell.get("outputs") for cell in second] == [cell.get("outputs") for cell in first]


def test_the_source_is_only_read(example: Example) -> None:
    original = EXAMPLES / example.notebook.parent.name / example.notebook.name
    assert example.notebook.read_bytes() == original.read_bytes()


def test_another_alpha_runs_only_what_depends_on_it(tmp_path: Path) -> None:
    folder = shutil.copytree(EXAMPLES / "churn", tmp_path / "churn")
    notebook = folder / "churn.ipynb"
    stepmill.run(notebook, project=folder, tracking=False)
    run = stepmill.run(notebook, {"alpha": 0.3}, project=folder, tracking=False)
    executed = {name for name, outcome in run.steps.items() if outcome.status is StepStatus.EXECUTED}
    assert executed == {"train", "evaluate", "plot"}
    assert {outcome.status for outcome in run.steps.values()} == {StepStatus.EXECUTED, StepStatus.CACHED}
    assert "alpha" in run.steps["train"].reason
