"""Expressions with a scope of their own: comprehensions and lambdas."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from stepmill.analysis.attributes import Attributes
from stepmill.analysis.frames import Frame, FunctionInfo
from stepmill.analysis.values import (
    Kind,
    Value,
    join,
    literal_texts,
    replace,
)

if TYPE_CHECKING:
    from collections.abc import Callable


class Scopes(Attributes):
    """Evaluation of comprehensions; what a new function keeps of the scopes that it is made in."""

    def _ListComp(self, node: ast.ListComp | ast.SetComp) -> Value:
        element = self._comprehension(node.generators, lambda: self.evaluate(node.elt))
        if isinstance(node, ast.SetComp):
            self.hash_all([element], node)
        return self.container([element])

    _SetComp = _ListComp

    def _DictComp(self, node: ast.DictComp) -> Value:
        def pair() -> Value:
            key = self.evaluate(node.key)
            self.hash_all([key], node)
            return join((key, self.evaluate(node.value)))

        return self.container([self._comprehension(node.generators, pair)])

    def _GeneratorExp(self, node: ast.GeneratorExp) -> Value:
        element = self._comprehension(node.generators, lambda: self.evaluate(node.elt))
        return self.fresh(Kind.GENERATOR, holds=[element])

    def _comprehension(self, generators: list[ast.comprehension], element: Callable[[], Value]) -> Value:
        names = {n.id for g in generators for n in ast.walk(g.target) if isinstance(n, ast.Name)}
        outer = self.frame
        first = self.evaluate(generators[0].iter)  # the first iterable belongs to the outer scope
        self.frame = Frame(frozenset(names), parent=outer, unit=self.index)
        if outer is not None and outer.is_class:
            self.frame.parent = outer.parent
        target = generators[0].target
        texts = literal_texts(first) if len(generators) == 1 and isinstance(target, ast.Name) else []
        try:
            with self.maybe():
                if texts:
                    return join([self._element_for(text, generators[0], element) for text in texts])
                for position, generator in enumerate(generators):
                    source = first if position == 0 else self.evaluate(generator.iter)
                    self.assign(generator.target, self.iterate(source, generator.iter))
                    for condition in generator.ifs:
                        self.truth(condition)
                return element()
        finally:
            self.frame = outer

    def _element_for(self, text: Value, generator: ast.comprehension, element: Callable[[], Value]) -> Value:
        """Return an element of a comprehension whose one loop has come to `text`."""
        assert self.frame is not None and isinstance(generator.target, ast.Name)  # noqa: PT018
        self.set_local(self.frame, generator.target.id, text)
        for condition in generator.ifs:
            self.truth(condition)
        return element()

    def _Lambda(self, node: ast.Lambda) -> Value:
        defaults = [self.evaluate(d) for d in (*node.args.defaults, *node.args.kw_defaults) if d is not None]
        return self.define_function(node, "<lambda>", defaults, ())

    def define_function(
        self, node: ast.Lambda | ast.FunctionDef | ast.AsyncFunctionDef, name: str,
        defaults: list[Value], decorators: tuple[str, ...],
    ) -> Value:  # fmt: skip
        """Register a function of the notebook and return it as a value."""
        assert self.unit is not None
        ident = f"{name}@{self.unit.index}:{node.lineno}:{node.col_offset}"
        closure = self.frame
        held = self.alias(defaults)
        if held.roots and closure is None and name.isidentifier():
            held = replace(
                held, roots=held.roots | self.heap.node(name)
            )  # a default that changes, changes the function
        self.world["definitions"] = True
        self.heap.keep(held.roots)
        self.functions[ident] = FunctionInfo(ident, name, node, self.unit, closure, held, decorators)
        value = self.fresh(Kind.FUNCTION, ident, holds=[*defaults, *self._captured(closure)])
        if closure is not None and closure.node:  # it may refer to itself by its name there
            self.heap.hold(closure.node, value.roots)
            self.heap.pin(value.roots)
        return replace(value, carries=value.carries | {ident})

    def _captured(self, frame: Frame | None) -> list[Value]:
        """Return what a function keeps of the frames that it was made in."""
        found: list[Value] = []
        while frame is not None:
            if not frame.is_class:
                if not frame.node:
                    self.note_change_of(frame)
                    frame.node = self.heap.new()
                kept = [value for value in frame.values.values() if value.roots]
                for value in kept:
                    self.heap.hold(frame.node, value.roots)
                    self.heap.pin(value.roots)
                self.heap.pin(frame.node)
                found += [Value(roots=frame.node), *kept]
            frame = frame.parent
        return found
