"""A notebook that leaves as another kind of file."""

from __future__ import annotations

import hashlib
import json
import os
from enum import StrEnum
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

from stepmill.analysis.own_imports import bound_to_their_place
from stepmill.analysis.own_modules import OwnModules
from stepmill.compiler.exporting import EXPORTERS, Exported, Surroundings
from stepmill.errors import ExportRefused, UsageError
from stepmill.notebook.modules import exported_names, is_project_module
from stepmill.notebook.own_modules import OwnSources
from stepmill.notebook.search_path import module_search
from stepmill.notebook.writing import replace_file
from stepmill.running.bench import refuse_errors
from stepmill.running.formatting import format_python

if TYPE_CHECKING:
    from stepmill.model.cell import Notebook
    from stepmill.model.pipeline import Pipeline
    from stepmill.planning.project import Project

_BOOK = "exports.json"


class Written(StrEnum):
    """What came of writing a file."""

    WRITTEN = "written"
    UNCHANGED = "unchanged"


def export_pipeline(
    notebook: Notebook, pipeline: Pipeline, path: Path, target: Path, search_path: tuple[str, ...], kind: str
) -> Exported:
    """Return the file that `target` is to become; nothing is written.

    Raises
    ------
    PipelineError, ExportRefused, PluginError
        The notebook cannot run as a pipeline; it has no such form; there is no such exporter.
    """
    refuse_errors(pipeline)
    folder = path.resolve().parent
    search = module_search(notebook, folder, search_path)
    way = Path(os.path.relpath(folder, target.resolve().parent)).as_posix()
    names, is_own = partial(exported_names, search=search), cache(partial(is_project_module, search=search))
    own = OwnModules(OwnSources(search), names, is_own)
    _refuse_imports_that_act(notebook, own)
    world = Surroundings(
        modules=names, is_local=is_own, folder="" if way == "." else way, own_code=tuple(own.texts())
    )
    return EXPORTERS.load(kind)().export(notebook, pipeline, world)


def _refuse_imports_that_act(notebook: Notebook, own: OwnModules) -> None:
    for name, place in bound_to_their_place(notebook, own):
        raise ExportRefused(
            f"importing `{name}` does more than define, and the exported file imports at its top",
            hint="import it in the notebook's first lines, or do in a function what the module does",
            cell=place.cell,
            line=place.line,
        )


def finished_text(exported: Exported, target: Path, *, formatted: bool) -> tuple[str, str | None]:
    """Return the text as it is to be written, and the formatter that laid it out, if one did."""
    if not formatted or target.suffix != ".py":
        return exported.text, None
    return format_python(exported.text, target)


def write_export(project: Project, target: Path, text: str, *, overwrite: bool = False) -> Written:
    """Write an exported file, whole or not at all; the project remembers what was written where.

    Raises
    ------
    UsageError
        A file is there that we did not write, or that somebody has changed since, and not `overwrite`;
        or there is no such folder, or it may not be written to.
    ProjectError
        The project cannot keep what was written where; nothing is written then.
    """
    content = text.encode("utf-8")
    book = _read_book(project)
    key = str(target.resolve())
    if target.is_dir() or not target.resolve().parent.is_dir():
        raise UsageError(
            f"{target} is no file that can be written",
            hint="give the path of a file, in a folder that is there",
        )
    if target.exists():
        present = target.read_bytes()
        if present == content:
            return Written.UNCHANGED
        if not overwrite and book.get(key) != _digest(present):
            why = (
                "was changed since it was exported"
                if key in book
                else "is there already, and not by `stepmill export`"
            )
            raise UsageError(f"{target} {why}", hint="give another -o, or --force to overwrite it")
    project.prepare()
    try:
        replace_file(target, content)
    except OSError as error:
        hint = "check that the folder may be written to and has room"
        raise UsageError(f"cannot write {target}: {error.strerror or error}", hint=hint) from error
    book[key] = _digest(content)
    replace_file(project.state / _BOOK, json.dumps(book, indent=1).encode())
    return Written.WRITTEN


def _digest(content: bytes) -> str:
    return hashlib.sha256(content.replace(b"\r\n", b"\n")).hexdigest()


def _read_book(project: Project) -> dict[str, str]:
    try:
        book = json.loads((project.state / _BOOK).read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return book if isinstance(book, dict) else {}
