"""What `stepmill doctor` looks at. Each check is a function that returns findings and changes nothing."""

from __future__ import annotations

import os
import platform
import shutil
import sys
import tempfile
from dataclasses import dataclass
from enum import StrEnum
from importlib.metadata import PackageNotFoundError, requires, version
from typing import TYPE_CHECKING

from stepmill.errors import StepmillError
from stepmill.execution.lock import holder
from stepmill.model.quantities import size_text
from stepmill.planning.kernels import find_kernel
from stepmill.tracking.location import find_location

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stepmill.planning.project import Project

NEEDED_BYTES, WISHED_BYTES = 100_000_000, 2_000_000_000
OPTIONAL = {"jupyterlab": "the side panel needs it: pip install 'stepmill[lab]'"}


class Health(StrEnum):
    """How a finding weighs: with one `fail`, stepmill does not work here."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One line of the report; `hint` says what to do where something is to be done."""

    check: str
    health: Health
    message: str
    hint: str = ""


def examine(project: Project, kernel_name: str | None) -> Iterator[Finding]:
    """Yield all findings; `kernel_name` is that of a notebook, None if none was given."""
    yield check_python()
    yield from check_packages()
    yield from check_kernels(kernel_name)
    yield check_writing(project)
    yield check_lock(project)
    yield check_space(project)
    yield check_tracking(project)


def check_python() -> Finding:
    """Say which Python runs us; one that is too old would not have come this far."""
    return Finding(
        check="python", health=Health.OK, message=f"{platform.python_version()} ({sys.executable})"
    )


def check_packages() -> Iterator[Finding]:
    """Compare what is installed with what this version of stepmill asks for."""
    from packaging.requirements import Requirement

    for line in requires("stepmill") or []:
        requirement = Requirement(line)
        if requirement.marker is not None and not requirement.marker.evaluate({"extra": ""}):
            continue
        yield _package(requirement.name, str(requirement.specifier), requirement.specifier.contains)
    for name, hint in OPTIONAL.items():
        installed = _version(name)
        missing = Finding(check=name, health=Health.WARN, message="not installed", hint=hint)
        yield missing if installed is None else Finding(check=name, health=Health.OK, message=installed)


def check_kernels(wanted: str | None) -> Iterator[Finding]:
    """Look for the kernels of this machine, and for the one that the notebook asks for."""
    from jupyter_client.kernelspec import KernelSpecManager

    names = sorted(KernelSpecManager().find_kernel_specs())
    found = ", ".join(names)
    if names:
        yield Finding(check="kernels", health=Health.OK, message=found)
    else:
        hint = "python -m ipykernel install --user"
        yield Finding(check="kernels", health=Health.FAIL, message="none is installed", hint=hint)
    if wanted is None:
        return
    try:
        kernel = find_kernel(wanted)
    except StepmillError as error:
        yield Finding(check="notebook's kernel", health=Health.FAIL, message=error.message, hint=error.hint)
    else:
        where = f"{kernel.name}: Python {kernel.python_version} ({kernel.executable})"
        yield Finding(check="notebook's kernel", health=Health.OK, message=where)


def check_writing(project: Project) -> Finding:
    """Try to write where runs and cache go; nothing is left behind."""
    folder = project.state if project.state.is_dir() else project.root
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        message = f"{project.state} cannot be written: {error.strerror or error}"
        hint = "make it writable, or choose another project folder with --project"
        return Finding(check="project", health=Health.FAIL, message=message, hint=hint)
    return Finding(check="project", health=Health.OK, message=str(project.root))


def check_lock(project: Project) -> Finding:
    """Say which run holds the project. There are no stale locks: they end with their process."""
    card = holder(project.state) if check_writing(project).health is Health.OK else None
    if card is None:
        return Finding(check="lock", health=Health.OK, message="no run is going on")
    who = f"run {card.get('run_id', '?')}, process {card.get('pid', '?')} on {card.get('host', '?')}"
    hint = "a second run here has to wait; to stop the first: Ctrl-C in its terminal"
    return Finding(check="lock", health=Health.WARN, message=f"held by {who}", hint=hint)


def check_space(project: Project) -> Finding:
    """Say how much room there is for results."""
    free = shutil.disk_usage(project.root).free
    message = f"{size_text(free)} free"
    if free < WISHED_BYTES:
        health = Health.FAIL if free < NEEDED_BYTES else Health.WARN
        return Finding(
            check="disk", health=health, message=message, hint=f"make room on the disk of {project.root}"
        )
    return Finding(check="disk", health=Health.OK, message=message)


def check_tracking(project: Project) -> Finding:
    """Say where runs are logged; a password in the address is not shown."""
    location = find_location(project.root, project.root, os.environ)
    why = "" if location.database else " (MLFLOW_TRACKING_URI is set)"
    return Finding(check="tracking", health=Health.OK, message=f"{location.public_uri}{why}")


def _package(name: str, wanted: str, fits: object) -> Finding:
    installed = _version(name)
    hint = f"pip install '{name}{wanted}'"
    if installed is None:
        return Finding(check=name, health=Health.FAIL, message="not installed", hint=hint)
    if callable(fits) and not fits(installed, prereleases=True):
        message = f"{installed}, but {wanted} is needed"
        return Finding(check=name, health=Health.FAIL, message=message, hint=hint)
    return Finding(check=name, health=Health.OK, message=installed)


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
