"""The shipped examples, with real kernels: pipeline and exported module are the linear run."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import stepmill
import stepmill.api
from oracle.canonical import canonical
from oracle.harness import CellRun, ForkServer, cell_run, shown, step_environment
from stepmill.model.pipeline import EdgeKind, Pipeline
from stepmill.model.run import StepStatus

if TYPE_CHECKING:
    from collections.abc import Iterator

EXAMPLES = Path(__file__).parents[2] / "examples"
NAMES = ("churn", "messy", "lifespan", "co2", "digits")

CHANGES = {
    "churn": ({"alpha": 0.3}, {"train", "evaluate", "plot"}),
    "lifespan": ({"alpha": 10.0}, {"validate", "train", "evaluate", "plot", "surprises"}),
    "co2": ({"window": 15}, {"model", "judge", "by_month", "forecast", "plot"}),
    "digits": ({"hand_over": 0.1}, {"threshold", "read", "evaluate", "errors"}),
}
"""Another parameter, and the steps that then run; the rest is cached."""

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


MODULE_RUN = """
import json, sys
module = __import__(sys.argv[1])
print("imported")
values = module.main()
sys.path.insert(0, sys.argv[2])
from oracle.canonical import canonical
print(json.dumps({name: canonical(value) for name, value in values.items()}))
"""


def test_the_exported_module_prints_and_returns_what_run_all_does(example: Example, tmp_path: Path) -> None:
    name = example.notebook.stem
    folder = shutil.copytree(EXAMPLES / name, tmp_path / name)
    stepmill.api.export(folder / f"{name}.ipynb", target=folder / f"{name}.py", project=folder)
    with pytest.MonkeyPatch.context() as patch:
        for variable, value in step_environment().items():
            patch.setenv(variable, value)
        done = subprocess.run(
            [sys.executable, "-c", MODULE_RUN, name, str(Path(__file__).parents[1])],
            cwd=folder, capture_output=True, text=True, check=False,
        )  # fmt: skip
    assert done.returncode == 0, done.stderr
    first, *printed, last = done.stdout.splitlines()
    assert first == "imported"
    indices = sorted(i for step in example.pipeline.steps for i in step.cells)
    rest = iter(printed)
    wanted = [line for i in indices for line in printed_lines(example.linear[i])]
    assert [line for line in wanted if line not in rest] == []  # all lines, in their order
    values = json.loads(last)
    truth = example.values[max(example.values)].values
    assert values == {name: truth[name] for name in values}
    assert values.keys() >= {name for step in example.pipeline.steps for name in step.options.metrics}


def printed_lines(pieces: tuple[str, ...]) -> list[str]:
    """Return the lines that a cell printed; a result may look different on a terminal, or be left out."""
    texts = (piece.removeprefix("stdout|") for piece in pieces if piece.startswith("stdout|"))
    return [line for text in texts for line in text.splitlines()]


def test_the_source_is_only_read(example: Example) -> None:
    original = EXAMPLES / example.notebook.parent.name / example.notebook.name
    assert example.notebook.read_bytes() == original.read_bytes()


@pytest.mark.parametrize("example", CHANGES, indirect=True)
def test_another_parameter_runs_only_what_depends_on_it(example: Example) -> None:
    parameters, dependents = CHANGES[example.notebook.stem]
    run = stepmill.run(example.notebook, parameters, project=example.notebook.parent, tracking=False, jobs=2)
    statuses = {name: outcome.status for name, outcome in run.steps.items()}
    assert {name for name, status in statuses.items() if status is StepStatus.EXECUTED} == dependents
    assert set(statuses.values()) == {StepStatus.EXECUTED, StepStatus.CACHED}
    (changed,) = parameters
    assert any(changed in run.steps[name].reason for name in dependents)
