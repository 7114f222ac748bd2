"""What the project's own modules do when they are imported, and their functions when they are called.

A module is gone through as a notebook is, in a namespace of its own, and never run. What comes of it are
*events*: that a generator is seeded or drawn from, a setting made, a file written, the clock asked.
"""

from __future__ import annotations

import ast
from collections import OrderedDict
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from stepmill.analysis.effects import ANY_FILE, FILE, RANDOM
from stepmill.analysis.interpreter import Interpreter, Observed, interpret
from stepmill.analysis.units import Unit
from stepmill.analysis.values import Kind
from stepmill.model.cell import Cell, Role
from stepmill.syntax import parse_or_empty

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from stepmill.model.own_module import ModuleText

MOST_READ = 256
"""Modules of which is remembered what they do."""
_DEEPEST = 12
"""Modules that call each other's functions in a row."""
_NEVER = ("__name__ == '__main__'", "'__main__' == __name__", "TYPE_CHECKING", "typing.TYPE_CHECKING")


class Event(NamedTuple):
    """Something that goes beyond the module's own names. `sure`: it happens each time.

    `kind` is import, seed, draw, set (a setting of the libraries `what`), chdir, clock (or the network, a
    program), read, write, extend, folder, show or environment; `kept`: what it gives stays in the module.
    """

    kind: str
    what: str
    line: int
    sure: bool = True
    kept: bool = False


class Reading(NamedTuple):
    """A module: what importing it does in this order, and what calling each of its functions does.

    `others` are its names for functions of other modules.
    """

    name: str
    path: str
    events: tuple[Event, ...]
    calls: tuple[tuple[str, tuple[Event, ...]], ...]
    others: tuple[tuple[str, str], ...]


class OwnModules:
    """Answers what own modules do. What has been read is remembered as long as the texts are the same."""

    def __init__(
        self,
        sources: Callable[[str], ModuleText | None],
        names: Callable[[str], frozenset[str] | None],
        is_local: Callable[[str], bool],
    ) -> None:
        self._sources = sources
        self._names = names
        self._is_local = is_local
        self._readings: dict[str, Reading | None] = {}
        self._under_way: list[str] = []

    def imported(self, dotted: str) -> Reading | None:
        """Return what there is to know of a module; None if it is not the project's own."""
        if dotted not in self._readings:
            source = self._sources(dotted)
            self._readings[dotted] = None  # a circle of modules that call each other while they are imported
            if source is not None and len(self._under_way) < _DEEPEST:
                self._under_way.append(dotted)
                self._readings[dotted] = self._read(source)
                self._under_way.pop()
        return self._readings[dotted]

    def called(self, dotted: str) -> tuple[Event, ...]:
        """Return what calling a function or class does that an own module has under this name."""
        for _ in range(_DEEPEST):
            module, _, name = dotted.rpartition(".")
            reading = self.imported(module) if module else None
            if reading is None:
                return ()
            found = dict(reading.calls).get(name)
            if found is not None:
                return found
            other = dict(reading.others).get(name)
            if other is None or other == dotted:
                return ()
            dotted = other
        return ()

    def _read(self, source: ModuleText) -> Reading:
        within = _Within(self, source.package)
        known = _memory.get((source.name, source.file, source.text))
        if known is not None and known[1].holds(within):
            return known[0]
        units = list(_units(source))
        own = {unit.index for unit in units}
        calls = list(_calls(units))
        interpreter, observed = interpret(
            [*units, *(unit for _, unit in calls)],
            modules=within.names, is_local=self._is_local, own=within, file=source.file,
        )  # fmt: skip
        events_of = partial(_of_call, interpreter=interpreter, package=source.package)
        reading = Reading(
            source.name,
            source.path,
            tuple(e for index in own for e in _events(observed[index], source.package)),
            tuple((name, found) for name, unit in calls if (found := tuple(events_of(observed[unit.index])))),
            tuple(_others(interpreter, source.package)),
        )
        _memory[source.name, source.file, source.text] = (reading, within.answers)
        while len(_memory) > MOST_READ:
            _memory.popitem(last=False)
        return reading


class _Answers(NamedTuple):
    """What a module's own code asked about others: what it does hangs on that too."""

    names: dict[str, frozenset[str] | None]
    calls: dict[str, tuple[Event, ...]]

    def holds(self, within: _Within) -> bool:
        """Tell whether the answers are the same now."""
        names = all(within.names(module) == then for module, then in self.names.items())
        return names and all(within.called(dotted) == then for dotted, then in self.calls.items())


_memory: OrderedDict[tuple[str, str, str], tuple[Reading, _Answers]] = OrderedDict()


class _Within:
    """What a module's own code asks about others: imports are left to who imports the module."""

    def __init__(self, known: OwnModules, package: str) -> None:
        self._known = known
        self._package = package
        self.answers = _Answers({}, {})

    def names(self, module: str) -> frozenset[str] | None:
        self.answers.names[module] = self._known._names(absolute(module, self._package))
        return self.answers.names[module]

    def imported(self, _dotted: str) -> Reading | None:
        return None

    def called(self, dotted: str) -> tuple[Event, ...]:
        self.answers.calls[dotted] = self._known.called(absolute(dotted, self._package))
        return self.answers.calls[dotted]


def absolute(dotted: str, package: str) -> str:
    """Return the name of a module, or of something in it, that may be relative to a package."""
    if not dotted.startswith("."):
        return dotted
    rest = dotted.lstrip(".")
    above = package.split(".")[: len(package.split(".")) - (len(dotted) - len(rest) - 1)]
    return ".".join([*above, rest]).strip(".")


# -- going through a module ----------------------------------------------------------------------------


def _units(source: ModuleText) -> Iterator[Unit]:
    cell = Cell(
        index=0, role=Role.STEP, source=source.text, step="module", body=source.text, python=source.text
    )
    for number, node in enumerate(_run_at_import(parse_or_empty(source.text).body)):
        yield Unit(number, cell, node, "module")


def _run_at_import(body: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    """Leave out what an import does not run: `if __name__ == "__main__":`, `if TYPE_CHECKING:`."""
    for node in body:
        if isinstance(node, ast.If) and ast.unparse(node.test) in _NEVER:
            yield from _run_at_import(node.orelse)
        else:
            yield node


def _calls(units: list[Unit]) -> Iterator[tuple[str, Unit]]:
    """Yield for each function and class a statement that calls it with anything."""
    number = len(units)
    for unit in units:
        if isinstance(unit.node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            call = parse_or_empty(f"{unit.node.name}(*_, **_)").body[0]
            for node in ast.walk(call):
                ast.copy_location(node, unit.node)
            yield unit.node.name, Unit(number, unit.cell, call, "module")
            number += 1


def _others(interpreter: Interpreter, package: str) -> Iterator[tuple[str, str]]:
    for name, value in interpreter.env.items():
        if value.kind is Kind.LIBRARY and value.what:
            yield name, absolute(value.what, package)


def _events(seen: Observed, package: str) -> Iterator[Event]:
    """Yield the events of one statement that an import runs."""
    effects, node = seen.effects, seen.unit.node
    for name in sorted({*_imported(node), *(absolute(n, package) for n in effects.imports)}):
        yield Event("import", absolute(name, package), node.lineno)
    yield from _of_generators(seen)
    kept = bool(effects.binds or effects.changes or effects.session)
    for one in effects.volatile:
        yield Event("clock", one.what, one.place.line, kept=kept)
    yield from _of_settings(seen)
    yield from _of_files(seen)
    for name in sorted(effects.environment):
        yield Event("environment", name, node.lineno)
    if effects.shows:
        yield Event("show", "", node.lineno)


def _of_call(seen: Observed, *, interpreter: Interpreter, package: str) -> Iterator[Event]:
    """Yield the events of a call that the run does not see by itself."""
    functions = interpreter.functions
    bodies = [functions[ident].node for ident in seen.effects.reached if ident in functions]
    names = [name for body in bodies for node in ast.walk(body) for name in _members(node)]
    for name in sorted({absolute(name, package) for name in (*seen.effects.imports, *names)}):
        yield Event("import", name, seen.unit.node.lineno)
    yield from _of_generators(seen)
    yield from (event for event in _of_settings(seen) if event.what != "warnings")
    yield from _of_files(seen)


def _imported(node: ast.stmt) -> Iterator[str]:
    """Yield `m.n` for `from m import n`, which may be a module, where an import runs it."""
    pending: list[ast.AST] = [node]
    while pending:
        inner = pending.pop()
        yield from _members(inner)
        if not isinstance(inner, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            pending += ast.iter_child_nodes(inner)


def _members(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.ImportFrom):
        base = "." * node.level + (node.module or "")
        dot = "" if base.endswith(".") else "."
        yield from (f"{base}{dot}{alias.name}" for alias in node.names if alias.name != "*")


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


def _is_file(name: str) -> bool:
    return name.startswith(FILE) and name != ANY_FILE and "*" not in name and "?" not in name
