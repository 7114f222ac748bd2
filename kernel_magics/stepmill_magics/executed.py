"""Which cells were executed in this session, with what text, and when: to notice unsaved changes.

A hook that IPython calls before each cell writes it down; nothing is kept but the last text of each.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Executed:
    """The last execution of a cell. `cell_id` is the front end's; `time_s` are seconds since the epoch."""

    source: str
    time_s: float
    cell_id: str | None = None


@dataclass(slots=True)
class ExecutedCells:
    """The last execution of each cell of this session, oldest first.

    Front ends that say no cell ids are remembered by text alone.
    """

    _cells: dict[str, Executed] = field(default_factory=dict)

    def __call__(self, info: Any) -> None:
        """Take in what IPython tells before it runs a cell."""
        if info is not None and info.store_history:
            self.note(str(info.raw_cell), info.cell_id)

    def note(self, source: str, cell_id: Any = None) -> None:
        known = cell_id if isinstance(cell_id, str) and cell_id else None
        key = f"id {known}" if known else f"source {source}"
        self._cells.pop(key, None)
        self._cells[key] = Executed(source, time.time(), known)

    def all(self) -> tuple[Executed, ...]:
        return tuple(self._cells.values())


def record_of(shell: Any) -> ExecutedCells:
    """Return the record of a shell, an empty one if `%load_ext` has not run in it."""
    found = getattr(shell, _ATTRIBUTE, None)
    return found if isinstance(found, ExecutedCells) else ExecutedCells()


def start_record(shell: Any) -> None:
    """Write down from now on, the cell that runs just now included."""
    record = record_of(shell)
    setattr(shell, _ATTRIBUTE, record)
    shell.events.register("pre_run_cell", record)
    source, cell_id = _running_cell(shell)
    if source:
        record.note(source, cell_id)


def stop_record(shell: Any) -> None:
    """Write no more down; harmless where nothing was."""
    record = record_of(shell)
    if record in shell.events.callbacks["pre_run_cell"]:
        shell.events.unregister("pre_run_cell", record)


_ATTRIBUTE = "_stepmill_executed"


def _running_cell(shell: Any) -> tuple[str, Any]:
    """Return text and id of the cell that a kernel executes now."""
    kernel = getattr(shell, "kernel", None)
    parent = kernel.get_parent() if kernel is not None and hasattr(kernel, "get_parent") else None
    if not isinstance(parent, dict) or parent.get("header", {}).get("msg_type") != "execute_request":
        return "", None
    return str(parent.get("content", {}).get("code", "")), parent.get("metadata", {}).get("cellId")
