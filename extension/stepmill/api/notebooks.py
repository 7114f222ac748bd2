"""What a notebook is as a pipeline, and what can be made of it without running it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stepmill.errors import UsageError
from stepmill.notebook.reading import read_notebook
from stepmill.notebook.step_line import format_step_line, step_name
from stepmill.notebook.tagging import Form, retagged, untagged
from stepmill.planning.project import find_root
from stepmill.running.export import export_pipeline, finished_text, write_export
from stepmill.running.fixing import Fixed
from stepmill.running.fixing import fix as make_fixes
from stepmill.running.inspecting import inspect, inspect_file, project_of, search_path_of
from stepmill.suggestion.proposal import suggest as propose

if TYPE_CHECKING:
    from stepmill.model.pipeline import Pipeline
    from stepmill.suggestion.proposal import Suggestion

NotebookLike = str | Path | Mapping[str, Any]


def analyze(notebook: NotebookLike, *, project: str | Path | None = None) -> Pipeline:
    """Return the pipeline that a notebook is: a path, or a NotebookNode or nbformat 4 dict.

    Problems in the notebook's code are `diagnostics` of the result. What earlier runs taught us about
    a notebook on disk is taken into account. Nothing is run or written.

    Raises
    ------
    NotebookError
        It cannot be read.
    """
    if isinstance(notebook, Mapping):
        return inspect(notebook).pipeline
    path = Path(notebook)
    return inspect_file(read_notebook(path).notebook, path, project).pipeline


def fix(notebook: str | Path, *, project: str | Path | None = None) -> Fixed:
    """Return the notebook with all fixes made that need no decision; nothing is written.

    Raises
    ------
    NotebookError
        It cannot be read.
    """
    path = Path(notebook)
    loaded = read_notebook(path)
    return make_fixes(
        loaded.document, lambda document: inspect(document, path=path, project=project).pipeline
    )


def suggest(notebook: str | Path, *, project: str | Path | None = None, metadata: bool = False) -> Suggestion:
    """Return a tagged copy of an untagged notebook, with the steps proposed; nothing is written or run.

    The copy is analysed like any pipeline, and has no errors. With `metadata` its tags are cell
    metadata, else `%%step` lines.

    Raises
    ------
    NotebookError
        It cannot be read.
    SuggestionRefused, PipelineError
        It has steps already, is too small, or cannot be divided; cell and line say why.
    """
    path = Path(notebook)
    loaded = read_notebook(path)
    return propose(
        loaded.document,
        loaded.notebook,
        lambda document: inspect(document, path=path, project=project).pipeline,
        Form.METADATA if metadata else Form.MAGIC,
    )


def tag(
    notebook: str | Path,
    name: str | None = None,
    cells: Collection[int] = (),
    *,
    untag: bool = False,
    metadata: bool = False,
) -> dict[str, Any]:
    """Return a copy of the notebook's document with `cells` tagged as the step `name`; nothing is written.

    All its tags are then in one form. With `untag` the tags of `cells` are taken out, of all cells if
    none are given.

    Raises
    ------
    NotebookError, UsageError
        It cannot be read; there is no such code cell; the name cannot be one; tags contradict each other.
    """
    document = read_notebook(Path(notebook)).document
    for index in cells:
        if not 0 <= index < len(document["cells"]) or document["cells"][index]["cell_type"] != "code":
            raise UsageError(
                f"{notebook} has no code cell [{index}]", hint="cells count from 0, text cells included"
            )
    if untag:
        return untagged(document, frozenset(cells) or None)
    lines = {} if name is None else dict.fromkeys(cells, format_step_line(step_name(name)))
    return retagged(document, lines, Form.METADATA if metadata else Form.MAGIC)


@dataclass(frozen=True, slots=True)
class Export:
    """An exported file. `status`: "written", "unchanged", or "made" if it was not to be written."""

    text: str
    status: str
    formatted_with: str | None = None


def export(
    notebook: str | Path,
    *,
    target: str | Path | None = None,
    kind: str = "py",
    project: str | Path | None = None,
    formatted: bool = True,
    overwrite: bool = False,
) -> Export:
    """Make another kind of file of the pipeline, by default a plain Python module; write it to `target`.

    Parameters
    ----------
    target
        Where the file is to lie; None: nothing is written, and it is made to lie beside the notebook.
        Paths in the notebook are relative to the notebook's folder, so the text depends on it.
    kind
        The name of an exporter.
    formatted
        Let ruff or black format the text, if one is installed.
    overwrite
        Overwrite a file that is not ours, or was changed since we wrote it.

    Raises
    ------
    NotebookError, PipelineError
        The notebook cannot be read, or cannot run as a pipeline.
    ExportRefused
        It can, but something in it has no counterpart in a file of this kind.
    UsageError
        The file may not be overwritten.
    """
    path = Path(notebook)
    home = project_of(path, project)
    inspection = inspect_file(read_notebook(path).notebook, path, project)
    place = path.with_suffix(f".{kind}") if target is None else Path(target)
    search_path = search_path_of(inspection.notebook.kernel_name)
    made = export_pipeline(inspection.notebook, inspection.pipeline, path, place, search_path, kind)
    text, tool = finished_text(made, place, formatted=formatted)
    if target is None:
        return Export(text, "made", tool)
    return Export(text, write_export(home, place, text, overwrite=overwrite), tool)


def project_root(path: str | Path, override: str | Path | None = None) -> Path:
    """Return the folder that holds `.stepmill` for a notebook (or folder); `override` wins."""
    return find_root(Path(path), None if override is None else Path(override))
