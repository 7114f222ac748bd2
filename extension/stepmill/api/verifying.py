"""A notebook run as a pipeline and as Run All runs it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stepmill.api.running import limits_of
from stepmill.running.inspecting import surroundings
from stepmill.running.verifying.run import verify_notebook

if TYPE_CHECKING:
    from stepmill.model.verification import Verification


def verify(
    notebook: str | Path,
    parameters: Mapping[str, Any] | None = None,
    *,
    jobs: int | None = None,
    project: str | Path | None = None,
    links: Iterable[str | Path] = (),
    kernel_name: str | None = None,
    start_timeout_s: float | None = None,
    on_progress: Callable[[str], None] = lambda _: None,
    cancel: threading.Event | None = None,
) -> Verification:
    """Run a notebook as a pipeline and as Run All does, and compare what crosses steps and what cells show.

    Both run in copies of the project; no value is taken from the cache, nothing of the project is
    changed, nothing is tracked. Where the two differ Run All runs once or twice more, and what differs
    between its runs is named as not reproducible. A notebook that cannot run as a pipeline is `refused`.

    Parameters
    ----------
    links
        Files and folders that are too big to copy, relative to the notebook's folder or the project;
        they are linked, and the notebook must only read them.
    on_progress
        Told what goes on, in short lines, from several threads.
    cancel
        Stops it when set. The other arguments are those of `run`.

    Raises
    ------
    UsageError, NotebookError, KernelError
        Before anything ran: the project is too big to copy, for example.
    RunCancelled
        After Ctrl-C or `cancel`; the copies are gone.
    """
    path = Path(notebook)
    settings, home = surroundings(path, project, jobs=jobs, start_timeout_s=start_timeout_s)
    return verify_notebook(
        path,
        home,
        parameters or {},
        replace(limits_of(settings), keep_s=0.0),  # it runs a copy, once
        links=tuple(links),
        kernel_name=kernel_name,
        cancel=threading.Event() if cancel is None else cancel,
        say=on_progress,
    )
