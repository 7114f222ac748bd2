"""Compound statements: branches, loops, `with`, `try`, `match`."""

from __future__ import annotations

import ast
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from stepmill.analysis.statements import Statements
from stepmill.analysis.values import (
    IMMUTABLE,
    MOST_TEXTS,
    OPEN_FILE,
    UNKNOWN,
    Kind,
    Value,
    constant,
    definitions_of,
    dotted_name,
    join,
    literal_texts,
    replace,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

UNDOES = {
    "warnings.catch_warnings": "warnings", "matplotlib.pyplot.rc_context": "matplotlib",
    "matplotlib.rc_context": "matplotlib", "matplotlib.pyplot.style.context": "matplotlib",
    "matplotlib.style.context": "matplotlib",
}  # fmt: skip
"""Context managers at whose end the settings of a package are what they were."""
NAMING = frozenset({"eval", "exec", "globals", "locals", "setattr", "vars"})
"""Functions that take names as texts."""
SETS_AND_UNDOES = frozenset({"torch.set_grad_enabled", "torch.autograd.set_grad_enabled"})


class Blocks(Statements):
    """Execution of statements that contain others; each tells whether control falls through."""

    def _If(self, node: ast.If) -> bool:
        self.truth(node.test)
        return self.branches([lambda: self.run_block(node.body), lambda: self.run_block(node.orelse)])

    def _For(self, node: ast.For | ast.AsyncFor) -> None:
        source = self.evaluate(node.iter)
        if _surely_has_items(node.iter):
            self.assign(node.target, self.iterate(source, node.iter))
        target, texts = self._texts(node, source)
        if target is not None and texts:
            self._go_through_texts(node, target, source, texts)
        else:
            with self.maybe(), self._rounds() as rounds:
                for _ in rounds:
                    self.assign(node.target, self.iterate(source, node.iter))
                    self.run_block(node.body)
        self._loop_else(node)

    def _texts(self, node: ast.For | ast.AsyncFor, source: Value) -> tuple[ast.Name | None, list[Value]]:
        """Return a name that a loop gives one literal after the other, and these."""
        target = node.target
        if isinstance(target, ast.Name):
            return target, literal_texts(source) or self._literals(node.iter, node)
        over = node.iter
        if not isinstance(target, ast.Tuple) or not isinstance(over, ast.Call):
            return None, []
        if isinstance(over.func, ast.Attribute) and over.func.attr == "items" and not over.args:
            given = [over.func.value]
        elif isinstance(over.func, ast.Name) and over.func.id in ("zip", "enumerate"):
            given = over.args if over.func.id == "zip" else [ast.Constant(0), *over.args[:1]]
        else:
            return None, []
        for name, one in zip(target.elts, given, strict=False):
            texts = self._literals(one, node) if isinstance(name, ast.Name) else []
            if isinstance(name, ast.Name) and texts:
                return name, texts
        return None, []

    def _literals(self, over: ast.expr, node: ast.For | ast.AsyncFor) -> list[Value]:
        """Return the texts that a loop goes over, those that are the keys of a dict too.

        Numbers only if the loop makes names of them: `exec(f"x{i} = 0")`.
        """
        if isinstance(over, ast.Call) and isinstance(over.func, ast.Attribute) and over.func.attr == "keys":
            over = over.func.value
        if isinstance(over, ast.Name):
            value = self.value_named(over.id) or UNKNOWN
            if not value.keys:
                return literal_texts(value)
            known = value.parts is not None and len(value.keys) <= MOST_TEXTS
            return [constant(key) for key in value.keys] if known else []
        found = _items(over)
        numbers = found if isinstance(over, ast.Call) and _names_at_run_time(node) else []
        texts = numbers or [item for item in found if isinstance(item, str)]
        return [constant(item) for item in texts] if 0 < len(found) == len(texts) <= MOST_TEXTS else []

    def _go_through_texts(
        self, node: ast.For | ast.AsyncFor, target: ast.Name, source: Value, texts: list[Value]
    ) -> None:
        """Go through a loop over literal texts, one round for each and the first one again."""
        before = self.value_named(target.id)
        with self.maybe(), self._rounds():
            for text in (*texts, texts[0]):
                self.assign(node.target, self.iterate(source, node.iter))
                self.set_name(target.id, text)
                self.run_block(node.body)
        self.set_name(target.id, IMMUTABLE if before is None else join((before, IMMUTABLE)))

    _AsyncFor = _For

    def _While(self, node: ast.While) -> None:
        self.truth(node.test)
        with self.maybe(), self._rounds() as rounds:
            for _ in rounds:
                self.run_block(node.body)
                self.truth(node.test)
        self._loop_else(node)

    @contextmanager
    def _rounds(self) -> Iterator[range]:
        """Yield the rounds to go through a loop: a second one sees what the first one left.

        A loop inside of another one comes twice anyway.
        """
        inner, self.in_loop = self.in_loop, True
        try:
            yield range(1 if inner else 2)
        finally:
            self.in_loop = inner

    def _loop_else(self, node: ast.For | ast.AsyncFor | ast.While) -> None:
        if node.orelse:
            with self.maybe():
                self.run_block(node.orelse)

    def _With(self, node: ast.With | ast.AsyncWith) -> bool:
        undone = self.undone
        for item in node.items:
            manager = self._manager(item.context_expr)
            entered = self.implicit(manager, ("__enter__", "__aenter__"), [], node)
            self.implicit(manager, ("__exit__", "__aexit__"), [IMMUTABLE, IMMUTABLE, IMMUTABLE], node)
            if item.optional_vars is not None:
                self.assign(item.optional_vars, entered if entered is not None else manager)
        swallows = any(_may_swallow(item.context_expr) for item in node.items)
        try:
            if swallows:
                with self.maybe():
                    self.run_block(node.body)
                return True
            fell = self.run_block(node.body)
        finally:
            self.undone = undone
        self._close_files(node)
        return fell

    def _close_files(self, node: ast.With | ast.AsyncWith) -> None:
        """`with open(path) as f` closes the file at its end."""
        for item in node.items:
            target = item.optional_vars
            known = self.value_named(target.id) if isinstance(target, ast.Name) else None
            if known is not None and known.what == OPEN_FILE:
                self.close_file(known)

    _AsyncWith = _With

    def _manager(self, node: ast.expr) -> Value:
        """Evaluate a context manager; some take back at the end what their body sets."""
        before = len(self.effects.session)
        manager = self.evaluate(node)
        name = dotted_name(node.func, self.env) if isinstance(node, ast.Call) else None
        if name in UNDOES:
            self.undone |= {UNDOES[name]}
        elif name in SETS_AND_UNDOES:
            del self.effects.session[before:]
        return manager

    def _Try(self, node: ast.Try) -> bool:
        before = len(self.raised)
        sure = next((i for i, inner in enumerate(node.body) if not _cannot_raise(inner)), len(node.body))
        self.run_block(node.body[:sure])

        def body() -> bool:
            return self.run_block(node.body[sure:]) and self.run_block(node.orelse)

        def handler(clause: ast.ExceptHandler) -> Callable[[], bool]:
            def run() -> bool:
                caught = self.evaluate(clause.type)
                if clause.name:
                    self.bind(clause.name, self._exception([caught, *self.raised[before:]]), clause)
                fell = self.run_block(clause.body)
                if clause.name:
                    self._forget_exception(clause.name, clause)
                return fell

            return run

        fell = self.branches([body, *(handler(clause) for clause in node.handlers)])
        return self.run_block(node.finalbody) and fell

    _TryStar = _Try

    def _exception(self, values: list[Value]) -> Value:
        """Return what an `except` clause binds, from the classes that it names and what was raised."""
        carried = frozenset[str]().union(*map(definitions_of, values))
        known = frozenset(ident for ident in carried if ident in self.classes)
        caught = values[0]
        if caught.kind is Kind.CLASS:
            return replace(self.fresh(Kind.INSTANCE, caught.what), carries=known)
        return replace(self.fresh(holds=values[1:]), carries=known) if known else UNKNOWN

    def _forget_exception(self, name: str, node: ast.AST) -> None:
        """`except … as e` unbinds `e` at its end."""
        home = self.frame.home(name) if self.frame is not None else None
        if home is None:
            self.effects.must.discard(name)
            self.effects.deletes.setdefault(name, self.place(node))

    def _Match(self, node: ast.Match) -> bool:
        subject = self.evaluate(node.subject)

        def case(clause: ast.match_case) -> Callable[[], bool]:
            def run() -> bool:
                self._pattern(clause.pattern, subject)
                if clause.guard is not None:
                    self.truth(clause.guard)
                return self.run_block(clause.body)

            return run

        bodies: list[Callable[[], bool]] = [case(clause) for clause in node.cases]
        last = node.cases[-1]
        if not (
            isinstance(last.pattern, ast.MatchAs) and last.pattern.pattern is None and last.guard is None
        ):
            bodies.append(lambda: True)
        return self.branches(bodies)

    def _pattern(self, pattern: ast.pattern, subject: Value) -> None:
        for child in ast.walk(pattern):
            matched = subject if child is pattern else self.part(subject)
            if isinstance(child, ast.MatchValue):
                self.implicit(matched, ("__eq__",), [self.evaluate(child.value)], child)
            elif isinstance(child, ast.MatchClass):
                self.evaluate(child.cls)
                for name in child.kwd_attrs:
                    self.attribute_of(matched, name, child)
            elif isinstance(child, ast.MatchMapping):
                for key in child.keys:
                    self.evaluate(key)
                if child.rest:
                    self.bind(child.rest, self.fresh(Kind.CONTAINER, holds=[subject]), child)
            elif isinstance(child, (ast.MatchAs, ast.MatchStar)) and child.name:
                self.bind(child.name, matched, child)


def _cannot_raise(node: ast.stmt) -> bool:
    """Tell whether a statement is surely done: `done = False` at the top of a `try`."""
    plain = isinstance(node, ast.Assign) and all(isinstance(target, ast.Name) for target in node.targets)
    return plain and isinstance(node.value, ast.Constant)  # type: ignore[attr-defined]


def _items(node: ast.expr) -> list[Any]:
    """Return what a short display of constants has, or the keys of a dict, or a `range`; else nothing."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "range":
        values = [arg.value for arg in node.args if isinstance(arg, ast.Constant)]
        bounds = [value for value in values if isinstance(value, int)]
        known = len(bounds) == len(node.args) and len(bounds) in (1, 2)
        return list(range(*bounds)[: MOST_TEXTS + 1]) if known else []
    shown = node.keys if isinstance(node, ast.Dict) else getattr(node, "elts", [])
    items = [item.value for item in shown if isinstance(item, ast.Constant)]
    return items if len(items) == len(shown) else []


def _names_at_run_time(node: ast.For | ast.AsyncFor) -> bool:
    """Tell whether a loop asks for names, or binds them, by texts."""
    named = (child.id for child in ast.walk(node) if isinstance(child, ast.Name))
    return not NAMING.isdisjoint(named)


def _surely_has_items(node: ast.expr) -> bool:
    """Tell whether a loop over `node` runs at least once: `range(3)`, `[a, b]`, `"xy"`."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "range":
        values = [a.value for a in node.args if isinstance(a, ast.Constant) and isinstance(a.value, int)]
        return len(values) == len(node.args) and len(values) in (1, 2) and len(range(*values)) > 0
    if isinstance(node, (ast.List, ast.Tuple)):
        return any(not isinstance(element, ast.Starred) for element in node.elts)
    return isinstance(node, ast.Constant) and isinstance(node.value, str) and bool(node.value)


def _may_swallow(expression: ast.expr) -> bool:
    """`contextlib.suppress` and `pytest.raises` go on after an exception."""
    inner = expression.func if isinstance(expression, ast.Call) else expression
    name = inner.attr if isinstance(inner, ast.Attribute) else getattr(inner, "id", "")
    return name in ("suppress", "raises")
