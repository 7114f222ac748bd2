"""The channels to a kernel: it is ready when it answers, and it is asked to exit without a race."""

from __future__ import annotations

from queue import Empty
from typing import TYPE_CHECKING, Any

import zmq
from jupyter_client.asynchronous.client import AsyncKernelClient
from traitlets import Instance, Type

from stepmill.execution.channel import StepChannel

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

_ASK_S = 0.1
_IDLE_S = 0.05
_REPLY_S = 1.0


class StepKernelClient(AsyncKernelClient):
    """The channels to a kernel that was started for one step."""

    context = Instance(zmq.Context)  # type: ignore[assignment]
    shell_channel_class = Type(StepChannel)  # type: ignore[assignment]
    iopub_channel_class = Type(StepChannel)  # type: ignore[assignment]
    stdin_channel_class = Type(StepChannel)  # type: ignore[assignment]
    control_channel_class = Type(StepChannel)  # type: ignore[assignment]

    async def ready(self, died: asyncio.Event, give_up: Callable[[], None]) -> dict[str, Any]:
        """Return the content of the first kernel_info reply, with iopub subscribed and drained.

        A reply *and* the idle status of the same request show that all earlier messages are here.
        `give_up` raises when it is time to; the caller looks at `died` when Empty is raised.
        """
        while True:
            request = self.kernel_info()
            reply = await self._reply(request, died, give_up)
            self._handle_kernel_info_reply(reply)
            if await self._saw_idle(request):
                return dict(reply["content"])
            # iopub was not subscribed yet when the status was published: ask again

    async def _reply(self, request: str, died: asyncio.Event, give_up: Callable[[], None]) -> dict[str, Any]:
        while True:
            try:
                message: dict[str, Any] = await self.shell_channel.get_msg(timeout=_ASK_S)
            except Empty:
                if died.is_set():
                    raise
                give_up()
                continue
            if message["parent_header"].get("msg_id") == request:
                return message

    async def _saw_idle(self, request: str) -> bool:
        while True:
            try:
                message = await self.iopub_channel.get_msg(timeout=_IDLE_S)
            except Empty:
                return False
            is_ours = message["parent_header"].get("msg_id") == request
            if is_ours and message["content"].get("execution_state") == "idle":
                return True

    async def ask_to_exit(self, *, by_shell: bool) -> None:
        """Send a shutdown request and wait, shortly, until the kernel has it.

        In ipykernel a request on the control channel races: the main thread stops the thread that
        carries its output while the control thread still flushes through it, and one exit in ten
        hangs for ten seconds. On the shell channel the main thread does both, one after the other.
        """
        channel = self.shell_channel if by_shell else self.control_channel
        request = self.session.msg("shutdown_request", {"restart": False})
        channel.send(request)
        try:
            while True:
                reply = await channel.get_msg(timeout=_REPLY_S)
                if reply["parent_header"].get("msg_id") == request["header"]["msg_id"]:
                    return
        except Empty:
            return  # whoever waits for the process will see to it
