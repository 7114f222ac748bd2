"""MLflow's own UI on the runs of one project."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Mapping
from pathlib import Path

from stepmill.errors import UsageError
from stepmill.tracking.location import QUIET, find_location

HOST = "127.0.0.1"
FIRST_PORT = 5000
_PORTS_TRIED = 100


def server_address(project_root: Path, environ: Mapping[str, str]) -> str | None:
    """Return the address of the tracking server that holds the project's runs; None if there is none.

    Where there is one it has a UI of its own, and nothing needs to be started.
    """
    location = find_location(project_root, project_root, environ)
    return location.public_uri if location.uri.startswith(("http://", "https://")) else None


def ui_command(
    project_root: Path, *, port: int | None = None, environ: Mapping[str, str] | None = None
) -> list[str]:
    """Return the command that serves MLflow's UI on this project's runs, on this machine only.

    Run it with `ui_environment`; it takes some seconds to answer. Without `port` the first free one
    from 5000 is used. `environ` is the process's own by default.

    Raises
    ------
    UsageError
        No run was tracked yet, or the port is taken.
    """
    location = find_location(project_root, project_root, os.environ if environ is None else environ)
    if location.database is not None and not location.is_ready:
        raise UsageError(
            f"no run of {project_root} was tracked yet",
            hint="stepmill run NOTEBOOK makes one; runs are tracked when a step executes",
        )
    root = location.artifact_root
    return [
        *(sys.executable, "-P", "-m", "mlflow", "server"),
        *("--backend-store-uri", location.uri),
        *(("--default-artifact-root", root.as_uri()) if root else ()),
        *("--host", HOST, "--port", str(free_port(port)), "--workers", "1"),
    ]


def ui_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Return `environ` with what `ui_command` needs: no telemetry, and none of the job processes."""
    return {**environ, **QUIET, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}


def free_port(port: int | None = None) -> int:
    """Return `port` if it is free, or without it the first free one from 5000.

    Raises
    ------
    UsageError
        The port, or all that were tried, are taken.
    """
    candidates = [port] if port is not None else range(FIRST_PORT, FIRST_PORT + _PORTS_TRIED)
    for candidate in candidates:
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            if sys.platform != "win32":  # there the option means something else
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, candidate))
            except OSError:
                continue
            return candidate
    taken = f"port {port} is" if port is not None else f"ports {candidates[0]} to {candidates[-1]} are"
    raise UsageError(f"{taken} taken on {HOST}", hint="choose another with --port")
