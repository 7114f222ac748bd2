"""Kernels that are forked where that is possible, and started as usual where it is not."""

from __future__ import annotations

import asyncio
import os
import subprocess
from typing import TYPE_CHECKING, Any

from jupyter_client.provisioning.local_provisioner import LocalProvisioner

from stepmill.execution.forking.servers import ForkServers, Unforkable, as_launch

if TYPE_CHECKING:
    from collections.abc import Callable, Collection


class ForkProvisioner(LocalProvisioner):
    """Asks `servers` for its kernel. `cold_reason` says why one was started instead; "" if it was forked."""

    servers: ForkServers
    needs: Collection[str] = ()
    timeout_s = 60.0
    cold_reason = ""

    @staticmethod
    def is_cancelled() -> bool:
        """Return whether nobody waits for the kernel any more; replaced by whoever makes this."""
        return False

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> Any:
        try:
            process = await asyncio.to_thread(self._fork, cmd, kwargs)
        except Unforkable as reason:
            self.cold_reason = str(reason)
            return await super().launch_kernel(cmd, **kwargs)
        self.process = process
        self.pid = self.pgid = process.pid
        self.cwd = kwargs.get("cwd")
        return self.connection_info

    def _fork(self, command: list[str], options: dict[str, Any]) -> Any:
        launch = as_launch(command, options["env"], os.path.abspath(options.get("cwd") or os.getcwd()))  # noqa: PTH100, PTH109
        with open(os.devnull, "rb") as nothing:  # noqa: PTH123
            streams = [
                _descriptor(options.get(name), nothing.fileno()) for name in ("stdin", "stdout", "stderr")
            ]
            return self.servers.fork(
                launch, self.needs, streams, timeout_s=self.timeout_s, is_cancelled=self.is_cancelled
            )


def _descriptor(stream: Any, nothing: int) -> int:
    if stream is None or stream == subprocess.DEVNULL:
        return nothing
    if stream == subprocess.PIPE:
        raise Unforkable("its output is wanted by a pipe")
    return stream if isinstance(stream, int) else int(stream.fileno())


def fork_provisioner(
    servers: ForkServers, needs: Collection[str], timeout_s: float, is_cancelled: Callable[[], bool]
) -> Callable[..., ForkProvisioner]:
    """Return a maker of provisioners for one step."""

    def make(**options: Any) -> ForkProvisioner:
        made = ForkProvisioner(**options)
        made.servers, made.needs, made.timeout_s = servers, needs, timeout_s
        made.is_cancelled = is_cancelled  # type: ignore[method-assign]
        return made

    return make
