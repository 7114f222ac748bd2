"""What the analyzer tells the user: a place, a reason, and what to do."""

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
class Diagnostic:
    """One finding. `name` is the variable, step or option it is about, where there is one."""

    code: str
    severity: Severity
    message: str
    cell: int | None = None
    line: int | None = None
    column: int | None = None
    name: str | None = None
    hint: str = ""

    @property
    def is_error(self) -> bool:
        return self.severity is Severity.ERROR
