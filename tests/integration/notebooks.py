"""Notebooks written in a test and run for real: with kernels, store and events, without tracking."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from stepmill import api

if TYPE_CHECKING:
    from pathlib import Path

    from stepmill.model.plan import Plan
    from stepmill.model.run import Event, StepOutcome

KERNEL = {"name": "python3", "display_name": "Python 3", "language": "python"}


def write_notebook(path: Path, *cells: str, kernel: str = "python3") -> Path:
    """Write a notebook; a cell that starts with `# markdown` is one of text."""
    document = {
        "cells": [_cell(source) for source in cells],
        "metadata": {"kernelspec": {**KERNEL, "name": kernel}},
        "nbformat": 4,
        "nbformat_minor": 4,
    }
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


def _cell(source: str) -> dict[str, Any]:
    if source.startswith("# markdown"):
        return {"cell_type": "markdown", "metadata": {}, "source": source}
    return {"cell_type": "code", "metadata": {}, "source": source, "outputs": [], "execution_count": None}


@dataclass
class Workplace:
    """A folder with one notebook and everything that runs of it leave there."""

    folder: Path
    name: str = "notebook.ipynb"
    events: list[Event] = field(default_factory=list)

    @property
    def notebook(self) -> Path:
        return self.folder / self.name

    def write(self, *cells: str) -> None:
        write_notebook(self.notebook, *cells)

    def run(self, **options: Any) -> api.Run:
        """Run the notebook; the events of this run replace those of the last."""
        self.events.clear()
        known = {"tracking": False, "on_event": self.events.append}
        return api.run(self.notebook, **{**known, **options})

    def plan(self, **options: Any) -> Plan:
        return api.plan(self.notebook, **options)

    def cell_outputs(self, run: api.Run, cell: int) -> list[dict[str, Any]]:
        """Return the outputs of a cell in the executed copy."""
        assert run.notebook is not None
        found: list[dict[str, Any]] = json.loads(run.notebook.read_text("utf-8"))["cells"][cell]["outputs"]
        return found


def statuses(run: api.Run) -> dict[str, str]:
    return {name: outcome.status.value for name, outcome in run.steps.items()}


def digests(run: api.Run) -> dict[str, dict[str, str]]:
    return {name: dict(outcome.outputs) for name, outcome in run.steps.items()}


def reason(run: api.Run, step: str) -> str:
    outcome: StepOutcome = run.steps[step]
    return outcome.reason
