"""The runner's end of the tracking process."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Mapping
from concurrent.futures import Future
from pathlib import Path
from typing import Any

Reply = dict[str, Any]


class Channel:
    """Commands to a tracking process, each answered through a future.

    A future never fails: a reply has the key `error` if the command failed or the process ended.
    `log` takes what the process prints; `folder` is its working directory, where MLflow believes
    that artifacts without a place of their own should go.
    """

    def __init__(self, environ: Mapping[str, str], log: Path, folder: Path) -> None:
        self._lock = threading.Lock()
        self._waiting: dict[int, Future[Reply]] = {}
        self._sent = 0
        self._log = log
        with log.open("ab") as errors:
            self._process = subprocess.Popen(
                worker_command(),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                cwd=folder,
                env=dict(environ),
                encoding="utf-8",
                start_new_session=True,  # Ctrl-C is for the runner; the runs have to be closed after it
            )
        threading.Thread(target=self._read, name="stepmill-tracking", daemon=True).start()

    def send(self, command: str, **data: Any) -> Future[Reply]:
        """Send a command; returns at once."""
        reply: Future[Reply] = Future()
        with self._lock:
            self._sent += 1
            number = self._sent
            self._waiting[number] = reply
            assert self._process.stdin is not None
            try:
                self._process.stdin.write(json.dumps({"command": command, "id": number, **data}) + "\n")
                self._process.stdin.flush()
            except (OSError, ValueError):  # the process is gone, or the channel closed
                self._waiting.pop(number, None)
                reply.set_result({"error": self._gone()})
        return reply

    def close(self) -> None:
        """Let the process end when it has done what was asked; does not wait for it."""
        with self._lock:
            assert self._process.stdin is not None
            try:
                self._process.stdin.close()
            except OSError:  # it ended before
                return

    def join(self, timeout_s: float) -> None:
        """Wait for the process to end; TimeoutExpired if it does not."""
        self._process.wait(timeout_s)

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as lines:
            for line in lines:
                reply = json.loads(line)
                with self._lock:
                    waiting = self._waiting.pop(reply["id"], None)
                if waiting is not None:
                    waiting.set_result(reply)
        self._process.wait()
        with self._lock:
            lost, self._waiting = self._waiting, {}
        for future in lost.values():
            future.set_result({"error": self._gone()})

    def _gone(self) -> str:
        return f"the tracking process ended early; see {self._log}"


def worker_command(*arguments: str) -> list[str]:
    """Return the command of a tracking process. `-P`: a file of the user's must not shadow a module."""
    return [sys.executable, "-P", "-m", "stepmill.tracking.worker", *arguments]
