"""Where every name of the notebook lives in the module.

Imports, definitions and constants that nothing rebinds stand at module level. All other names are local
to the step functions and handed on between them. Where that would not be the notebook's meaning for sure
(a function reads or rebinds the name and not all its calls are seen, it may be unbound, code made in one
step sees it rebound in another) the name is a module global, which is always right: each access of the
notebook is then one of the same global name.
"""

from __future__ import annotations

import ast
import builtins
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from stepmill.compiler.python_module.arguments import Arguments, with_arguments
from stepmill.compiler.python_module.borrowed import imported
from stepmill.compiler.python_module.scopes import FUNCTIONS, Access
from stepmill.compiler.python_module.segments import Segment, Segments, cut
from stepmill.compiler.python_module.walk import swallowers_in

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from stepmill.compiler.python_module.scopes import Use
    from stepmill.compiler.python_module.statements import Statement

DEFINITIONS = (*FUNCTIONS, ast.ClassDef)
IMPORTS = (ast.Import, ast.ImportFrom)
MOST_ROUNDS = 200


@dataclass(slots=True)
class Layout:
    """The whole module, still as statements.

    `hoisted` stand at module level, in notebook order. `shared` are the module globals that functions
    rebind or set, with a sentence why. `named`: names that are used where no code shows them.
    `arguments`: function -> names that it gets in addition.
    """

    hoisted: list[Statement]
    segments: list[Segment]
    shared: dict[str, str]
    named: frozenset[str]
    arguments: dict[str, tuple[str, ...]] = field(default_factory=dict)


class Planner:
    """One search for a layout: rounds until nothing has to move any more.

    `kinds`: what a statement could be at module level ("import", "block", "definition", "constant",
    "session"), "" if it must run where it stands. `parameters` are set by `main`.
    """

    def __init__(
        self,
        statements: list[Statement],
        kinds: Mapping[int, str],
        parameters: Iterable[str],
        texts: set[str],
        named: Mapping[str, str],
    ) -> None:
        self.statements = statements
        self.kinds = kinds
        self.parameters = frozenset(parameters)
        self.texts = texts  # names that may be looked up as text in the notebook's namespace
        self.named = named  # names that are looked up where no code shows it, with a sentence why
        self.rooted: set[int] = set()  # positions that stay where they are, though they could be hoisted
        self.shared: dict[str, str] = {}
        self.swallowers = swallowers_in(statement.node for statement in statements)
        self.binders: dict[str, list[int]] = {}
        for position, statement in enumerate(statements):
            for name in statement.walk.names(Access.BIND, Access.DELETE):
                self.binders.setdefault(name, []).append(position)
        self.flowing = frozenset(self.binders) | self.parameters

    def plan(self) -> Layout:
        """Return the layout."""
        for _ in range(MOST_ROUNDS):
            if (layout := self._round()) is not None:
                return layout
        raise AssertionError("no layout after many rounds")

    def _round(self) -> Layout | None:
        """Return the layout, or None if something had to move, which asks for another round."""
        hoisted = self._hoisted()
        fixed = {n for p in hoisted for n in self.statements[p].walk.names(Access.BIND)}
        moving = self.flowing - fixed
        if not self._share_what_must_be(hoisted, moving):
            return None
        arguments = Arguments(self.statements, hoisted, moving, self.shared, self.binders)
        found = arguments.decide()
        if arguments.rooted or arguments.shared:
            self.rooted |= arguments.rooted
            self.shared |= arguments.shared
            return None
        changed = with_arguments(self.statements, found)
        segments = Segments(
            cut([s for p, s in enumerate(changed) if p not in hoisted], self._is_inline),
            moving - self.shared.keys(),
            self.parameters,
            self.shared,
            self.swallowers,
        )
        more = segments.flow()
        if more:
            self.shared |= more
            return None
        return Layout(
            [changed[p] for p in sorted(hoisted)],
            segments.segments,
            dict(self.shared),
            frozenset(self.named),
            found,
        )

    def _is_inline(self, statement: Statement) -> bool:
        """Tell whether untagged code is so plain that `main` runs it itself."""
        plain = isinstance(statement.node, ast.Assign | ast.AnnAssign) and not statement.capture
        return statement.owner is None and plain and statement.shape in ("constant", "parameter")

    # -- module level ------------------------------------------------------------------------------

    def _hoisted(self) -> set[int]:
        """Return the positions of the statements that can stand at module level: the most that can."""
        found = {p for p, kind in self.kinds.items() if kind and p not in self.rooted}
        while True:
            lost = {position for position in found if not self._can_stand(position, found)}
            if not lost:
                return found
            found -= lost

    def _can_stand(self, position: int, hoisted: set[int]) -> bool:
        walk = self.statements[position].walk
        bound = walk.names(Access.BIND, Access.DELETE)
        if bound & self.parameters or walk.names(Access.DELETE) or bound & self.texts:
            return False
        if any(not self._only_here(name, position, hoisted) for name in bound):
            return False
        own = bound if isinstance(self.statements[position].node, ast.Try | ast.If) else set()
        for name in walk.names(Access.READ, later=False) - own:
            if name in self.parameters:
                return False
            if name in self.binders and not self._stands_before(name, position, hoisted):
                return False
        return not any(self._used_before(name, position) for name in bound)

    def _only_here(self, name: str, position: int, hoisted: set[int]) -> bool:
        binders = self.binders[name]
        if binders == [position]:
            return True
        keys = [_import_keys(self.statements[p], name) for p in binders]
        return all(p in hoisted for p in binders) and all(key and key == keys[0] for key in keys)

    def _stands_before(self, name: str, position: int, hoisted: set[int]) -> bool:
        first = self.binders[name][0]
        if first not in hoisted:
            return False
        return first < position or bool(_import_keys(self.statements[first], name))

    def _used_before(self, name: str, position: int) -> bool:
        """Tell whether code above uses the name while it is not bound yet, or is a built-in's."""
        first = self.binders[name][0]
        may_be_later = not hasattr(builtins, name)
        for statement in self.statements[: min(first, position)]:
            for use in statement.walk.uses:
                if use.name == name and not (use.later and may_be_later):
                    return True
        return False

    # -- module globals ----------------------------------------------------------------------------

    def _share_what_must_be(self, hoisted: set[int], moving: frozenset[str]) -> bool:
        """Share the names that cannot be local whatever the steps look like; False if some are new."""
        new: dict[str, str] = {}
        for position, statement in enumerate(self.statements):
            for use in statement.walk.uses:
                if use.name in moving and (reason := _why_shared(use, statement, position in hoisted)):
                    new.setdefault(use.name, reason)
        for name in self.named.keys() & moving:
            new.setdefault(name, self.named[name])
        if self.texts:
            new |= dict.fromkeys(sorted(moving), "looked up as text") | new
        fresh = new.keys() - self.shared.keys()
        self.shared |= {name: new[name] for name in fresh}
        return not fresh


def _why_shared(use: Use, statement: Statement, is_hoisted: bool) -> str:
    """Return why the name of this use must be a module global, or ""."""
    node = statement.node
    if use.name in use.scope.global_names and not (use.later and use.access is not Access.READ):
        return "declared `global`"
    if use.access is not Access.READ:
        if use.later:
            return f"{_definer(statement)} rebinds it"
        if is_hoisted:
            return ""
        if isinstance(use.node, ast.ClassDef):
            return "a class that is made while the notebook runs"
        if isinstance(use.node, IMPORTS):
            return "imported while the notebook runs"
        if isinstance(use.node, FUNCTIONS) and statement.owner is None:
            return "a function that is made while the notebook runs"
        return ""
    if use.in_class and not is_hoisted:
        return "the body of a class reads it"
    if use.text and use.scope.kind not in ("top", "function"):
        return "read by name from within a text"
    if use.text and use.scope.kind == "function" and not isinstance(node, FUNCTIONS):
        return "read by name from within a text"
    return ""


def _definer(statement: Statement) -> str:
    name = getattr(statement.node, "name", "")
    return f"`{name}`" if name else "code made here"


def _import_keys(statement: Statement, name: str) -> tuple[tuple[str, str], ...]:
    """Return what `name` is, if the statement imports it: equal for imports of the same thing."""
    keys = [key for key in imported(statement.node) if key[2] == name]
    return tuple(
        (module.partition(".")[0], "") if not attribute and "." in module and module.partition(".")[0] == name
        else (module, attribute)
        for module, attribute, _ in keys
    )  # fmt: skip
