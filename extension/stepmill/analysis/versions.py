"""Which statements have made a name what it is, at each statement: reaching definitions over the notebook.

A *version* of a name is the tuple of units that made it what it is: the one that bound it, then
those that may have rebound it or changed its object. The last of them decides who provides it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from stepmill.analysis.effects import FILE, FOLDER
from stepmill.analysis.files import is_inside, may_be_same_file, with_parents
from stepmill.analysis.inventory import Inventory

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from stepmill.analysis.interpreter import Observed

K = TypeVar("K")
T = TypeVar("T")
Version = tuple[int, ...]


class Versions:
    """Versions of all names at all units.

    Attributes
    ----------
    taken, final
        By unit, the versions of the names that it has to do with; those at the notebook's end.
    inventory
        The units. A flow that goes on from another one takes it over.
    moved, renamed
        The units that only one of both has, or that are another step's now; the names that may end with
        another version, or with one of units of which something else is known.
    """

    def __init__(self, observed: dict[int, Observed]) -> None:
        self.observed = dict(observed)
        self.taken: dict[int, dict[str, Version]] = {}
        self.final: dict[str, Version] = {}
        self.inventory: Inventory
        self.moved: list[int] = []
        self.renamed: set[str] = set()

    def those(self, trait: str) -> list[int]:
        """Return the units with a trait of `Observed`, in notebook order."""
        return self.inventory.those(trait)

    def _follow(self) -> None:
        self.inventory = Inventory(self.observed)
        self._folders = self._all_folders()
        version = self.final
        for index, seen in self.observed.items():
            self.taken[index] = {
                name: self.version_of(name, version) if name[:1] == "%" else version.get(name, ())
                for name in seen.names
            }
            _write(version, index, seen, seen.writes)

    def _follow_again(self, old: Versions, other: set[int]) -> set[int]:
        """Follow only the names that the units `other` have, or had, to do with; the rest is as in `old`.

        Of those that they only read, no other unit takes another version. Return the units that do.
        """
        names: set[str] = set()
        written: set[str] = set()
        for observed in (old.observed, self.observed):
            for unit in other & observed.keys():
                names |= observed[unit].about
                written |= observed[unit].writes
        self.inventory = old.inventory
        self.moved = self.inventory.replace(sorted(other), old.observed, self.observed)
        self._folders = self._all_folders()
        outside = any(name.startswith((FILE, FOLDER)) for name in names)
        if outside or self._folders != old._folders:  # one may be part of another
            written |= {name for name in self.inventory.names() if name.startswith((FILE, FOLDER))}
            names |= written
        users = other.union(*map(self.inventory.users, written))
        users.update(*map(self.inventory.writers, names - written))
        self.taken = without(old.taken, other - self.observed.keys())
        version: dict[str, Version] = {}
        found: set[int] = set()
        for index in sorted(users & self.observed.keys()):
            seen, known = self.observed[index], old.taken.get(index)
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
        self.final = without(old.final, names) | version
        self.renamed = written
        return found

    def _all_folders(self) -> set[str]:
        return {name for unit in self.those("folders") for name in self.observed[unit].effects.folders}

    def version_of(self, name: str, version: dict[str, Version]) -> Version:
        """Return the contributions to `name`; for a file, those to all that may be the same.

        Who reads a file in a folder needs who wrote the file; that one needed the folder.
        """
        if name.startswith(FOLDER):
            folder = name[len(FOLDER) :]
            made = {unit for file in with_parents(folder) for unit in version.get(FILE + file, ())}
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


def without(known: dict[K, T], gone: Collection[K]) -> dict[K, T]:
    """Return a copy that has not these keys."""
    found = dict(known)
    for key in gone:
        found.pop(key, None)
    return found


def _write(version: dict[str, Version], index: int, seen: Observed, names: Iterable[str]) -> None:
    """Let the unit make new versions of these of its names."""
    must = seen.effects.must
    for name in names:
        version[name] = (index,) if name in must else (*version.get(name, ()), index)
