"""What a run will do with each step, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from stepmill.model.artifact import StepRecord


class PlanStatus(StrEnum):
    """What is decided about a step: reuse it, run it, or wait for the user."""

    CACHED = "cached"
    STALE = "stale"
    BLOCKED = "blocked"


class Cause(StrEnum):
    """The closed set of reasons for a decision."""

    UNCHANGED = "unchanged"
    FIRST_RUN = "first-run"
    CODE = "code-changed"
    DEFINITION = "definition-changed"
    PARAMETER = "parameter-changed"
    INPUT = "input-changed"
    MODULE = "module-changed"
    LIBRARY = "library-changed"
    PYTHON = "python-changed"
    FILE = "file-changed"
    ENVIRONMENT = "environment-changed"
    OUTPUT_MISSING = "output-missing"
    UNTRUSTED = "untrusted"
    UPSTREAM = "upstream-runs"
    NO_CACHE = "no-cache"
    VOLATILE = "volatile"
    EXPIRED = "expired"
    REQUESTED = "requested"
    FILE_EDITED = "file-edited-by-hand"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One cause with its evidence, as a sentence without a full stop; `subject` is what changed."""

    cause: Cause
    message: str
    subject: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepPlan:
    """The decision for one step. `record` is the observation that a cached step reuses."""

    step: str
    status: PlanStatus
    reasons: tuple[Reason, ...]
    key: str = ""
    components: Mapping[str, str] = field(default_factory=dict)
    record: StepRecord | None = None
    expected_seconds: float | None = None

    @property
    def reason(self) -> str:
        """All reasons as one sentence."""
        return "; ".join(reason.message for reason in self.reasons)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The decisions, in running order."""

    steps: tuple[StepPlan, ...]

    def step(self, name: str) -> StepPlan:
        for step in self.steps:
            if step.step == name:
                return step
        raise KeyError(name)
