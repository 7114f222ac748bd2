"""A Jupyter server with the extension, in the test's own process and event loop."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest

# not as `pytest_plugins`: their fixtures would be around every test of every room
from pytest_jupyter.jupyter_server import *  # noqa: F403

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

LONG_S = 60.0


@pytest.fixture
def jp_server_config() -> dict[str, Any]:
    return {
        "ServerApp": {"jpserver_extensions": {"stepmill": True}},
        "StepmillApp": {"poll_s": 0.05, "max_body_mb": 1, "keep_alive_s": 0.3},
    }


@pytest.fixture(autouse=True)
def no_tracking(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs are started as processes: what holds for them goes through the environment."""
    monkeypatch.setenv("STEPMILL_TRACKING", "false")


def notebook_of(*cells: str, **metadata: Any) -> dict[str, Any]:
    """Return a notebook; a cell that begins with `# text` is markdown."""
    made = []
    for number, source in enumerate(cells):
        text = source.startswith("# text")
        cell: dict[str, Any] = {"id": f"c{number}", "metadata": {}, "source": source}
        code = {} if text else {"execution_count": None, "outputs": []}
        made.append({"cell_type": "markdown" if text else "code", **cell, **code})
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": metadata, "cells": made}


def write_notebook(file: Path, *cells: str, **metadata: Any) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(notebook_of(*cells, **metadata)), encoding="utf-8")
    return file


@dataclass(frozen=True)
class Reply:
    """What the server said."""

    status: int
    document: Any
    headers: Any

    @property
    def code(self) -> str:
        return str(self.document["error"]["code"])


@dataclass(frozen=True)
class Site:
    """The server's notebooks, and requests to the extension."""

    root: Path
    port: int
    base: str
    headers: dict[str, str]
    fetch: Callable[..., Awaitable[Any]]

    def write(self, path: str, *cells: str, **metadata: Any) -> Path:
        return write_notebook(self.root / path, *cells, **metadata)

    async def ask(self, route: str, body: Any = None, *, method: str = "", **query: Any) -> Reply:
        """Return the reply, whatever its status; a `body` is sent as JSON unless it is bytes."""
        how = method or ("GET" if body is None else "POST")
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        path = (part for part in ("stepmill", "api", *route.split("/")))
        named = [
            (name, item)
            for name, value in query.items()
            for item in (value if isinstance(value, list) else [value])
        ]
        options = {"method": how, "body": data, "params": named, "request_timeout": LONG_S}
        response = await self.fetch(*path, raise_error=False, **options)
        return Reply(response.code, json.loads(response.body or b"null"), response.headers)

    async def until_over(self, run_id: str, path: str) -> dict[str, Any]:
        """Wait for the end of a run and return it."""
        async with asyncio.timeout(LONG_S):
            while True:
                document = (await self.ask(f"runs/{run_id}", path=path)).document
                if document["status"] != "running":
                    return dict(document)
                await asyncio.sleep(0.1)

    async def listen(self, path: str, *, after: str = "", headers: dict[str, str] | None = None) -> Listener:
        """Open a stream; returns when its first bytes are there."""
        query = urlencode({"path": path} | ({"after": after} if after else {}))
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        lines = [f"GET {self.base}stepmill/api/stream?{query} HTTP/1.1", "Host: 127.0.0.1"]
        lines += [f"{name}: {value}" for name, value in {**self.headers, **(headers or {})}.items()]
        writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
        listener = Listener(reader, writer)
        await listener.until(lambda: "\n\n" in listener.text)
        return listener


@dataclass
class Listener:
    """One open stream."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    text: str = ""
    has_ended: bool = False
    _rest: bytes = field(default=b"")

    @property
    def events(self) -> list[dict[str, Any]]:
        lines = self.text.rpartition("\n\n")[0].split("\n")
        return [json.loads(line.removeprefix("data: ")) for line in lines if line.startswith("data: ")]

    @property
    def ids(self) -> list[str]:
        return [line.removeprefix("id: ") for line in self.text.split("\n") if line.startswith("id: ")]

    @property
    def kinds(self) -> list[str]:
        return [event["event"] for event in self.events]

    async def until(self, condition: Callable[[], bool]) -> None:
        """Read on until the condition holds, or the stream ends."""
        async with asyncio.timeout(LONG_S):
            while not condition() and not self.has_ended:
                data = await self.reader.read(65536)
                self.has_ended = not data
                self._take(data)

    def _take(self, data: bytes) -> None:
        """Undo the chunks of HTTP: their size lines are hexadecimal and stand alone."""
        self._rest += data
        while b"\r\n" in self._rest:
            head, _, tail = self._rest.partition(b"\r\n")
            if not head or b":" in head or b"HTTP" in head:
                self._rest = tail
                continue
            size = int(head, 16)
            if len(tail) < size + 2:
                return
            self.text += tail[:size].decode()
            self._rest = tail[size + 2 :]
            self.has_ended = self.has_ended or size == 0

    async def close(self) -> None:
        self.writer.close()
        await self.writer.wait_closed()


@pytest.fixture
def site(
    jp_root_dir: Path,
    jp_fetch: Callable[..., Awaitable[Any]],
    jp_http_port: int,
    jp_base_url: str,
    jp_auth_header: dict[str, str],
) -> Site:
    (jp_root_dir / ".stepmill").mkdir()
    return Site(jp_root_dir, jp_http_port, jp_base_url, jp_auth_header, jp_fetch)
