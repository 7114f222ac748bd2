"""When the engine saves: papermill rewrites the whole notebook twice per cell, which is quadratic."""

from __future__ import annotations

from functools import cache
from typing import Any


@cache
def manager_class() -> Any:
    """Return papermill's bookkeeping class, saving at the end and at its autosave interval only."""
    from papermill.engines import NotebookExecutionManager

    class SavesOnce(NotebookExecutionManager):  # type: ignore[misc]
        def save(self, **_: Any) -> None:
            """Called by papermill at each change of a cell's state."""
            if self.end_time is not None or self.is_due():
                super().save()

        def is_due(self) -> bool:
            """Return whether so much time went by since the last save that there should be another."""
            since_s = (self.now() - self.last_save_time).total_seconds()
            return bool(0 < self.autosave_cell_every <= since_s)

    return SavesOnce
