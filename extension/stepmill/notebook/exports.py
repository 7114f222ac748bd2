"""The names that `from module import *` binds, found by reading: the module is not run.

Compiled modules of the standard library (`math`) are imported, which has no effect; those whose
`__all__` is computed (`os`) are asked in a child interpreter.
"""

from __future__ import annotations

import ast
import importlib
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from stepmill.notebook.finding import Module, SearchPath, is_local
from stepmill.syntax import FAILURES, parse

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_Names = frozenset[str]
_LOUD = ("antigravity", "this", "idlelib")  # importing them shows something
_QUESTION = """
import sys
names = {}
exec(f"from {sys.argv[1]} import *", names)
print(*(set(names) - {"__builtins__"}))
"""


def exported_names(dotted: str, search: SearchPath) -> frozenset[str] | None:
    """Return what a star import of `dotted` binds; None if reading does not tell."""
    names = _exports(dotted, search, frozenset())
    if names is None and _from_standard_library(dotted, search):
        return _asked(dotted)
    return names


def _from_standard_library(dotted: str, search: SearchPath) -> bool:
    top = dotted.partition(".")[0]
    if top not in sys.stdlib_module_names or top in _LOUD:
        return False
    module = search.find(top)
    return module is not None and (module.source is None or not is_local(module.source))


@cache
def _asked(dotted: str) -> _Names | None:
    """Import a module of the standard library in a child interpreter and return its public names."""
    asked = subprocess.run(
        [sys.executable, "-I", "-c", _QUESTION, dotted],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return frozenset(asked.stdout.split()) if asked.returncode == 0 else None


def _exports(dotted: str, search: SearchPath, seen: frozenset[str]) -> _Names | None:
    if dotted in seen:
        return frozenset()  # a circle of star imports adds nothing new
    module = search.find(dotted)
    if module is None:
        return None
    if module.source is None:
        return _stub_all(module, search) or _compiled_names(module)
    return _Reading(module, search, seen | {dotted}).names()


def _compiled_names(module: Module) -> _Names | None:
    if not module.compiled or module.name.partition(".")[0] not in sys.stdlib_module_names:
        return None
    try:
        loaded = importlib.import_module(module.name)
    except ImportError:
        return None
    names = getattr(loaded, "__all__", None) or [name for name in vars(loaded) if name[:1] != "_"]
    return frozenset(names)


def _stub_all(module: Module, search: SearchPath) -> _Names | None:
    """Return the literal `__all__` of the type stub beside the module, as numpy ships it."""
    if module.source is not None:
        stub = module.source.with_suffix(".pyi")
    else:
        spot = search.find(module.name.rpartition(".")[0]) if "." in module.name else None
        folders = spot.locations if spot else ()
        stub = Path(folders[0], module.name.rpartition(".")[2] + ".pyi") if folders else Path("__none__.pyi")
    tree = _parse(stub)
    if tree is None:
        return None
    reading = _Reading(Module(module.name, stub, module.is_package, module.locations), search, frozenset())
    return reading.listed(tree)


def _parse(path: Path) -> ast.Module | None:
    try:
        content = path.read_bytes()
    except OSError:
        return None
    try:
        return parse(content)
    except FAILURES:
        return None


class _Reading:
    """One module's source, read for its names; thrown away afterwards."""

    def __init__(self, module: Module, search: SearchPath, seen: frozenset[str]) -> None:
        self.module = module
        self.search = search
        self.seen = seen
        self.values: dict[str, _Names] = {}  # top-level names that hold literal lists of strings
        self.modules: dict[str, str] = {}  # top-level names that hold modules

    def names(self) -> _Names | None:
        assert self.module.source is not None
        tree = _parse(self.module.source)
        if tree is None:
            return None
        listing = any("__all__" in _bound(node) for node in _statements(tree.body))
        if not listing:
            return self._public(tree)
        if (names := self.listed(tree)) is not None:
            return names
        if (names := _stub_all(self.module, self.search)) is not None:
            return names
        return self._public(tree, modules=False) if _from_globals(tree) else None

    def listed(self, tree: ast.Module) -> _Names | None:
        """Return `__all__`, put together from literals and the `__all__` of other modules; else None."""
        known = True
        for node in _statements(tree.body):
            self._note_modules(node)
            for name, value, adds in _list_changes(node):
                names = self._strings(value)
                if names is None:
                    known = known and name != "__all__"
                    self.values.pop(name, None)
                else:
                    self.values[name] = self.values.get(name, frozenset()) | names if adds else names
                    known = known or (name == "__all__" and not adds)
        return self.values.get("__all__") if known else None

    def _public(self, tree: ast.Module, *, modules: bool = True) -> _Names | None:
        found: set[str] = set()
        for node in _statements(tree.body):
            if isinstance(node, ast.Import) and not modules:
                continue
            found |= _bound(node)
            if isinstance(node, ast.Delete):
                found -= {target.id for target in node.targets if isinstance(target, ast.Name)}
            if isinstance(node, ast.ImportFrom):
                found |= self._submodule(node)
                if any(alias.name == "*" for alias in node.names):
                    names = _exports(self._absolute(node), self.search, self.seen)
                    if names is None:
                        return None
                    found |= names
        return frozenset(name for name in found if not name.startswith("_"))

    def _strings(self, node: ast.expr) -> _Names | None:
        """Evaluate an expression that gives strings: literals, sums, `set(…)`, `other.__all__`."""
        match node:
            case ast.List(elts=items) | ast.Tuple(elts=items) | ast.Set(elts=items):
                texts = [item.value for item in items if isinstance(item, ast.Constant)]
                if len(texts) == len(items) and all(isinstance(text, str) for text in texts):
                    return frozenset(map(str, texts))
            case ast.Name(id=name):
                return self.values.get(name)
            case ast.Attribute(value=ast.Name(id=name), attr="__all__") if name in self.modules:
                return _exports(self.modules[name], self.search, self.seen)
            case ast.BinOp(left=left, right=right, op=ast.Add() | ast.BitOr()):
                first, second = self._strings(left), self._strings(right)
                return None if first is None or second is None else first | second
            case ast.Call(func=ast.Name(id="list" | "set" | "sorted" | "tuple"), args=[argument]):
                return self._strings(argument)
        return None

    def _note_modules(self, node: ast.stmt) -> None:
        if isinstance(node, ast.Import):
            for alias in node.names:
                self.modules[alias.asname or alias.name] = alias.name
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                self.modules[alias.asname or alias.name] = f"{self._absolute(node)}.{alias.name}"

    def _absolute(self, node: ast.ImportFrom) -> str:
        return absolute_name(node, self.module.package)

    def _submodule(self, node: ast.ImportFrom) -> set[str]:
        """`from .sub import x` in a package binds `sub` in it as well."""
        prefix = f"{self.module.name}."
        absolute = self._absolute(node)
        if self.module.is_package and absolute.startswith(prefix):
            return {absolute.removeprefix(prefix).partition(".")[0]}
        return set()


def absolute_name(node: ast.ImportFrom, package: str) -> str:
    """Return the dotted name that a `from … import` in `package` means."""
    if not node.level:
        return node.module or ""
    base = package.split(".")[: len(package.split(".")) - node.level + 1]
    return ".".join([*base, *([node.module] if node.module else [])])


def _statements(body: Sequence[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield the statements that run when the module is imported, those in `if` and `try` included."""
    for node in body:
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            yield from _statements(node.orelse)
            continue
        yield node
        for part in ("body", "orelse", "finalbody"):
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                yield from _statements(getattr(node, part, []))
        for handler in getattr(node, "handlers", []):
            yield from _statements(handler.body)


def _bound(node: ast.stmt) -> set[str]:
    """Return the names that one statement binds, without the statements inside it."""
    match node:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            return {name}
        case ast.Import(names=aliases):
            return {alias.asname or alias.name.partition(".")[0] for alias in aliases}
        case ast.ImportFrom(names=aliases):
            return {alias.asname or alias.name for alias in aliases if alias.name != "*"}
        case ast.Assign(targets=targets):
            parts: list[ast.expr] = list(targets)
        case ast.AnnAssign(target=target, value=ast.expr()) | ast.AugAssign(target=target):
            parts = [target]
        case ast.For(target=target) | ast.AsyncFor(target=target):
            parts = [target]
        case ast.With(items=items) | ast.AsyncWith(items=items):
            parts = [item.optional_vars for item in items if item.optional_vars is not None]
        case _:
            return set()
    return {n.id for part in parts for n in ast.walk(part) if isinstance(n, ast.Name) and _stored(n)}


def _stored(node: ast.Name) -> bool:
    return isinstance(node.ctx, ast.Store)


def _list_changes(node: ast.stmt) -> Iterator[tuple[str, ast.expr, bool]]:
    """Yield (name, value, whether it is added) for statements that make or extend a list of names."""
    match node:
        case ast.Assign(targets=[ast.Name(id=name)], value=value):
            yield name, value, False
        case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
            yield name, value, False
        case ast.AugAssign(target=ast.Name(id=name), op=ast.Add(), value=value):
            yield name, value, True
        case ast.Expr(
            value=ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="extend"), args=[value])
        ):
            yield name, value, True
        case ast.Expr(
            value=ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="append"), args=[value])
        ):
            yield name, ast.List(elts=[value], ctx=ast.Load()), True
        case _ if "__all__" in _bound(node):
            yield "__all__", ast.Constant(value=None), False


def _from_globals(tree: ast.Module) -> bool:
    """`__all__ = [name for name in globals() if …]`, as tkinter has it: the public names."""
    return any(
        isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("globals", "dir")
        for statement in _statements(tree.body)
        for _, value, _ in (_list_changes(statement) if "__all__" in _bound(statement) else ())
        for node in ast.walk(value)
    )
