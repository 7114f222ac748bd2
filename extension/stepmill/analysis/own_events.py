"""What statements of the project's own modules do beyond their names, by what was observed of them."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, NamedTuple

from stepmill.analysis.effects import ANY_FILE, FILE, RANDOM, is_pseudo
from stepmill.analysis.values import Kind, dotted_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from stepmill.analysis.interpreter import Interpreter, Observed

HELPER = "_stepmill_"
"""How the names begin that no module has: those of the statements that call its functions."""

_SEEDLESS = frozenset(
    {
        "numpy.random.default_rng",
        "numpy.random.RandomState",
        "numpy.random.SeedSequence",
        "random.Random",
        "random.SystemRandom",
    }
)
"""Calls that without arguments make a generator which differs each time."""


class Event(NamedTuple):
    """Something that goes beyond the module's own names. `sure`: it happens each time.

    `kind` is import, seed, draw, set (a setting of the libraries `what`), keep (something in the module's
    variable `what`), chdir, clock (or the network, a program), read, write, extend, folder, show,
    environment, or differs (a run has seen that the variable `what` is another one each time).
    `kept`: what it gives stays in the module.
    """

    kind: str
    what: str
    line: int
    sure: bool = True
    kept: bool = False


def absolute(dotted: str, package: str) -> str:
    """Return the name of a module, or of something in it, that may be relative to a package."""
    if not dotted.startswith("."):
        return dotted
    rest = dotted.lstrip(".")
    above = package.split(".")[: len(package.split(".")) - (len(dotted) - len(rest) - 1)]
    return ".".join([*above, rest]).strip(".")


def of_import(seen: Observed, interpreter: Interpreter, package: str) -> Iterator[Event]:
    """Yield the events of one statement that an import runs."""
    effects, node = seen.effects, seen.unit.node
    for name in sorted({*_imported(node), *(absolute(n, package) for n in effects.imports)}):
        yield Event("import", absolute(name, package), node.lineno)
    yield from _of_generators(seen)
    kept = bool(effects.binds or effects.changes or effects.session) and not _is_put_off(seen, interpreter)
    for one in effects.volatile:
        yield Event("clock", one.what, one.place.line, kept=kept)
    for call in _seedless(seen, interpreter):
        yield Event("clock", f"entropy ({call})", node.lineno, kept=kept)
    yield from _of_settings(seen)
    yield from _of_files(seen)
    for name in sorted(effects.environment):
        yield Event("environment", name, node.lineno)
    if effects.shows:
        yield Event("show", "", node.lineno)


def of_call(seen: Observed, interpreter: Interpreter, package: str) -> Iterator[Event]:
    """Yield the events of a call that the run does not see by itself."""
    names = [name for body in _bodies(seen, interpreter) for node in ast.walk(body) for name in members(node)]
    for name in sorted({absolute(name, package) for name in (*seen.effects.imports, *names)}):
        yield Event("import", name, seen.unit.node.lineno)
    yield from _of_generators(seen)
    for one in seen.effects.volatile:
        yield Event("clock", one.what, seen.unit.node.lineno)
    yield from (event for event in _of_settings(seen) if event.what != "warnings")
    yield from _of_files(seen)
    yield from _of_variables(seen)


def _bodies(seen: Observed, interpreter: Interpreter) -> list[ast.AST]:
    functions = interpreter.functions
    return [functions[ident].node for ident in seen.effects.reached if ident in functions]


def _imported(node: ast.stmt) -> Iterator[str]:
    """Yield `m.n` for `from m import n`, which may be a module, where an import runs it."""
    for inner in outside_functions(node):
        yield from members(inner)


def outside_functions(node: ast.stmt) -> Iterator[ast.AST]:
    """Yield the nodes of a statement that are run when it is, not when a function is called."""
    pending: list[ast.AST] = [node]
    while pending:
        inner = pending.pop()
        yield inner
        if isinstance(inner, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            pending += [inner.args, *getattr(inner, "decorator_list", ())]
        else:
            pending += ast.iter_child_nodes(inner)


def members(node: ast.AST) -> Iterator[str]:
    """Yield `m.n` if the node is `from m import n`."""
    if isinstance(node, ast.ImportFrom):
        base = "." * node.level + (node.module or "")
        dot = "" if base.endswith(".") else "."
        yield from (f"{base}{dot}{alias.name}" for alias in node.names if alias.name != "*")


def _is_put_off(seen: Observed, interpreter: Interpreter) -> bool:
    """Tell whether a definition asks the clock when it is used: `field(default_factory=lambda: …)`."""
    if not isinstance(seen.unit.node, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
        return False
    calls = [node for node in outside_functions(seen.unit.node) if isinstance(node, ast.Call)]
    return {dotted_name(call.func, interpreter.env) for call in calls} <= {"dataclasses.field", "field"}


def _seedless(seen: Observed, interpreter: Interpreter) -> Iterator[str]:
    bodies: Iterable[ast.AST] = (n for body in _bodies(seen, interpreter) for n in ast.walk(body))
    for nodes in (outside_functions(seen.unit.node), bodies):
        for node in nodes:
            if isinstance(node, ast.Call) and not (node.args or node.keywords):
                name = dotted_name(node.func, interpreter.env)
                if name in _SEEDLESS:
                    yield name


def _of_generators(seen: Observed) -> Iterator[Event]:
    effects, line = seen.effects, seen.unit.node.lineno
    names = (*effects.binds, *effects.changes)
    seeded = {name for name in effects.binds if name.startswith(RANDOM)}
    drawn = {name for name in names if name.startswith(RANDOM) and name not in seeded}
    drawn |= {RANDOM + name for name in effects.unseeded}
    drawn |= {name for name in seeded if name in effects.changes and name in effects.reads}
    for name in sorted(drawn):
        yield Event("draw", name[len(RANDOM) :], line)
    for name in sorted(seeded):
        yield Event("seed", name[len(RANDOM) :], line, name in effects.must)


def _of_settings(seen: Observed) -> Iterator[Event]:
    effects = seen.effects
    for _, after in effects.moves:
        yield Event("chdir", "?" if after is None else after, seen.unit.node.lineno)
    if len(effects.session) > len(effects.moves):
        libraries = set(effects.settings) | _libraries(seen)
        yield Event("set", ",".join(sorted(libraries)), effects.session[0].line)


def _libraries(seen: Observed) -> set[str]:
    """Return the libraries whose settings the statement may change, as far as its text tells."""
    values = seen.effects.seen.values()
    return {v.what.split(".")[0] for v in values if v.kind in (Kind.MODULE, Kind.LIBRARY)}


def _of_files(seen: Observed) -> Iterator[Event]:
    effects, line = seen.effects, seen.unit.node.lineno
    for name in sorted(effects.reads):
        if _is_file(name) and name not in effects.changes:
            yield Event("read", name, line)
    for name in sorted({*effects.binds, *effects.changes}):
        if _is_file(name):
            kind = "folder" if name in effects.made else "write" if name in effects.must else "extend"
            yield Event(kind, name, line)


def _of_variables(seen: Observed) -> Iterator[Event]:
    """Yield what stays in the module's variables; where that is only likely, the run tells."""
    effects, line = seen.effects, seen.unit.node.lineno
    changed = {name for name, change in effects.changes.items() if not change.doubtful}
    for name in sorted(changed | effects.binds.keys()):
        if not (is_pseudo(name) or name.startswith(HELPER)):
            yield Event("keep", name, line, name in changed or name in effects.must)


def _is_file(name: str) -> bool:
    return name.startswith(FILE) and name != ANY_FILE and "*" not in name and "?" not in name
