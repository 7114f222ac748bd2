"""Python's own scoping rules, read from the syntax: which names are global to the notebook, and whether
they are used at once or later (inside of a function, a lambda, a generator).
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


class Access(Enum):
    """What code does with a name."""

    READ = auto()
    BIND = auto()
    DELETE = auto()


@dataclass(frozen=True, slots=True, eq=False)
class Use:
    """One use of a global name. `later`: inside of code that runs when it is called.

    `in_class`: read in the body of a class that binds the name itself. `scope` resolves other names
    as they are seen there; `call` is the call of which the name is the function.
    """

    name: str
    access: Access
    node: ast.AST
    later: bool
    scope: Scope
    in_class: bool = False
    call: ast.Call | None = None
    simple: bool = False  # bound by `name = …` at the top
    text: bool = False  # read by name from within a text: `df.query("age > @limit")`


@dataclass(slots=True, eq=False)
class Scope:
    """A scope of Python. `bound`: its own names; the top scope's are the notebook's."""

    kind: str  # "top", "function", "lambda", "comprehension", "generator", "class"
    parent: Scope | None = None
    bound: set[str] = field(default_factory=set)
    global_names: set[str] = field(default_factory=set)
    outer_names: set[str] = field(default_factory=set)
    class_name: str = ""

    def is_global(self, name: str) -> bool:
        """Tell whether `name`, used here, is the notebook's."""
        scope: Scope | None = self
        while scope is not None and scope.kind != "top":
            if name in scope.global_names:
                return True
            visible = scope.kind != "class" or scope is self
            if visible and name in scope.bound and name not in scope.outer_names:
                return False
            scope = scope.parent
        return True

    def mangled(self, name: str) -> str:
        """Return the name that `__name` is inside of a class."""
        if not name.startswith("__") or name.endswith("__") or "." in name:
            return name
        scope: Scope | None = self
        while scope is not None:
            if scope.kind == "class":
                bare = scope.class_name.lstrip("_")
                return f"_{bare}{name}" if bare else name
            scope = scope.parent
        return name

    @property
    def is_later(self) -> bool:
        scope: Scope | None = self
        while scope is not None:
            if scope.kind in ("function", "lambda", "generator"):
                return True
            scope = scope.parent
        return False


def is_generator(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Tell whether calling the function makes a generator."""
    waiting: list[ast.AST] = list(node.body)
    while waiting:
        part = waiting.pop()
        if isinstance(part, ast.Yield | ast.YieldFrom):
            return True
        if not isinstance(part, (*FUNCTIONS, ast.Lambda, ast.ClassDef, ast.GeneratorExp)):
            waiting.extend(ast.iter_child_nodes(part))
    return False


def collect(scope: Scope, body: Iterable[ast.AST]) -> None:
    """Find the names that a function or class body binds, and those it declares to be others'."""
    waiting = list(body)
    while waiting:
        node = waiting.pop()
        match node:
            case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
                scope.bound.add(scope.mangled(name))
            case ast.Global(names=names):
                scope.global_names.update(map(scope.mangled, names))
            case ast.Nonlocal(names=names):
                scope.outer_names.update(names)
            case (
                ast.ExceptHandler(name=str(name))
                | ast.MatchAs(name=str(name))
                | ast.MatchStar(name=str(name))
            ):
                scope.bound.add(scope.mangled(name))
            case ast.MatchMapping(rest=str(name)):
                scope.bound.add(scope.mangled(name))
            case ast.Import(names=names) | ast.ImportFrom(names=names):
                scope.bound |= {scope.mangled(a.asname or a.name.partition(".")[0]) for a in names}
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                scope.bound.add(scope.mangled(node.name))
                waiting.extend((*node.decorator_list, *node.args.defaults))
                waiting.extend(default for default in node.args.kw_defaults if default is not None)
            case ast.ClassDef():
                scope.bound.add(scope.mangled(node.name))
                waiting.extend((*node.decorator_list, *node.bases, *node.keywords))
            case ast.Lambda():
                waiting.extend(d for d in (*node.args.defaults, *node.args.kw_defaults) if d is not None)
            case ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
                waiting.append(node.generators[0].iter)
                scope.bound |= {n.target.id for n in ast.walk(node) if isinstance(n, ast.NamedExpr)}
            case _:
                waiting.extend(ast.iter_child_nodes(node))


def targets(target: ast.expr) -> set[str]:
    """Return the names that a target binds."""
    return {n.id for n in ast.walk(target) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}


def arguments_of(arguments: ast.arguments) -> list[ast.arg]:
    """Return all parameters of a signature."""
    found = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    return [*found, *(a for a in (arguments.vararg, arguments.kwarg) if a is not None)]
