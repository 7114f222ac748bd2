"""What the analyzer tells the user: a place, a reason, what to do, and edits that do it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How much a diagnostic weighs: an error refuses the run, a warning does not."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A place in the notebook as its reader counts.

    `cell` counts all cells from 0, `line` the lines of that cell from 1 (a `%%step` line is
    line 1), `column` characters from 0.
    """

    cell: int
    line: int = 1
    column: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherPlace:
    """A second place that a diagnostic speaks of, and what happens there. Counts as `Place`."""

    cell: int
    line: int
    column: int | None = None
    end_column: int | None = None
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """Put `text` in the place of a range of a cell's source. Lines from 1, columns from 0, end excluded."""

    cell: int
    line: int
    column: int
    end_line: int
    end_column: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Fix:
    """Edits that remove a diagnostic and leave what Run All gives as it is.

    `automatic`: `stepmill check --fix` may make them. Otherwise they state something that only the
    user can know, and wait to be chosen.
    """

    title: str
    edits: tuple[Edit, ...]
    automatic: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnostic:
    """One finding. `name` is the variable, step or option it is about, where there is one.

    `label` is said at the caret, which ends before `end_column`.
    """

    code: str
    severity: Severity
    message: str
    cell: int | None = None
    line: int | None = None
    column: int | None = None
    name: str | None = None
    hint: str = ""
    end_column: int | None = None
    why: str = ""
    label: str = ""
    others: tuple[OtherPlace, ...] = ()
    fixes: tuple[Fix, ...] = ()

    @property
    def is_error(self) -> bool:
        return self.severity is Severity.ERROR

    @property
    def is_doubt(self) -> bool:
        """Tell whether `--strict` refuses a notebook for it: a warning, or an edge in doubt."""
        return self.severity is Severity.WARNING or self.code in DOUBTS


DOUBTS = frozenset({"SM206"})
"""Codes of notes that are doubts all the same: stepmill is safe without an answer, but has none."""


def strict_refusals(diagnostics: tuple[Diagnostic, ...]) -> tuple[Diagnostic, ...]:
    """Return what `--strict` refuses a notebook for: errors, warnings, doubts."""
    return tuple(d for d in diagnostics if d.is_error or d.is_doubt)
