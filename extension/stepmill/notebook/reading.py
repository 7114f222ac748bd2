"""From the notebook file to the cells that the analyzer sees."""

from __future__ import annotations

import ast
import re
import warnings
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stepmill.model.cell import Cell, Notebook, Role
from stepmill.notebook.body import runnable_body
from stepmill.notebook.document import as_version_4, kernel_of, load_document, source_of
from stepmill.notebook.expansion import KnownNames
from stepmill.notebook.ipython import PythonSource, to_python
from stepmill.notebook.marks import read_marks
from stepmill.notebook.tags import split_lines

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_WORD = re.compile(r"[^\W\d]\w*")
_STAR = re.compile(r"import\s*\*")
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
    drafts = [_draft(index, cell) for index, cell in enumerate(document["cells"])]
    sources = [None if draft.role in _NO_CODE else to_python(draft.source) for draft in drafts]
    words = frozenset().union(*(source.guessed for source in sources if source is not None))
    if words:
        known = _known_names([source.code for source in sources if source is not None], words)
        sources = [
            to_python(draft.source, known=known) if source is not None and source.guessed else source
            for draft, source in zip(drafts, sources, strict=True)
        ]
        drafts = [_with_known(draft, known) for draft in drafts]
    cells = tuple(_finished(draft, source) for draft, source in zip(drafts, sources, strict=True))
    return Notebook(name=name, cells=cells, kernel_name=kernel_name)


def _draft(index: int, cell: Mapping[str, Any]) -> Cell:
    """Return the cell without its Python."""
    source = source_of(cell)
    cell_id = str(cell.get("id", ""))
    if cell["cell_type"] != "code":
        return Cell(index=index, role=Role.TEXT, source=source, cell_id=cell_id, body=source)
    marks = read_marks(split_lines(source), cell.get("metadata", {}))
    return Cell(
        index=index,
        role=marks.role,
        source=source,
        cell_id=cell_id,
        step=marks.step,
        options=marks.options,
        body=runnable_body(source),
        may_raise=marks.may_raise,
        problems=marks.problems,
    )


def _with_known(cell: Cell, known: KnownNames) -> Cell:
    return replace(cell, body=runnable_body(cell.source, known)) if cell.role is not Role.TEXT else cell


def _finished(cell: Cell, source: PythonSource | None) -> Cell:
    problems = cell.problems + (source.problems if source is not None else ())
    placed = tuple(replace(problem, cell=cell.index) for problem in problems)
    if source is None:
        return replace(cell, problems=placed)
    return replace(cell, python=source.code, lines=source.lines, problems=placed)


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
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tree = ast.parse(code)
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
