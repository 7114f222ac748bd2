"""Which statements can be executed again, so that a step has what they make without being given it."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any, NamedTuple

from stepmill.analysis.effects import ANY_FILE, FILE, RANDOM, is_pseudo
from stepmill.analysis.replay import is_flat_dict, is_storable, is_update, shape_of
from stepmill.analysis.versions import Version, Versions, without

if TYPE_CHECKING:
    from collections.abc import Iterable

    from stepmill.analysis.interpreter import Observed
    from stepmill.analysis.tables import Table
    from stepmill.analysis.values import Value
    from stepmill.model.pipeline import Parameter

Shapes = dict[int, tuple["Observed", str, set[str]]]
"""How each statement can be replayed, and which names' final values that depends on."""


class Written(NamedTuple):
    """What is changed by some statement: by others than patches of definitions, and by these.

    `definitions` are those in use whose name another one takes, `parameters` those that are one object
    with what untagged code made of them.
    """

    by_others: set[int]
    by_patches: set[int]
    definitions: set[int]
    parameters: set[int]


class Repeating(Versions):
    """What can be replayed, and what untagged code depends on a step.

    Attributes
    ----------
    shapes
        How each statement can be replayed, looking at it alone; "" if it cannot.
    definitions
        The units of this shape.
    replayable
        Whether it can, with all that it needs.
    literals
        Those of steps: they are repeated only with a setting that reads them.
    tainted
        Untagged statements that depend on a step.
    """

    def __init__(
        self, observed: dict[int, Observed], parameters: dict[int, Parameter], env: Table[Value]
    ) -> None:
        super().__init__(observed)
        self.parameters = parameters
        self.env = env
        self.shapes: dict[int, str] = {}
        self.definitions: set[int] = set()
        self.literals: set[int] = set()
        self.read: set[int] = set()
        self._constants: set[int] = set()
        self._flat: set[int] = set()  # literals that are flat dicts

    def _find_repeatable(self, known: Shapes) -> None:
        """Find all out from the versions."""
        for index in known.keys() - self.observed.keys():
            del known[index]
        self._add_shapes(self.observed, known)
        self._written = self._all_written()
        self.changed = self._changed()
        self.replayable = self._replayable()
        self.tainted = self._tainted()

    def _find_repeatable_again(
        self, old: Repeating, known: Shapes, rewritten: set[int], retaken: set[int], unsure: Iterable[int]
    ) -> set[int]:
        """Find it out only for what differs from `old`; return the units of which something does.

        Some statements have been `rewritten`, some take other versions; the shapes of those that are
        `unsure` depend on names that end with other values.
        """
        gone = rewritten - self.observed.keys()
        for index in gone & known.keys():
            del known[index]
        self.shapes = without(old.shapes, gone)
        self._constants = old._constants - gone
        self._flat = old._flat - gone
        self.definitions = old.definitions - gone
        again = rewritten.union(unsure) & self.observed.keys()
        self._add_shapes(again, known)
        other = {unit for unit in again if old.shapes.get(unit) != self.shapes[unit]}
        self._written = self._written_again(old, rewritten | retaken | other)
        self.changed = self._changed()
        other |= self.changed ^ old.changed
        closer = rewritten | retaken | other
        self.replayable = self._replayable_again(old, closer, gone)
        if not self.replayable:
            self.replayable = self._replayable()
            other |= replaced(old.replayable, self.replayable)
        self.tainted = self._tainted()
        return other | (self.literals ^ old.literals) | (self.tainted ^ old.tainted)

    def _add_shapes(self, units: Iterable[int], known: Shapes) -> None:
        """Find out the shapes of these statements; `known` is brought up to date."""
        for index in units:
            seen, old = self.observed[index], known.get(index)
            if old is None or old[0] is not seen:
                self.env.begin()
                shape = shape_of(seen, self.env)
                old = known[index] = (seen, shape, self.env.read)
                self.env.read = set()
            shape = self.shapes[index] = self._in_its_cell(seen, old[1])
            _keep(self._constants, index, keep=shape in ("constant", "literal"))
            _keep(self._flat, index, keep=shape == "literal" and is_flat_dict(seen.unit.node))
            _keep(self.definitions, index, keep=shape == "definition")

    def _in_its_cell(self, seen: Observed, shape: str) -> str:
        if seen.unit.index in self.parameters:
            return "parameter"
        return "literal" if shape == "constant" and seen.unit.owner is not None else shape

    def _all_written(self) -> Written:
        """Return what the statements change, or ask for the identity of."""
        definitions, parameters = set[int](), set[int]()
        by_patches, by_others = Longest(), Longest()
        for index in self.those("changes"):
            taken, effects = self.taken[index], self.observed[index].effects
            found = by_patches if self._completes(index) else by_others
            for name in effects.changes:
                found.add(name, taken.get(name, ()))
            by_patches.units |= effects.changes_made
            definitions.update(map(unit_of, effects.superseded))
            if self.parameters:
                parameters |= self._changed_parameters([taken.get(name, ()) for name in effects.changes])
        others = by_others.all_units() | self._asked_for()
        return Written(others, by_patches.all_units(), definitions, parameters)

    def _asked_for(self) -> set[int]:
        """Return what makes objects that are compared with data: made again they would be others."""
        found: set[int] = set()
        for index in self.those("identities"):
            taken = self.taken[index]
            for name, beside in self.observed[index].effects.identities.items():
                made = {unit for one in beside for unit in taken.get(one, ())}
                if any(self.shapes[unit] != "constant" for unit in made):
                    found.update(taken.get(name, ()))
        return found

    def _completes(self, unit: int) -> bool:
        """Tell whether a patch belongs to its definition; `Config.lr = 3` in a step changes its data."""
        seen = self.observed[unit].unit
        return self.shapes[unit] == "patch" and not (
            seen.owner is not None and isinstance(seen.node, ast.Assign)
        )

    def _written_again(self, old: Repeating, units: set[int]) -> Written:
        """Return the same; all but `units` change what they changed in `old`."""
        if (self.parameters and self.moved) or self.those("identities"):
            return self._all_written()
        same = all(self._writing(unit) == old._writing(unit) for unit in units)
        return old._written if same else self._all_written()

    def _writing(self, unit: int) -> tuple[object, ...] | None:
        """Return all of a statement that `Written` depends on."""
        seen = self.observed.get(unit)
        if seen is None or not seen.changes:
            return None
        effects, taken = seen.effects, self.taken[unit]
        versions = {name: taken.get(name, ()) for name in effects.changes}
        return self._completes(unit), versions, effects.changes_made, effects.superseded

    def _changed(self) -> set[int]:
        """Return the constants, functions and classes that something changes.

        They are data, or, as literals of steps, nothing that a setting may repeat.
        """
        others, patches, definitions, parameters = self._written
        constants = (self._constants - self._only_copied()) | parameters
        return (constants & (others | patches)) | self._changed_definitions(definitions | others)

    def _only_copied(self) -> set[int]:
        """Return literals of steps that settings copy, as `rcParams.update(flat)` does: they may change."""
        found = set(self._flat)
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
        return {unit for unit in self.those("defines") if unit in changed and self.can_be_data(unit)}

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

    def _replayable_again(self, old: Repeating, other: set[int], gone: set[int]) -> dict[int, bool]:
        """Return the same, looking only at the units `other`; nothing if that is not enough."""
        found = without(old.replayable, gone)
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
            if name.startswith((FILE, RANDOM)) and self.waits_for_files(index):  # so does whoever repeats it
                continue
            ok = ok and all(found[unit] or unit in repeated for unit in taken[name])
        for name in effects.binds.keys() - effects.must if ok else ():  # it may leave the name as it was
            if shape == "import" and is_pseudo(name):
                continue
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
        for index in self.those("untagged"):
            if self.replayable[index]:
                continue
            for name in self.observed[index].effects.reads:
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

    def repeats(self, unit: int, name: str) -> bool:
        """Tell whether executing the unit again gives `name`; the state of a generator is handed on."""
        return self.replayable[unit] and not name.startswith(RANDOM)

    def together(self, unit: int) -> set[int]:
        """Return the statements that run with `unit`: those below one cell magic are not parted."""
        cell = self.observed[unit].unit.cell
        if self.observed[unit].unit.owner is not None or not cell.body.lstrip().startswith("%%"):
            return {unit}
        return {i for i, seen in self.observed.items() if seen.unit.cell is cell and not self.replayable[i]}


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


def _keep(units: set[int], unit: int, *, keep: bool) -> None:
    if keep:
        units.add(unit)
    else:
        units.discard(unit)


def replaced(old: dict[int, Any], new: dict[int, Any]) -> set[int]:
    """Return the units that only one of both has, or with something else."""
    get = old.get
    return {unit for unit, value in new.items() if get(unit) is not value} | (old.keys() - new.keys())


def unit_of(definition: str) -> int:
    """Return the unit in which a definition stands, by its id."""
    return int(definition.split("@", 1)[1].split(":", 1)[0])
