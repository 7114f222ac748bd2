"""Imports of own modules that may not move: an exported file has all its imports at the top."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from stepmill.analysis.own_code import SILENT
from stepmill.analysis.units import units_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stepmill.analysis.own_modules import OwnModules
    from stepmill.model.cell import Notebook
    from stepmill.model.diagnostic import Place


def bound_to_their_place(notebook: Notebook, own: OwnModules) -> Iterator[tuple[str, Place]]:
    """Yield the own modules whose import does something that code above it would see if it moved.

    What changes where modules or files are found may not even stand beside other imports.
    """
    known: set[str] = set()
    on_top = True
    for unit in units_of(notebook):
        is_import = isinstance(unit.node, (ast.Import, ast.ImportFrom))
        for name in _imports(unit.node):
            kinds = set(_kinds(name, own, known))
            if "place" in kinds or (kinds and not on_top):
                yield name, unit.place(unit.node)
        on_top = on_top and is_import


def _imports(node: ast.stmt) -> Iterator[str]:
    for inner in ast.walk(node):
        if isinstance(inner, ast.Import):
            yield from (alias.name for alias in inner.names)
        elif isinstance(inner, ast.ImportFrom) and inner.module and not inner.level:
            yield inner.module
            yield from (f"{inner.module}.{alias.name}" for alias in inner.names)


def _kinds(dotted: str, own: OwnModules, known: set[str]) -> Iterator[str]:
    """Yield what importing a module for the first time does, that of the modules it imports too."""
    parts = dotted.split(".")
    for end in range(1, len(parts) + 1):
        name = ".".join(parts[:end])
        reading = None if name in known else own.imported(name)
        known.add(name)
        for event in reading.events if reading is not None else ():
            if event.kind == "import":
                yield from _kinds(event.what, own, known)
            elif event.kind == "chdir" or (event.kind == "set" and "sys" in event.what.split(",")):
                yield "place"
            elif event.kind not in SILENT:
                yield event.kind
