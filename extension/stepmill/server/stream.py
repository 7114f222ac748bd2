"""The live stream: one per tab, with the events of every run of its notebook (Server-Sent Events)."""

from __future__ import annotations

import asyncio
import contextlib
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tornado.iostream import StreamClosedError

from stepmill.model.documents import event_document
from stepmill.model.json_text import json_text
from stepmill.planning.project import Project
from stepmill.running.inspecting import trusted_project
from stepmill.server.base import StepmillHandler, allowed
from stepmill.server.feed import NotebookFeed, parse_position
from stepmill.server.places import saved_notebook

if TYPE_CHECKING:
    from pathlib import Path

    from stepmill.model.run import Event
    from stepmill.server.feed import Position

_GREETING = "retry: 1000\n: stepmill\n\n"
_BUSY_POLL_S = 0.1
_SIGN_OF_LIFE = ": \n\n"


class StreamHandler(StepmillHandler):
    """Follows the runs of a notebook until the client or the server goes."""

    _track_activity = False  # an open panel alone keeps no server awake; see `_send`

    @allowed("read")
    async def get(self) -> None:
        path = await saved_notebook(self.contents_manager, self.path_argument())
        after = parse_position(
            self.request.headers.get("Last-Event-ID", "") or self.get_query_argument("after", "")
        )
        feed = await self.services.in_thread(_feed, path, after)
        self.set_header("Content-Type", "text/event-stream")
        self.set_header("Cache-Control", "no-store")
        self.set_header("X-Accel-Buffering", "no")
        with contextlib.suppress(StreamClosedError), self.services.open_stream() as over:
            self._over = over
            self.write(_GREETING)
            await self.flush()
            await self._follow(feed, over)
        if not self.is_gone():
            await self.finish(set_content_type="text/event-stream")

    def on_connection_close(self) -> None:
        """End the loop at once; called by tornado."""
        super().on_connection_close()
        if self._over is not None:
            self._over.set()

    _over: asyncio.Event | None = None

    async def _follow(self, feed: NotebookFeed, over: asyncio.Event) -> None:
        spoke_s = time.monotonic()
        while not over.is_set():
            events = await self.services.in_thread(feed.read)
            if events:
                await self._send(events)
                spoke_s = time.monotonic()
            elif time.monotonic() - spoke_s >= self.services.keep_alive_s:
                self.write(_SIGN_OF_LIFE)
                await self.flush()
                spoke_s = time.monotonic()
            pause_s = min(self.services.poll_s, _BUSY_POLL_S) if feed.is_busy else self.services.poll_s
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(over.wait(), pause_s)

    async def _send(self, events: list[Event]) -> None:
        """Send events, each with its position; a run that goes on keeps the server from being culled."""
        for event in events:
            text = json_text(event_document(event), indent=None)
            self.write(f"id: {event.run_id}:{event.number}\ndata: {text}\n\n")
        await self.flush()
        self.settings["api_last_activity"] = datetime.now(UTC)


def _feed(path: Path, after: Position | None) -> NotebookFeed:
    return NotebookFeed(Project(trusted_project(path)).runs, str(path.resolve()), after).begin()
