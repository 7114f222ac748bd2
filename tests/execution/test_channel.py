"""Messages of a kernel, received without pyzmq's futures."""

from __future__ import annotations

import asyncio
import time
from queue import Empty
from typing import TYPE_CHECKING, Any

import pytest
import zmq
from jupyter_client.session import Session

from stepmill.execution.channel import StepChannel

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator

MANY = 500


class Pair:
    """A channel, and the socket at its other end."""

    def __init__(self, context: zmq.Context[Any]) -> None:
        self._session = Session(key=b"")
        kernel, ours = context.socket(zmq.PAIR), context.socket(zmq.PAIR)
        kernel.bind("inproc://kernel")
        ours.connect("inproc://kernel")
        self.kernel, self.channel = kernel, StepChannel(ours, self._session)

    def say(self, number: int) -> None:
        self._session.send(self.kernel, "status", {"number": number})

    async def number(self, timeout: float | None = None) -> int:
        return int((await self.channel.get_msg(timeout=timeout))["content"]["number"])


@pytest.fixture
def pair() -> Iterator[Pair]:
    with zmq.Context() as context:
        made = Pair(context)
        yield made
        made.channel.stop()
        made.kernel.close(linger=0)


def _run(work: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
    with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
        return runner.run(work())


def test_messages_come_in_order_before_and_while_they_are_awaited(pair: Pair) -> None:
    async def work() -> list[int]:
        pair.say(0)
        pair.say(1)
        waiting = [await pair.number(), await pair.number()]
        loop = asyncio.get_running_loop()
        for number in (2, 3):
            loop.call_later(0.05 * (number - 1), pair.say, number)
        return [*waiting, await pair.number(), await pair.number(60)]

    assert _run(work) == [0, 1, 2, 3]


def test_nothing_in_time_is_empty_and_what_comes_later_is_not_lost(pair: Pair) -> None:
    async def work() -> int:
        for timeout in (0, 0.01):
            with pytest.raises(Empty):
                await pair.channel.get_msg(timeout=timeout)
        assert not await pair.channel.msg_ready()
        pair.say(4)
        return await pair.number(60)

    assert _run(work) == 4


def test_a_message_that_arrives_with_a_sending_wakes_who_waits(pair: Pair) -> None:
    """To send makes zmq look at its mailbox: the descriptor then says nothing of what has come."""

    async def work() -> int:
        waiting = asyncio.ensure_future(pair.number())
        await asyncio.sleep(0)
        pair.say(5)
        time.sleep(0.05)  # zmq looks at its mailbox every few milliseconds at most
        pair.channel.send(pair.channel.session.msg("kernel_info_request", {}))
        return await asyncio.wait_for(waiting, 60)

    assert _run(work) == 5


def test_whoever_has_endless_messages_leaves_others_their_turn(pair: Pair) -> None:
    async def work() -> bool:
        for number in range(MANY):
            pair.say(number)
        turns: list[int] = []
        asyncio.get_running_loop().call_soon(turns.append, 1)
        for number in range(MANY):
            assert await pair.number() == number
        return bool(turns)

    assert _run(work)
