"""From the notebook file to the cells that the analyzer sees."""

from __future__ import annotations

import ast
import json
import re
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stepmill.model.cell import Cell, Notebook, Role
from stepmill.notebook import codes
from stepmill.notebook.body import runnable_body
from stepmill.notebook.document import as_version_4, kernel_of, load_document, source_of
from stepmill.notebook.expansion import KnownNames
from stepmill.notebook.ipython import PythonSource, to_python
from stepmill.notebook.marks import read_marks
from stepmill.notebook.tags import split_lines
from stepmill.syntax import parse

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_WORD = re.compile(r"[^\W\d]\w*")
_STAR = re.compile(r"import\s*\*")
_METADATA = ("tags", "stepmill")
_NO_CODE = (Role.TEXT, Role.SKIPPED)


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedNotebook:
    """A notebook file that was read. `document` is its nbformat 4 JSON, to be treated as read-only."""

    path: Path
    document: dict[str, Any]
    notebook: Notebook


def read_notebook(path: Path) -> LoadedNotebook:
    """Read a notebook file.

    Raises
    ------
    NotebookError
        The file is missing, damaged, no notebook, or not for Python. Mistakes inside of cells are
        `problems` of the cell instead.
    """
    path = Path(path)
    document = load_document(path)
    return LoadedNotebook(path=path, document=document, notebook=_parse(document, path.name))


def parse_document(document: Mapping[str, Any], name: str) -> Notebook:
    """Return the cells of a notebook in memory (plain JSON or a NotebookNode); `name` is for messages."""
    return _parse(as_version_4(document, name), name)


def _parse(document: Mapping[str, Any], name: str) -> Notebook:
    kernel_name = kernel_of(document, name)
    cells = enumerate(document["cells"])
    raw = [(position, str(cell.get("id", "")), _raw(cell)) for position, cell in cells]
    read = [_placed(*cell) for cell in raw]
    guessed = [source.guessed for _, source in read if source is not None and source.guessed]
    words = frozenset[str]().union(*guessed)
    if words:
        known = _known_names([source.code for _, source in read if source is not None], words)
        read = [_placed(*cell, known) for cell in raw]
    return Notebook(name=name, cells=tuple([cell for cell, _ in read]), kernel_name=kernel_name)


_Raw = tuple[str, str, str]
"""All that we look at of a cell, but for its id: its type, its source, its metadata's JSON."""


def _raw(cell: Mapping[str, Any]) -> _Raw:
    metadata = cell.get("metadata")
    ours = {key: metadata[key] for key in _METADATA if key in metadata} if metadata else None
    text = json.dumps(ours, default=str) if ours else ""
    return cell["cell_type"], source_of(cell), text


@lru_cache(maxsize=8192)
def _placed(
    position: int, cell_id: str, raw: _Raw, known: KnownNames | None = None
) -> tuple[Cell, PythonSource | None]:
    """Return the cell and its Python; the same objects for the same cell, while somebody types in another.

    `known` are the names bound anywhere in the notebook, where they are wanted.
    """
    cell, source = _read(raw, known)
    problems = tuple(replace(problem, cell=position) for problem in cell.problems)
    return replace(cell, index=position, cell_id=cell_id, problems=problems), source


@lru_cache(maxsize=8192)
def _read(raw: _Raw, known: KnownNames | None) -> tuple[Cell, PythonSource | None]:
    """Return a cell as if it stood first: what is said of one does not depend on those above it."""
    draft = _draft(raw)
    if draft.role in _NO_CODE:
        if known is not None and draft.role is Role.SKIPPED:
            draft = _with_known(draft, known)
        return _finished(draft, None), None
    source = to_python(raw[1])
    if known is None:
        return _finished(draft, source), source
    if source.guessed:
        source = to_python(raw[1], known=known)
    return _finished(_with_known(draft, known), source), source


def _draft(raw: _Raw) -> Cell:
    """Return the cell without its Python."""
    cell_type, source, metadata = raw
    if cell_type != "code":
        return Cell(index=0, role=Role.TEXT, source=source, body=source)
    marks = read_marks(split_lines(source), json.loads(metadata or "{}"))
    return Cell(
        index=0,
        role=marks.role,
        source=source,
        step=marks.step,
        options=marks.options,
        body=runnable_body(source),
        may_raise=marks.may_raise,
        problems=marks.problems,
    )


def _with_known(cell: Cell, known: KnownNames) -> Cell:
    return replace(cell, body=runnable_body(cell.source, known))


def _finished(cell: Cell, source: PythonSource | None) -> Cell:
    if source is None:
        return cell
    unread = [problem for problem in source.problems if problem.code == codes.SYNTAX_ERROR]
    if cell.may_raise and unread and not cell.problems:  # Run All goes on: no line of the cell has run
        return replace(cell, python="pass", lines=(unread[0].line or 1,))
    problems = cell.problems + source.problems
    return replace(cell, python=source.code, lines=source.lines, problems=problems)


def _known_names(sources: Iterable[str], words: frozenset[str]) -> KnownNames:
    """Return which of `words` the cells bind anywhere, as arguments and locals too.

    Cells in which none of those that are still open occurs are not parsed: that takes its time.
    """
    names: set[str] = set()
    complete = True
    for code in sources:
        starred = _STAR.search(code) is not None
        if not starred and words.isdisjoint(_WORD.findall(code)):
            continue
        bound, star = _bound_in(code)
        complete = complete and not star
        names |= bound & words
        words -= bound
    return KnownNames(frozenset(names), complete)


def _bound_in(code: str) -> tuple[set[str], bool]:
    """Return the names that `code` binds, and whether there is a star import in it."""
    tree = parse(code)
    names: set[str] = set()
    star = False
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name, ctx=ast.Store()) | ast.arg(arg=name):
                names.add(name)
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                names.add(name)
            case (
                ast.ExceptHandler(name=str(name))
                | ast.MatchAs(name=str(name))
                | ast.MatchStar(name=str(name))
            ):
                names.add(name)
            case ast.alias(name="*"):
                star = True
            case ast.alias(name=name, asname=asname):
                names.add(asname or name.partition(".")[0])
    return names, star
