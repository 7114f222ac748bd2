"""Imports of the project's own modules, and calls of their functions: what they do beside giving values."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from stepmill.analysis.effects import MODULE, RANDOM, Once
from stepmill.analysis.library_methods import LibraryMethods
from stepmill.analysis.values import UNKNOWN, Kind, Value, constant
from stepmill.model.pipeline import Volatile

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from stepmill.analysis.own_events import Event
    from stepmill.analysis.own_modules import Reading
    from stepmill.analysis.units import Unit

SILENT = frozenset({"import", "environment"})
"""Events that are no matter if they happen again in another process."""

_SEEN_BY_NOBODY = frozenset({"seed", "draw", "read", "write", "extend", "folder"})
"""Events of which a step's end does not tell."""

EVERYTHING = "*"
"""The unsteady name that stands for all of a module."""

_BINDING = (ast.Assign, ast.AnnAssign, ast.AugAssign)


class OwnCode(LibraryMethods):
    """Code of the project that stands in modules beside the notebook."""

    def import_own(self, dotted: str, node: ast.AST) -> None:
        """Import a module, and its packages: the first time in the notebook they do what they do."""
        parts = dotted.split(".")
        for end in range(1, len(parts) + 1):
            self._import_one(".".join(parts[:end]), node)

    def _import_one(self, name: str, node: ast.AST) -> None:
        known = self.world.get(f"module {name}")
        if known is None:
            reading: Reading | None = self.answer(f"import {name}")
            if reading is None:
                return
            self.world[f"module {name}"] = "plain"
            self.world["own"] = self.has_own = True
            self._run_module(reading, node)
        else:
            self._import_again(name, node, set())
        self.effects.own.add(name.partition(".")[0])

    def _import_again(self, name: str, node: ast.AST, met: set[str]) -> None:
        """Need the first imports of a module and of those that it imports: another process does them anew."""
        known = self.world.get(f"module {name}")
        if known is None or name in met:
            return
        met.add(name)
        if known == "once":
            self.need(MODULE + name, self.place(node))
        for event in self.answer(f"import {name}").events:
            if event.kind == "import":
                parts = event.what.split(".")
                for end in range(1, len(parts) + 1):
                    self._import_again(".".join(parts[:end]), node, met)

    def _run_module(self, reading: Reading, node: ast.AST) -> None:
        if any(event.kind not in SILENT for event in reading.events) or self._is_in_circle(reading.name):
            self.world[f"module {reading.name}"] = "once"
            self.bind_pseudo(MODULE + reading.name, node)
        if reading.classes:
            self.world["methods"] = (*self.world.get("methods", ()), reading.name)
        if reading.unsteady:
            self.world["unsteady"] = True
        self._all_happen(reading.events, node, reading)

    def _is_in_circle(self, name: str) -> bool:
        """Tell whether a module imports itself by others: which of them comes first can matter.

        A package is there before what is in it, whoever asks.
        """
        pending, met = [name], set[str]()
        while pending:
            module = pending.pop()
            reading = self.answer(f"import {module}")
            for event in () if reading is None else reading.events:
                if event.kind != "import" or f"{module}.".startswith(f"{event.what}."):
                    continue
                if event.what == name:
                    return True
                if event.what not in met:
                    met.add(event.what)
                    pending.append(event.what)
        return False

    def run_own(self, module: str, node: ast.AST) -> None:
        """Run an own module, again or apart: what it does when it is imported happens here."""
        reading = self.answer(f"import {module}")
        self._all_happen(() if reading is None else reading.events, node, None)

    def run_apart(self, text: str, node: ast.AST) -> None:
        """Run code with names of its own: what an own module of that text would do."""
        self._all_happen(self.answer(f"text {text}") or (), node, None)

    # -- calls ---------------------------------------------------------------------------------------

    def call_own(self, dotted: str, node: ast.AST) -> None:
        """Call a function or class of an own module."""
        self._all_happen(self.answer(f"call {dotted}") or (), node, None)

    def call_own_method(self, owner: Value, name: str, node: ast.AST) -> None:
        """Call a method of an object that may be of a class of an own module."""
        if not self.has_own:
            return
        if owner.kind is Kind.OBJECT and owner.what not in ("", "super"):
            self.call_own(f"{owner.what}.{name}", node)
        elif owner.kind in (Kind.UNKNOWN, Kind.OBJECT, Kind.INSTANCE):
            for dotted in self._methods_named(name):
                self._may_happen(dotted, node)

    def read_own_property(self, owner: Value, name: str, node: ast.AST) -> None:
        """Read an attribute of an object that may be a property of a class of an own module."""
        for module in self.world.get("methods", ()) if self.has_own else ():
            known: Reading = self.answer(f"import {module}")
            if name in known.properties:
                self.call_own_method(owner, name, node)

    def returns_own(self, dotted: str) -> bool:
        """Tell whether a function of an own module returns one that does something when it is called."""
        return self.has_own and bool(self.answer(f"call {dotted}()"))

    def construct_own(self, bases: Iterable[Value], node: ast.AST) -> None:
        """Make an instance of a class of the notebook that has its `__init__` from own modules."""
        for base in bases:
            if base.kind is Kind.LIBRARY:
                self.call_own(base.what, node)

    def own_called_back(self, values: Iterable[Value], node: ast.AST) -> None:
        """Somebody gets hold of functions, classes and objects of own modules, and may call them."""
        if not self.has_own:
            return
        for value in values:
            if value.kind is Kind.LIBRARY:
                with self.maybe():
                    self.call_own(value.what, node)
            elif value.owner is not None and value.attribute:
                with self.maybe():
                    self.call_own_method(value.owner, value.attribute, node)
            elif value.kind is Kind.OBJECT and value.what:
                module, _, name = value.what.rpartition(".")
                for dotted in self._methods_of(module, name):
                    self._may_happen(dotted, node)

    def _methods_named(self, name: str) -> Iterator[str]:
        for module in self.world.get("methods", ()):
            known = self.answer(f"import {module}").methods
            yield from sorted(f"{module}.{one}" for one in known if one.rpartition(".")[2] == name)

    def _methods_of(self, module: str, name: str) -> Iterator[str]:
        if module in self.world.get("methods", ()):
            known = self.answer(f"import {module}").methods
            yield from sorted(f"{module}.{one}" for one in known if one.partition(".")[0] == name)

    def _may_happen(self, dotted: str, node: ast.AST) -> None:
        """Suppose a call of which nobody can tell that it comes to it; what the run sees it tells."""
        events: tuple[Event, ...] = self.answer(f"call {dotted}") or ()
        with self.maybe():
            self._all_happen((event for event in events if event.kind in _SEEN_BY_NOBODY), node, None)

    # -- values that differ from process to process ----------------------------------------------------

    def use_own(self, dotted: str, node: ast.AST) -> None:  # noqa: ARG002 - where does not matter
        """Note that the statement uses a name of a module that may be another one in each process."""
        if self.has_own and "unsteady" in self.world:
            self.effects.unsteady |= self.answer(f"unsteady {dotted}") or frozenset()

    def use_all_own(self, unit: Unit) -> None:
        """Note what the statement uses by the notebook's names."""
        is_import = isinstance(unit.node, (ast.Import, ast.ImportFrom))
        if is_import or not self.has_own or "unsteady" not in self.world:
            return
        seen = self.effects.seen.items()
        modules = {name for name, value in seen if value.kind is Kind.MODULE}
        whole = modules & self._whole_names(unit) if modules else set[str]()
        for name, value in seen:
            if value.kind in (Kind.LIBRARY, Kind.OBJECT) or name in whole:
                self.use_own(value.what, unit.node)

    def _whole_names(self, unit: Unit) -> set[str]:
        """Return the names that stand in the statement, and what it calls, for more than an attribute."""
        functions = [self.functions[i].node for i in self.effects.reached if i in self.functions]
        found, parts = set[str](), set[int]()
        for top in (unit.node, *functions):
            for inner in ast.walk(top):
                if isinstance(inner, ast.Attribute):
                    parts.add(id(inner.value))
                elif isinstance(inner, ast.Name) and id(inner) not in parts:
                    found.add(inner.id)
        return found

    # -- events ----------------------------------------------------------------------------------------

    def _all_happen(self, events: Iterable[Event], node: ast.AST, module: Reading | None) -> None:
        for event in events:
            if module is not None:
                self._note_what_happens_once(event, module, node)
            if event.sure and (module is not None or not self.conditional):
                self._happen(event, node)
            else:
                with self.maybe():
                    self._happen(event, node)

    def _happen(self, event: Event, node: ast.AST) -> None:
        effects, what = self.effects, event.what
        match event.kind:
            case "import":
                effects.imports.add(what)
                self.import_own(what, node)
            case "seed":
                self.bind_pseudo(RANDOM + what, node)
            case "draw":
                self.draw(frozenset({what}), node)
            case "set":
                effects.session.append(self.place(node))
                effects.settings |= set(what.split(","))
            case "keep":
                self._keep(what, node)
            case "chdir":
                self.change_folder(UNKNOWN if what == "?" else constant(what or "."), node)
            case "clock":
                effects.volatile.append(Volatile(what=what, place=self.place(node)))
            case "read":
                self.need(what, self.place(node))
                self.know_pseudo(what)
            case "write":
                self.bind_pseudo(what, node)
            case "extend":
                self.change_pseudo(what, node)
            case "folder":
                self.bind_pseudo(what, node)
                effects.made.add(what)
                effects.folders.add(what)
            case "show":
                effects.shows += 1
            case "environment":
                effects.environment.add(what)

    def _keep(self, name: str, node: ast.AST) -> None:
        """Something stays in an own module: `settings.configure(…)` in untagged code is repeated.

        A step's end tells what it has left there. What makes a value (`df = load(…)`, with a cache) runs
        once, in the implicit step.
        """
        unit = self.unit
        if unit is not None and unit.owner is None and not isinstance(unit.node, _BINDING):
            self.effects.session.append(self.place(node))
            self.effects.kept.append(name)

    def _note_what_happens_once(self, event: Event, module: Reading, node: ast.AST) -> None:
        """Note what another process that imports the module would do again, and differently."""
        effects = self.effects
        seeded = RANDOM + event.what in effects.must
        words = {
            "draw": "" if seeded else f"draws random numbers ({event.what})",
            "clock": f"asks the {event.what}" if event.kept else "",
            "write": f"writes the file {event.what.partition(':')[2]}",
            "extend": f"changes the file {event.what.partition(':')[2]}",
            "read": f"reads the file {event.what.partition(':')[2]}",
            "differs": f"makes another `{event.what}` each time, as a run has seen",
        }.get(event.kind, "")
        if words:
            about = f"module `{module.name}` {words} ({module.path}, line {event.line})"
            whole = (
                event.kind not in ("clock", "differs")
                or (EVERYTHING, frozenset({module.name})) in module.unsteady
            )
            once = Once(event.kind, event.what, about, self.place(node), "" if whole else module.name)
            effects.once.append(once)
