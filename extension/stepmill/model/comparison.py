"""Runs side by side: what of them is compared, and what came of it. Every reader draws this record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from stepmill.model.artifact import FileAccess, StoredValue
from stepmill.model.cell import StepOptions
from stepmill.model.run import RunStatus, StepStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A PNG that a cell showed; `digest` is that of its bytes."""

    cell: int
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Printed:
    """What a cell showed as text; `text` may be cut, `digest` is that of all of it, "" if there is none."""

    cell: int
    text: str = ""
    digest: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepFacts:
    """What a run knows of one of its steps.

    Attributes
    ----------
    cells
        Cell index -> source as it ran.
    replayed
        (cell, line, source) of the code that was replayed before it.
    definitions
        Notebook functions and classes that it can reach, by digest.
    components
        What its key was made of, see `StepRecord`; empty for a step that did not come to its end.
    volatile
        What it reads that has no digest: the clock, the network.
    inputs, after
        Name -> the step that gives it; steps that it comes after for another reason.
    texts
        One for each of its cells, in order; empty where nothing is known of what they showed.
    """

    name: str
    status: StepStatus | None = None
    reason: str = ""
    seconds: float | None = None
    error: str = ""
    cells: Mapping[int, str] = field(default_factory=dict)
    replayed: tuple[tuple[int, int, str], ...] = ()
    code_digest: str = ""
    body_digest: str = ""
    options: StepOptions | None = None
    definitions: Mapping[str, str] = field(default_factory=dict)
    parameters: tuple[str, ...] = ()
    components: Mapping[str, str] = field(default_factory=dict)
    files: tuple[FileAccess, ...] = ()
    distributions: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    volatile: tuple[str, ...] = ()
    inputs: Mapping[str, str] = field(default_factory=dict)
    after: tuple[str, ...] = ()
    values: tuple[StoredValue, ...] = ()
    texts: tuple[Printed, ...] = ()
    pictures: tuple[Picture, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFacts:
    """One run as it is compared; secrets among the parameters are masked already."""

    run_id: str
    status: RunStatus
    notebook: str
    started_s: float
    seconds: float | None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)
    steps: tuple[StepFacts, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedRun:
    """One of the runs, and the letter by which the texts call it."""

    letter: str
    run_id: str
    status: RunStatus
    notebook: str
    started_s: float
    seconds: float | None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One fact in all runs, as text; None where a run does not have it. `step`: whose fact it is."""

    name: str
    values: tuple[str | None, ...]
    is_equal: bool
    step: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeRow:
    """The code of a step's cells, or what is replayed before steps, in all runs.

    `diffs` has a unified diff for each run against the first one; the first one's is empty.
    `is_layout`: comments or layout differ, which changes no result.
    """

    steps: tuple[str, ...]
    title: str
    is_equal: bool
    diffs: tuple[tuple[str, ...], ...] = ()
    is_layout: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputRow:
    """A value that a step gave in all runs; `digests` are None where a run does not have it.

    `details` are the facts of the previews that differ. `removed` has the letters of the runs whose
    value is not in the store any more: only digests can be compared then. `pictures` are digests of
    stored pictures.
    """

    step: str
    name: str
    digests: tuple[str | None, ...]
    is_equal: bool
    type_names: tuple[str, ...] = ()
    details: tuple[Row, ...] = ()
    removed: tuple[str, ...] = ()
    pictures: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureRow:
    """What a step's cells drew at one place, in all runs: digests, None where a run drew nothing there."""

    step: str
    cell: int
    digests: tuple[str | None, ...]
    is_equal: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TextRow:
    """What a step's cell showed as text, in all runs.

    `diffs` has a unified diff for each run against the first one, as `CodeRow`; all are empty where
    only the part differs that was not kept.
    """

    step: str
    cell: int
    is_equal: bool
    diffs: tuple[tuple[str, ...], ...] = ()


class CauseKind(StrEnum):
    """Why a step diverged, in the order of telling."""

    STEPS = "steps"
    CODE = "code"
    PARAMETER = "parameter"
    MODULE = "module"
    ENVIRONMENT = "environment"
    FILE = "file"
    RANDOM = "random"
    INPUT = "input"
    FAILURE = "failure"
    NOT_REPRODUCIBLE = "not-reproducible"


@dataclass(frozen=True, slots=True, kw_only=True)
class DivergedBecause:
    """One cause, as half a sentence: "alpha is 0.1 in A and 0.3 in B"."""

    kind: CauseKind
    text: str


class Divergence(StrEnum):
    """Where a step stands among the runs: `diverged` by itself, `followed` earlier ones, or neither."""

    SAME = "same"
    DIVERGED = "diverged"
    FOLLOWED = "followed"


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedStep:
    """A step of any of the runs; `inputs` and `after` are those of the first run that has it."""

    name: str
    divergence: Divergence
    causes: tuple[DivergedBecause, ...] = ()
    inputs: Mapping[str, str] = field(default_factory=dict)
    after: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What distinguishes runs, in the order of cause: each group may be the cause of those below it.

    `sentence` says which step diverged first and why; `diverged` is that step, "" if none did.
    """

    runs: tuple[ComparedRun, ...]
    sentence: str
    diverged: str = ""
    causes: tuple[DivergedBecause, ...] = ()
    remarks: tuple[str, ...] = ()
    steps: tuple[ComparedStep, ...] = ()
    parameters: tuple[Row, ...] = ()
    code: tuple[CodeRow, ...] = ()
    environment: tuple[Row, ...] = ()
    files: tuple[Row, ...] = ()
    metrics: tuple[Row, ...] = ()
    outputs: tuple[OutputRow, ...] = ()
    texts: tuple[TextRow, ...] = ()
    pictures: tuple[PictureRow, ...] = ()
    durations: tuple[Row, ...] = ()

    @property
    def is_equal(self) -> bool:
        """Whether no step diverged; durations do not count."""
        return not self.diverged

    def only_differences(self) -> Comparison:
        """Return the comparison without the rows that are equal in all runs."""
        return replace(
            self,
            parameters=tuple(row for row in self.parameters if not row.is_equal),
            code=tuple(row for row in self.code if not row.is_equal),
            environment=tuple(row for row in self.environment if not row.is_equal),
            files=tuple(row for row in self.files if not row.is_equal),
            metrics=tuple(row for row in self.metrics if not row.is_equal),
            outputs=tuple(row for row in self.outputs if not row.is_equal),
            texts=tuple(row for row in self.texts if not row.is_equal),
            pictures=tuple(row for row in self.pictures if not row.is_equal),
            durations=tuple(row for row in self.durations if not row.is_equal),
        )
