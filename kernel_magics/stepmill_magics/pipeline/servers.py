"""The Jupyter servers of this machine: which notebook does a kernel belong to?

Asked over the loopback interface only, with the token that a server leaves in its owner's runtime
folder. Nothing here imports the server.
"""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator

_TIMEOUT_S = 1.5
_LOOPBACK = ("localhost", "127.0.0.1", "::1", "0.0.0.0", "::", "*", "")  # noqa: S104 - never bound to


def notebooks_of_kernel(kernel_id: str) -> list[Path]:
    """Return the notebooks whose session runs on the kernel, as the running servers say now."""
    found = []
    for server in running_servers():
        for session in _sessions(server):
            kernel = session.get("kernel") or {}
            path = str(session.get("path") or "")
            if kernel.get("id") == kernel_id and path.endswith(".ipynb"):
                found.append(Path(str(server.get("root_dir") or "")) / path)
    return list(dict.fromkeys(found))


def running_servers() -> Iterator[dict[str, Any]]:
    """Yield what each server of this user says of itself, the youngest first."""
    from jupyter_core.paths import jupyter_runtime_dir

    with contextlib.suppress(OSError):
        files = sorted(Path(jupyter_runtime_dir()).glob("jpserver-*.json"), key=_age, reverse=True)
        for file in files:
            with contextlib.suppress(OSError, ValueError):
                server = json.loads(file.read_text(encoding="utf-8"))
                if isinstance(server, dict) and _is_here(server):
                    yield server


def kernel_id() -> str | None:
    """Return the id of the kernel that we are, as its connection file is called; None if we are none."""
    import sys

    application = sys.modules.get("ipykernel.kernelapp")
    if application is None or not application.IPKernelApp.initialized():
        return None
    name = Path(str(application.IPKernelApp.instance().connection_file)).stem
    return name.removeprefix("kernel-") if name.startswith("kernel-") else None


def _sessions(server: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the sessions that a server tells of; none if it does not answer, or not to us."""
    from http.client import HTTPException
    from urllib.request import ProxyHandler, Request, build_opener

    address = f"http://{_host(server)}:{server['port']}{server.get('base_url') or '/'}api/sessions"
    headers = {"Authorization": f"token {server['token']}"} if server.get("token") else {}
    opener = build_opener(ProxyHandler({}))  # a token never leaves the machine
    try:
        with opener.open(Request(address, headers=headers), timeout=_TIMEOUT_S) as answer:
            sessions = json.load(answer)
    except (OSError, ValueError, HTTPException):  # the latter: something else has the port by now
        return []
    return [one for one in sessions if isinstance(one, dict)] if isinstance(sessions, list) else []


def _is_here(server: dict[str, Any]) -> bool:
    """Tell whether a server can be asked: alive, without TLS, and reachable on this machine alone."""
    host = str(server.get("hostname") or urlsplit(str(server.get("url", ""))).hostname or "")
    if host not in _LOOPBACK or server.get("secure") or not isinstance(server.get("port"), int):
        return False
    return not server.get("sock") and _is_alive(server.get("pid"))


def _host(server: dict[str, Any]) -> str:
    return "[::1]" if server.get("hostname") in ("::1", "::") else "127.0.0.1"


def _is_alive(pid: Any) -> bool:
    if not isinstance(pid, int) or os.name == "nt":
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def _age(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0
