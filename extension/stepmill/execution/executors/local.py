"""Steps in kernels on this machine, run by papermill."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from stepmill.errors import KernelError
from stepmill.execution.environment import kernel_environment
from stepmill.execution.executors.base import Ending, Progress, StepExit, StepTask
from stepmill.execution.keeper import Keeper
from stepmill.execution.lean import import_notebook_libraries
from stepmill.execution.reaper import Reaper
from stepmill.execution.session import StepSession
from stepmill.notebook.writing import write_document

if TYPE_CHECKING:
    import threading

    from stepmill.execution.forking.servers import ForkServers


class LocalExecutor:
    """Runs each step in a fresh kernel of the notebook's kernelspec.

    `jobs` is the number of steps that run at a time; it decides each one's share of the CPUs. With
    `servers` kernels are forked where that can be.
    """

    def __init__(self, *, jobs: int = 1, servers: ForkServers | None = None) -> None:
        self._jobs = jobs
        self._servers = servers
        self._reaper = Reaper()
        self._keeper = Keeper()

    def run(self, task: StepTask, cancel: threading.Event, progress: Progress | None = None) -> StepExit:
        """Run one step notebook; see `Executor.run`."""
        task.executed.parent.mkdir(parents=True, exist_ok=True)
        task.log.parent.mkdir(parents=True, exist_ok=True)
        session = StepSession(
            folder=task.folder,
            environment=kernel_environment(task.environment, cpus=task.cpus, jobs=self._jobs),
            log=task.log,
            start_timeout_s=task.start_timeout_s,
            timeout_s=task.timeout_s,
            cancel=cancel,
            progress=progress,
            reaper=self._reaper,
            keeper=self._keeper,
            asides=task.asides,
            servers=self._servers,
            needs=task.imports,
        )
        try:
            _execute(task, session)
        finally:
            if session.document is not None:
                _save(task, session.document)
        if session.exit is None:
            raise KernelError(f"step {task.step!r} did not run")
        return replace(session.exit, message=_with_folder(session.exit, task))

    def close(self) -> None:
        """Wait for the kernels that are still exiting."""
        self._reaper.close()
        self._keeper.close()
        if self._servers is not None:
            self._servers.close()


def _with_folder(ending: StepExit, task: StepTask) -> str:
    if ending.ending is Ending.DIED:
        return f"{ending.message}; its last output is in {task.log}"
    return ending.message


def _execute(task: StepTask, session: StepSession) -> None:
    import_notebook_libraries()
    from papermill.engines import papermill_engines
    from papermill.iorw import load_notebook_node

    # What `papermill.execute_notebook` does, without what is not for us. It changes the working directory
    # of the whole process, which other steps share; writes the document and reads it again, twice; and
    # goes by the error outputs, also of cells that are tagged raises-exception: the session knows better.
    papermill_engines.execute_notebook_with_engine(
        "stepmill",
        load_notebook_node(str(task.notebook)),
        kernel_name=task.kernel_name,
        progress_bar=False,
        session=session,
    )


def _save(task: StepTask, document: Any) -> None:
    document.metadata.papermill["input_path"] = task.notebook.name
    document.metadata.papermill["output_path"] = task.executed.name
    write_document(document, task.executed, durable=False)  # the copy of the whole notebook is
