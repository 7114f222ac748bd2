"""A web server as a child process, from its start to its end with ours."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from stepmill.errors import StepmillError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

START_TIMEOUT_S = 120.0
END_TIMEOUT_S = 5.0
POLL_S = 0.1


def serve(
    command: Sequence[str],
    environment: Mapping[str, str],
    address: str,
    *,
    log: Path,
    on_ready: Callable[[], None],
) -> int:
    """Run `command` until KeyboardInterrupt; call `on_ready` once `address` answers. Returns 0.

    What the server says goes to the file `log`.

    Raises
    ------
    StepmillError
        The server ended by itself, or does not answer; the last lines of its log are in the message.
    """
    with log.open("wb") as output:
        # a session of its own: Ctrl-C reaches us alone, and at the end we reach all its children
        process = subprocess.Popen(
            command, env=dict(environment), stdout=output, stderr=output, start_new_session=True
        )
        try:
            if _answers(process, address):
                on_ready()
                process.wait()
            ended = process.poll() is not None
            what = "ended by itself" if ended else f"did not answer within {START_TIMEOUT_S:g} s"
            raise StepmillError(f"MLflow's server {what}", hint=f"its last words: {_last_lines(log)}")
        except KeyboardInterrupt:
            return 0
        finally:
            _end(process)


def _answers(process: subprocess.Popen[bytes], address: str) -> bool:
    """Wait until the address takes connections; False if the process ends or the time is over first."""
    parts = urlsplit(address)
    deadline_s = time.monotonic() + START_TIMEOUT_S
    while process.poll() is None and time.monotonic() < deadline_s:
        try:
            socket.create_connection((parts.hostname, parts.port), timeout=1.0).close()
        except OSError:
            time.sleep(POLL_S)
        else:
            return True
    return False


def _end(process: subprocess.Popen[bytes]) -> None:
    for kill in (False, True):
        _signal(process, kill=kill)
        try:
            process.wait(END_TIMEOUT_S)
            return
        except subprocess.TimeoutExpired:
            continue


def _signal(process: subprocess.Popen[bytes], *, kill: bool) -> None:
    if sys.platform == "win32":
        process.terminate()
        return
    try:
        os.killpg(process.pid, signal.SIGKILL if kill else signal.SIGTERM)
    except ProcessLookupError:
        return  # it is gone already, with all its children


def _last_lines(log: Path, number: int = 5) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return " | ".join(lines[-number:]) or "none"
