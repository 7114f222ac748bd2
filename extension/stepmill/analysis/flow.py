"""Which statement gives the value that another one takes."""

from __future__ import annotations

import ast
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING, Any, TypeVar

from stepmill.analysis.effects import RANDOM, is_pseudo
from stepmill.analysis.repeating import Repeating, Shapes, replaced, unit_of
from stepmill.analysis.values import Kind, Value
from stepmill.analysis.versions import Version
from stepmill.model.pipeline import SETUP_STEP, Parameter

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from stepmill.analysis.interpreter import Observed
    from stepmill.analysis.tables import Table

T = TypeVar("T")

LONG = 16
"""Units from which on those that were asked for are not noted one by one."""


class Origin(Enum):
    """Where a step gets a name from."""

    NOTHING = auto()  # nothing in the notebook has bound it
    REPLAY = auto()  # its statements are executed again
    PARAMETER = auto()
    STEP = auto()
    SETUP = auto()  # untagged code that runs once, in the implicit first step
    SCRATCH = auto()  # untagged code that cannot run in the pipeline


@dataclass(frozen=True, slots=True)
class Source:
    """The origin of a name's version. `owner` is a step's name; `units` are all contributions."""

    origin: Origin
    owner: str = ""
    units: Version = ()

    @property
    def last(self) -> int:
        return self.units[-1]


class Facts(dict[int, T]):
    """Something about each unit. Those that are asked for one by one are noted in `asked`."""

    __slots__ = ("asked",)

    def __init__(self, values: Mapping[int, T], asked: set[int]) -> None:
        super().__init__(values)
        self.asked = asked

    def __getitem__(self, unit: int) -> T:
        self.asked.add(unit)
        return dict.__getitem__(self, unit)


class Flow(Repeating):
    """Versions of all names at all units, and what can be replayed.

    Attributes
    ----------
    asked, read
        While it is listening: the units of which something was asked, and those of which the text was.
    bits
        For each unit a number: sets of units that are kept long are integers.
    stale, rewritten
        The units of which something else, or another text, is known than `old` knew; None: of all.
    """

    def __init__(
        self,
        observed: dict[int, Observed],
        parameters: dict[int, Parameter],
        env: Table[Value],
        shapes: Shapes | None = None,
        old: Flow | None = None,
        unsure: Collection[int] = (),
    ) -> None:
        super().__init__(observed, parameters, env)
        self.asked: set[int] = set()
        self._asked_long = 0
        self._bits: dict[int, int] = {} if old is None else old._bits
        self._masks: dict[Version, int] = {}
        self._texts: dict[int, tuple[tuple[object, ...], set[int], set[int]]] = {}
        self._sources: dict[tuple[bool, Version], Source] = {}
        self._noted: Any = None
        self.stale: int | None = None
        self.rewritten: int | None = None
        if old is not None and self.parameters == old.parameters:
            self._go_on(old, {} if shapes is None else shapes, unsure)
        else:
            self._follow()
            self._find_repeatable({} if shapes is None else shapes)

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Note in `asked` and `read` what is looked at inside."""
        self.asked.clear()
        self.read.clear()
        self._asked_long = 0
        plain = self.observed, self.taken, self.shapes, self.replayable
        if self._noted is None:
            self._noted = tuple(Facts[Any](values, self.asked) for values in plain)
        self.observed, self.taken, self.shapes, self.replayable = self._noted
        try:
            yield
        finally:
            self.observed, self.taken, self.shapes, self.replayable = plain

    def ask(self, version: Version) -> None:
        """Note that something is asked of each unit of a version."""
        if len(version) < LONG:
            self.asked.update(version)
            return
        known = self._masks.get(version)
        if known is None:
            shorter = self._masks.get(version[:-1])
            new = version[-1:] if shorter is not None else version
            known = self._masks[version] = (shorter or 0) | self.mask(new)
        self._asked_long |= known

    def all_asked(self) -> int:
        """Return `asked` as it is kept."""
        return self._asked_long | self.mask(self.asked)

    def mask(self, units: Iterable[int]) -> int:
        """Return a set of units as it is kept."""
        found, bits = 0, self._bits
        for unit in units:
            bit = bits.get(unit)
            if bit is None:
                bit = bits[unit] = len(bits)
            found |= 1 << bit
        return found

    def _go_on(self, old: Flow, known: Shapes, unsure: Collection[int]) -> None:
        """Find all out again only for the units of which something else is known than `old` knew."""
        rewritten = replaced(old.observed, self.observed)
        retaken = self._follow_again(old, rewritten)
        other = self._find_repeatable_again(old, known, rewritten, retaken, unsure)
        other |= {unit for unit in rewritten if not self._is_like(old, unit)}
        for unit in (other | retaken) & self.observed.keys():
            self.renamed |= self.observed[unit].writes
        self.stale, self.rewritten = self.mask(other | retaken), self.mask(rewritten)

    def _is_like(self, old: Flow, unit: int) -> bool:
        """Tell whether but for its text all is known of a unit as it was."""
        ours, theirs = self.observed.get(unit), old.observed.get(unit)
        return (
            ours is not None
            and theirs is not None
            and ours.is_like(theirs)
            and self.taken[unit] == old.taken[unit]
            and self.shapes[unit] == old.shapes[unit]
            and (unit in self.changed) == (unit in old.changed)
        )

    # -- sources -----------------------------------------------------------------------------------

    def source(self, name: str, version: Version) -> Source:
        """Return where a step gets a variable, or the state of a generator, with this version from."""
        if not version:
            return Source(Origin.NOTHING)
        self.ask(version)
        key = (name.startswith(RANDOM), version)
        known = self._sources.get(key)
        if known is None:
            known = self._sources[key] = self._source(name, version)
        return known

    def _source(self, name: str, version: Version) -> Source:
        idle = self.idle(version)
        alive = tuple(unit for unit in version if unit not in idle) if idle else version
        last = next((unit for unit in reversed(alive) if not self.repeats(unit, name)), None)
        if last is None:
            only = all(unit in self.parameters for unit in alive)
            return Source(Origin.PARAMETER if only else Origin.REPLAY, "", alive)
        return self.source_of_unit(last, alive)

    def source_of_unit(self, unit: int, version: Version) -> Source:
        """Return the source whose last contribution is `unit`."""
        owner = self.observed[unit].unit.owner
        kept = version[: version.index(unit) + 1]
        if owner is not None:
            return Source(Origin.STEP, owner, kept)
        if unit in self.tainted:
            return Source(Origin.SCRATCH, "", kept)
        return Source(Origin.SETUP, SETUP_STEP, kept)

    def idle(self, version: Version) -> set[int]:
        """Return the contributions that are taken as mere looks at the value."""
        if not self.tainted or self.tainted.isdisjoint(version):
            return set()
        return {unit for unit in version if unit in self.tainted and self._is_idle(unit, version)}

    def _is_idle(self, unit: int, version: Version) -> bool:
        """A scratch statement that only might have changed something, nobody knows: taken as a look."""
        effects = self.observed[unit].effects
        names = [name for name, now in self._names_of(unit).items() if now and set(now) <= set(version)]
        doubts = [effects.changes[name].doubtful for name in names if name in effects.changes]
        return bool(doubts) and all(doubts) and not any(name in effects.binds for name in names)

    def _names_of(self, unit: int) -> dict[str, Version]:
        return {name: self.taken[unit].get(name, ()) for name in self.observed[unit].effects.changes}

    def carried_units(self, definitions: Iterable[str]) -> set[int]:
        """Return the units of definitions, by their ids, that can be replayed."""
        return {unit for unit in map(unit_of, definitions) if self.replayable[unit]}

    def replay_text(self, version: Version) -> tuple[object, ...]:
        """Return the statements of a version, each with those that it needs in its turn."""
        return tuple(self._unit_text(unit) for unit in version)

    def _unit_text(self, unit: int) -> tuple[object, ...]:
        if unit not in self._texts:
            taken = self.taken[unit]
            asked, read, needs = {unit}, {unit}, []
            for name in sorted(self.observed[unit].effects.reads):
                asked.update(taken[name])
                repeated = tuple(u for u in taken[name] if self.replayable[u])
                needs.append((name, self.replay_text(repeated)))
                for other in repeated:
                    asked |= self._texts[other][1]
                    read |= self._texts[other][2]
            self._texts[unit] = ((ast.dump(self.observed[unit].unit.node), *needs), asked, read)
        text, asked, read = self._texts[unit]
        self.asked |= asked
        self.read |= read
        return text

    def is_mutable_constant(self, unit: int) -> bool:
        """Tell whether a replayed statement makes something that could be changed in place."""
        if self.shapes[unit] not in ("constant", "parameter"):
            return False
        names = self.observed[unit].effects.binds
        return any(
            self.env.get(name, _IMMUTABLE).kind not in _FROZEN for name in names if not is_pseudo(name)
        )


_IMMUTABLE = Value(Kind.IMMUTABLE)
_FROZEN = frozenset({Kind.IMMUTABLE, Kind.MODULE, Kind.LIBRARY, Kind.FUNCTION, Kind.CLASS})
