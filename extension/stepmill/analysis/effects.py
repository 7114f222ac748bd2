"""What one top-level statement does to the notebook's names, kept apart by kind."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stepmill.analysis.values import Value
    from stepmill.model.diagnostic import Place
    from stepmill.model.pipeline import Volatile

RANDOM = "%random:"
CARRIED = frozenset({"numpy", "random", "torch"})
"""Generators whose state goes from step to step; of others it is only known that they were seeded."""
FILE = "%file:"
ANY_FILE = "%file:?"
FOLDER = "%folder:"
MODULE = "%module:"
"""Pseudo-names carry what flows beside the variables: generator states and files. A folder is
needed by who writes into it; its maker writes the file of that name. A module of the project is bound by the
first import, if that does more than define: who imports it later has it by repeating that import."""


def is_pseudo(name: str) -> bool:
    """Tell whether `name` stands for a file or a generator, not for a variable."""
    return name.startswith("%")


@dataclass(slots=True)
class Change:
    """A change of an object in place.

    `doubtful`: nobody told us, it is only likely or possible. `handed_on`: it stays as it is, the step
    only gives it together with what shares objects with it.
    """

    place: Place
    doubtful: bool = False
    handed_on: bool = False


@dataclass(slots=True)
class Finding:
    """Something the analyzer must tell the user about this statement; `code` is a rule's."""

    code: str
    place: Place
    name: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Once:
    """What an own module does when it is imported that comes out otherwise in another process.

    `kind` is draw, clock, read, write or extend; `what` the generator or the pseudo-name of a file;
    `about` says it in words, with the module's file and line. `module` is where it happens if only those
    need care who use what comes of it.
    """

    kind: str
    what: str
    about: str
    place: Place
    module: str = ""


@dataclass(slots=True)
class Effects:
    """The effects of one unit.

    `reads`: names whose value from before the unit it can come to use. `binds`: names it can
    rebind, `must` those that it always does; `deletes` likewise for `del`. `changes`: names whose
    object it can change in place, aliases included. `reached`: definitions it can come to call.
    """

    reads: dict[str, Place] = field(default_factory=dict)
    binds: dict[str, Place] = field(default_factory=dict)
    must: set[str] = field(default_factory=set)
    new: set[str] = field(default_factory=set)  # names that nothing had bound before
    deletes: dict[str, Place] = field(default_factory=dict)
    changes: dict[str, Change] = field(default_factory=dict)
    changes_made: set[int] = field(
        default_factory=set
    )  # units of untagged assignments whose object it changes
    aliased: dict[str, Place] = field(default_factory=dict)  # changed through another name only
    identities: dict[str, set[str]] = field(default_factory=dict)  # whose object it asks for -> beside which
    made: set[str] = field(default_factory=set)  # folders that are there afterwards, as they may have been
    folders: set[str] = field(default_factory=set)  # those that it makes below others, which it makes, too
    session: list[Place] = field(default_factory=list)
    setters: list[str] = field(default_factory=list)  # library functions and mappings that `session` is about
    is_told: bool = False  # one of `session` keeps an object that changes when it is called
    kept: list[str] = field(default_factory=list)  # those of `session` that are variables of own modules
    moves: list[tuple[str | None, str | None]] = field(default_factory=list)  # working folder before, after
    settings: set[str] = field(default_factory=set)  # libraries whose settings a magic changes
    plots: bool = False  # calls a method that draws: `df.plot()`
    volatile: list[Volatile] = field(default_factory=list)
    superseded: set[str] = field(default_factory=set)  # definitions in use whose name it gives to another
    reached: set[str] = field(default_factory=set)
    by_text: set[str] = field(default_factory=set)  # names that a formula, a pickle or a doctest looks up
    cached: dict[str, set[str]] = field(default_factory=dict)  # function with a cache -> what it read
    cached_of: dict[str, set[str]] = field(default_factory=dict)  # the same -> names of objects it was given
    cache_looks: dict[str, tuple[str, Place]] = field(default_factory=dict)  # the same -> `cache_info`, where
    once: list[Once] = field(default_factory=list)  # what own modules that it imports first do
    own: set[str] = field(default_factory=set)  # top-level names of own modules that it imports
    unsteady: set[str] = field(default_factory=set)  # own modules of which it uses what differs each time
    shows: int = 0  # calls that print or display
    imports: set[str] = field(default_factory=set)
    environment: set[str] = field(default_factory=set)
    unseeded: dict[str, Place] = field(default_factory=dict)  # generator -> first draw
    findings: list[Finding] = field(default_factory=list)
    seen: dict[str, Value] = field(default_factory=dict)  # what a name read was before the unit

    @property
    def writes(self) -> set[str]:
        """All names after which the unit is a producer: bound, deleted or changed."""
        return set(self.binds) | set(self.deletes) | set(self.changes)

    @property
    def only_moves(self) -> bool:
        """Tell whether the working folder is all of the process that the unit changes."""
        return bool(self.moves) and len(self.moves) == len(self.session)

    def copied(self) -> Effects:
        """Return a copy that can be changed."""
        return replace(
            self, reads=dict(self.reads), binds=dict(self.binds), must=set(self.must),
            deletes=dict(self.deletes), changes=dict(self.changes),
        )  # fmt: skip

    def find(self, code: str, place: Place, name: str = "", detail: str = "") -> None:
        if not any(f.code == code and f.name == name and f.place == place for f in self.findings):
            self.findings.append(Finding(code, place, name, detail))
