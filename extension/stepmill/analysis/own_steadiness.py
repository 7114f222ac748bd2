"""Names of the project's own modules whose values cannot come out the same in two processes."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from stepmill.analysis.effects import is_pseudo
from stepmill.analysis.own_code import EVERYTHING
from stepmill.analysis.own_events import members, of_import
from stepmill.analysis.values import Kind, dotted_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from stepmill.analysis.interpreter import Interpreter, Observed
    from stepmill.model.own_module import ModuleText

_LOOKS_AT_ALL = frozenset({"globals", "vars", "locals", "eval", "exec"})


def unsteady_names(
    observed: Iterable[Observed],
    interpreter: Interpreter,
    source: ModuleText,
    others: Callable[[str], frozenset[str]],
    differing: Iterable[str] = (),
) -> tuple[tuple[str, frozenset[str]], ...]:
    """Return the names that the clock or the like has made, and those whose code speaks of such a name.

    Each with the modules in which that begins. `others` answers the same for names of other modules;
    `differing` are names that runs have seen to be others each time.
    """
    found = dict.fromkeys(differing, frozenset({source.name}))
    for name, value in interpreter.env.items():
        if value.kind is Kind.LIBRARY and (begins := others(value.what)):
            found[name] = begins
    seen_units = list(observed)
    for seen in seen_units:
        if any(
            event.kind == "clock" and event.kept for event in of_import(seen, interpreter, source.package)
        ):
            given = [EVERYTHING] if seen.effects.session else list(_given(seen))
            found |= dict.fromkeys(given, found.get(source.name, frozenset()) | {source.name})
    uses = [(set(_given(seen)), _used(seen.unit.node, interpreter, others)) for seen in seen_units]
    before = None
    while before != found:
        before = dict(found)
        for bound, (names, begins) in uses:
            own = found.values() if names & _LOOKS_AT_ALL else (found[n] for n in names & found.keys())
            origins = begins.union(*own)
            if origins:
                found |= {name: found.get(name, frozenset()) | origins for name in bound}
    return tuple(sorted((name, origins) for name, origins in found.items()))


def _given(seen: Observed) -> Iterator[str]:
    effects = seen.effects
    yield from (name for name in (*effects.binds, *effects.changes) if not is_pseudo(name))


def _used(
    node: ast.stmt, interpreter: Interpreter, others: Callable[[str], frozenset[str]]
) -> tuple[set[str], frozenset[str]]:
    """Return the names in a statement, and where what it uses of other modules begins to be unsteady."""
    names, begins, parts = set[str](), frozenset[str](), set[int]()
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        return names, begins  # what these names are is known
    for inner in ast.walk(node):
        if isinstance(inner, ast.Attribute):
            parts.add(id(inner.value))
            dotted = dotted_name(inner, interpreter.env)
            if dotted is not None and id(inner) not in parts and _is_of_module(inner, interpreter):
                begins |= others(dotted)
        elif isinstance(inner, ast.Name):
            names.add(inner.id)
            value = interpreter.env.get(inner.id)
            if value is not None and value.kind is Kind.MODULE and id(inner) not in parts:
                begins |= others(value.what)
        elif isinstance(inner, ast.Import):
            begins = begins.union(*(others(alias.name) for alias in inner.names))
        begins = begins.union(*map(others, members(inner)))
    return names, begins


def _is_of_module(node: ast.expr, interpreter: Interpreter) -> bool:
    while isinstance(node, ast.Attribute):
        node = node.value
    known = interpreter.env.get(node.id) if isinstance(node, ast.Name) else None
    return known is not None and known.kind in (Kind.MODULE, Kind.LIBRARY)
