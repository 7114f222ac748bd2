"""What the heap was, and what names carried, where steps begin and end."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from stepmill.model.pipeline import SETUP_STEP

if TYPE_CHECKING:
    from stepmill.analysis.flow import Flow
    from stepmill.analysis.history import History, Snapshot


class Moments:
    """The heap before each step's first statement and after its last, and what its names carry."""

    def __init__(self, flow: Flow, history: History) -> None:
        self.history = history
        self._observed = flow.observed
        self._owned = flow.inventory.owned
        self._leaving, self._carrying = flow.those("leaves"), flow.those("carries")

    @cached_property
    def _untagged(self) -> dict[str, frozenset[str]]:
        found: dict[str, frozenset[str]] = {}
        for index in self._leaving:
            for name, definitions in self._observed[index].leaves.items():
                found[name] = found.get(name, frozenset()) | definitions
        return found

    def carriers(self) -> set[str]:
        """Return the steps of which `carried` may have something."""
        found = {owner for unit in self._carrying if (owner := self._observed[unit].unit.owner) is not None}
        return found | {SETUP_STEP} if self._leaving else found

    def before(self, step: str) -> Snapshot | None:
        """Return the heap before a step, None if it has no statements."""
        return self.history.before(self._owned[step][0]) if step in self._owned else None

    def after(self, step: str) -> Snapshot | None:
        """Return the heap after a step, None if it has no statements."""
        return self.history.after(self._owned[step][-1]) if step in self._owned else None

    def carried(self, step: str | None) -> dict[str, frozenset[str]]:
        """Return the definitions that a step's names carry at its end; for None, those of untagged code."""
        if step is None:
            return self._untagged
        return self._observed[self._owned[step][-1]].leaves if step in self._owned else {}
