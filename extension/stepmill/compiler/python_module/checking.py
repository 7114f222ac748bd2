"""A look at the finished module: whatever is wrong here is a mistake of ours, and no module leaves."""

from __future__ import annotations

import symtable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from stepmill.compiler.python_module.layout import Layout


class ExportBugError(Exception):
    """The module does not say what was meant: our mistake."""


def check_module(text: str, layout: Layout, local: Collection[str], parameters: Collection[str]) -> None:
    """Compile the module, and ask Python where each name of its functions lives.

    Raises
    ------
    ExportBugError
        It does not compile, or a name is not where the layout has put it.
    """
    try:
        compile(text, "<module>", "exec")
        top = symtable.symtable(text, "<module>", "exec")
    except SyntaxError as error:
        raise ExportBugError(f"the module has a syntax error in line {error.lineno}: {error.msg}") from error
    functions = {table.get_name(): table for table in top.get_children()}
    for segment in layout.segments:
        if segment.name:
            for message in _misplaced(functions[segment.name], layout, local):
                raise ExportBugError(message)
    del parameters


def _misplaced(table: symtable.SymbolTable, layout: Layout, local: Collection[str]) -> Iterator[str]:
    for symbol in table.get_symbols():
        name = symbol.get_name()
        if name in layout.shared and not symbol.is_global():
            yield f"{name} should be a module global in {table.get_name()}"
        if name in local and not symbol.is_local():
            yield f"{name} should be local in {table.get_name()}"
    for inner in table.get_children():
        yield from _misplaced_inside(inner, layout, local, table.get_name())


def _misplaced_inside(
    table: symtable.SymbolTable, layout: Layout, local: Collection[str], function: str
) -> Iterator[str]:
    """Inside of functions and classes a name of a step is free, unless it is theirs."""
    for symbol in table.get_symbols():
        name = symbol.get_name()
        if name in local and symbol.is_global() and not symbol.is_declared_global():
            yield f"{name} should be seen in {function} by the code inside"
        if name in layout.shared and symbol.is_free():
            yield f"{name} should be a module global inside of {function}"
    for inner in table.get_children():
        yield from _misplaced_inside(inner, layout, local, function)
