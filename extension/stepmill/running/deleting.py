"""Runs that the user deletes: moved out of sight, and back again on request; gone for good a week later."""

from __future__ import annotations

import os
import shutil
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from stepmill.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from stepmill.planning.project import Project

KEPT_S = 7 * 86_400.0
"""How long a deleted run can be restored."""

_FOLDER = "deleted"


def delete_run(project: Project, run_id: str) -> None:
    """Take a run out of all lists; the results that it made stay in the store, and are reused.

    Raises
    ------
    UsageError
        Its folder cannot be moved.
    """
    forget_deleted(project)
    target = _place(project, run_id)
    try:
        target.parent.mkdir(exist_ok=True)
        shutil.rmtree(target, ignore_errors=True)  # left by a move that was interrupted
        run = project.runs / run_id
        os.utime(run)  # now is when it was deleted: said first, as somebody may look for old ones just then
        run.replace(target)
    except OSError as error:
        raise UsageError(f"run {run_id} cannot be deleted: {error.strerror or error}") from error


def restore_run(project: Project, run_id: str) -> None:
    """Put a deleted run back.

    Raises
    ------
    UsageError
        It was not deleted, or too long ago; or it cannot be moved.
    """
    source = _place(project, run_id)
    if not source.is_dir():
        raise UsageError(
            f"run {run_id} cannot be restored: it is not among the deleted ones",
            hint=f"deleted runs are kept for {KEPT_S / 86_400:.0f} days",
        )
    try:
        source.replace(project.runs / run_id)
    except OSError as error:
        raise UsageError(f"run {run_id} cannot be restored: {error.strerror or error}") from error


def forget_deleted(project: Project, older_than_s: float = KEPT_S) -> None:
    """Remove the runs for good that were deleted longer ago than that."""
    limit_s = time.time() - older_than_s
    folder = project.state / _FOLDER
    for entry in list(folder.iterdir()) if folder.is_dir() else ():
        with suppress(FileNotFoundError):  # restored, or removed by somebody else
            if entry.stat().st_mtime < limit_s:
                shutil.rmtree(entry, ignore_errors=True)


def _place(project: Project, run_id: str) -> Path:
    return project.state / _FOLDER / run_id
