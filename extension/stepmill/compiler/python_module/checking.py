"""A look at the finished module: whatever is wrong here is a mistake of ours, and no module leaves."""

from __future__ import annotations

import ast
import symtable
import sys
from typing import TYPE_CHECKING

from stepmill.syntax import parse

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from stepmill.compiler.python_module.layout import Layout

INLINES: bool = sys.version_info >= (3, 12)
"""What a comprehension binds counts to the function around it (PEP 709)."""


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
    inlined = _inlined(text)
    for segment in layout.segments:
        if segment.name:
            for message in _misplaced(functions[segment.name], layout, local, inlined):
                raise ExportBugError(message)
    del parameters


def _inlined(text: str) -> set[str]:
    """Return the names that comprehensions bind, if they are counted to the functions around them."""
    if not INLINES:
        return set()
    loops = (node for node in ast.walk(parse(text)) if isinstance(node, ast.comprehension))
    return {node.id for loop in loops for node in ast.walk(loop.target) if isinstance(node, ast.Name)}


def _misplaced(
    table: symtable.SymbolTable, layout: Layout, local: Collection[str], inlined: Collection[str]
) -> Iterator[str]:
    for symbol in table.get_symbols():
        name = symbol.get_name()
        if name in layout.shared and not symbol.is_global() and name not in inlined:
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
