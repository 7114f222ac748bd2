"""Stopping a run from another process: a file in its folder asks for it."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_LOOK_S = 0.2


@contextmanager
def heeding(request: Path, cancel: threading.Event) -> Iterator[None]:
    """Set `cancel` as soon as the file `request` appears.

    A file and no signal: it works for a run in anybody's process, a notebook's kernel included, on
    another machine and on Windows; and no process that got the number of a dead one is hit.
    """
    over = threading.Event()

    def look() -> None:
        while not over.wait(_LOOK_S):
            if request.exists():
                cancel.set()
                return

    watcher = threading.Thread(target=look, name="stepmill-cancel", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()
