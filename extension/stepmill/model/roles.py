"""What each cell is to the pipeline, as the panel shows it beside the cell."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stepmill.model.cell import Role

if TYPE_CHECKING:
    from stepmill.model.cell import Notebook
    from stepmill.model.pipeline import Pipeline

SETUP = "setup"
"""An untagged cell of which something runs in the pipeline: replayed, or in the implicit first step."""


def roles_document(notebook: Notebook, pipeline: Pipeline) -> list[dict[str, Any]]:
    """Return `{"index", "role", "step"}` for each cell, in order.

    `role` is a word of `Role` or "setup"; `step` the step in which the cell's code runs, None where
    it is replayed in those that need it, or does not run at all.
    """
    runs_in = {cell: step.name for step in pipeline.steps for cell in step.cells}
    replayed = {fragment.cell for step in pipeline.steps for fragment in step.setup}
    return [
        {
            "index": cell.index,
            "role": _role(cell.role, is_used=cell.index in runs_in or cell.index in replayed),
            "step": cell.step or runs_in.get(cell.index),
        }
        for cell in notebook.cells
    ]


def _role(role: Role, *, is_used: bool) -> str:
    return SETUP if role is Role.UNTAGGED and is_used else role.value
