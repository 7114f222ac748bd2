"""What pieces of notebook code do to its global names, in the order in which they run."""

from __future__ import annotations

import ast
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

from stepmill.compiler.python_module.scopes import Access, Scope, Use, arguments_of, collect, targets
from stepmill.syntax import TABLE

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

AT_NAME = re.compile(r"@([^\W\d]\w*)")
_NAME = re.compile(r"(?<![\w.])[^\W\d]\w*")
_SWALLOWERS = frozenset({"suppress", "raises", "ExitStack", "AsyncExitStack", "timeout", "timeout_at"})
_AWAITS = (ast.Await, ast.AsyncFor, ast.AsyncWith)


class Walk:
    """Goes through statements in the order in which they run.

    `uses`: all uses of global names. `exposed`: names read, at once or by code made here, where
    these statements have not surely bound them; with the node. `assigned`: names surely bound at the
    end, None if the end is never reached. `bound`, `deleted`: names that may be so somewhere.
    `swallowers` are the notebook's own context managers that may end their block early.
    """

    def __init__(self, statements: Iterable[ast.stmt], swallowers: Collection[str] = ()) -> None:
        self.uses: list[Use] = []
        self.exposed: dict[str, ast.AST] = {}
        self.assigned: set[str] | None = set()
        self.bound: set[str] = set()
        self.deleted: set[str] = set()
        self.is_async = False
        self.strays: list[ast.AST] = []  # `return` and `yield` outside of functions, `break` outside of loops
        self._loops = 0
        self._swallowers = frozenset(swallowers) | _SWALLOWERS
        self._scope = Scope("top")
        self._doubt = 0
        self._simple = False
        for statement in statements:
            self._statement(statement)

    def names(self, *accesses: Access, later: bool | None = None) -> set[str]:
        """Return the names used in one of these ways; `later` restricts it to code of that kind."""
        return {u.name for u in self.uses if u.access in accesses and later in (None, u.later)}

    # -- uses --------------------------------------------------------------------------------------

    def _use(self, name: str, access: Access, node: ast.AST, call: ast.Call | None = None) -> None:
        scope = self._scope
        name = scope.mangled(name)
        if not scope.is_global(name):
            if access is Access.READ and scope.kind == "class" and self._falls_through(name):
                self._note(Use(name, access, node, scope.is_later, scope, in_class=True))
            return
        self._note(Use(name, access, node, scope.is_later, scope, call=call, simple=self._simple))

    def _falls_through(self, name: str) -> bool:
        """A name that the class body binds is looked up there and then among the globals."""
        return name in self._scope.bound

    def _note(self, use: Use) -> None:
        self.uses.append(use)
        if use.access is Access.READ:
            if self.assigned is not None and use.name not in self.assigned:
                self.exposed.setdefault(use.name, use.node)
        elif use.access is Access.BIND:
            self.bound.add(use.name)
            if not use.later and not self._doubt and self.assigned is not None:
                self.assigned.add(use.name)
        else:
            self.deleted.add(use.name)
            if self.assigned is not None:
                if use.name not in self.assigned:
                    self.exposed.setdefault(use.name, use.node)
                self.assigned.discard(use.name)

    @contextmanager
    def _maybe(self) -> Iterator[None]:
        self._doubt += 1
        try:
            yield
        finally:
            self._doubt -= 1

    @contextmanager
    def _inside(self, scope: Scope) -> Iterator[None]:
        outer, self._scope = self._scope, scope
        try:
            yield
        finally:
            self._scope = outer

    # -- statements --------------------------------------------------------------------------------

    def _block(self, statements: Iterable[ast.stmt]) -> None:
        for statement in statements:
            self._statement(statement)

    def _statement(self, node: ast.AST) -> None:
        self.is_async = self.is_async or (isinstance(node, _AWAITS) and not self._scope.is_later)
        handler = getattr(self, f"_{type(node).__name__}", None)
        if handler is not None:
            handler(node)
        else:
            self._children(node)

    def _children(self, node: ast.AST) -> None:
        for child in ast.iter_child_nodes(node):
            self._visit(child)

    def _visit(self, node: ast.AST | None) -> None:
        if node is not None:
            self._statement(node)

    def _Assign(self, node: ast.Assign) -> None:
        self._visit(node.value)
        self._simple = (
            len(node.targets) == 1 and isinstance(node.targets[0], ast.Name) and self._scope.kind == "top"
        )
        for target in node.targets:
            self._visit(target)
        self._simple = False

    def _AnnAssign(self, node: ast.AnnAssign) -> None:
        if self._scope.kind in ("top", "class"):
            self._visit(node.annotation)
        self._visit(node.value)
        if node.value is not None or not isinstance(node.target, ast.Name):
            self._simple = isinstance(node.target, ast.Name) and self._scope.kind == "top"
            self._visit(node.target)
            self._simple = False

    def _AugAssign(self, node: ast.AugAssign) -> None:
        if isinstance(node.target, ast.Name):
            self._use(node.target.id, Access.READ, node.target)
        self._visit(node.value)
        self._visit(node.target)

    def _Name(self, node: ast.Name) -> None:
        kinds = {ast.Store: Access.BIND, ast.Del: Access.DELETE}
        self._use(node.id, kinds.get(type(node.ctx), Access.READ), node)

    def _Call(self, node: ast.Call) -> None:
        if isinstance(node.func, ast.Name):
            self._use(node.func.id, Access.READ, node.func, call=node)
        else:
            self._visit(node.func)
        for part in (*node.args, *node.keywords):
            self._visit(part)
        if isinstance(node.func, ast.Attribute) and node.func.attr in ("query", "eval"):
            self._text(node)
        if isinstance(node.func, ast.Attribute) and node.func.attr in ("sql", "query", "execute"):
            self._named(node, TABLE)

    def _text(self, node: ast.Call) -> None:
        """`df.query("age > @limit")` and `pd.eval("2 * limit")` read `limit` where they stand."""
        owner = node.func.value if isinstance(node.func, ast.Attribute) else None
        is_pandas = isinstance(owner, ast.Name) and owner.id in ("pd", "pandas")
        self._named(node, _NAME if is_pandas else AT_NAME)

    def _named(self, node: ast.Call, pattern: re.Pattern[str]) -> None:
        for part in ast.walk(node):
            if isinstance(part, ast.Constant) and isinstance(part.value, str):
                for name in dict.fromkeys(pattern.findall(part.value)):
                    if self._scope.is_global(name):
                        self._note(Use(name, Access.READ, node, self._scope.is_later, self._scope, text=True))

    def _NamedExpr(self, node: ast.NamedExpr) -> None:
        self._visit(node.value)
        scope = self._scope
        while scope.kind in ("comprehension", "generator") and scope.parent is not None:
            scope = scope.parent
        later = self._scope.is_later
        with self._inside(scope):
            if later and not scope.is_later:  # `any((x := y) for y in …)` binds when it is consumed
                self._note(Use(node.target.id, Access.BIND, node.target, True, scope))
            else:
                self._visit(node.target)

    def _BoolOp(self, node: ast.BoolOp) -> None:
        self._visit(node.values[0])
        with self._maybe():
            for value in node.values[1:]:
                self._visit(value)

    def _IfExp(self, node: ast.IfExp) -> None:
        self._visit(node.test)
        with self._maybe():
            self._visit(node.body)
            self._visit(node.orelse)

    def _Compare(self, node: ast.Compare) -> None:
        self._visit(node.left)
        self._visit(node.comparators[0])
        with self._maybe():
            for value in node.comparators[1:]:
                self._visit(value)

    def _If(self, node: ast.If) -> None:
        self._visit(node.test)
        self._branches(node.body, node.orelse)

    def _branches(self, *bodies: list[ast.stmt]) -> None:
        before, ends = self.assigned, []
        for body in bodies:
            self.assigned = _copy(before)
            self._block(body)
            ends.append(self.assigned)
        self.assigned = _joined(ends)

    def _For(self, node: ast.For | ast.AsyncFor) -> None:
        self._visit(node.iter)
        self._loop(node.body, node.orelse, node.target)

    _AsyncFor = _For

    def _While(self, node: ast.While) -> None:
        self._visit(node.test)
        self._loop(node.body, node.orelse, None)

    def _loop(self, body: list[ast.stmt], orelse: list[ast.stmt], target: ast.expr | None) -> None:
        before = _copy(self.assigned)
        if target is not None:
            self._visit(target)
        self._loops += 1
        self._block(body)
        self._loops -= 1
        self.assigned = before if self.assigned is None else _joined([before, self.assigned])
        if orelse:
            after = _copy(self.assigned)
            self._block(orelse)
            self.assigned = _joined([after, self.assigned])

    def _Break(self, node: ast.Break) -> None:
        """What follows in the body is not reached; the loop's end takes what was there before it."""
        if not self._loops:
            self.strays.append(node)

    _Continue = _Break

    def _Try(self, node: ast.Try) -> None:
        before = _copy(self.assigned)
        deleted = set(self.deleted)
        self._block(node.body)
        at_error = None if before is None else before - (self.deleted - deleted)
        self._block(node.orelse)
        ends = [self.assigned]
        for handler in node.handlers:
            self.assigned = _copy(at_error)
            self._handler(handler)
            ends.append(self.assigned)
        self.assigned = _joined(ends)
        if node.finalbody:
            surely = self.assigned
            self.assigned = _copy(at_error)
            self._block(node.finalbody)
            if surely is None or self.assigned is None:
                self.assigned = None
            else:
                self.assigned |= surely - (self.deleted - deleted)

    _TryStar = _Try

    def _handler(self, handler: ast.ExceptHandler) -> None:
        self._visit(handler.type)
        if handler.name:
            self._use(handler.name, Access.BIND, handler)
        self._block(handler.body)
        if handler.name:
            ended = self.assigned is None
            self._use(handler.name, Access.DELETE, handler)
            if ended:
                self.assigned = None

    def _With(self, node: ast.With | ast.AsyncWith) -> None:
        before = _copy(self.assigned)
        for item in node.items:
            self._visit(item.context_expr)
            self._visit(item.optional_vars)
        self._block(node.body)
        if any(self._may_swallow(item.context_expr) for item in node.items):
            self.assigned = _joined([before, self.assigned])

    _AsyncWith = _With

    def _may_swallow(self, expression: ast.expr) -> bool:
        """Tell whether a context manager may end its block early and go on below."""
        if isinstance(expression, ast.Call):
            expression = expression.func
        name = expression.attr if isinstance(expression, ast.Attribute) else getattr(expression, "id", "")
        return name in self._swallowers

    def _Match(self, node: ast.Match) -> None:
        self._visit(node.subject)
        before, ends = _copy(self.assigned), []
        for case in node.cases:
            self.assigned = _copy(before)
            with self._maybe():
                self._visit(case.pattern)
            self._visit(case.guard)
            self._block(case.body)
            ends.append(self.assigned)
        self.assigned = _joined([before, *ends])

    def _MatchAs(self, node: ast.MatchAs) -> None:
        self._visit(node.pattern)
        if node.name:
            self._use(node.name, Access.BIND, node)

    def _MatchStar(self, node: ast.MatchStar) -> None:
        if node.name:
            self._use(node.name, Access.BIND, node)

    def _MatchMapping(self, node: ast.MatchMapping) -> None:
        self._children(node)
        if node.rest:
            self._use(node.rest, Access.BIND, node)

    def _Raise(self, node: ast.Raise) -> None:
        self._children(node)
        if self._scope.kind == "top":
            self.assigned = None

    def _Return(self, node: ast.Return) -> None:
        if not self._scope.is_later:
            self.strays.append(node)
        self._children(node)

    def _Yield(self, node: ast.Yield | ast.YieldFrom) -> None:
        if not self._scope.is_later:
            self.strays.append(node)
        self._children(node)

    _YieldFrom = _Yield

    def _Import(self, node: ast.Import | ast.ImportFrom) -> None:
        for alias in node.names:
            self._use(alias.asname or alias.name.partition(".")[0], Access.BIND, node)

    _ImportFrom = _Import

    def _Global(self, node: ast.Global) -> None:
        """Noted when its scope was entered."""

    _Nonlocal = _Global

    # -- scopes ------------------------------------------------------------------------------------

    def _FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        for decorator in node.decorator_list:
            self._visit(decorator)
        self._signature(node.args)
        self._visit(node.returns)
        self._use(node.name, Access.BIND, node)
        self._body("function", node.args, node.body)

    _AsyncFunctionDef = _FunctionDef

    def _Lambda(self, node: ast.Lambda) -> None:
        self._signature(node.args)
        self._body("lambda", node.args, [node.body])

    def _signature(self, arguments: ast.arguments) -> None:
        for default in (*arguments.defaults, *arguments.kw_defaults):
            self._visit(default)
        for argument in arguments_of(arguments):
            self._visit(argument.annotation)

    def _body(self, kind: str, arguments: ast.arguments, body: Iterable[ast.AST]) -> None:
        scope = Scope(kind, self._scope)
        scope.bound = {argument.arg for argument in arguments_of(arguments)}
        collect(scope, body)
        with self._inside(scope):
            before = _copy(self.assigned)
            for part in body:
                self._visit(part)
            self.assigned = before

    def _ClassDef(self, node: ast.ClassDef) -> None:
        for part in (*node.decorator_list, *node.bases, *node.keywords):
            self._visit(part)
        scope = Scope("class", self._scope, class_name=node.name)
        collect(scope, node.body)
        with self._inside(scope):
            self._block(node.body)
        self._use(node.name, Access.BIND, node)

    def _comprehension(self, node: ast.expr, generators: list[ast.comprehension], *parts: ast.expr) -> None:
        self._visit(generators[0].iter)
        kind = "generator" if isinstance(node, ast.GeneratorExp) else "comprehension"
        scope = Scope(kind, self._scope)
        for generator in generators:
            scope.bound |= targets(generator.target)
            is_async = generator.is_async and kind == "comprehension"
            self.is_async = self.is_async or bool(is_async and not self._scope.is_later)
        with self._inside(scope), self._maybe():
            for index, generator in enumerate(generators):
                if index:
                    self._visit(generator.iter)
                self._visit(generator.target)
                for condition in generator.ifs:
                    self._visit(condition)
            for part in parts:
                self._visit(part)

    def _ListComp(self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp) -> None:
        self._comprehension(node, node.generators, node.elt)

    _SetComp = _ListComp
    _GeneratorExp = _ListComp

    def _DictComp(self, node: ast.DictComp) -> None:
        self._comprehension(node, node.generators, node.key, node.value)


def _copy(names: set[str] | None) -> set[str] | None:
    return None if names is None else set(names)


def _joined(ends: list[set[str] | None]) -> set[str] | None:
    """What is surely bound after one of several ways; those that never arrive do not count."""
    reached = [end for end in ends if end is not None]
    return set.intersection(*reached) if reached else None


def swallowers_in(nodes: Iterable[ast.stmt]) -> frozenset[str]:
    """Return the notebook's context managers that may keep an error from going on, and names for them."""
    found: set[str] = set()
    for node in nodes:
        match node:
            case ast.FunctionDef() if any(map(_catches_at_yield, ast.walk(node))):
                found.add(node.name)
            case ast.ClassDef() if any(map(_is_swallowing_exit, node.body)) or _names_in(node.bases) & found:
                found.add(node.name)
            case ast.Assign() if _names_in([node.value]) & found:
                found |= {name for target in node.targets for name in targets(target)}
    return frozenset(found)


def _catches_at_yield(node: ast.AST) -> bool:
    if not isinstance(node, ast.Try) or not node.handlers:
        return False
    return any(isinstance(part, ast.Yield) for statement in node.body for part in ast.walk(statement))


def _is_swallowing_exit(node: ast.stmt) -> bool:
    if not isinstance(node, ast.FunctionDef) or node.name != "__exit__":
        return False
    returned = [part.value for part in ast.walk(node) if isinstance(part, ast.Return)]
    return any(
        value is not None and not (isinstance(value, ast.Constant) and not value.value) for value in returned
    )


def _names_in(nodes: Iterable[ast.AST]) -> set[str]:
    return {part.id for node in nodes for part in ast.walk(node) if isinstance(part, ast.Name)}
