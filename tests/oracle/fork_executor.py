"""An executor without kernels: each step notebook runs in a process forked from a warm one.

Same run loop, same step notebooks, same runtime and store as with real kernels; about 0.1 s a step
instead of a second. It keeps a snapshot of the user's names after each cell for the comparison.
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from oracle.harness import CellRun, ForkServer, cell_run
from stepmill.execution.executors.base import BEFORE_ALL, CellError, Ending, Progress, StepExit, StepTask
from stepmill.notebook.writing import write_document

if TYPE_CHECKING:
    import threading
    from collections.abc import Mapping


class ForkExecutor:
    """Satisfies `stepmill.execution.executors.base.Executor`.

    `ran[step]` lists `(role, index of the user's cell or None, what it did)` of the last attempt.
    """

    def __init__(self, server: ForkServer) -> None:
        self._server = server
        self.ran: dict[str, list[tuple[str, int | None, CellRun]]] = {}

    def run(self, task: StepTask, cancel: threading.Event, progress: Progress | None = None) -> StepExit:
        document = json.loads(task.notebook.read_text("utf-8"))
        positions = [i for i, cell in enumerate(document["cells"]) if cell["cell_type"] == "code"]
        started_s = time.monotonic()
        records = self._server.run(
            [_job_cell(document["cells"][i]) for i in positions],
            task.folder,
            stop=True,
            environment=task.environment,
            before=task.asides.get(BEFORE_ALL, ""),
        )
        self.ran[task.step] = []
        error = None
        for position, record in zip(positions, records, strict=False):
            cell = document["cells"][position]
            cell["outputs"] = record["outputs"]
            about = cell["metadata"].get("stepmill", {})
            done = cell_run(record, task.folder)
            self.ran[task.step].append((about.get("role", ""), about.get("cell"), done))
            if record["error"] and not _may_raise(cell):
                error = CellError(cell=position, **record["error"])
        task.executed.parent.mkdir(parents=True, exist_ok=True)
        write_document(document, task.executed)
        seconds = time.monotonic() - started_s
        if error is None:
            return StepExit(ending=Ending.COMPLETED, seconds=seconds)
        message = f"cell raised {error.ename}"
        return StepExit(ending=Ending.FAILED, seconds=seconds, cell=error.cell, error=error, message=message)

    def close(self) -> None: ...


def _job_cell(cell: Mapping[str, Any]) -> dict[str, Any]:
    source = "".join(cell["source"])
    return {"source": source, "snapshot": True, "may_raise": _may_raise(cell)}


def _may_raise(cell: Mapping[str, Any]) -> bool:
    return "raises-exception" in cell["metadata"].get("tags", [])
