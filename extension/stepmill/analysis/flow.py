"""Which statement gives the value that another one takes: reaching definitions over the notebook.

A *version* of a name is the tuple of units that made it what it is: the one that bound it, then
those that may have rebound it or changed its object. The last of them decides who provides it.
"""

from __future__ import annotations

import ast
import fnmatch
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING, Any, TypeVar

from stepmill.analysis.effects import ANY_FILE, FILE, FOLDER, RANDOM, is_pseudo
from stepmill.analysis.replay import is_flat_dict, is_storable, is_update, shape_of
from stepmill.analysis.values import Kind, Value
from stepmill.model.pipeline import SETUP_STEP, Parameter

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from stepmill.analysis.interpreter import Observed
    from stepmill.analysis.tables import Table

T = TypeVar("T")
Version = tuple[int, ...]


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


class Flow:
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
        shapes: dict[int, tuple[Observed, str, set[str]]] | None = None,
        old: Flow | None = None,
        unsure: Collection[int] = (),
    ) -> None:
        self.asked, self.read = set[int](), set[int]()
        self._asked_long = 0
        self._bits: dict[int, int] = {} if old is None else old._bits
        self._masks: dict[Version, int] = {}
        self.observed = dict(observed)
        self.parameters = parameters
        self.env = env
        self._folders = {name for seen in observed.values() for name in seen.effects.folders}
        self._texts: dict[int, tuple[tuple[object, ...], set[int], set[int]]] = {}
        self._sources: dict[tuple[bool, Version], Source] = {}
        self.final: dict[str, Version] = {}
        self.taken: dict[int, dict[str, Version]] = {}
        self.shapes: dict[int, str] = {}
        self.literals: set[int] = set()  # of steps: repeated only with a setting that reads them
        self.stale: int | None = None
        self.rewritten: int | None = None
        if old is not None and self.parameters == old.parameters:
            self._go_on(old, {} if shapes is None else shapes, unsure)
        else:
            self._follow()
            self._add_shapes(self.observed, {} if shapes is None else shapes)
            self.changed = self._changed()
            self.replayable = self._replayable()
            self.tainted = self._tainted()
        self.definitions = {index for index, shape in self.shapes.items() if shape == "definition"}
        self._noted: Any = None

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

    def _go_on(
        self, old: Flow, known: dict[int, tuple[Observed, str, set[str]]], unsure: Collection[int]
    ) -> None:
        """Find all out again only for the units of which something else is known than `old` knew.

        The shapes of those that are `unsure` depend on names that end with other values.
        """
        rewritten = _replaced(old.observed, self.observed)
        now = rewritten & self.observed.keys()
        gone = rewritten - now
        other = rewritten | self._follow_again(old, rewritten)
        self.shapes = _without(old.shapes, gone)
        self._add_shapes(now.union(unsure) & self.observed.keys(), known)
        get = old.shapes.get
        other |= {unit for unit in now.union(unsure) if get(unit) != self.shapes.get(unit)}
        self.changed = self._changed()
        other |= self.changed ^ old.changed
        self.replayable = self._replayable_again(old, other, gone) or self._replayable()
        self.tainted = self._tainted()
        other -= {unit for unit in rewritten if self._is_like(old, unit)}
        other |= _replaced(old.replayable, self.replayable)
        other |= (self.literals ^ old.literals) | (self.tainted ^ old.tainted)
        self.stale, self.rewritten = self.mask(other), self.mask(rewritten)

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

    # -- versions ----------------------------------------------------------------------------------

    def _follow(self) -> None:
        version = self.final
        for index, seen in self.observed.items():
            self.taken[index] = {
                name: self.version_of(name, version) if name[:1] == "%" else version.get(name, ())
                for name in seen.names
            }
            _write(version, index, seen, seen.writes)

    def _follow_again(self, old: Flow, other: set[int]) -> set[int]:
        """Follow only the names that the units `other` have, or had, to do with; the rest is as in `old`.

        Return the units that take other versions.
        """
        found: set[int] = set()
        names: set[str] = set()
        for observed in (old.observed, self.observed):
            for unit in other & observed.keys():
                names |= observed[unit].about
        outside = any(name.startswith((FILE, FOLDER)) for name in names)
        if outside or self._folders != old._folders:  # one may be part of another
            seen_all = (*old.observed.values(), *self.observed.values())
            names |= {n for seen in seen_all for n in seen.about if n.startswith((FILE, FOLDER))}
        version: dict[str, Version] = {}
        for index, seen in self.observed.items():
            known = old.taken.get(index)
            if known is not None and names.isdisjoint(seen.about):
                self.taken[index] = known
                continue
            taken = {
                name: self.version_of(name, version) if name[:1] == "%" else version.get(name, ())
                for name in seen.names
                if name in names
            }
            if index not in other and known is not None:
                taken = {name: taken.get(name, was) for name, was in known.items()}
            self.taken[index] = taken
            if known != taken:
                found.add(index)
            _write(version, index, seen, seen.writes & names)
        self.final = {name: units for name, units in old.final.items() if name not in names} | version
        return found

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

    def _add_shapes(self, units: Iterable[int], known: dict[int, tuple[Observed, str, set[str]]]) -> None:
        """Find out the shapes of these statements; `known` is brought up to date."""
        for index in known.keys() - self.observed.keys():
            del known[index]
        for index in units:
            seen, old = self.observed[index], known.get(index)
            if old is None or old[0] is not seen:
                self.env.begin()
                shape = shape_of(seen, self.env)
                old = known[index] = (seen, shape, self.env.read)
                self.env.read = set()
            self.shapes[index] = self._in_its_cell(seen, old[1])

    def _in_its_cell(self, seen: Observed, shape: str) -> str:
        if seen.unit.index in self.parameters:
            return "parameter"
        return "literal" if shape == "constant" and seen.unit.owner is not None else shape

    def _changed(self) -> set[int]:
        """Return the constants, functions and classes that something changes.

        They are data, or, as literals of steps, nothing that a setting may repeat.
        """
        constants = {index for index, shape in self.shapes.items() if shape in ("constant", "literal")}
        constants -= self._only_copied()
        definitions: set[int] = set()
        by_patches, by_others = Longest(), Longest()
        for index, seen in self.observed.items():
            if seen.changes:
                taken, effects = self.taken[index], seen.effects
                found = by_patches if self.shapes[index] == "patch" else by_others
                for name in effects.changes:
                    found.add(name, taken.get(name, ()))
                by_patches.units |= effects.changes_made
                definitions.update(map(unit_of, effects.superseded))
                if self.parameters:
                    constants |= self._changed_parameters([taken.get(name, ()) for name in effects.changes])
        others = by_others.all_units()
        return (constants & (others | by_patches.all_units())) | self._changed_definitions(
            definitions | others
        )

    def _only_copied(self) -> set[int]:
        """Return literals of steps that settings copy, as `rcParams.update(flat)` does: they may change."""
        found = {
            index
            for index, shape in self.shapes.items()
            if shape == "literal" and is_flat_dict(self.observed[index].unit.node)
        }
        for index, shape in self.shapes.items() if found else ():
            if shape == "session" and not is_update(self.observed[index].unit.node):
                found.difference_update(*self.taken[index].values())
        return found

    def _changed_parameters(self, versions: list[Version]) -> set[int]:
        """Return the parameters that are one object with what untagged code made of them."""
        units = {unit for version in versions for unit in version}
        others = (u for u in units if u not in self.parameters)
        if any(self.observed[unit].unit.owner is None for unit in others):
            return units & self.parameters.keys()
        return set()

    def _changed_definitions(self, changed: set[int]) -> set[int]:
        """Functions and classes whose own state something changes: they are data, if that can be stored."""
        return {unit for unit in changed if self.observed[unit].defines and self.can_be_data(unit)}

    def can_be_data(self, unit: int) -> bool:
        """Tell whether the unit defines a function or class that can be stored with its state."""
        self.read.add(unit)
        return self.shapes[unit] in ("definition", "") and is_storable(
            self.observed[unit].unit.node, self.env
        )

    def _replayable(self) -> dict[int, bool]:
        """Tell of each unit whether it can be executed again; note those that only settings may repeat."""
        found = dict.fromkeys(self.observed, False)
        self.literals = set()
        for index in sorted(index for index, shape in self.shapes.items() if shape):
            self._repeat_if_possible(index, found)
        return found

    def _replayable_again(self, old: Flow, other: set[int], gone: set[int]) -> dict[int, bool]:
        """Return the same, looking only at the units `other`; nothing if that is not enough."""
        found = _without(old.replayable, gone)
        self.literals = old.literals - gone
        for index in sorted(other - gone):
            found[index] = False
            self.literals.discard(index)
            if self.shapes[index]:
                self._repeat_if_possible(index, found)
            was = old.replayable.get(index, found[index]), index in old.literals
            if index in old.replayable and was != (found[index], index in self.literals):
                return {}
        return found

    def _repeat_if_possible(self, index: int, found: dict[int, bool]) -> None:
        if index in self.changed:
            return
        shape, taken, effects = self.shapes[index], self.taken[index], self.observed[index].effects
        repeated = self.literals if shape in ("session", "literal") else frozenset[int]()
        ok = True
        for name in effects.reads if shape != "parameter" else ():
            if name.startswith(FILE) and self.waits_for_files(index):  # so does whoever repeats it
                continue
            ok = ok and all(found[unit] or unit in repeated for unit in taken[name])
        for name in effects.binds.keys() - effects.must if ok else ():  # it may leave the name as it was
            ok = ok and all(found[unit] or unit in repeated for unit in taken[name])
        if ok and shape == "literal":
            self.literals.add(index)
        found[index] = ok and shape != "literal"

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


class Longest:
    """The units of many versions. Of a name that is only added to, one version has all of the earlier."""

    def __init__(self) -> None:
        self.units: set[int] = set()
        self._found: dict[tuple[str, int], Version] = {}

    def add(self, name: str, version: Version) -> None:
        if name[:1] == "%":
            self.units.update(version)
        elif version:
            known = self._found.get((name, version[0]))
            if known is None or len(known) < len(version):
                self._found[name, version[0]] = version

    def all_units(self) -> set[int]:
        return self.units.union(*self._found.values())


def _write(version: dict[str, Version], index: int, seen: Observed, names: Iterable[str]) -> None:
    """Let the unit make new versions of these of its names."""
    must = seen.effects.must
    for name in names:
        version[name] = (index,) if name in must else (*version.get(name, ()), index)


def _without(known: dict[int, T], gone: set[int]) -> dict[int, T]:
    found = dict(known)
    for unit in gone:
        found.pop(unit, None)
    return found


def _replaced(old: dict[int, Any], new: dict[int, Any]) -> set[int]:
    """Return the units that only one of both has, or with something else."""
    get = old.get
    return {unit for unit, value in new.items() if get(unit) is not value} | (old.keys() - new.keys())


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
