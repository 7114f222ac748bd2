"""Whoever reads our output may go before its end: `stepmill run … | head`."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

    from stepmill.model.run import Event


def while_read(on_event: Callable[[Event], None], cancel: threading.Event) -> Callable[[Event], None]:
    """Return a callback for events that cancels the run once nobody reads what it writes."""

    def heard(event: Event) -> None:
        try:
            on_event(event)
        except (BrokenPipeError, SystemExit):  # which is what Rich makes of it
            cancel.set()
            _write_nowhere()

    return heard


def _write_nowhere() -> None:
    """Let what is still written go nowhere: each line would fail again, the last one when Python ends."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
