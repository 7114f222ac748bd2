"""What an executor is told about a step, and what it reports back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import threading
    from pathlib import Path

Progress = Callable[[int, int], None]
"""Called with (k, n) when the k-th of n cells of the user's starts; at most a few times a second."""


class Ending(StrEnum):
    """How the kernel came to the end of a step notebook."""

    COMPLETED = "completed"  # every cell ran
    FAILED = "failed"  # a cell raised
    DIED = "died"  # the kernel process ended by itself
    TIMED_OUT = "timed-out"
    CANCELLED = "cancelled"


BEFORE_ALL = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class StepTask:
    """One step notebook to run. Paths are absolute.

    Attributes
    ----------
    notebook
        The step notebook. It is only read.
    executed
        Where the notebook with its outputs goes; written once, atomically, also on failure.
    log
        Text of the outputs as they come, and whatever the kernel process itself prints.
    folder
        Working directory of the kernel.
    environment
        Variables on top of the runner's own; they win over everything that we set.
    timeout_s
        Seconds for the whole step, from the moment the kernel is ready. None: no limit.
    cpus
        Decides the number of threads of numerical libraries; None: the executor's share.
    asides
        Index of a cell in `notebook` -> code for the kernel once that cell is through; `BEFORE_ALL`:
        before the first. It runs silently: no output, no history, no prompt number; its errors are
        nobody's.
    imports
        Dotted names of the modules that the step will import, as far as its code shows.
    """

    step: str
    notebook: Path
    executed: Path
    log: Path
    folder: Path
    kernel_name: str
    environment: Mapping[str, str] = field(default_factory=dict)
    timeout_s: float | None = None
    start_timeout_s: float = 60.0
    cpus: float | None = None
    asides: Mapping[int, str] = field(default_factory=dict)
    imports: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CellError:
    """An exception in a cell of the step notebook, as the kernel reported it.

    `cell` is the index in the *step* notebook; `stepmill.execution.failures` turns it into the user's.
    """

    cell: int
    ename: str
    evalue: str
    traceback: tuple[str, ...] = ()
    execution_count: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StepExit:
    """How a step notebook ended.

    `cell` is the index in the step notebook of the cell that ran last. `error` is set if `ending`
    is FAILED, and if a cell was interrupted (its traceback then shows where). `exit_code` is that
    of a dead kernel, negative for a signal. `message` is a sentence for all endings but COMPLETED.
    `cold_reason` says why the kernel was not forked, where that was wished. `cut` has a sentence for each
    cell that printed more than its notebook has room for.
    """

    ending: Ending
    seconds: float
    start_seconds: float = 0.0
    cell: int | None = None
    error: CellError | None = None
    exit_code: int | None = None
    message: str = ""
    cold_reason: str = ""
    cut: tuple[str, ...] = ()

    @property
    def is_good(self) -> bool:
        return self.ending is Ending.COMPLETED


class Executor(Protocol):
    """Runs step notebooks. One instance serves a whole run; `run` is called from several threads."""

    def run(self, task: StepTask, cancel: threading.Event, progress: Progress | None = None) -> StepExit:
        """Run one step notebook to its end; return soon after `cancel` is set.

        Raises
        ------
        KernelError
            The kernel is not installed, or did not start.
        """

    def close(self) -> None:
        """Wait until everything that `run` left behind (kernels that still exit) is gone."""
