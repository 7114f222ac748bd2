"""One Run All: all cells in one kernel of the kind that steps get, and a look at the values at borders."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stepmill.compiler.linear_notebook import compile_linear, outputs_of_cells
from stepmill.errors import KernelError, RunCancelled, StepFailed
from stepmill.execution.executors.base import Ending, Executor, StepExit, StepTask
from stepmill.execution.failures import plain
from stepmill.execution.scheduler import run_steps
from stepmill.model.codec import CodecError, from_json, to_json
from stepmill.model.run import StepOutcome, StepStatus
from stepmill.model.verification import BorderResult
from stepmill.notebook.writing import write_document
from stepmill.plugins import Registry
from stepmill.running.verifying.comparison import Linear

if TYPE_CHECKING:
    import threading

    from stepmill.model.verification import Border
    from stepmill.running.bench import Workbench
    from stepmill.running.step import StepLimits

RUN_ALL = "Run All"


@dataclass(frozen=True, slots=True, kw_only=True)
class LinearRun:
    """How to run the notebook of `bench` in one kernel.

    `borders` maps the index of a cell of the notebook to what is compared once it is through; `folder`
    takes what the run leaves.
    """

    bench: Workbench
    limits: StepLimits
    cancel: threading.Event
    folder: Path
    borders: Mapping[int, tuple[Border, ...]]
    progress: Callable[[int, int], None]

    def run(self) -> Linear:
        """Run all cells, or until one fails.

        Raises
        ------
        KernelError
            The kernel did not start, or died.
        RunCancelled
            Somebody interrupted.
        """
        self.folder.mkdir(parents=True)
        document = compile_linear(
            self.bench.loaded.notebook, self._edits(), kernel_name=self.bench.kernel.name
        )
        write_document(document, self.folder / "linear.ipynb")
        ended, seconds = self._execute(self._task(document))
        if ended.ending is Ending.CANCELLED:
            raise RunCancelled("verify was interrupted", hint="nothing of the project was changed")
        executed = json.loads((self.folder / "executed.ipynb").read_text(encoding="utf-8"))
        failed_cell = failure = None
        if ended.ending is Ending.FAILED and ended.error is not None:
            failed_cell = executed["cells"][ended.error.cell]["metadata"]["stepmill"]["cell"]
            failure = f"{ended.error.ename}: {plain(ended.error.evalue)}"
        elif not ended.is_good:
            raise KernelError(f"the kernel of Run All died: {ended.message}")
        ran = [cell for cell in self.borders if failed_cell is None or cell < failed_cell]
        return Linear(
            outputs=outputs_of_cells(executed),
            borders=self._results(ran),
            failed_cell=failed_cell,
            failure=failure,
            seconds=seconds,
        )

    def _edits(self) -> list[tuple[Any, str]]:
        """Return the parameters that have another value than in the notebook, and its source."""
        bench = self.bench
        changed = [p for p in bench.pipeline.parameters if _json(bench.values[p.name]) != _json(p.default)]
        return [(parameter, bench.expression(parameter.name)) for parameter in changed]

    def _task(self, document: Mapping[str, Any]) -> StepTask:
        asides = {}
        for at, cell in enumerate(document["cells"]):
            borders = self.borders.get(cell["metadata"]["stepmill"]["cell"], ())
            if borders:
                asides[at] = "\n".join(self._aside(border) for border in borders)
        return StepTask(
            step=RUN_ALL,
            notebook=self.folder / "linear.ipynb",
            executed=self.folder / "executed.ipynb",
            log=self.folder / "log.txt",
            folder=self.bench.world.folder,
            kernel_name=self.bench.kernel.name,
            start_timeout_s=self.limits.start_timeout_s,
            cpus=self.limits.threads,
            asides=asides,
        )

    def _aside(self, border: Border) -> str:
        path = self.folder / f"border-{len(list(self.folder.glob('border-*.json')))}.json"
        path.write_text(json.dumps(to_json(border)), encoding="utf-8")
        module = "__import__('stepmill_magics.borders', fromlist=['compare'])"
        return f"{module}.compare({str(path)!r}, get_ipython().user_ns)"

    def _execute(self, task: StepTask) -> tuple[StepExit, float]:
        """Run the task in a thread of its own: Ctrl-C sets `cancel`, and the kernel is ended in order."""
        kind: Callable[..., Executor] = Registry[Callable[..., Executor]]("stepmill.executors").load("local")
        executor = kind(jobs=self.limits.jobs)
        ended: list[StepExit] = []

        def perform(_: str) -> StepOutcome:
            ended.append(executor.run(task, self.cancel, self.progress))
            return StepOutcome(status=StepStatus.EXECUTED)

        started_s = time.monotonic()
        try:
            outcome = run_steps([RUN_ALL], {}, perform, jobs=1, cancel=self.cancel)[RUN_ALL]
        finally:
            executor.close()
        if self.cancel.is_set():
            raise RunCancelled("verify was interrupted", hint="nothing of the project was changed")
        if not ended:
            raise KernelError(outcome.reason, hint=str((outcome.error or {}).get("hint", "")))
        return ended[0], time.monotonic() - started_s

    def _results(self, ran: Iterable[int]) -> dict[str, BorderResult]:
        """Return what the kernel found, by step, behind the cells `ran`.

        Raises
        ------
        StepFailed
            It found nothing where it should have: the border of a cell that ran.
        """
        found = {}
        for border in (one for cell in ran for one in self.borders.get(cell, ())):
            try:
                document = json.loads(Path(border.result).read_text(encoding="utf-8"))
                found[border.step] = from_json(BorderResult, document)
            except (OSError, ValueError, CodecError) as error:
                said = (self.folder / "log.txt").read_text(encoding="utf-8").splitlines()[-1:]
                raise StepFailed(
                    f"the values of step {border.step!r} were not compared: {''.join(said) or error}",
                    hint="that is our fault, please report it",
                    step=border.step,
                ) from error
        return found


def _json(value: Any) -> str:
    return json.dumps(value)
