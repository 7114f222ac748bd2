"""The notebook as the analyzer sees it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from stepmill.model.diagnostic import Diagnostic


class Role(StrEnum):
    """What a cell is to the pipeline."""

    STEP = "step"
    PARAMETERS = "parameters"
    SCRATCH = "scratch"  # `%%scratch`: the user vouches that it has no effect
    UNTAGGED = "untagged"
    SKIPPED = "skipped"  # Jupyter's tag `skip-execution`
    TEXT = "text"  # markdown and raw cells


@dataclass(frozen=True, slots=True, kw_only=True)
class StepOptions:
    """The options of a `%%step` line, merged over the cells of one step. None: not given."""

    inputs: tuple[str, ...] | None = None
    outputs: tuple[str, ...] | None = None
    after: tuple[str, ...] = ()
    cache: bool = True
    cache_for_s: float | None = None
    retries: int = 0
    timeout_s: float | None = None
    cpus: float | None = None
    gpus: float | None = None
    memory_bytes: int | None = None
    metrics: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One cell.

    `source` is what the user wrote. `body` is what a step notebook runs: `source` with the
    `%%step`, `%%parameters` or `%%scratch` line turned into a comment, so that lines keep their
    numbers. `python` is plain Python for the analyzer: IPython syntax rewritten, known cell magics
    unfolded; it may be lossy and is never run. `lines[i]` is the line of `source` (from 1) that
    line i+1 of `python` stands for.
    """

    index: int
    role: Role
    source: str
    cell_id: str = ""
    step: str | None = None
    options: StepOptions = StepOptions()
    body: str = ""
    python: str = ""
    lines: tuple[int, ...] = ()
    may_raise: bool = False  # Jupyter's tag `raises-exception`
    problems: tuple[Diagnostic, ...] = ()

    def line_of(self, python_line: int) -> int:
        """Return the line of `source` (from 1) for a line of `python` (from 1)."""
        if not self.lines:
            return python_line
        return self.lines[min(max(python_line, 1), len(self.lines)) - 1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Notebook:
    """All cells of one notebook, and the kernel it asks for. `problems` concern the whole file."""

    name: str
    cells: tuple[Cell, ...]
    kernel_name: str = ""
    language: str = "python"
    problems: tuple[Diagnostic, ...] = ()
