"""What a run left, taken up by hand: in a notebook for one step, or in the kernel that somebody works in."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stepmill.running.bench import set_up
from stepmill.running.inspecting import project_of, surroundings
from stepmill.running.opening import open_step as make_opened
from stepmill.running.restoring import restoration as find_restoration

if TYPE_CHECKING:
    from stepmill.model.restoration import Restoration


def open_step(
    notebook: str | Path,
    step: str,
    target: str | Path | None = None,
    parameters: Mapping[str, Any] | None = None,
    *,
    project: str | Path | None = None,
) -> Path:
    """Write a step as a notebook to work on by hand, and return where: its first cell loads what it takes.

    `target` is by default beside the notebook, called after both. What is there is never overwritten.

    Raises
    ------
    UsageError
        There is no such step; what it takes is not there; the file exists.
    NotebookError, PipelineError, ParameterError, KernelError
        The notebook cannot run as a pipeline.
    """
    path = Path(notebook)
    place = path.with_name(f"{path.stem}-{step}.ipynb") if target is None else Path(target)
    make_opened(set_up(path, project_of(path, project), parameters or {}), step, place)
    return place


def restoration(
    notebook: str | Path, *, steps: Collection[str] = (), project: str | Path | None = None
) -> Restoration:
    """Return what a kernel can get back of a notebook's cached results; nothing is run or written.

    With `steps` only the results of these.

    Raises
    ------
    UsageError, NotebookError, PipelineError, KernelError
        There is no such step; the notebook cannot be read or is no pipeline.
    """
    path = Path(notebook)
    _, home = surroundings(path, project)
    return find_restoration(set_up(path, home, {}), steps)
