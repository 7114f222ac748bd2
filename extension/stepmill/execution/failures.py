"""A failure in a step notebook, as the author of the original notebook should read it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from stepmill.errors import DiskFull, KernelError, RunCancelled, StepFailed, StepmillError
from stepmill.execution.executors.base import CellError, Ending, StepExit

if TYPE_CHECKING:
    from collections.abc import Mapping

_ANSI = re.compile(r"\x1b\[[0-9;]*m")
_FRAME = re.compile(r"\s*Cell In\s?\[(\d+)\](?:, line |:)(\d+)")
_OURS = re.compile(r"\s*File .*[\\/]stepmill(_magics|[\\/](artifacts|model|notebook|analysis))[\\/]")
_TIMED = re.compile(r"\s*File <timed exec>:(\d+)")
_NUMBERED = re.compile(r"^((?:\x1b\[[0-9;]*m)*(?:-+>)?)((?:\x1b\[[0-9;]*m|\s)*)(\d+)(?=\D)")
_UNDEFINED = re.compile(r"name '(.+?)' is not defined")
_MACHINERY = ("inputs", "outputs")


def plain(text: str) -> str:
    """Return `text` without ANSI colours."""
    return _ANSI.sub("", text)


def user_failure(
    step: str,
    ending: StepExit,
    document: Mapping[str, Any],
    *,
    known_names: frozenset[str] = frozenset(),
) -> StepmillError:
    """Return the error to show for a step that did not end well.

    `document` is the executed step notebook. `known_names` are the names that some other code of
    the notebook binds: a NameError for one of them is a fault of our analysis, and said so. The
    error's `cell` and `line` are those of the original notebook, None where the failure lies
    outside the user's cells; the traceback keeps its colours and loses our own frames.
    """
    cells = _StepCells(document)
    if ending.ending is Ending.CANCELLED:
        return RunCancelled(f"step {step!r} was cancelled", cell=cells.original(ending.cell))
    if ending.ending is Ending.DIED:
        return KernelError(
            f"the kernel of step {step!r} died{cells.during(ending.cell)}: {ending.message}",
            hint="run the step's notebook by hand to see it happen, or watch its memory",
            cell=cells.original(ending.cell),
        )
    if ending.error is None:
        return StepFailed(
            f"step {step!r} {ending.message}", step=step, cell=cells.original(ending.cell), hint=_HINT_TIMEOUT
        )
    if cells.role(ending.error.cell) in _MACHINERY and ending.error.ename == DiskFull.__name__:
        message, _, hint = (
            plain(ending.error.evalue).removeprefix(f"[{DiskFull.code}] ").partition("\nhint: ")
        )
        return StepFailed(f"step {step!r} gave what cannot be stored: {message}", hint=hint, step=step)
    cell, line = cells.place(ending.error)
    return StepFailed(
        _message(step, ending, cells),
        hint=_hint(step, ending, known_names, cells),
        cell=cell,
        line=line,
        step=step,
        traceback=user_traceback(ending.error, document),
    )


def user_traceback(error: CellError, document: Mapping[str, Any]) -> str:
    """Return the traceback with the original cells' numbers and without our own frames."""
    cells = _StepCells(document)
    if cells.role(error.cell) in _MACHINERY:
        kept = list(error.traceback)
    else:
        kept = [shown for part in error.traceback if (shown := cells.rewrite(part)) is not None]
    return "\n".join(kept)


_HINT_TIMEOUT = "give the step more time with `--timeout`, or make it faster"


def _message(step: str, ending: StepExit, cells: _StepCells) -> str:
    error = ending.error
    assert error is not None
    if ending.ending is Ending.TIMED_OUT:
        return f"step {step!r} {ending.message}"
    role = cells.role(error.cell)
    phase = {"inputs": " while its inputs were loaded", "outputs": " while its outputs were stored"}.get(
        role, ""
    )
    return f"step {step!r} failed{phase}: {ending.message}"


def _hint(step: str, ending: StepExit, known_names: frozenset[str], cells: _StepCells) -> str:
    error = ending.error
    assert error is not None
    if ending.ending is Ending.TIMED_OUT:
        return _HINT_TIMEOUT
    undefined = _UNDEFINED.search(error.evalue) if error.ename == "NameError" else None
    if undefined and undefined[1] in known_names and cells.role(error.cell) not in _MACHINERY:
        name = undefined[1]
        return (
            f"the notebook does define {name!r}: stepmill did not see that this step needs it. That is our "
            f"fault, please report it; until then write `%%step {step} --inputs {name}`"
        )
    return _HINTS.get(error.ename, "")


_HINTS = {
    "StdinNotImplementedError": "nobody can answer input() in a pipeline run: make the answer a parameter",
    "SystemExit": "sys.exit() ends Run All as well: raise an exception, or put the rest under an `if`",
}


@dataclass(frozen=True, slots=True)
class _Origin:
    """One cell of the step notebook.

    `lines` are (line here, original cell, original line), ascending. `blank` are the blank lines at
    its top: IPython drops them before it counts.
    """

    role: str
    cell: int | None
    blank: int = 0
    lines: tuple[tuple[int, int, int], ...] = ()

    def place(self, line: int) -> tuple[int | None, int | None]:
        """Return the original cell and line of a line of this cell, as IPython counts."""
        line += self.blank
        if self.cell is not None:
            return self.cell, line
        for first, cell, original in reversed(self.lines):
            if line >= first:
                return cell, original + line - first
        return None, None


class _StepCells:
    """Where the cells of a step notebook come from, by index and by prompt number."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._cells = [_origin(cell) for cell in document["cells"]]
        self._by_prompt = {
            cell["execution_count"]: origin
            for cell, origin in zip(document["cells"], self._cells, strict=True)
            if cell.get("execution_count")
        }

    def role(self, index: int | None) -> str:
        return "" if index is None else self._cells[index].role

    def original(self, index: int | None) -> int | None:
        return None if index is None else self._cells[index].cell

    def during(self, index: int | None) -> str:
        cell = self.original(index)
        return "" if cell is None else f" in cell {cell}"

    def place(self, error: CellError) -> tuple[int | None, int | None]:
        """Return the original cell and line at which the failing cell was left."""
        origin = self._cells[error.cell]
        if origin.role in _MACHINERY:
            return None, None
        line = self._line(origin, error)
        return (origin.cell, None) if line is None else origin.place(line)

    def _line(self, origin: _Origin, error: CellError) -> int | None:
        """Return the line in the step's cell; a frame below `%%time` counts from its own first line."""
        line = None
        for part in map(plain, error.traceback):
            frame, timed = _FRAME.match(part), _TIMED.match(part)
            if frame and self._by_prompt.get(int(frame[1])) is origin and line is None:
                line = int(frame[2])
            elif timed and line is not None:
                return line + int(timed[1])
        return line

    def rewrite(self, part: str) -> str | None:
        """Return one part of a traceback as the user should see it; None for a frame of ours."""
        bare = plain(part)
        if _OURS.match(bare):
            return None
        frame = _FRAME.match(bare)
        origin = self._by_prompt.get(int(frame[1])) if frame else None
        if frame is None or origin is None:
            return part
        if origin.role in _MACHINERY:
            return None
        cell, line = origin.place(int(frame[2]))
        head, _, code = part.partition("\n")
        where = "Parameters" if cell is None else f"Cell {cell}"
        rest = plain(head)[frame.end() :]
        shown = f"\x1b[32m{where}, line {line or frame[2]}\x1b[39m{rest}"
        return "\n".join([shown, *_renumber(code, origin, cell)])


def _renumber(code: str, origin: _Origin, cell: int | None) -> list[str]:
    """Number the shown lines as in the original cell; lines of other cells are left out."""
    if origin.blank == 0 and not origin.lines:
        return code.split("\n")
    kept = []
    for text in code.split("\n"):
        numbered = _NUMBERED.match(text)
        if numbered is None:
            kept.append(text)
            continue
        shown_cell, line = origin.place(int(numbered[3]))
        if shown_cell == cell:
            kept.append(f"{numbered[1]}{numbered[2]}{line}{text[numbered.end() :]}")
    return kept


def _blank_lines(source: str) -> int:
    """Count the blank lines at the top; a source of nothing else has none to speak of."""
    return source[: len(source) - len(source.lstrip())].count("\n") if source.strip() else 0


def _origin(cell: Mapping[str, Any]) -> _Origin:
    ours = cell.get("metadata", {}).get("stepmill", {})
    return _Origin(
        role=ours.get("role", ""),
        cell=ours.get("cell"),
        blank=_blank_lines("".join(cell.get("source", ""))),
        lines=tuple(tuple(entry) for entry in ours.get("lines", ())),
    )
