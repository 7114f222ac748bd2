"""Steps while they are put together."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from stepmill.analysis.effects import RANDOM
from stepmill.model.cell import StepOptions

if TYPE_CHECKING:
    from collections.abc import Collection

    from stepmill.analysis.flow import Flow, Source
    from stepmill.analysis.values import Value
    from stepmill.analysis.versions import Version
    from stepmill.model.diagnostic import Place


@dataclass(slots=True)
class Taken:
    """A value that a step takes from another one: which version, and the line that takes it."""

    source: Source
    version: Version
    place: Place
    soft: bool = False  # only needed if the step's own output is needed


@dataclass(frozen=True, slots=True)
class Replay:
    """A name that a step has by replaying `units`: what it reads, and the line that reads it first."""

    units: Version
    value: Value
    place: Place


@dataclass(slots=True)
class Draft:
    """A step while it is put together."""

    name: str
    units: list[int] = field(default_factory=list)
    options: StepOptions = field(default_factory=StepOptions)
    inputs: dict[str, Taken] = field(default_factory=dict)
    soft: dict[str, Taken] = field(default_factory=dict)
    unavailable: dict[str, Place] = field(default_factory=dict)  # soft inputs that scratch code makes
    replays: dict[str, Replay] = field(default_factory=dict)
    written: dict[str, int] = field(default_factory=dict)  # name -> the step's own last statement so far
    replayed: set[int] = field(default_factory=set)  # needed by the code
    carried: set[int] = field(default_factory=set)  # needed to load inputs
    parameters: set[str] = field(default_factory=set)
    orders: dict[tuple[str, str], tuple[Place, Place, bool]] = field(default_factory=dict)
    setup: set[int] = field(default_factory=set)  # untagged statements that must have run before it

    def copied(self) -> Draft:
        """Return a copy that can be worked on."""
        return Draft(
            self.name, self.units, self.options, dict(self.inputs), dict(self.soft), self.unavailable,
            self.replays, self.written, set(self.replayed), set(self.carried), set(self.parameters),
            dict(self.orders), set(self.setup),
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Conflict:
    """Something that keeps the steps from running apart; `code` is a rule's.

    `variable` is the name as effects have it, with the prefix of a generator's state.
    """

    code: str
    place: Place
    variable: str
    detail: str = ""
    other: Place | None = None

    @property
    def name(self) -> str:
        return self.variable.removeprefix(RANDOM)

    @property
    def what(self) -> str:
        """What it is about, in words."""
        is_random = self.variable.startswith(RANDOM)
        return f"the random state of `{self.name}`" if is_random else f"`{self.name}`"


@dataclass(frozen=True, slots=True)
class Beginning:
    """A draft with what the step's own statements take, and all that this depends on.

    `conflicts` come with the statements that have them. `wants` are the draft's inputs with who gives
    them, `lacks` what it would take if others took it from this step. `asked`, `read` are what `Flow` has
    of that name, `kinds` the names whose final values were looked at.
    """

    span: Version
    draft: Draft
    conflicts: tuple[tuple[int, Conflict], ...]
    wants: frozenset[tuple[str, str]]
    lacks: frozenset[tuple[str, str]]
    asked: int
    read: int
    kinds: frozenset[str]


def still_true(known: dict[str, Beginning], flow: Flow, finals: Collection[str]) -> dict[str, Beginning]:
    """Return those that are the same with `flow`, other `finals` values of these names, and their options."""
    stale, rewritten, moved = flow.stale, flow.rewritten, flow.moved
    if stale is None or rewritten is None:
        return {}
    found = {}
    for name, beginning in known.items():
        if beginning.asked & stale or beginning.read & rewritten:
            continue
        if beginning.kinds and not beginning.kinds.isdisjoint(finals):
            continue
        if moved:
            span = beginning.span
            if span and span[0] <= moved[-1] and any(span[0] <= unit <= span[-1] for unit in moved):
                continue
            if flow.inventory.owned.get(name, []) != beginning.draft.units:
                continue
        found[name] = beginning
    return found


@dataclass(frozen=True, slots=True)
class Pairs:
    """The inputs of a step that may share objects with each other; `nodes` are all of them in the heap."""

    draft: Draft
    names: tuple[tuple[str, str], ...]
    nodes: int
