"""The words that some code says, and by what it may reach things without saying their names."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stepmill.notebook.exports import absolute_name
from stepmill.notebook.known_libraries import COMPUTED_NAMES, COMPUTING_FUNCTIONS, HARMLESS_MAGICS

if TYPE_CHECKING:
    from collections.abc import Mapping

_WORD = re.compile(r"[^\W\d]\w*")
_HELD = re.compile(r"@\s*([^\W\d][\w.]*)")


@dataclass(frozen=True)
class Imports:
    """What the imports of a file bind: names, with what they may stand for; and modules taken with a star."""

    bound: Mapping[str, frozenset[str]]
    starred: frozenset[str]


@dataclass(frozen=True)
class Words:
    """Some code: the words `said`, and by what it may reach things without saying their names.

    `loose` are the dotted names that it uses other than to take an attribute; `libraries` the modules that it
    imports; `held` the words behind an @ in its strings, of a query; `computes`: it asks for names nobody
    can read.
    """

    said: frozenset[str]
    imported: frozenset[str]
    loose: frozenset[str]
    libraries: frozenset[str]
    held: frozenset[str]
    computes: bool
    imports: Imports


def words_of(node: ast.AST, imports: Imports, package: str) -> Words:
    """Return the words of some code; `imports` are those of its file, which belongs to `package`."""
    visitor = _Visitor(package)
    visitor.visit(node)
    return Words(
        said=frozenset(visitor.words | visitor.texts),
        imported=frozenset(visitor.imported),
        loose=frozenset(visitor.loose),
        imports=imports,
        libraries=frozenset(visitor.libraries),
        held=frozenset(visitor.held),
        computes=visitor.computes or not COMPUTED_NAMES.isdisjoint(visitor.words | visitor.texts),
    )


class _Visitor(ast.NodeVisitor):
    """One walk, thrown away afterwards."""

    def __init__(self, package: str) -> None:
        self.package = package
        self.words: set[str] = set()
        self.texts: set[str] = set()
        self.held: set[str] = set()
        self.imported: set[str] = set()
        self.loose: set[str] = set()
        self.libraries: set[str] = set()
        self.computes = False
        self._called: list[ast.expr] = []

    def visit_Name(self, node: ast.Name) -> None:
        self.words.add(node.id)
        self.loose.add(node.id)
        self.computes |= node.id in COMPUTING_FUNCTIONS

    def visit_Attribute(self, node: ast.Attribute) -> None:
        self.words.add(node.attr)
        self.computes |= node.attr in _EVALUATING and node not in self._called
        dotted = _dotted(node)
        if not dotted:
            self.visit(node.value)
            return
        self.words |= set(dotted.split("."))
        self.loose.add(dotted)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self.computes |= any(map(_imports_itself, node.body))  # `K.module`
        self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> None:
        value = node.value
        text = value.decode("latin-1") if isinstance(value, bytes) else value
        if isinstance(text, str):
            self.texts |= set(_WORD.findall(text))
            self.held |= {found.rpartition(".")[2] for found in _HELD.findall(text)}
            self.computes |= "module:" in text  # a backend of matplotlib's

    def visit_Expr(self, node: ast.Expr) -> None:
        if not isinstance(node.value, ast.Constant):  # a docstring tells nobody anything
            self.visit(node.value)

    def visit_Assign(self, node: ast.Assign) -> None:
        exports = [one.id for one in node.targets if isinstance(one, ast.Name)] == ["__all__"]
        names = node.value.elts if isinstance(node.value, (ast.List, ast.Tuple)) else [node.value]
        if exports and all(isinstance(one, ast.Constant) for one in names):
            self.imported |= {str(one.value) for one in names if isinstance(one, ast.Constant)}
        else:
            self.generic_visit(node)

    def visit_keyword(self, node: ast.keyword) -> None:
        self.computes |= node.arg in COMPUTED_NAMES
        self.generic_visit(node)

    def visit_Import(self, node: ast.Import) -> None:
        self.libraries |= {alias.name for alias in node.names}

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        base = absolute_name(node, self.package)
        for alias in node.names:
            self.libraries.add(base)
            self.imported.add(alias.name)
            if alias.asname not in (None, alias.name):
                self.words.add(alias.name)  # called by another name from here on
            self.libraries.add(f"{base}.{alias.name}")
            self.computes |= alias.name in COMPUTED_NAMES

    def visit_Call(self, node: ast.Call) -> None:
        if isinstance(node.func, ast.Attribute) and _evaluates_constant(node):
            self._called.append(node.func)
        if not _is_harmless_magic(node):
            self.generic_visit(node)


_EVALUATING = ("query", "eval")
"""Methods of frames that evaluate a text, which is to stand in the code."""


def _evaluates_constant(node: ast.Call) -> bool:
    texts = [*node.args[:1], *(one.value for one in node.keywords if one.arg in (None, "expr"))]
    return all(isinstance(text, ast.Constant) for text in texts)


def _imports_itself(node: ast.stmt) -> bool:
    """Tell whether a statement imports something where it stands, not in a function that it defines."""
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        return False
    inner = (one for one in ast.iter_child_nodes(node) if isinstance(one, ast.stmt))
    return isinstance(node, (ast.Import, ast.ImportFrom)) or any(map(_imports_itself, inner))


def _is_harmless_magic(node: ast.Call) -> bool:
    """Tell whether this is a magic that looks up nothing: `get_ipython().run_line_magic("matplotlib", …)`."""
    if not isinstance(node.func, ast.Attribute) or node.func.attr != "run_line_magic":
        return False
    first = node.args[0] if node.args else None
    name = first.value if isinstance(first, ast.Constant) else None
    return ast.unparse(node.func.value) == "get_ipython()" and name in HARMLESS_MAGICS


def _dotted(node: ast.expr) -> str:
    """Return `a.b.c`, "" for an attribute of something that has no name."""
    if isinstance(node, ast.Name):
        return node.id
    inner = _dotted(node.value) if isinstance(node, ast.Attribute) else ""
    return f"{inner}.{node.attr}" if inner and isinstance(node, ast.Attribute) else ""


def imports_of(tree: ast.Module, package: str) -> Imports:
    """Return what the imports of a file bind, those in its functions included."""
    bound: dict[str, set[str]] = {}
    starred: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                name = alias.asname or alias.name.partition(".")[0]
                bound.setdefault(name, set()).add(alias.name if alias.asname else name)
        elif isinstance(node, ast.ImportFrom):
            base = absolute_name(node, package)
            for alias in node.names:
                if alias.name == "*":
                    starred.add(base)
                else:
                    meant = f"{base}.{alias.name}".lstrip(".")
                    bound.setdefault(alias.asname or alias.name, set()).add(meant)
    return Imports({name: frozenset(found) for name, found in bound.items()}, frozenset(starred))
