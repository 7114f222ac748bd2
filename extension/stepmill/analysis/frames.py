"""Scopes and definitions of the notebook, as the interpreter keeps them."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stepmill.analysis.units import Unit
    from stepmill.analysis.values import Value

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


@dataclass(slots=True, eq=False)
class Frame:
    """The names of one function call, class body or comprehension."""

    names: frozenset[str]
    parent: Frame | None = None
    global_names: frozenset[str] = frozenset()
    nonlocal_names: frozenset[str] = frozenset()
    values: dict[str, Value] = field(default_factory=dict)
    returns: list[Value] = field(default_factory=list)
    class_name: str = ""  # of a class body
    node: int = 0  # in the heap, once a function has been defined inside
    unit: int = -1  # the statement in which it came to be

    @property
    def is_class(self) -> bool:
        return bool(self.class_name)

    def mangled(self, name: str) -> str:
        """Return what Python makes of `name` here: inside of a class, `__x` is `_Class__x`."""
        frame: Frame | None = self
        while frame is not None and not frame.is_class:
            frame = frame.parent
        if frame is None or not name.startswith("__") or name.endswith("__"):
            return name
        return f"_{frame.class_name.lstrip('_')}{name}"

    def home(self, name: str) -> Frame | None:
        """Return the frame that holds `name`, or None if it is a name of the notebook."""
        if name in self.global_names:
            return None
        if name in self.names and name not in self.nonlocal_names:
            return self
        frame = self.parent
        while frame is not None:
            if not frame.is_class:
                if name in frame.global_names:
                    return None
                if name in frame.names and name not in frame.nonlocal_names:
                    return frame
            frame = frame.parent
        return None

    def source(self, name: str) -> Frame | None:
        """Return the frame in which a reader finds `name`: the right one of `class C: n = n` is global."""
        home = self.home(name)
        return None if home is not None and home.is_class and name not in home.values else home


@dataclass(frozen=True, slots=True, eq=False)
class FunctionInfo:
    """A `def` or lambda. `closure` is the frame it was made in, None at the top."""

    ident: str
    name: str
    node: FunctionNode
    unit: Unit
    closure: Frame | None
    defaults: Value
    decorators: tuple[str, ...] = ()
    earlier: str = ""  # of a property's setter: the function (id) that had the name before

    def with_defaults(self, defaults: Value) -> FunctionInfo:
        return replace(self, defaults=defaults)

    def after(self, earlier: str) -> FunctionInfo:
        return replace(self, earlier=earlier)

    @property
    def is_generator(self) -> bool:
        return not isinstance(self.node, ast.Lambda) and _yields(self.node)


@dataclass(frozen=True, slots=True, eq=False)
class ClassInfo:
    """A class of the notebook: its bases and the values in its body; `inside`: a function makes it."""

    ident: str
    name: str
    node: ast.ClassDef
    unit: Unit
    bases: tuple[Value, ...]
    attributes: dict[str, Value]
    metaclass: Value | None = None
    inside: bool = False

    def with_attribute(self, name: str, value: Value) -> ClassInfo:
        return replace(self, attributes={**self.attributes, name: value})


class _Locals(ast.NodeVisitor):
    """Collect what a function body binds, not going into inner functions and classes."""

    def __init__(self) -> None:
        self.names: set[str] = set()
        self.global_names: set[str] = set()
        self.nonlocal_names: set[str] = set()

    def visit_Name(self, node: ast.Name) -> None:
        if isinstance(node.ctx, (ast.Store, ast.Del)):
            self.names.add(node.id)

    def visit_Global(self, node: ast.Global) -> None:
        self.global_names.update(node.names)

    def visit_Nonlocal(self, node: ast.Nonlocal) -> None:
        self.nonlocal_names.update(node.names)

    def visit_Import(self, node: ast.Import) -> None:
        self.names.update(alias.asname or alias.name.split(".")[0] for alias in node.names)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        self.names.update(alias.asname or alias.name for alias in node.names)

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> None:
        if node.name:
            self.names.add(node.name)
        self.generic_visit(node)

    def visit_MatchAs(self, node: ast.MatchAs) -> None:
        if node.name:
            self.names.add(node.name)
        self.generic_visit(node)

    def visit_MatchStar(self, node: ast.MatchStar) -> None:
        if node.name:
            self.names.add(node.name)

    def visit_MatchMapping(self, node: ast.MatchMapping) -> None:
        if node.rest:
            self.names.add(node.rest)
        self.generic_visit(node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self.names.add(node.name)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
        self.names.add(node.name)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self.names.add(node.name)

    def visit_Lambda(self, node: ast.Lambda) -> None:
        pass

    def _comprehension(self, node: ast.AST) -> None:
        # the targets belong to the comprehension, but a walrus inside binds outside of it
        for child in ast.walk(node):
            if isinstance(child, ast.NamedExpr):
                self.names.add(child.target.id)

    visit_ListComp = _comprehension  # noqa: N815
    visit_SetComp = _comprehension  # noqa: N815
    visit_DictComp = _comprehension  # noqa: N815
    visit_GeneratorExp = _comprehension  # noqa: N815


@lru_cache(maxsize=4096)
def local_names(node: FunctionNode | ast.ClassDef) -> tuple[frozenset[str], frozenset[str], frozenset[str]]:
    """Return (bound, global, nonlocal) names of a function's or class's own scope."""
    visitor = _Locals()
    if isinstance(node, ast.Lambda):
        visitor.visit(node.body)
    else:
        for statement in node.body:
            visitor.visit(statement)
    names = visitor.names
    if not isinstance(node, ast.ClassDef):
        names |= type_parameters(node) | set(argument_names(node.args))
    return (
        frozenset(names - visitor.global_names - visitor.nonlocal_names),
        frozenset(visitor.global_names),
        frozenset(visitor.nonlocal_names),
    )


def type_parameters(node: ast.AST) -> frozenset[str]:
    """Return the names in the brackets of `def f[T]`, `class K[T]`, `type A[T]` (Python 3.12, PEP 695)."""
    return frozenset(parameter.name for parameter in getattr(node, "type_params", ()))


def argument_names(arguments: ast.arguments) -> list[str]:
    """Return all names that the signature binds, `*args` and `**kwargs` included."""
    found = [a.arg for a in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)]
    found += [a.arg for a in (arguments.vararg, arguments.kwarg) if a is not None]
    return found


@lru_cache(maxsize=4096)
def _yields(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    pending: list[ast.AST] = list(node.body)
    while pending:
        child = pending.pop()
        if isinstance(child, (ast.Yield, ast.YieldFrom)):
            return True
        if not isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)):
            pending.extend(ast.iter_child_nodes(child))
    return False
