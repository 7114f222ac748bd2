"""Which statement gives the value that another one takes: reaching definitions over the notebook.

A *version* of a name is the tuple of units that made it what it is: the one that bound it, then
those that may have rebound it or changed its object. The last of them decides who provides it.
"""

from __future__ import annotations

import fnmatch
from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING

from stepmill.analysis.effects import ANY_FILE, FILE, FOLDER, is_pseudo
from stepmill.analysis.replay import shape_of
from stepmill.analysis.values import Kind, Value
from stepmill.model.pipeline import SETUP_STEP, Parameter

if TYPE_CHECKING:
    from collections.abc import Iterable

    from stepmill.analysis.interpreter import Observed

Version = tuple[int, ...]


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


class Flow:
    """Versions of all names at all units, and what can be replayed."""

    def __init__(
        self, observed: list[Observed], parameters: dict[int, Parameter], env: dict[str, Value]
    ) -> None:
        self.observed = observed
        self.parameters = parameters
        self.env = env
        self.taken: list[dict[str, Version]] = []
        self.writes = [seen.effects.writes for seen in observed]
        self.final: dict[str, Version] = {}
        self._follow()
        self.shapes = [self._shape(o) for o in observed]
        self.changed_constants = self._changed_constants()
        self.replayable = self._replayable()
        self.tainted = self._tainted()

    # -- versions ----------------------------------------------------------------------------------

    def _follow(self) -> None:
        version = self.final
        for index, seen in enumerate(self.observed):
            effects = seen.effects
            names = (*effects.reads, *effects.binds, *effects.aliased)
            self.taken.append({name: self.version_of(name, version) for name in names})
            for name in self.writes[index]:
                if name in effects.must:
                    version[name] = (index,)
                else:
                    version[name] = (*version.get(name, ()), index)

    @staticmethod
    def version_of(name: str, version: dict[str, Version]) -> Version:
        """Return the contributions to `name`; for a file, those to all that may be the same."""
        if name.startswith(FOLDER):
            made = [FILE + folder for folder in _with_parents(name[len(FOLDER) :])]
            return tuple(sorted({unit for file in made for unit in version.get(file, ())}))
        if not name.startswith(FILE):
            return version.get(name, ())
        found = {unit for other, units in version.items() if may_be_same_file(name, other) for unit in units}
        return tuple(sorted(found))

    # -- replaying ---------------------------------------------------------------------------------

    def _shape(self, seen: Observed) -> str:
        if seen.unit.index in self.parameters:
            return "parameter"
        shape = shape_of(seen, self.env)
        return "" if shape == "constant" and seen.unit.owner is not None else shape

    def _changed_constants(self) -> set[int]:
        """Constants that something changes in place: they are data."""
        found: set[int] = set()
        for seen, taken in zip(self.observed, self.taken, strict=True):
            for name in seen.effects.changes:
                found |= {unit for unit in taken.get(name, ()) if self.shapes[unit] == "constant"}
        for seen, taken in zip(self.observed, self.taken, strict=True):
            units = {unit for name in seen.effects.changes for unit in taken.get(name, ())}
            if any(self.observed[u].unit.owner is None and u not in self.parameters for u in units):
                found |= units & self.parameters.keys()  # one object with what untagged code made of it
        return found

    def _replayable(self) -> list[bool]:
        found: list[bool] = []
        for index, taken in enumerate(self.taken):
            shape = self.shapes[index]
            ok = bool(shape) and index not in self.changed_constants
            for name in self.observed[index].effects.reads if ok and shape != "parameter" else ():
                ok = ok and all(found[unit] for unit in taken[name])
            effects = self.observed[index].effects
            for name in effects.binds.keys() - effects.must if ok else ():  # it may leave the name as it was
                ok = ok and all(found[unit] for unit in taken[name])
            found.append(ok)
        return found

    def _tainted(self) -> set[int]:
        """Untagged statements that depend on a step, so that they cannot run before the steps."""
        found: set[int] = set()
        for index, seen in enumerate(self.observed):
            if seen.unit.owner is not None or self.replayable[index]:
                continue
            for name in seen.effects.reads:
                if any(self._is_late(unit, found, name) for unit in self.taken[index][name]):
                    found.add(index)
        for index in list(found):
            found |= self.together(index)
        return found

    def _is_late(self, unit: int, tainted: set[int], name: str) -> bool:
        if self.replayable[unit]:
            return False
        if name == ANY_FILE and unit not in tainted:
            change = self.observed[unit].effects.changes.get(ANY_FILE)
            if change is not None and change.doubtful and self.observed[unit].unit.owner is None:
                return False
        return self.observed[unit].unit.owner is not None or unit in tainted

    # -- sources -----------------------------------------------------------------------------------

    def source(self, version: Version) -> Source:
        """Return where a step gets a variable with this version from."""
        if not version:
            return Source(Origin.NOTHING)
        idle = self.idle(version)
        alive = tuple(unit for unit in version if unit not in idle)
        data = [unit for unit in alive if not self.replayable[unit]]
        if not data:
            only = all(unit in self.parameters for unit in alive)
            return Source(Origin.PARAMETER if only else Origin.REPLAY, "", alive)
        return self.source_of_unit(data[-1], alive)

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
        return {unit for unit in version if unit in self.tainted and self._is_idle(unit, version)}

    def together(self, unit: int) -> set[int]:
        """Return the statements that run with `unit`: those below one cell magic are not parted."""
        cell = self.observed[unit].unit.cell
        if self.observed[unit].unit.owner is not None or not cell.body.lstrip().startswith("%%"):
            return {unit}
        return {
            i for i, seen in enumerate(self.observed) if seen.unit.cell is cell and not self.replayable[i]
        }

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
        units = {int(ident.split("@", 1)[1].split(":", 1)[0]) for ident in definitions}
        return {unit for unit in units if self.replayable[unit]}

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


def _with_parents(folder: str) -> list[str]:
    parts = folder.split("/")
    return ["/".join(parts[:length]) for length in range(1, len(parts) + 1)]


def may_be_same_file(left: str, right: str) -> bool:
    """Tell whether two file pseudo-names may be the same file, or one a folder of the other."""
    if not right.startswith(FILE):
        return False
    if left == right or ANY_FILE in (left, right):
        return True
    one, two = left[len(FILE) :], right[len(FILE) :]
    if "*" in one or "*" in two:
        return fnmatch.fnmatchcase(one, two) or fnmatch.fnmatchcase(two, one)
    return one.startswith(two + "/") or two.startswith(one + "/") or "." in (one, two)
