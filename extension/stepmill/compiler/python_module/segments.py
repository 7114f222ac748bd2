"""The code between the module's definitions: one function per step, and what flows between them."""

from __future__ import annotations

import ast
import builtins
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import TYPE_CHECKING

from stepmill.compiler.python_module.scopes import Access
from stepmill.compiler.python_module.walk import Walk
from stepmill.model.pipeline import SETUP_STEP

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

    from stepmill.compiler.python_module.statements import Statement


class Home(Enum):
    """Where code runs: a step's function, one for untagged code, or `main` itself."""

    STEP = auto()
    SETUP = auto()
    MAIN = auto()


@dataclass(slots=True)
class Segment:
    """Statements that run as one: a step's, or a part of them if other code stands between its cells.

    `key` is the step's name, "setup" for untagged code. `kept`: inputs that it needs only because it
    gives them and does not always bind them.
    """

    home: Home
    key: str
    statements: list[Statement]
    part: int = 1
    inputs: list[str] = field(default_factory=list)
    outputs: list[str] = field(default_factory=list)
    kept: set[str] = field(default_factory=set)
    name: str = ""
    walk: Walk = field(default_factory=lambda: Walk(()))

    @property
    def bound(self) -> set[str]:
        """Names that it may bind or delete."""
        return self.walk.bound | self.walk.deleted


def cut(statements: Iterable[Statement], is_inline: Callable[[Statement], bool]) -> list[Segment]:
    """Return the statements in segments, in their order."""
    found: list[Segment] = []
    parts: dict[tuple[Home, str], int] = {}
    for statement in statements:
        home = Home.STEP if statement.owner is not None else Home.SETUP
        home = Home.MAIN if is_inline(statement) else home
        key = statement.owner or SETUP_STEP
        if found and (found[-1].home, found[-1].key) == (home, key):
            found[-1].statements.append(statement)
            continue
        parts[home, key] = parts.get((home, key), 0) + 1
        found.append(Segment(home, key, [statement], parts[home, key]))
    return found


class Segments:
    """Finds what each segment takes and gives.

    `local` are the names that may be local; `flow` returns those that may not, with the reason.
    """

    def __init__(
        self,
        segments: list[Segment],
        local: frozenset[str],
        parameters: frozenset[str],
        shared: Mapping[str, str],
        swallowers: Collection[str],
    ) -> None:
        self.segments = segments
        self.local = local
        self.parameters = parameters & local
        self.shared = shared
        for segment in segments:
            segment.walk = Walk((statement.node for statement in segment.statements), swallowers)

    def flow(self) -> dict[str, str]:
        """Fill in `inputs` and `outputs`; return the names that cannot be local instead."""
        found = self._captured_and_rebound() | self._available()
        if not found:
            self._hand_on()
        return found

    def _captured_and_rebound(self) -> dict[str, str]:
        """Names that functions made in one segment see, and a later segment binds again."""
        found: dict[str, str] = {}
        for index, segment in enumerate(self.segments):
            captured = segment.walk.names(Access.READ, later=True) & self.local
            for later in self.segments[index + 1 :]:
                for name in sorted(captured & later.bound):
                    found[name] = f"code made in `{segment.key}` sees it after `{later.key}` has bound it"
        return found

    def _available(self) -> dict[str, str]:
        """Go through the segments with what is surely bound before each, and what may be."""
        found: dict[str, str] = {}
        sure, possible = set(self.parameters), set(self.parameters)
        for segment in self.segments:
            walk = segment.walk
            exposed = [name for name in walk.exposed if name in self.local]
            segment.inputs = [name for name in exposed if name in sure]
            segment.inputs.sort(key=lambda name: name in self.parameters)  # data first
            for name in exposed:
                if name not in sure and (reason := self._why_unsure(name, segment, possible)):
                    found[name] = reason
            bound, deleted = walk.bound & self.local, walk.deleted & self.local
            surely = (walk.assigned or set()) & self.local
            sure = (sure - deleted) | surely if walk.assigned is not None else sure - deleted
            possible |= bound | deleted
            segment.kept = (bound - surely) & sure  # as they were where the segment does not bind them
        return found

    def _why_unsure(self, name: str, segment: Segment, possible: set[str]) -> str:
        if name in possible:
            return f"may be unbound when `{segment.key}` reads it"
        if name not in segment.walk.bound:
            return f"`{segment.key}` reads it before anything binds it"
        if hasattr(builtins, name):
            return f"`{segment.key}` uses the built-in of that name first"
        if any(_catches_name_errors(statement.node) for statement in segment.statements):
            return f"`{segment.key}` may find it unbound"
        return ""

    def _hand_on(self) -> None:
        """A segment gives what it bound last before another one takes it; from the end to the start."""
        for index, segment in reversed(list(enumerate(self.segments))):
            taken = self._taken_after(index)
            segment.outputs = [name for name in _in_order(segment) if name in taken and name in self.local]
            segment.inputs += sorted(set(segment.outputs) & segment.kept - set(segment.inputs))

    def _taken_after(self, index: int) -> set[str]:
        found: set[str] = set()
        hidden: set[str] = set()
        for later in self.segments[index + 1 :]:
            found |= set(later.inputs) - hidden
            hidden |= later.bound
        return found


def _in_order(segment: Segment) -> list[str]:
    """Return the names that the segment binds, in the order of its text."""
    return list(dict.fromkeys(u.name for u in segment.walk.uses if u.access is Access.BIND and not u.later))


def _catches_name_errors(node: ast.stmt) -> bool:
    """Tell whether the statement may look at the text or type of a NameError."""
    for part in ast.walk(node):
        if isinstance(part, ast.ExceptHandler):
            if part.type is None:
                return True
            if {n.id for n in ast.walk(part.type) if isinstance(n, ast.Name)} & {
                "NameError",
                "Exception",
                "BaseException",
            }:
                return True
    return False


def unbound_at_first(
    segments: list[Segment], shared: Mapping[str, str], parameters: Iterable[str]
) -> list[str]:
    """Return the module globals that a segment may read before any has bound them."""
    sure, found = set(parameters), dict[str, None]()
    for segment in segments:
        found |= dict.fromkeys(n for n in segment.walk.exposed if n in shared and n not in sure)
        if segment.walk.assigned is None:
            break
        sure = (sure - segment.walk.deleted) | segment.walk.assigned
    return list(found)


def results_of(segments: list[Segment], metrics: Iterable[str], shared: Mapping[str, str]) -> list[str]:
    """Return the names whose final values `main` returns, and let the segments hand them on.

    They are the metrics and what no later code takes; where there are none, what the last step sets.
    """
    last: dict[str, Segment] = {}
    taken: set[str] = set()
    gone: set[str] = set()
    for segment in segments:
        taken = (taken | set(segment.inputs)) - segment.bound
        for name in segment.bound:
            last[name] = segment
        gone = (gone | segment.walk.deleted) - (segment.walk.assigned or set())
    kept = {n for n, s in last.items() if n not in gone and n in (s.walk.assigned or set())}
    found = [name for name in dict.fromkeys(metrics) if name in kept]
    for segment in segments:
        found += [
            n for n in _in_order(segment) if n in kept - taken - shared.keys() and _is_unread(n, segment)
        ]
    found = list(dict.fromkeys(found)) or _of_the_end(segments, kept - shared.keys())
    for name in found:
        if name not in shared and name not in last[name].outputs:
            last[name].outputs.append(name)
    return found


def _is_unread(name: str, segment: Segment) -> bool:
    """Tell whether the segment sets the name last by a plain assignment, and nothing reads it there after."""
    uses = [use for use in segment.walk.uses if use.name == name]
    if name.startswith("_") or not uses or name not in (segment.walk.assigned or set()):
        return False
    return all(use.access is Access.BIND and use.simple for use in uses)


def _of_the_end(segments: list[Segment], kept: set[str]) -> list[str]:
    """The plain assignments of the last step, where nothing else says what matters."""
    steps = [segment for segment in segments if segment.home is not Home.MAIN]
    uses = steps[-1].walk.uses if steps else ()
    simple = dict.fromkeys(use.name for use in uses if use.simple and use.access is Access.BIND)
    return [name for name in simple if name in kept and not name.startswith("_")]
