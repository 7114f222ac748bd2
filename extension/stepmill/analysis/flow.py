"""Which statement gives the value that another one takes: reaching definitions over the notebook.

A *version* of a name is the tuple of units that made it what it is: the one that bound it, then
those that may have rebound it or changed its object. The last of them decides who provides it.
"""

from __future__ import annotations

import ast
import fnmatch
from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING

from stepmill.analysis.effects import ANY_FILE, FILE, FOLDER, RANDOM, is_pseudo
from stepmill.analysis.replay import is_flat_dict, is_storable, is_update, may_have_state, shape_of
from stepmill.analysis.values import Kind, Value
from stepmill.model.pipeline import SETUP_STEP, Parameter

if TYPE_CHECKING:
    from collections.abc import Iterable

    from stepmill.analysis.interpreter import Observed
    from stepmill.analysis.tables import Table

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
        self,
        observed: dict[int, Observed],
        parameters: dict[int, Parameter],
        env: Table[Value],
        shapes: dict[int, tuple[Observed, str, set[str]]] | None = None,
    ) -> None:
        self.observed = observed
        self.parameters = parameters
        self.env = env
        self.taken: dict[int, dict[str, Version]] = {}
        self.writes = {index: seen.writes for index, seen in observed.items()}
        self.final: dict[str, Version] = {}
        self._folders = {name for seen in observed.values() for name in seen.effects.folders}
        self._texts: dict[int, tuple[object, ...]] = {}
        self._sources: dict[tuple[bool, Version], Source] = {}
        self._follow()
        self.shapes = self._shapes({} if shapes is None else shapes)
        self.changed_constants = self._changed_constants() | self._changed_definitions()
        self.literals: set[int] = set()  # of steps: repeated only with a setting that reads them
        self.replayable = self._replayable()
        self.tainted = self._tainted()

    # -- versions ----------------------------------------------------------------------------------

    def _follow(self) -> None:
        version = self.final
        for index, seen in self.observed.items():
            self.taken[index] = {
                name: self.version_of(name, version) if name[:1] == "%" else version.get(name, ())
                for name in seen.names
            }
            must = seen.effects.must
            for name in seen.writes:
                if name in must:
                    version[name] = (index,)
                else:
                    version[name] = (*version.get(name, ()), index)

    def version_of(self, name: str, version: dict[str, Version]) -> Version:
        """Return the contributions to `name`; for a file, those to all that may be the same.

        Who reads a file in a folder needs who wrote the file; that one needed the folder.
        """
        if name.startswith(FOLDER):
            folder = name[len(FOLDER) :]
            made = {unit for file in _with_parents(folder) for unit in version.get(FILE + file, ())}
            return tuple(sorted(made | self._makers_below(FILE + folder, version)))
        if not name.startswith(FILE):
            return version.get(name, ())
        found = {
            unit
            for other, units in version.items()
            if may_be_same_file(name, other)
            for unit in units
            if not (other in self.observed[unit].effects.made and is_inside(name, other))
        }
        return tuple(sorted(found))

    def _makers_below(self, folder: str, version: dict[str, Version]) -> set[int]:
        """Return the units that made folders in `folder`: with them they may have made itself."""
        made = [name for name in self._folders & version.keys() if is_inside(name, folder)]
        return {u for name in made for u in version[name] if name in self.observed[u].effects.folders}

    # -- replaying ---------------------------------------------------------------------------------

    def _shapes(self, known: dict[int, tuple[Observed, str, set[str]]]) -> dict[int, str]:
        """Return the shapes of all statements; `known` is brought up to date."""
        for index in known.keys() - self.observed.keys():
            del known[index]
        for index, seen in self.observed.items():
            old = known.get(index)
            if old is None or old[0] is not seen:
                self.env.begin()
                shape = shape_of(seen, self.env)
                known[index] = (seen, shape, self.env.read)
                self.env.read = set()
        return {index: self._in_its_cell(seen, known[index][1]) for index, seen in self.observed.items()}

    def _in_its_cell(self, seen: Observed, shape: str) -> str:
        if seen.unit.index in self.parameters:
            return "parameter"
        return "literal" if shape == "constant" and seen.unit.owner is not None else shape

    def _changed_constants(self) -> set[int]:
        """Constants that something changes in place: they are data, or nothing that a setting may repeat."""
        found: set[int] = set()
        constants = {index for index, shape in self.shapes.items() if shape in ("constant", "literal")}
        constants -= self._only_copied()
        for seen, taken in zip(self.observed.values(), self.taken.values(), strict=True):
            found |= constants & seen.effects.changes_made
            for name in seen.effects.changes:
                found.update(constants.intersection(taken.get(name, ())))
        for seen, taken in zip(self.observed.values(), self.taken.values(), strict=True):
            if not self.parameters or not seen.effects.changes:
                continue
            units = {unit for name in seen.effects.changes for unit in taken.get(name, ())}
            if any(self.observed[u].unit.owner is None and u not in self.parameters for u in units):
                found |= units & self.parameters.keys()  # one object with what untagged code made of it
        return found

    def _only_copied(self) -> set[int]:
        """Return literals of steps that settings copy, as `rcParams.update(flat)` does: they may change."""
        found = {
            index
            for index, shape in self.shapes.items()
            if shape == "literal" and is_flat_dict(self.observed[index].unit.node)
        }
        for index, taken in self.taken.items():
            if self.shapes[index] == "session" and not is_update(self.observed[index].unit.node):
                found.difference_update(*taken.values())
        return found

    def _changed_definitions(self) -> set[int]:
        """Functions and classes whose own state something changes: they are data, if that can be stored."""
        found: set[int] = set()
        defined = {index for index, seen in self.observed.items() if may_have_state(seen.unit.node)}
        for seen, taken in zip(self.observed.values(), self.taken.values(), strict=True):
            found |= defined.intersection(map(unit_of, seen.effects.superseded))
            if self.shapes[seen.unit.index] != "patch":
                for name in seen.effects.changes:
                    found.update(defined.intersection(taken.get(name, ())))
        return {unit for unit in found if self.can_be_data(unit)}

    def can_be_data(self, unit: int) -> bool:
        """Tell whether the unit defines a function or class that can be stored with its state."""
        return self.shapes[unit] in ("definition", "") and is_storable(
            self.observed[unit].unit.node, self.env
        )

    def _replayable(self) -> dict[int, bool]:
        """Tell of each unit whether it can be executed again; note those that only settings may repeat."""
        found: dict[int, bool] = {}
        for index, taken in self.taken.items():
            shape = self.shapes[index]
            repeated = self.literals if shape in ("session", "literal") else frozenset[int]()
            ok = bool(shape) and index not in self.changed_constants
            if not ok:
                found[index] = False
                continue
            for name in self.observed[index].effects.reads if ok and shape != "parameter" else ():
                if name.startswith(FILE) and self.waits_for_files(index):  # so does whoever repeats it
                    continue
                ok = ok and all(found[unit] or unit in repeated for unit in taken[name])
            effects = self.observed[index].effects
            for name in effects.binds.keys() - effects.must if ok else ():  # it may leave the name as it was
                ok = ok and all(found[unit] or unit in repeated for unit in taken[name])
            if ok and shape == "literal":
                self.literals.add(index)
            found[index] = ok and shape != "literal"
        return found

    def waits_for_files(self, unit: int) -> bool:
        """Tell whether the files that a unit needs must only be there: a module, a folder to work in."""
        return self.shapes[unit] == "import" or self.observed[unit].effects.only_moves

    def _tainted(self) -> set[int]:
        """Untagged statements that depend on a step, so that they cannot run before the steps."""
        found: set[int] = set()
        for index, seen in self.observed.items():
            if seen.unit.owner is not None or self.replayable[index]:
                continue
            for name in seen.effects.reads:
                if any(self._is_late(unit, found, name) for unit in self.taken[index][name]):
                    found.add(index)
        for index in list(found):
            found |= self.together(index)
        return found

    def _is_late(self, unit: int, tainted: set[int], name: str) -> bool:
        if self.repeats(unit, name):
            return False
        if name == ANY_FILE and unit not in tainted:
            change = self.observed[unit].effects.changes.get(ANY_FILE)
            if change is not None and change.doubtful and self.observed[unit].unit.owner is None:
                return False
        return self.observed[unit].unit.owner is not None or unit in tainted

    # -- sources -----------------------------------------------------------------------------------

    def repeats(self, unit: int, name: str) -> bool:
        """Tell whether executing the unit again gives `name`; the state of a generator is handed on."""
        return self.replayable[unit] and not name.startswith(RANDOM)

    def source(self, name: str, version: Version) -> Source:
        """Return where a step gets a variable, or the state of a generator, with this version from."""
        if not version:
            return Source(Origin.NOTHING)
        key = (name.startswith(RANDOM), version)
        known = self._sources.get(key)
        if known is None:
            known = self._sources[key] = self._source(name, version)
        return known

    def _source(self, name: str, version: Version) -> Source:
        idle = self.idle(version)
        alive = tuple(unit for unit in version if unit not in idle) if idle else version
        data = [unit for unit in alive if not self.repeats(unit, name)]
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
        if self.tainted.isdisjoint(version):
            return set()
        return {unit for unit in version if unit in self.tainted and self._is_idle(unit, version)}

    def together(self, unit: int) -> set[int]:
        """Return the statements that run with `unit`: those below one cell magic are not parted."""
        cell = self.observed[unit].unit.cell
        if self.observed[unit].unit.owner is not None or not cell.body.lstrip().startswith("%%"):
            return {unit}
        return {i for i, seen in self.observed.items() if seen.unit.cell is cell and not self.replayable[i]}

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
            needs = [
                (name, self.replay_text(tuple(u for u in taken[name] if self.replayable[u])))
                for name in sorted(self.observed[unit].effects.reads)
            ]
            self._texts[unit] = (ast.dump(self.observed[unit].unit.node), *needs)
        return self._texts[unit]

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


def unit_of(definition: str) -> int:
    """Return the unit in which a definition stands, by its id."""
    return int(definition.split("@", 1)[1].split(":", 1)[0])


def _with_parents(folder: str) -> list[str]:
    parts = folder.split("/")
    return ["/".join(parts[:length]) for length in range(1, len(parts) + 1)]


def is_inside(file: str, folder: str) -> bool:
    """Tell whether a file pseudo-name lies in a folder."""
    return file.startswith(f"{folder}/")


def _readings(pattern: str) -> set[str]:
    """Return the pattern, and what it is if an unknown folder in it is none: `*/a.csv` may be `a.csv`."""
    return {pattern, pattern.replace("/*/", "/").removeprefix("*/")}


def may_be_same_file(left: str, right: str) -> bool:
    """Tell whether two file pseudo-names may be the same file, or one a folder of the other."""
    if not right.startswith(FILE):
        return False
    if left == right or ANY_FILE in (left, right):
        return True
    one, two = left[len(FILE) :], right[len(FILE) :]
    if "*" in one or "*" in two:
        return any(
            fnmatch.fnmatchcase(a, b) or fnmatch.fnmatchcase(b, a)
            for a in _readings(one)
            for b in _readings(two)
        )
    return one.startswith(two + "/") or two.startswith(one + "/") or "." in (one, two)
