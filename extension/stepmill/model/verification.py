"""What `verify` finds: the pipeline against Run All, value by value and output by output."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from stepmill.model.artifact import ArtifactRef
from stepmill.model.diagnostic import Diagnostic
from stepmill.model.pipeline import Definition


class Verdict(StrEnum):
    """What came of a comparison."""

    EQUAL = "equal"  # but for what is named as not reproducible
    DIFFERENT = "different"
    REFUSED = "refused"  # by the analysis, or by a step that says why its values cannot be kept


class Aspect(StrEnum):
    """What is different."""

    VALUE = "value"
    RANDOM = "random"  # the state of a random generator that is handed on
    SHARING = "sharing"  # names that are one object in one of the two only
    OUTPUT = "output"
    ERROR = "error"  # how a cell ended


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One value, output or ending that Run All and the pipeline do not have in common.

    Attributes
    ----------
    cell, line
        The place in the notebook: for values the last line that gives it; `line` is None where the
        whole cell is meant.
    name
        The variable or generator; for sharing all of them, "" for outputs.
    where
        The place inside of the value (`['a'][3]`) or of the output ("line 2").
    run_all, pipeline
        Both, as short texts.
    again
        What a second Run All had, if that was something else again.
    cause
        Why it may be so, as far as the analysis knows: "it reads the clock (time.time)".
    """

    aspect: Aspect
    cell: int
    line: int | None = None
    step: str = ""
    name: str = ""
    where: str = ""
    run_all: str = ""
    pipeline: str = ""
    again: str = ""
    cause: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """The whole result. `values` counts what was compared at borders, `outputs` cells that show something.

    Attributes
    ----------
    differences
        In notebook order: what the split into steps changed. None, and the verdict is `equal`.
    not_reproducible
        What differs between two runs of the linear notebook as well: nobody's fault.
    remarks
        Sentences about what was not compared, or differs without counting (stderr).
    failure
        The error with which both ended, at the same cell; None if both ran to their end.
    diagnostics, error
        Why it was refused: by the analysis, or while it ran.
    repeated
        Run All was run more than once.
    """

    verdict: Verdict
    notebook: str
    values: int = 0
    outputs: int = 0
    differences: tuple[Difference, ...] = ()
    not_reproducible: tuple[Difference, ...] = ()
    remarks: tuple[str, ...] = ()
    failure: str | None = None
    diagnostics: tuple[Diagnostic, ...] = ()
    error: Mapping[str, Any] | None = None
    repeated: bool = False
    pipeline_seconds: float | None = None
    run_all_seconds: float | None = None

    @property
    def is_equal(self) -> bool:
        return self.verdict is Verdict.EQUAL

    @property
    def equal_values(self) -> int:
        """How many of the values are the same."""
        return self.values - self._differing(Aspect.VALUE, Aspect.RANDOM)

    @property
    def equal_outputs(self) -> int:
        """How many of the cells show the same."""
        return self.outputs - self._differing(Aspect.OUTPUT)

    def _differing(self, *aspects: Aspect) -> int:
        return sum(found.aspect in aspects for found in (*self.differences, *self.not_reproducible))


@dataclass(frozen=True, slots=True, kw_only=True)
class Border:
    """What the kernel of Run All has to compare where a step ends. Paths are absolute."""

    step: str
    store: str
    result: str
    values: Mapping[str, ArtifactRef] = field(default_factory=dict)
    random: Mapping[str, ArtifactRef] = field(default_factory=dict)
    definitions: tuple[Definition, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """One name at a border. `ref` is what Run All had, stored if that is possible and it differs.

    `problem` says why the two could not be compared; then neither `same` nor different is known.
    """

    name: str
    aspect: Aspect = Aspect.VALUE
    same: bool = True
    where: str = ""
    here: str = ""
    there: str = ""
    ref: ArtifactRef | None = None
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BorderResult:
    """What the kernel found at one border."""

    step: str
    compared: tuple[Compared, ...] = ()
