"""What `stepmill gc` removed from the store, or would."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class RemovedResult:
    """The values that a step once gave. `size_bytes` is what went with them and no other result has."""

    step: str
    run_id: str
    size_bytes: int
    seconds: float
    used_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Cleaning:
    """What was freed and what is left, in bytes of files.

    Attributes
    ----------
    removed
        Results that could have been reused, the least valuable first.
    freed_bytes, freed_files
        All that was removed, unreferenced values and leftovers of killed writers included.
    unreferenced_files, leftover_files
        How many of these files nothing named any more, and how many were never finished.
    left_bytes, kept_bytes
        What the store holds now, and how much of it belongs to what is never removed.
    kept_runs
        The runs whose values are never removed.
    history_bytes
        The folders of the runs: notebooks, events and logs, which are not touched.
    """

    dry_run: bool = False
    removed: tuple[RemovedResult, ...] = ()
    freed_bytes: int = 0
    freed_files: int = 0
    unreferenced_files: int = 0
    leftover_files: int = 0
    left_bytes: int = 0
    kept_bytes: int = 0
    kept_runs: tuple[str, ...] = ()
    history_bytes: int = 0
    budget_bytes: int | None = None

    @property
    def over_budget_bytes(self) -> int:
        """How much more there is than the budget allows: it belongs to what is kept."""
        return 0 if self.budget_bytes is None else max(0, self.left_bytes - self.budget_bytes)
