"""Tags written into a copy of a notebook, and taken out again: magic lines or cell metadata."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from stepmill.errors import UsageError
from stepmill.model.cell import Role
from stepmill.notebook.body import lone_magic
from stepmill.notebook.document import source_of
from stepmill.notebook.marks import read_marks
from stepmill.notebook.step_line import format_step_line
from stepmill.notebook.tags import find_tag, split_lines

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

LOAD_LINE = "%load_ext stepmill"
_LOADS_US = re.compile(r"^\s*%?(?:re)?load_ext\s+stepmill\b", re.MULTILINE)
_LINE_ENDS = re.compile(r"(\r\n|\r|\n)")
_OWN_TAGS = re.compile(r"step:.*|parameters$")
_OWN_KEYS = ("step", "parameters", "scratch")


class Form(StrEnum):
    """How tags are written."""

    MAGIC = "magic"  # `%%step load` on the cell's first line
    METADATA = "metadata"  # the cell tag `step:load`; runs where stepmill is not installed


def tagged(document: Mapping[str, Any], lines: Mapping[int, str], form: Form = Form.MAGIC) -> dict[str, Any]:
    """Return a copy of an nbformat 4 document with these cells tagged; `document` stays as it is.

    `lines` are tag lines (`%%step load`, `%%parameters`) by the index of their cell. With magics, the
    line that makes them known in Jupyter is put on top of the first cell that can bear it, if the
    notebook has none; a cell above that, or that cell itself, is tagged by its metadata: it is run
    before anybody knows our magics.
    """
    cells = list(document["cells"])
    known_from = _known_from(cells) if form is Form.MAGIC else len(cells)
    for index, line in lines.items():
        as_magic = index > known_from
        cells[index] = _with_magic(cells[index], line) if as_magic else _with_metadata(cells[index], line)
    if any(index > known_from for index in lines) and not _loads_us(cells[known_from]):
        cells[known_from] = {**cells[known_from], "source": f"{LOAD_LINE}\n{source_of(cells[known_from])}"}
    return {**document, "cells": cells}


def retagged(document: Mapping[str, Any], changes: Mapping[int, str], form: Form) -> dict[str, Any]:
    """Return a copy whose tags are all written in one form, with other tag lines for some cells.

    Raises
    ------
    UsageError
        A cell's tags cannot be read.
    """
    lines = {**_present(document), **changes}
    return tagged(untagged(document), lines, form)


def _present(document: Mapping[str, Any]) -> dict[int, str]:
    """Return the tag lines that say what the cells' present tags say."""
    found = {}
    for index, cell in enumerate(document["cells"]):
        if cell["cell_type"] != "code":
            continue
        marks = read_marks(split_lines(source_of(cell)), cell.get("metadata", {}))
        problem = next((problem for problem in marks.problems if problem.is_error), None)
        if problem is not None:
            raise UsageError(
                f"cell [{index}]: {problem.message}", hint=problem.hint, cell=index, line=problem.line
            )
        if marks.role is Role.STEP and marks.step is not None:
            found[index] = format_step_line(marks.step, marks.options)
        elif marks.role in (Role.PARAMETERS, Role.SCRATCH):
            found[index] = f"%%{marks.role}"
    return found


def untagged(document: Mapping[str, Any], only: frozenset[int] | None = None) -> dict[str, Any]:
    """Return a copy without tags of steps, parameters and scratch; `only` of these cells.

    Without `only` the line that makes our magics known goes too, where something stands below it.
    """
    cells = []
    for index, cell in enumerate(document["cells"]):
        if cell["cell_type"] == "code" and (only is None or index in only):
            cell = _without_tag(cell)
            if only is None:
                cell = _without_load_line(cell)
        cells.append(cell)
    return {**document, "cells": cells}


def _known_from(cells: list[dict[str, Any]]) -> int:
    """Return the cell that loads stepmill, else the first that can be made to; len(cells) if none can."""
    code = [index for index, cell in enumerate(cells) if cell["cell_type"] == "code"]
    loading = next((index for index in code if _loads_us(cells[index])), None)
    if loading is not None:
        return loading
    return next((index for index in code if _can_load(cells[index])), len(cells))


def _loads_us(cell: Mapping[str, Any]) -> bool:
    return cell["cell_type"] == "code" and _LOADS_US.search(source_of(cell)) is not None


def _can_load(cell: Mapping[str, Any]) -> bool:
    """Tell whether a line may be put on top of the cell without a change of what the rest means."""
    source = source_of(cell)
    tags = cell.get("metadata", {}).get("tags") or []
    if not source.strip() or {"skip-execution", "raises-exception", "injected-parameters"} & set(tags):
        return False
    first = next(line for line in split_lines(source) if line.strip())
    odd = first[:1].isspace() or first.startswith(("%%", ">>>", "In [", "..."))
    return not odd and "__future__" not in source and lone_magic(source) is None


def _with_magic(cell: Mapping[str, Any], line: str) -> dict[str, Any]:
    return {**cell, "source": f"{line}\n{source_of(cell)}"}


def _with_metadata(cell: Mapping[str, Any], line: str) -> dict[str, Any]:
    kind, *words = line.removeprefix("%%").split()
    metadata = dict(cell.get("metadata", {}))
    if kind == "scratch":
        metadata["stepmill"] = {"scratch": True}
    elif len(words) > 1:  # a cell tag has no room for options
        metadata["stepmill"] = {"step": words[0], **_options(words[1:])}
    else:
        tag = f"step:{words[0]}" if kind == "step" else kind
        metadata["tags"] = [*_list(metadata.get("tags")), tag]
    return {**cell, "metadata": metadata}


def _options(words: Sequence[str]) -> dict[str, Any]:
    """Return the options of a line as `format_step_line` writes it, as metadata has them."""
    found: dict[str, Any] = {}
    for word, following in zip(words, (*words[1:], "--"), strict=True):
        if word.startswith("--"):
            key = word[2:].replace("-", "_")
            found[key] = True if following.startswith("--") else following.strip('"')
    return found


def _without_tag(cell: Mapping[str, Any]) -> dict[str, Any]:
    source = source_of(cell)
    tag = find_tag(split_lines(source))
    if tag is not None:
        pieces = _LINE_ENDS.split(source)  # line, end, line, end, …, line
        source = "".join([*pieces[: 2 * tag.index], *pieces[2 * tag.index + 2 :]])
    return {**cell, "source": source, "metadata": _without_own(cell.get("metadata", {}))}


def _without_own(metadata: Mapping[str, Any]) -> dict[str, Any]:
    kept = dict(metadata)
    tags = _list(kept.get("tags"))
    left = [tag for tag in tags if not (isinstance(tag, str) and _OWN_TAGS.match(tag))]
    if left != tags:
        kept["tags"] = left
        if not left:
            del kept["tags"]
    entry = kept.get("stepmill")
    if isinstance(entry, dict) and any(key in entry for key in _OWN_KEYS):
        del kept["stepmill"]
    return kept


def _without_load_line(cell: Mapping[str, Any]) -> dict[str, Any]:
    first, newline, rest = source_of(cell).partition("\n")
    return {**cell, "source": rest} if newline and rest.strip() and first.strip() == LOAD_LINE else dict(cell)


def _list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list) else []
