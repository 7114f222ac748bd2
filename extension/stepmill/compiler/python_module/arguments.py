"""Functions of the notebook that read names of the steps: arguments where all their calls are seen."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from stepmill.compiler.python_module.edits import Edits, last_token_before, tokens_of
from stepmill.compiler.python_module.scopes import FUNCTIONS, Access, Scope, Use, is_generator

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stepmill.compiler.python_module.statements import Statement


class Arguments:
    """Decides for each such name; `rooted` and `shared` say what has to move first, if anything.

    A function that one step defines and alone uses may stay inside of that step's function instead,
    where it sees the step's names as it did in the notebook.
    """

    def __init__(
        self,
        statements: list[Statement],
        hoisted: set[int],
        moving: frozenset[str],
        shared: Mapping[str, str],
        binders: Mapping[str, list[int]],
    ) -> None:
        self.statements = statements
        self.hoisted = hoisted
        self.moving = moving
        self.known = shared
        self.binders = binders
        self.rooted: set[int] = set()
        self.shared: dict[str, str] = {}
        self._uses: dict[str, list[tuple[int, Use]]] = {}
        for position, statement in enumerate(statements):
            for use in statement.walk.uses:
                self._uses.setdefault(use.name, []).append((position, use))

    def decide(self) -> dict[str, tuple[str, ...]]:
        """Return function -> the names it gets as arguments, in the order of its text."""
        found: dict[str, list[str]] = {}
        for name in self._needed():
            takers = self._takers(name)
            if takers is not None:
                for taker in takers:
                    found.setdefault(taker, []).append(name)
            elif not self._root(name):
                self.shared[name] = f"{self._readers(name)} reads it"
        return {function: tuple(names) for function, names in found.items()}

    def _needed(self) -> list[str]:
        """Return the names of steps that code at module level reads."""
        needed: dict[str, None] = {}
        for position in sorted(self.hoisted):
            for use in self.statements[position].walk.uses:
                if use.name in self.moving and use.name not in self.known and use.access is Access.READ:
                    needed[use.name] = None
        return list(needed)

    def _direct_readers(self, name: str) -> set[int]:
        return {p for p, use in self._uses.get(name, ()) if p in self.hoisted and use.access is Access.READ}

    def _readers(self, name: str) -> str:
        names = [getattr(self.statements[p].node, "name", "code") for p in sorted(self._direct_readers(name))]
        return ", ".join(f"`{reader}`" for reader in names)

    def _takers(self, name: str) -> list[str] | None:
        """Return the functions that must get `name`, those that call them too; None if that cannot be."""
        if any(use.access is Access.DELETE for _, use in self._uses.get(name, ())):
            return None  # a call would raise before the function has begun
        pending = sorted(self._direct_readers(name))
        found: dict[int, None] = {}
        while pending:
            position = pending.pop()
            if position in found:
                continue
            function = self.statements[position].node
            if not isinstance(function, ast.FunctionDef) or not self._can_take(position, function, name):
                return None
            found[position] = None
            for caller, use in self._uses.get(function.name, ()):
                if use.access is not Access.READ:
                    continue
                if not self._can_give(caller, use, name):
                    return None
                if caller in self.hoisted:
                    pending.append(caller)
        return [getattr(self.statements[p].node, "name", "") for p in sorted(found)]

    def _can_take(self, position: int, function: ast.FunctionDef, name: str) -> bool:
        if function.decorator_list or function.name.startswith("__"):
            return False
        uses = [use for p, use in self._uses.get(name, ()) if p == position]
        is_lazy = is_generator(function) or not all(_runs_in_function(use.scope) for use in uses)
        return self._is_stable(name) or not is_lazy

    def _is_stable(self, name: str) -> bool:
        return len(self.binders.get(name, ())) <= 1

    def _can_give(self, position: int, use: Use, name: str) -> bool:
        """Tell whether a use of the function is a call to which the argument can be added."""
        call = use.call
        if call is None or not use.scope.is_global(name) or use.in_class:
            return False
        if use.scope.kind == "class" or (position in self.hoisted and not use.later):
            return False
        if len(call.args) == 1 and not call.keywords and isinstance(call.args[0], ast.GeneratorExp):
            return False
        return position not in self.hoisted or self._is_stable(name) or _runs_in_function(use.scope)

    def _root(self, name: str) -> bool:
        """Let the functions that read `name` stay in the one step that uses them; False if it is not one."""
        readers = self._direct_readers(name)
        owners = {self.statements[p].owner for p in readers}
        if len(owners) != 1 or None in owners or not self._in_one_piece(next(iter(owners)) or ""):
            return False
        owner = next(iter(owners))
        for position in readers:
            node = self.statements[position].node
            if not isinstance(node, FUNCTIONS):
                return False
            users = {p for p, _ in self._uses.get(node.name, ())}
            if any(self.statements[p].owner != owner for p in users):
                return False
            if any(p in self.hoisted and p not in readers for p in users):
                return False
        self.rooted |= readers
        return True

    def _in_one_piece(self, owner: str) -> bool:
        own = [p for p, statement in enumerate(self.statements) if statement.owner == owner]
        between = [p for p in range(own[0], own[-1]) if p not in own and p not in self.hoisted]
        return not between


def _runs_in_function(scope: Scope) -> bool:
    """Tell whether code in `scope` runs when the function at the top is called, and not later."""
    while scope.kind == "comprehension" and scope.parent is not None:
        scope = scope.parent
    return scope.kind == "function" and scope.parent is not None and scope.parent.kind == "top"


def with_arguments(statements: list[Statement], given: Mapping[str, tuple[str, ...]]) -> list[Statement]:
    """Return copies of the statements in which the functions take, and their calls give, these arguments."""
    plain = {name for name in given if _is_plain(name, statements)}
    return [_changed(statement, given, plain) for statement in statements]


def _is_plain(name: str, statements: list[Statement]) -> bool:
    """Tell whether further arguments can go by position: no defaults, no stars, no keywords."""
    functions = [s.node for s in statements if isinstance(s.node, ast.FunctionDef) and s.node.name == name]
    signature = functions[0].args
    if signature.defaults or signature.vararg or signature.kwonlyargs or signature.kwarg:
        return False
    count = len(signature.posonlyargs) + len(signature.args)
    calls = [use.call for s in statements for use in s.walk.uses if use.name == name and use.call is not None]
    return all(
        len(call.args) == count
        and not call.keywords
        and not any(isinstance(a, ast.Starred) for a in call.args)
        for call in calls
    )


def _changed(statement: Statement, given: Mapping[str, tuple[str, ...]], plain: set[str]) -> Statement:
    copy = statement.copy()
    edits = Edits(copy.text)
    node = copy.node
    if isinstance(node, ast.FunctionDef) and node.name in given:
        _add_parameters(edits, node, given[node.name], by_position=node.name in plain)
    for use in copy.walk.uses:
        if use.call is not None and use.name in given and use.access is Access.READ:
            names = given[use.name]
            texts = names if use.name in plain else tuple(f"{name}={name}" for name in names)
            _add_arguments(edits, use.call, ", ".join(texts))
    copy.text = edits.apply()
    return copy


def _add_parameters(
    edits: Edits, function: ast.FunctionDef, names: tuple[str, ...], *, by_position: bool
) -> None:
    signature = function.args
    star = "" if by_position or signature.vararg or signature.kwonlyargs else "*, "
    new = star + ", ".join(names)
    if signature.kwarg is not None:
        at = edits.offset(signature.kwarg.lineno, signature.kwarg.col_offset)
        edits.insert(edits.text.rindex("**", 0, at), f"{new}, ")
        return
    last, end = last_token_before(edits.text, _closing(edits, function))
    edits.insert(end, new if last == "(" else f" {new}" if last == "," else f", {new}")


def _closing(edits: Edits, function: ast.FunctionDef) -> int:
    """Return the index of the parenthesis that ends the signature."""
    start, depth = edits.span(function)[0], 0
    for token, (begin, _) in ((token, edits.token_span(token)) for token in tokens_of(edits.text)):
        if begin < start:
            continue
        depth += (token.string in ("(", "[", "{")) - (token.string in (")", "]", "}"))
        if token.string == ")" and depth == 0:
            return begin
    raise AssertionError("a function without parentheses")


def _add_arguments(edits: Edits, call: ast.Call, new: str) -> None:
    last, at = last_token_before(edits.text, edits.span(call)[1] - 1)
    is_empty = not (call.args or call.keywords)
    edits.insert(at, new if is_empty else f" {new}" if last == "," else f", {new}")
