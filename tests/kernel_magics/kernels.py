"""Real kernels for the tests of this room: what a cell gave, as whole messages."""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import dataclass, field
from queue import Empty
from typing import TYPE_CHECKING, Any

from jupyter_client.manager import start_new_kernel

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from jupyter_client.blocking import BlockingKernelClient
    from jupyter_client.manager import KernelManager

_COLOURS = re.compile(r"\x1b\[[0-9;]*m")


@dataclass
class Reply:
    """What one executed cell gave; `messages` are (type, content) in order, streams put together."""

    status: str = ""
    messages: list[tuple[str, Any]] = field(default_factory=list)
    payload: list[Any] = field(default_factory=list)
    count: int = 0

    @property
    def text(self) -> str:
        """All that was printed."""
        return "".join(content["text"] for kind, content in self.messages if kind == "stream")

    @property
    def bundles(self) -> list[dict[str, Any]]:
        """The MIME bundles shown, in order; of a display that was updated each state."""
        shown = ("execute_result", "display_data", "update_display_data")
        return [content["data"] for kind, content in self.messages if kind in shown]

    @property
    def results(self) -> list[str]:
        return [bundle["text/plain"] for bundle in self.bundles]

    @property
    def error(self) -> str:
        found = [c for kind, c in self.messages if kind == "error"]
        return f"{found[0]['ename']}: {found[0]['evalue']}" if found else ""

    @property
    def traceback(self) -> str:
        found = [c for kind, c in self.messages if kind == "error"]
        return without_colours("\n".join(found[0]["traceback"])) if found else ""

    @property
    def said(self) -> str:
        """Everything that a person could read."""
        return without_colours("\n".join([self.text, *self.results, self.error, self.traceback]))


@dataclass
class Kernel:
    """A started kernel."""

    client: BlockingKernelClient
    manager: KernelManager

    def run(
        self, code: str, *, keep_history: bool = True, cell_id: str | None = None, timeout_s: float = 60
    ) -> Reply:
        """Execute a cell and wait for it; `cell_id` as JupyterLab sends it."""
        message_id = self.start(code, keep_history=keep_history, cell_id=cell_id)
        return self.finish(message_id, timeout_s=timeout_s)

    def start(self, code: str, *, keep_history: bool = True, cell_id: str | None = None) -> str:
        content = {
            "code": code,
            "silent": False,
            "store_history": keep_history,
            "user_expressions": {},
            "allow_stdin": False,
            "stop_on_error": False,
        }
        metadata = {} if cell_id is None else {"cellId": cell_id}
        message = self.client.session.msg("execute_request", content, metadata=metadata)
        self.client.shell_channel.send(message)
        return str(message["header"]["msg_id"])

    def finish(self, message_id: str, *, timeout_s: float = 60) -> Reply:
        reply = Reply()
        for kind, content in self.iopub(message_id, timeout_s):
            _add(reply, kind, content)
        while True:
            answer = self.client.get_shell_msg(timeout=timeout_s)
            if answer["parent_header"].get("msg_id") == message_id:
                break
        content = answer["content"]
        reply.status, reply.count = content["status"], content["execution_count"]
        reply.payload = content.get("payload", [])
        return reply

    def iopub(self, message_id: str, timeout_s: float) -> Iterator[tuple[str, Any]]:
        """Yield what the execution shows, as it comes, until the kernel is idle."""
        while True:
            message = self.client.get_iopub_msg(timeout=timeout_s)
            if message["parent_header"].get("msg_id") != message_id:
                continue
            kind, content = message["msg_type"], message["content"]
            if kind == "status" and content["execution_state"] == "idle":
                return
            if kind not in ("status", "execute_input"):
                yield kind, content

    def ask(self, what: str, *arguments: Any) -> Mapping[str, Any]:
        """Send `is_complete`, `complete` or `inspect`, and return the content of the reply."""
        message_id = getattr(self.client, what)(*arguments)
        while True:
            reply = self.client.get_shell_msg(timeout=30)
            if reply["parent_header"].get("msg_id") == message_id:
                found: Mapping[str, Any] = reply["content"]
                return found

    def value(self, expression: str) -> str:
        """Return the `repr` of an expression."""
        return self.run(f"print(repr(({expression})), end='')", keep_history=False).text

    def drain(self) -> None:
        """Forget what is still on its way."""
        while True:
            try:
                self.client.get_iopub_msg(timeout=0.2)
            except Empty:
                return


@contextmanager
def started_kernel(folder: Path, **environment: str) -> Iterator[Kernel]:
    """A kernel that works in `folder`, its environment extended by `environment`."""
    import os

    manager, client = start_new_kernel(
        kernel_name="python3", cwd=str(folder), env={**os.environ, **environment}
    )
    try:
        yield Kernel(client, manager)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def without_colours(text: str) -> str:
    return _COLOURS.sub("", text)


def _add(reply: Reply, kind: str, content: Any) -> None:
    last = reply.messages[-1] if reply.messages else ("", {})
    if kind == "stream" and last[0] == "stream" and last[1]["name"] == content["name"]:
        last[1]["text"] += content["text"]
    else:
        reply.messages.append((kind, content))
