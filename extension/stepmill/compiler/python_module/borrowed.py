"""Names of the standard library that the module needs for itself, kept clear of the notebook's names."""

from __future__ import annotations

import ast
import builtins
import keyword
from typing import TYPE_CHECKING

from stepmill.compiler.python_module.scopes import Access

if TYPE_CHECKING:
    from collections.abc import Iterable

    from stepmill.compiler.python_module.statements import Statement

ImportKey = tuple[str, str, str]
"""(module, attribute or "", bound name)."""


class Names:
    """Which names are free, and what was borrowed.

    `everywhere` are all identifiers of the notebook's code, also those inside of its functions.
    """

    def __init__(self, statements: Iterable[Statement], parameters: Iterable[str]) -> None:
        statements = list(statements)
        self.everywhere: set[str] = set(parameters)
        self.shadowed: set[str] = set()  # built-in names that the notebook rebinds
        self.borrowed: set[ImportKey] = set()
        self._bound: dict[str, set[ImportKey | None]] = {}
        for name in parameters:
            self._bound.setdefault(name, set()).add(None)
        for statement in statements:
            self._read(statement)
        self.shadowed = {name for name in self._bound if hasattr(builtins, name)}

    def _read(self, statement: Statement) -> None:
        for node in ast.walk(statement.node):
            self.everywhere |= identifiers(node)
        own = imported(statement.node)
        for use in statement.walk.uses:
            if use.access is not Access.READ:
                keys = {key for key in own if key[2] == use.name and use.node is statement.node}
                self._bound.setdefault(use.name, set()).update(keys or {None})

    def borrow(self, module: str, attribute: str = "", alias: str = "") -> str:
        """Return the name under which the module can use `import module`, or `from module import attribute`.

        `alias` is the name to prefer.
        """
        for key in self.borrowed:
            if key[:2] == (module, attribute):
                return key[2]
        name = alias or attribute or module
        while not self._is_free(name, (module, attribute, name)):
            name += "_"
        self.borrowed.add((module, attribute, name))
        self.everywhere.add(name)
        return name

    def _is_free(self, name: str, key: ImportKey) -> bool:
        if name in self._bound:
            return self._bound[name] == {key}
        return name not in self.everywhere

    def fresh(self, name: str, suffix: str = "") -> str:
        """Return `name`, changed as far as needed to be nobody's, and take it."""
        candidate, number = name, 1
        while (
            candidate in self.everywhere or hasattr(builtins, candidate)
            or keyword.iskeyword(candidate) or keyword.issoftkeyword(candidate)
        ):  # fmt: skip
            candidate = f"{name}{suffix}" if number == 1 and suffix else f"{name}{suffix}_{number}"
            number += 1
        self.everywhere.add(candidate)
        return candidate


def identifiers(node: ast.AST) -> set[str]:
    """Return the names that stand in one node itself; attributes do not count."""
    match node:
        case ast.Name(id=name) | ast.arg(arg=name):
            return {name}
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            return {name}
        case ast.alias(name=name, asname=asname):
            return {asname or name.partition(".")[0]}
        case ast.Global(names=names) | ast.Nonlocal(names=names):
            return set(names)
        case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
            return {name}
        case ast.MatchMapping(rest=str(name)):
            return {name}
    return set()


def imported(node: ast.stmt) -> list[ImportKey]:
    """Return what an import statement binds; `import a.b` binds `a`."""
    if isinstance(node, ast.Import):
        return [
            (a.name, "", a.asname) if a.asname else (a.name, "", a.name.partition(".")[0]) for a in node.names
        ]
    if isinstance(node, ast.ImportFrom):
        module = "." * node.level + (node.module or "")
        return [(module, a.name, a.asname or a.name) for a in node.names]
    return []
