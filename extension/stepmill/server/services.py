"""What the extension keeps from its start to its stop, shared by all handlers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from stepmill.server.analyst_process import AnalystProcess

T = TypeVar("T")


@dataclass(slots=True, kw_only=True)
class Services:
    """`analyst` reads what is in the editor, `planner` plans, which may take longer: files are hashed."""

    max_body_bytes: int
    keep_alive_s: float
    poll_s: float
    analyst: AnalystProcess = field(default_factory=AnalystProcess)
    planner: AnalystProcess = field(default_factory=lambda: AnalystProcess(timeout_s=600.0))
    _threads: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(8, "stepmill"))
    _streams: set[asyncio.Event] = field(default_factory=set)

    async def in_thread(self, action: Callable[..., T], *arguments: Any) -> T:
        """Return what `action` returns, which may wait for disks and processes."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, action, *arguments)

    @contextmanager
    def open_stream(self) -> Iterator[asyncio.Event]:
        """Give the event that ends a stream: the server sets it when it stops."""
        over = asyncio.Event()
        self._streams.add(over)
        try:
            yield over
        finally:
            self._streams.discard(over)

    def close(self) -> None:
        """End streams and helping processes. Runs go on: they are processes of their own."""
        for over in self._streams:
            over.set()
        self.analyst.close()
        self.planner.close()
        self._threads.shutdown(wait=False, cancel_futures=True)
