"""Fork servers that wait for the next run."""

from __future__ import annotations

from stepmill.execution.forking import kept
from stepmill.execution.forking.servers import is_possible


def waiting_kernels() -> list[kept.Waiting]:
    """Return the processes that wait for the next run, to fork its kernels."""
    return kept.waiting() if is_possible() else []


def stop_waiting_kernels() -> int:
    """End them; return how many there were, when they are gone."""
    return kept.stop() if is_possible() else 0
