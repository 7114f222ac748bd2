"""What our executor tells our papermill engine beyond papermill's own options, and hears back."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import threading
    from collections.abc import Mapping
    from pathlib import Path

    from stepmill.execution.executors.base import Progress, StepExit
    from stepmill.execution.forking.servers import ForkServers
    from stepmill.execution.keeper import Keeper
    from stepmill.execution.reaper import Reaper


@dataclass(slots=True, kw_only=True)
class StepSession:
    """One execution of a step notebook.

    The engine fills in `document` (the notebook with its outputs, from the start on) and `exit`.
    With `reaper`, the kernel's own end is left to it; without, the engine waits for it. `keeper` is told of
    kernels that are started.
    `cell_timeout_s` is papermill's option: a limit for each cell, past which nbclient raises. `asides`
    is code that the kernel runs silently after a cell, by the cell's index. With `servers` the kernel is
    forked where that can be; `needs` are the modules that it will import.
    """

    folder: Path | None = None
    environment: Mapping[str, str] | None = None
    log: Path | None = None
    start_timeout_s: float = 60.0
    timeout_s: float | None = None
    cell_timeout_s: int | None = None
    cancel: threading.Event | None = None
    progress: Progress | None = None
    reaper: Reaper | None = None
    keeper: Keeper | None = None
    asides: Mapping[int, str] = field(default_factory=dict)
    servers: ForkServers | None = None
    needs: tuple[str, ...] = ()
    document: Any = None
    exit: StepExit | None = None

    @property
    def is_cancelled(self) -> bool:
        return self.cancel is not None and self.cancel.is_set()
