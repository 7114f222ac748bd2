"""Imports of the project's own modules, and calls of their functions: what they do beside giving values."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stepmill.analysis.effects import MODULE, RANDOM, Once
from stepmill.analysis.libraries import Libraries
from stepmill.analysis.values import UNKNOWN, constant
from stepmill.model.pipeline import Volatile

if TYPE_CHECKING:
    import ast
    from collections.abc import Iterable

    from stepmill.analysis.own_modules import Event, Reading

SILENT = frozenset({"import", "environment"})
"""Events that are no matter if they happen again in another process."""


class OwnCode(Libraries):
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
            self._run_module(reading, node)
        else:
            self._import_again(name, node, set())

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
        if any(event.kind not in SILENT for event in reading.events):
            self.world[f"module {reading.name}"] = "once"
            self.bind_pseudo(MODULE + reading.name, node)
        self._all_happen(reading.events, node, reading)

    def call_own(self, dotted: str, node: ast.AST) -> None:
        """Call a function of an own module."""
        events: tuple[Event, ...] = self.answer(f"call {dotted}") or ()
        self._all_happen(events, node, None)

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
        }.get(event.kind, "")
        if words:
            about = f"module `{module.name}` {words} ({module.path}, line {event.line})"
            effects.once.append(Once(event.kind, event.what, about, self.place(node)))
