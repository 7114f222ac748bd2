"""A case of the oracle: a small notebook, and what the pipeline owes it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

Expect = Literal["equal", "refused", "either"]

_HEAD = re.compile(r"%%(step|parameters|scratch)\b[ \t]*([^\n]*)\n?")
_TAGS = re.compile(r"# tags: ([^\n]+)\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseCell:
    """One code cell as its author wrote it; `step` is the name on its `%%step` line."""

    source: str
    step: str | None = None
    tags: tuple[str, ...] = ()

    @property
    def body(self) -> str:
        """The cell for the linear run: our own first line gone, as the magic does it."""
        head = _HEAD.match(self.source)
        if head is None:
            return self.source
        rest = self.source[head.end() :]
        return rest if rest.startswith("%%") else "\n" + rest


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """Cells, and what is expected of the pipeline made from them.

    `expect`: "equal" to the linear run, "refused" with a reason, or "either" where both are right.
    `observe`: names whose values count at step boundaries; None: all that the pipeline carries.
    `parameters`: overrides; the truth is the linear run with these literals edited.
    `files`: relative path -> text, laid beside the notebook before each run.
    `why`: what would go wrong in a careless split.
    """

    name: str
    category: str
    cells: tuple[CaseCell, ...]
    expect: Expect = "equal"
    observe: tuple[str, ...] | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    why: str = ""

    def linear_sources(self) -> list[str]:
        """Return what Run All executes: parameters' literals edited, cells that Jupyter skips empty."""
        return [
            "" if "skip-execution" in cell.tags else _edited(cell, self.parameters) for cell in self.cells
        ]

    def document(self) -> dict[str, Any]:
        """Return the notebook as nbformat 4.5."""
        cells = [
            {
                "cell_type": "code",
                "id": f"cell-{index}",
                "metadata": {"tags": list(cell.tags)} if cell.tags else {},
                "execution_count": None,
                "outputs": [],
                "source": cell.source,
            }
            for index, cell in enumerate(self.cells)
        ]
        kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
        metadata = {"kernelspec": kernel, "language_info": {"name": "python"}}
        return {"nbformat": 4, "nbformat_minor": 5, "metadata": metadata, "cells": cells}


def cells_of(text: str) -> tuple[CaseCell, ...]:
    """Split `text` at lines of three dashes. `# tags: a, b` above a cell sets its Jupyter tags."""
    return tuple(_cell(part.strip("\n")) for part in re.split(r"(?m)^---$", text))


def files_of(text: str) -> dict[str, str]:
    """Split `text` at lines `=== NAME`: name -> content, for the files beside a notebook."""
    parts = re.split(r"(?m)^=== (\S+)\n", text)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


class Category:
    """Collects the cases of one category, so that each costs one call."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.cases: list[Case] = []

    def add(
        self,
        name: str,
        text: str,
        expect: Expect = "equal",
        *,
        observe: tuple[str, ...] | None = None,
        parameters: Mapping[str, Any] | None = None,
        files: Mapping[str, str] | None = None,
        why: str = "",
    ) -> None:
        case = Case(
            name=f"{self.name}/{name}",
            category=self.name,
            cells=cells_of(text),
            expect=expect,
            observe=observe,
            parameters=parameters or {},
            files=files or {},
            why=why,
        )
        self.cases.append(case)


def _cell(source: str) -> CaseCell:
    tags: tuple[str, ...] = ()
    if found := _TAGS.match(source):
        tags = tuple(tag.strip() for tag in found[1].split(","))
        source = source[found.end() :]
    head = _HEAD.match(source)
    step = head[2].split()[0] if head and head[1] == "step" else None
    by_tag = next((tag.removeprefix("step:") for tag in tags if tag.startswith("step:")), None)
    return CaseCell(source=source, step=step or by_tag, tags=tags)


def _edited(cell: CaseCell, parameters: Mapping[str, Any]) -> str:
    if not (cell.source.startswith("%%parameters") or "parameters" in cell.tags):
        return cell.body
    source = cell.body
    for name, value in parameters.items():
        pattern = rf"(?m)^({name}\s*(?::[^=\n]+)?=\s*)[^\n]*$"
        source = re.sub(pattern, lambda found, value=value: f"{found[1]}{value!r}", source)
    return source
