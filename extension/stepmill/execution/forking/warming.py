"""Starting the fork server before the first step is ready for its kernel."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from stepmill.execution.environment import kernel_environment
from stepmill.execution.forking.servers import Unforkable, as_launch

if TYPE_CHECKING:
    from pathlib import Path

    from stepmill.execution.forking.servers import ForkServers


def warm(servers: ForkServers, kernel_name: str, folder: Path, *, cpus: float | None, jobs: int) -> None:
    """Start the fork server for the kernels of a run, as their launch will ask for it.

    Should it turn out to be for others (the kernelspec has variables in its environment, for example), the
    launch starts the right one.
    """
    from jupyter_client.kernelspec import NoSuchKernel

    from stepmill.execution.kernelspecs import kernel_specs

    try:
        spec = kernel_specs().get_kernel_spec(kernel_name)
    except NoSuchKernel:
        return  # the step will say so
    program, *arguments = spec.argv
    version = sys.version_info
    if program in ("python", f"python{version[0]}", f"python{version[0]}.{version[1]}"):
        program = sys.executable
    environment = kernel_environment(spec.env, cpus=cpus, jobs=jobs)
    environment.pop("PYTHONEXECUTABLE", None)
    try:
        servers.warm(as_launch((program, *arguments), environment, os.path.abspath(folder)))  # noqa: PTH100
    except Unforkable:
        return  # the launch meets the same, and records it
