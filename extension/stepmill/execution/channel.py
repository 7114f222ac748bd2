"""One socket of a kernel's, read without pyzmq's futures: these cost more than what the messages say."""

from __future__ import annotations

import asyncio
from collections import deque
from queue import Empty
from typing import Any

import zmq
from jupyter_client.channels import ZMQSocketChannel

_MOST_AT_ONCE = 64


class StepChannel(ZMQSocketChannel):
    """Receives in the event loop of whoever waits; sends at once.

    What has arrived is returned without a turn of the loop, though not for long: others have theirs.
    """

    def __init__(self, socket: zmq.Socket[bytes], session: Any, loop: Any = None) -> None:  # noqa: ARG002
        super().__init__(socket, session)
        self._arrived: deque[list[bytes]] = deque()
        self._waiting: set[asyncio.Future[None]] = set()
        self._without_a_turn = 0

    async def get_msg(self, timeout: float | None = None) -> dict[str, Any]:  # type: ignore[override]
        """Return the next message.

        Raises
        ------
        queue.Empty
            None arrives within `timeout` seconds.
        """
        self._without_a_turn += 1
        if self._without_a_turn >= _MOST_AT_ONCE:
            self._without_a_turn = 0
            await asyncio.sleep(0)
        if not self._arrived:
            self._take()
        if not self._arrived and timeout != 0:
            await self._arrival(timeout)
        if not self._arrived:
            raise Empty
        _, parts = self.session.feed_identities(self._arrived.popleft())
        message: dict[str, Any] = self.session.deserialize(parts)
        return message

    async def msg_ready(self) -> bool:  # type: ignore[override]
        """Return whether a message has arrived."""
        if not self._arrived:
            self._take()
        return bool(self._arrived)

    def send(self, msg: dict[str, Any]) -> None:
        super().send(msg)
        self._take()  # to send may use up the sign by which the loop would hear of an arrival

    async def _arrival(self, timeout: float | None) -> None:
        """Wait for a message, `timeout` seconds at most."""
        self._without_a_turn = 0
        assert self.socket is not None
        loop = asyncio.get_running_loop()
        waiting = loop.create_future()
        self._waiting.add(waiting)
        descriptor = self.socket.FD
        loop.add_reader(descriptor, self._take)  # only now: what nobody waits for stays with zmq
        timer = None if timeout is None else loop.call_later(timeout, _end, waiting)
        try:
            await waiting
        finally:
            self._waiting.discard(waiting)
            if not self._waiting:
                loop.remove_reader(descriptor)
            if timer is not None:
                timer.cancel()

    def _take(self) -> None:
        """Receive what has arrived, and tell those who wait."""
        assert self.socket is not None
        for _ in range(_MOST_AT_ONCE):
            try:
                self._arrived.append(self.socket.recv_multipart(zmq.NOBLOCK))
            except zmq.Again:
                break
        if self._arrived:
            for waiting in self._waiting:
                _end(waiting)


def _end(waiting: asyncio.Future[None]) -> None:
    if not waiting.done():
        waiting.set_result(None)
