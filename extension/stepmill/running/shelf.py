"""The records that the steps of one run have given or reused so far."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stepmill.model.artifact import StepRecord


class Shelf:
    """Step name -> record, shared by the threads of a run."""

    def __init__(self) -> None:
        self._records: dict[str, StepRecord] = {}
        self._lock = threading.Lock()

    def put(self, step: str, record: StepRecord) -> None:
        with self._lock:
            self._records[step] = record

    def all(self) -> Mapping[str, StepRecord]:
        """Return the records as of now."""
        with self._lock:
            return dict(self._records)

    def clear(self) -> None:
        with self._lock:
            self._records.clear()
