"""What the project's own modules do when they are imported, and their functions when they are called.

A module is gone through as a notebook is, in a namespace of its own, and never run. What comes of it are
*events*: that a generator is seeded or drawn from, a setting made, a file written, the clock asked. The
functions and methods are gone through when somebody asks for them.
"""

from __future__ import annotations

import ast
import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from stepmill.analysis.interpreter import interpret
from stepmill.analysis.memory import Look
from stepmill.analysis.own_events import HELPER, Event, absolute, of_call, of_import
from stepmill.analysis.own_steadiness import unsteady_names
from stepmill.analysis.units import Unit
from stepmill.analysis.values import Kind, Value
from stepmill.model.cell import Cell, Role
from stepmill.model.own_module import ModuleText
from stepmill.syntax import parse_or_empty

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from stepmill.analysis.interpreter import Interpreter, Observed

MOST_READ = 128
"""Modules of which is remembered what they do."""
_DEEPEST = 12
"""Modules that call each other's functions in a row."""
_NEVER = ("__name__ == '__main__'", "'__main__' == __name__", "TYPE_CHECKING", "typing.TYPE_CHECKING")
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


class Reading(NamedTuple):
    """A module: what importing it does in this order, and what its names are.

    `functions` and `methods` ("Class.method") can be asked for by `OwnModules.called`; `properties` are
    methods that reading an attribute may call. `classes` have the dotted names of their bases. `others` are
    its names for what other modules have; an instance of a class is "module.Class()". `rebound` are names
    that its functions may bind anew. `unsteady` are names whose values cannot come out the same in two
    processes, each with the modules where that begins; "*" stands for all.
    """

    name: str
    path: str
    events: tuple[Event, ...]
    functions: frozenset[str]
    methods: frozenset[str]
    properties: frozenset[str]
    classes: tuple[tuple[str, tuple[str, ...]], ...]
    others: tuple[tuple[str, str], ...]
    rebound: frozenset[str]
    unsteady: tuple[tuple[str, frozenset[str]], ...]


class OwnModules:
    """Answers what own modules do. What has been read is remembered as long as the texts are the same."""

    def __init__(
        self,
        sources: Callable[[str], ModuleText | None],
        names: Callable[[str], frozenset[str] | None],
        is_local: Callable[[str], bool],
        differing: Iterable[tuple[str, str]] = (),
    ) -> None:
        """`differing` are modules, each with a name of it that runs have seen to be another one each time."""
        self._sources = sources
        self._differing = tuple(differing)
        self.names = names
        self.is_local = is_local
        self._readings: dict[str, Reading | None] = {}
        self._calls: dict[str, tuple[Event, ...]] = {}
        self._under_way: list[str] = []

    def imported(self, dotted: str) -> Reading | None:
        """Return what there is to know of a module; None if it is not the project's own."""
        if dotted not in self._readings:
            source = self._sources(dotted)
            self._readings[dotted] = None  # a circle of modules that call each other while they are imported
            if source is not None and len(self._under_way) < _DEEPEST:
                with self._going_into(dotted):
                    self._readings[dotted] = _module(source, self).reading
        return self._readings[dotted]

    def all_unsteady(self) -> tuple[str, ...]:
        """Return "module:name" of what is known to be another one each time, of all modules read so far."""
        readings = [reading for reading in self._readings.values() if reading is not None]
        return tuple(sorted(f"{one.name}:{name}" for one in readings for name, _ in one.unsteady))

    def texts(self) -> Iterator[str]:
        """Yield the texts of the modules read so far."""
        for name, reading in self._readings.items():
            source = self._sources(name) if reading is not None else None
            if source is not None:
                yield source.text

    def differing(self, module: str) -> frozenset[str]:
        """Return the names of a module of which runs have seen that they differ from process to process."""
        return frozenset(name.partition(".")[0] for one, name in self._differing if one == module)

    def called(self, dotted: str) -> tuple[Event, ...]:
        """Return what calling a function, class or method of an own module does.

        `module.f()` is what is called that calling `module.f` has returned.
        """
        if dotted not in self._calls:
            self._calls[dotted] = ()  # functions that call each other
            owner = self._resolved(dotted, set())
            source = self._sources(owner[0]) if owner is not None else None
            if owner is not None and source is not None and len(self._under_way) < _DEEPEST:
                with self._going_into(owner[0]):
                    self._calls[dotted] = _module(source, self).calling(owner[1], self)
        return self._calls[dotted]

    def executed(self, text: str) -> tuple[Event, ...]:
        """Return what code does that is executed with names of its own: like a module of that text."""
        if len(self._under_way) >= _DEEPEST:
            return ()
        with self._going_into(text):
            return _module(ModuleText("builtins", "", "", "", text), self).reading.events

    def unsteady(self, dotted: str) -> frozenset[str]:
        """Return the modules that make this name of an own module another one in each process."""
        reading, rest = self._split(dotted.removesuffix("()"))
        if reading is None:
            return frozenset()
        known = dict(reading.unsteady)
        if not rest:
            return frozenset[str]().union(*known.values())
        return known.get(rest[0], frozenset()) | known.get("*", frozenset())

    def named(self, dotted: str) -> str:
        """Return the library's name of what an own module has from a library, "" for its own.

        After `import numpy as np` in `tools`, `tools.np.sum` is `numpy.sum`. What a function of the module
        may rebind is nobody's.
        """
        met = set[str]()
        while dotted not in met:
            met.add(dotted)
            reading, rest = self._split(dotted)
            if reading is None:
                return dotted if len(met) > 1 else ""
            other = dict(reading.others).get(rest[0], "") if rest and rest[0] not in reading.rebound else ""
            if not other or other.endswith("()"):
                return ""
            dotted = ".".join([other, *rest[1:]])
        return ""

    def _going_into(self, module: str) -> _Inside:
        return _Inside(self._under_way, module)

    def _resolved(self, dotted: str, met: set[str]) -> tuple[str, str] | None:
        """Return the module, and the function or method of it, that a dotted name stands for."""
        if dotted in met or len(met) > _DEEPEST:
            return None
        met.add(dotted)
        result = "()" if dotted.endswith("()") else ""
        reading, rest = self._split(dotted.removesuffix("()"))
        if reading is None or not rest:
            return None
        name = ".".join(rest)
        if name in reading.functions or name in reading.methods:
            return reading.name, name + result
        head, *more = rest
        bases = dict(reading.classes).get(head)
        if bases is not None:
            places = [f"{base}.{one}" for one in more for base in bases] or [f"{head}.__init__"]
        else:
            other = dict(reading.others).get(head, "")
            made = other.endswith("()")
            places = [".".join([other.removesuffix("()"), *(more or ["__call__"] * made)]) + result]
        found = (self._resolved(place, met) for place in places if place.strip("."))
        return next((one for one in found if one is not None), None)

    def _split(self, dotted: str) -> tuple[Reading | None, list[str]]:
        """Return the own module in which to look for a name, and what to look for."""
        parts = dotted.split(".")
        if not self.is_local(parts[0]) and self.imported(parts[0]) is None:
            return None, parts
        last: tuple[Reading | None, list[str]] = (None, parts)
        for end in range(1, len(parts) + 1):
            reading = self.imported(".".join(parts[:end]))
            if reading is not None:
                last = (reading, parts[end:])
                if parts[end:] and _knows(reading, parts[end]) and not _is_module(reading, parts[end:]):
                    break
        return last


def _knows(reading: Reading, name: str) -> bool:
    return name in reading.functions or name in dict(reading.classes) or name in dict(reading.others)


def _is_module(reading: Reading, rest: list[str]) -> bool:
    """Tell whether a package's name is rather that of a module in it: `from .build import build`."""
    inner = f"{reading.name}.{rest[0]}"
    return dict(reading.others).get(rest[0], "").startswith(f"{inner}.") and len(rest) > 1


class _Inside:
    """Code that is gone through for somebody who asked."""

    def __init__(self, under_way: list[str], module: str) -> None:
        self._under_way, self._module = under_way, module

    def __enter__(self) -> None:
        _lock.acquire()
        self._under_way.append(self._module)

    def __exit__(self, *_error: object) -> None:
        self._under_way.pop()
        _lock.release()


_lock = threading.RLock()
"""What is remembered of a module is brought up to date while it is used."""


# -- what is remembered ----------------------------------------------------------------------------------


class _Answers(NamedTuple):
    """What a module's own code asked about others: what it does hangs on that too."""

    names: dict[str, frozenset[str] | None]
    calls: dict[str, tuple[Event, ...]]
    unsteady: dict[str, frozenset[str]]
    named: dict[str, str]

    def holds(self, within: _Within) -> bool:
        """Tell whether the answers are the same now."""
        names = all(within.names(module) == then for module, then in self.names.items())
        calls = names and all(within.called(dotted) == then for dotted, then in self.calls.items())
        named = calls and all(within.named(dotted) == then for dotted, then in self.named.items())
        return named and all(within.unsteady(dotted) == then for dotted, then in self.unsteady.items())


class _Within:
    """What a module's own code asks about others: imports are left to who imports the module."""

    def __init__(self, known: OwnModules, package: str) -> None:
        self._known = known
        self._package = package
        self.answers = _Answers({}, {}, {}, {})

    def names(self, module: str) -> frozenset[str] | None:
        self.answers.names[module] = self._known.names(absolute(module, self._package))
        return self.answers.names[module]

    def imported(self, _dotted: str) -> Reading | None:
        return None

    def called(self, dotted: str) -> tuple[Event, ...]:
        self.answers.calls[dotted] = self._known.called(absolute(dotted, self._package))
        return self.answers.calls[dotted]

    def executed(self, text: str) -> tuple[Event, ...]:
        return self._known.executed(text)

    def named(self, dotted: str) -> str:
        self.answers.named[dotted] = self._known.named(absolute(dotted, self._package))
        return self.answers.named[dotted]

    def unsteady(self, dotted: str) -> frozenset[str]:
        self.answers.unsteady[dotted] = self._known.unsteady(absolute(dotted, self._package))
        return self.answers.unsteady[dotted]


@dataclass(slots=True)
class _Module:
    """A module that has been gone through; its functions are when they are asked for."""

    source: ModuleText
    reading: Reading
    answers: _Answers
    units: list[Unit]
    look: Look
    calls: dict[str, tuple[tuple[Event, ...], _Answers]] = field(default_factory=dict)

    def calling(self, name: str, known: OwnModules) -> tuple[Event, ...]:
        """Return the events of calling a function, class or method of it."""
        within = _Within(known, self.source.package)
        done = self.calls.get(name)
        if done is not None and done[1].holds(within):
            return done[0]
        if name.endswith("()") and not _makes_functions(name.removesuffix("()"), self.units):
            return ()
        within = _Within(known, self.source.package)
        call = _call(name, self.units)
        interpreter, observed = _gone_through([*self.units, *call], self.source, within, self.look)
        events = tuple(of_call(observed[call[-1].index], interpreter, self.source.package))
        self.calls[name] = (events, within.answers)
        return events


_memory: OrderedDict[tuple[str, str, str, frozenset[str]], _Module] = OrderedDict()


def _module(source: ModuleText, known: OwnModules) -> _Module:
    key = (source.name, source.file, source.text, known.differing(source.name))
    kept = _memory.get(key)
    if kept is None or not kept.answers.holds(_Within(known, source.package)):
        kept = _memory[key] = _read(source, known)
        while len(_memory) > MOST_READ:
            _memory.popitem(last=False)
    return kept


# -- going through a module ------------------------------------------------------------------------------


def _read(source: ModuleText, known: OwnModules) -> _Module:
    within, look = _Within(known, source.package), Look()
    units = list(_units(source))
    interpreter, observed = _gone_through(units, source, within, look)
    package, differing = source.package, known.differing(source.name)
    definitions = [unit.node for unit in units]
    classes = [node for node in definitions if isinstance(node, ast.ClassDef)]
    reading = Reading(
        name=source.name,
        path=source.path,
        events=(
            *(e for unit in units for e in of_import(observed[unit.index], interpreter, package)),
            *(Event("differs", name, _line_of(name, observed), kept=True) for name in sorted(differing)),
        ),
        functions=frozenset(
            node.name for node in definitions if isinstance(node, (*_FUNCTIONS, ast.ClassDef))
        ),
        methods=frozenset(f"{node.name}.{one.name}" for node in classes for one in _methods(node)),
        properties=frozenset(one.name for node in classes for one in _methods(node) if one.decorator_list),
        classes=tuple((node.name, tuple(_bases(node, source, interpreter))) for node in classes),
        others=tuple(_others(interpreter, source)),
        rebound=frozenset(_rebound(source)),
        unsteady=unsteady_names(observed.values(), interpreter, source, within.unsteady, differing),
    )
    return _Module(source, reading, within.answers, units, look)


def _rebound(source: ModuleText) -> Iterator[str]:
    for node in ast.walk(parse_or_empty(source.text)):
        if isinstance(node, ast.Global):
            yield from node.names


def _line_of(name: str, observed: dict[int, Observed]) -> int:
    """Return the line of the statement that gives a name to the module, 1 if none is seen to."""
    lines = [o.unit.node.lineno for o in observed.values() if name in (*o.effects.binds, *o.effects.changes)]
    return lines[-1] if lines else 1


def _gone_through(
    units: list[Unit], source: ModuleText, within: _Within, look: Look
) -> tuple[Interpreter, dict[int, Observed]]:
    return interpret(
        units, modules=within.names, is_local=within._known.is_local, own=within, file=source.file, look=look
    )


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


def _call(name: str, units: list[Unit]) -> list[Unit]:
    """Return statements of which the last one calls what has this name, with anything."""
    called, _, method = name.removesuffix("()").partition(".")
    texts = [f"{HELPER}made = {called}(*_, **_)"] if method else []
    texts.append(f"{HELPER}made.{method}(*_, **_)" if method else f"{called}(*_, **_)")
    texts[-1] += "(*_, **_)" if name.endswith("()") else ""
    place = _definition(name.removesuffix("()"), units)
    found = []
    for number, text in enumerate(texts, start=len(units)):
        node = parse_or_empty(text).body[0]
        for inner in ast.walk(node):
            ast.copy_location(inner, place)
        found.append(Unit(number, units[0].cell, node, "module"))
    return found


def _definition(name: str, units: list[Unit]) -> ast.AST:
    """Return the last definition of a function, class or "Class.method"."""
    called, _, method = name.partition(".")
    nodes = [unit.node for unit in units if getattr(unit.node, "name", "") == called]
    inner = [one for one in getattr(nodes[-1], "body", ()) if getattr(one, "name", "") == method]
    return inner[-1] if method and inner else nodes[-1]


def _makes_functions(name: str, units: list[Unit]) -> bool:
    inner = ast.walk(_definition(name, units))
    return sum(isinstance(node, (*_FUNCTIONS, ast.Lambda)) for node in inner) > 1


def _methods(node: ast.ClassDef) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    yield from (one for one in node.body if isinstance(one, _FUNCTIONS))


def _bases(node: ast.ClassDef, source: ModuleText, interpreter: Interpreter) -> Iterator[str]:
    for base in node.bases:
        if isinstance(base, ast.Name) and base.id in interpreter.env:
            yield _dotted(interpreter.env[base.id], source, interpreter)
        elif isinstance(base, ast.Attribute):
            owner = interpreter.env.get(base.value.id) if isinstance(base.value, ast.Name) else None
            if owner is not None and owner.what:
                yield absolute(f"{owner.what}.{base.attr}", source.package)


def _others(interpreter: Interpreter, source: ModuleText) -> Iterator[tuple[str, str]]:
    for name, value in interpreter.env.items():
        if name.startswith(HELPER):
            continue
        dotted = _dotted(value, source, interpreter)
        if dotted and dotted != f"{source.name}.{name}":
            yield name, dotted


def _dotted(value: Value, source: ModuleText, interpreter: Interpreter) -> str:
    """Return the dotted name by which what a name is can be asked for; "" if by none."""
    infos: Any = interpreter.classes if value.kind in (Kind.CLASS, Kind.INSTANCE) else interpreter.functions
    if value.kind in (Kind.MODULE, Kind.LIBRARY):
        return absolute(value.what, source.package)
    if value.kind is Kind.OBJECT and value.what:
        return f"{absolute(value.what, source.package)}()"
    if value.kind in (Kind.CLASS, Kind.FUNCTION, Kind.INSTANCE) and value.what in infos:
        made = "()" if value.kind is Kind.INSTANCE else ""
        return f"{source.name}.{infos[value.what].name}{made}"
    return ""
