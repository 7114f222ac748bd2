"""The server's end of the analyst: started when first asked, again after it died, one question at a time."""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from stepmill.errors import StepmillError
from stepmill.server.base import RefusedError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

COMMAND = (sys.executable, "-P", "-m", "stepmill.server.analyst")
_STOPPING = "the Jupyter server is stopping"


class AnalystError(StepmillError):
    """The process ended, or had to be ended, in the middle of a question."""

    code = "SM090"


class SupersededError(StepmillError):
    """A newer question of the same client stands in the queue, or the client is gone."""

    code = "SM091"


class AnalystProcess:
    """Asked from the event loop; blocks only a thread of its own."""

    def __init__(self, timeout_s: float = 60.0) -> None:
        self._timeout_s = timeout_s
        self._process: subprocess.Popen[bytes] | None = None
        self._is_closed = False
        self._changing = threading.Lock()  # of the two above: `close` comes from another thread
        self._turn = asyncio.Lock()
        self._newest: dict[str, object] = {}
        self._thread = ThreadPoolExecutor(1, "stepmill-analyst")

    def warm_up(self) -> None:
        """Start the process now, so that the first question does not wait for its imports."""
        self._thread.submit(self._running)

    async def ask(
        self, question: Mapping[str, Any], *, client: str = "", is_gone: Callable[[], bool] = lambda: False
    ) -> bytes:
        """Return the text of the answer's document.

        Of the questions of one `client` that wait for their turn, only the newest is answered; one
        whose asker `is_gone` by then is not.

        Raises
        ------
        SupersededError
            This question is not answered for one of these reasons.
        AnalystError
            The process ended, or did not answer in time.
        RefusedError
            The answer is an error.
        """
        mine = self._newest[client] = object()
        async with self._turn:
            if is_gone() or (client and self._newest.get(client) is not mine):
                raise SupersededError("a newer request took the place of this one")
            if self._newest.get(client) is mine:
                del self._newest[client]
            if self._is_closed:
                raise AnalystError(_STOPPING)
            line = json.dumps(question).encode() + b"\n"
            answer = await asyncio.get_running_loop().run_in_executor(self._thread, self._ask, line)
        if answer[:1] != b"+":
            raise RefusedError(json.loads(answer[1:]))
        return answer[1:-1]

    def close(self) -> None:
        """End the process; a question that is being answered fails."""
        with self._changing:
            self._is_closed = True
            self._thread.shutdown(wait=False, cancel_futures=True)
            self._end()

    def _ask(self, line: bytes) -> bytes:
        process = self._running()
        if process is None:
            raise AnalystError(_STOPPING)
        assert process.stdin is not None
        assert process.stdout is not None
        watchdog = threading.Timer(self._timeout_s, process.kill)
        watchdog.daemon = True
        watchdog.start()
        try:
            process.stdin.write(line)
            process.stdin.flush()
            answer = process.stdout.readline()
        except (OSError, ValueError):
            answer = b""
        finally:
            watchdog.cancel()
        if not answer.endswith(b"\n"):
            with self._changing:
                self._end()
            raise AnalystError(
                "the analysis of this notebook ended unexpectedly, or took too long",
                hint="`stepmill check` in a terminal shows more; please report it",
            )
        return answer

    def _running(self) -> subprocess.Popen[bytes] | None:
        with self._changing:
            if self._is_closed:
                return None
            if self._process is not None and self._process.poll() is not None:
                self._end()
            if self._process is None:
                self._process = subprocess.Popen(
                    COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
                )
            return self._process

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            with contextlib.suppress(OSError):
                pipe.close()  # type: ignore[union-attr]
