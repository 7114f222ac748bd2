from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import nbformat
import pytest

from stepmill.execution.executors.base import StepExit, StepTask
from stepmill.execution.executors.local import LocalExecutor

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

Cell = str | tuple[str, dict[str, Any]]
"""Source, or source and cell metadata."""


def notebook_of(*cells: Cell) -> nbformat.NotebookNode:
    made = []
    for number, cell in enumerate(cells):
        source, metadata = (cell, {}) if isinstance(cell, str) else cell
        made.append(nbformat.v4.new_code_cell(source, id=f"cell-{number}", metadata=metadata))
    return nbformat.v4.new_notebook(cells=made)


def body(source: str, cell: int, *tags: str) -> Cell:
    return source, {"stepmill": {"role": "body", "cell": cell}, "tags": list(tags)}


class Bench:
    """Writes step notebooks into one folder and runs them."""

    def __init__(self, folder: Path, executor: LocalExecutor) -> None:
        self.folder = folder
        self.executor = executor
        self.progress: list[tuple[int, int]] = []

    def task(self, *cells: Cell, step: str = "step", **options: Any) -> StepTask:
        folder = self.folder / "steps" / step
        folder.mkdir(parents=True)
        path = folder / "step.ipynb"
        path.write_text(nbformat.writes(notebook_of(*cells)), "utf-8")
        return StepTask(
            step=step,
            notebook=path,
            executed=folder / "executed.ipynb",
            log=folder / "log.txt",
            folder=options.pop("folder", self.folder),
            kernel_name=options.pop("kernel_name", "python3"),
            **options,
        )

    def run(self, *cells: Cell, cancel: threading.Event | None = None, **options: Any) -> StepExit:
        task = self.task(*cells, **options)
        return self.executor.run(task, cancel or threading.Event(), lambda *at: self.progress.append(at))

    def executed(self, step: str = "step") -> nbformat.NotebookNode:
        return nbformat.read(self.folder / "steps" / step / "executed.ipynb", as_version=4)

    def outputs(self, step: str = "step") -> list[list[dict[str, Any]]]:
        return [[dict(output) for output in cell.outputs] for cell in self.executed(step).cells]

    def log(self, step: str = "step") -> str:
        return (self.folder / "steps" / step / "log.txt").read_text("utf-8")


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    executor = LocalExecutor()
    yield Bench(tmp_path, executor)
    executor.close()


@pytest.fixture
def make_bench(tmp_path: Path) -> Iterator[Callable[[str], Bench]]:
    executor = LocalExecutor()

    def make(folder: str) -> Bench:
        (tmp_path / folder).mkdir()
        return Bench(tmp_path / folder, executor)

    yield make
    executor.close()


@pytest.fixture
def step_notebook() -> Callable[..., nbformat.NotebookNode]:
    return notebook_of


@pytest.fixture
def body_cell() -> Callable[..., Cell]:
    return body
