"""Python's search for unreachable cycles, put off while an analysis runs.

An analysis makes hundreds of thousands of small records and hardly a cycle: looking through all of them
again and again takes a quarter of its time.
"""

from __future__ import annotations

import gc
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_lock = threading.Lock()
_users = 0
_was_on = False


@contextmanager
def paused_collector() -> Iterator[None]:
    """Keep the collector off until the last of all threads has left; if it was off, it stays so."""
    global _users, _was_on  # noqa: PLW0603
    with _lock:
        if _users == 0:
            _was_on = gc.isenabled()
            gc.disable()
        _users += 1
    try:
        yield
    finally:
        with _lock:
            _users -= 1
            if _users == 0 and _was_on:
                gc.enable()
