"""Calls: functions and classes of the notebook are followed; libraries are looked up."""

from __future__ import annotations

import ast
from dataclasses import replace

from stepmill.analysis.core import MAX_DEPTH, UNSHARED, result_of
from stepmill.analysis.frames import ClassInfo, Frame, FunctionInfo, argument_names, local_names
from stepmill.analysis.libraries import Libraries
from stepmill.analysis.purity import method_entry
from stepmill.analysis.values import IMMUTABLE, UNKNOWN, Kind, Value, definitions_of, join


class Calls(Libraries):
    """Evaluation of calls."""

    def _Call(self, node: ast.Call) -> Value:
        special = self.special_call(node)
        if special is not None:
            return special
        callee = self.evaluate(node.func)
        args = [self.evaluate(arg) for arg in node.args]
        keywords = {k.arg or "**": self.evaluate(k.value) for k in node.keywords}
        starred = any(isinstance(arg, ast.Starred) for arg in node.args)
        return self.call_value(callee, args, keywords, node, starred=starred)

    def call_value(
        self,
        callee: Value,
        args: list[Value],
        keywords: dict[str, Value],
        node: ast.AST,
        *,
        starred: bool = False,
    ) -> Value:
        """Call `callee`; the result is what it may return."""
        if callee.kind is Kind.FUNCTION:
            receiver = [callee.owner] if callee.owner is not None else []
            return self.call_function(callee, [*receiver, *args], keywords, node, starred=starred)
        if callee.kind is Kind.CLASS:
            return self._construct(callee, args, keywords, node, starred=starred)
        if callee.kind is Kind.LIBRARY:
            result = self.call_library(callee.what, args, keywords, node)
            return replace(result, carries=result.carries | callee.carries) if callee.carries else result
        if callee.what in self.partials:
            return self._call_partial(callee, args, keywords, node)
        if callee.owner is not None and callee.attribute:
            return self.call_method(callee.owner, callee.attribute, args, keywords, node)
        if callee.kind is Kind.INSTANCE:
            made = self.implicit(callee, ("__call__", "forward"), args, node)
            return made if made is not None else self.call_unknown(callee, args, keywords, node)
        return self.call_unknown(callee, args, keywords, node)

    def _call_partial(
        self, callee: Value, args: list[Value], keywords: dict[str, Value], node: ast.AST
    ) -> Value:
        """Call a `functools.partial`: its bound arguments may be what they were, or a part of it."""
        function, bound, named = self.partials[callee.what]
        own = [v if v.is_immutable else replace(v, roots=v.roots | callee.roots) for v in bound]
        return self.call_value(function, [*own, *args], {**named, **keywords}, node)

    def call_unknown(
        self, callee: Value, args: list[Value], keywords: dict[str, Value], node: ast.AST
    ) -> Value:
        """Call something that can only be known by what it carries."""
        everything = [*args, *keywords.values()]
        results: list[Value] = []
        for ident in sorted(definitions_of(callee)):
            with self.maybe():
                if ident in self.functions:
                    results.append(self.call_function(Value(Kind.FUNCTION, ident), args, keywords, node))
                elif ident in self.classes:
                    results.append(self._construct(Value(Kind.CLASS, ident), args, keywords, node))
        self.escape(everything, node)
        if callee.random:
            self.draw(callee.random, node)
        if callee.kind in (Kind.UNKNOWN, Kind.OBJECT):
            self.change(callee, node, doubtful=not callee.random)
        return (
            join([*results, self.alias([callee, *everything])])
            if results
            else self.alias([callee, *everything])
        )

    # -- functions of the notebook -----------------------------------------------------------------

    def call_function(
        self,
        callee: Value,
        args: list[Value],
        keywords: dict[str, Value],
        node: ast.AST,
        *,
        starred: bool = False,
    ) -> Value:
        """Go through the body of a notebook function with these arguments."""
        info = self.functions[callee.what]
        self.effects.reached.add(info.ident)
        everything = [*args, *keywords.values(), info.defaults]
        if self.active.count(info.ident) >= 2 or len(self.active) >= MAX_DEPTH or self.calls_left <= 0:
            if self.calls_left <= 0:
                self._give_up(info, everything, node)
            return self.alias([callee, *everything])
        self.calls_left -= 1
        frame = self._frame(info, args, keywords, callee, starred=starred)
        outer, self.frame = self.frame, frame
        self.active.append(info.ident)
        conditional = self.conditional
        try:
            with self.called_from(node):
                if isinstance(info.node, ast.Lambda):
                    frame.returns.append(self.evaluate(info.node.body))
                elif self.run_block(info.node.body):
                    frame.returns.append(IMMUTABLE)
        finally:
            self.frame = outer
            self.active.pop()
            self.conditional = conditional
        result = result_of(frame.returns)
        if {"cache", "lru_cache"} & set(info.decorators) and not result.is_immutable and info.closure is None:
            result = replace(result, roots=result.roots | {info.name})
        if info.is_generator:
            kind = (
                Kind.UNKNOWN
                if {"contextmanager", "asynccontextmanager"} & set(info.decorators)
                else Kind.GENERATOR
            )
            return self.fresh(kind, holds=[result, *everything])
        return result

    def _frame(
        self,
        info: FunctionInfo,
        args: list[Value],
        keywords: dict[str, Value],
        callee: Value,
        *,
        starred: bool,
    ) -> Frame:
        bound, global_names, nonlocal_names = local_names(info.node)
        frame = Frame(bound, info.closure, global_names, nonlocal_names)
        arguments = info.node.args
        positional = [a.arg for a in (*arguments.posonlyargs, *arguments.args)]
        loose = starred or "**" in keywords
        anything = self.alias([*args, *keywords.values()]) if loose else UNKNOWN
        for position, name in enumerate(positional):
            if name in keywords:
                frame.values[name] = keywords[name]
            elif loose:
                frame.values[name] = anything
            elif position < len(args):
                frame.values[name] = args[position]
            else:
                frame.values[name] = info.defaults
        for argument in arguments.kwonlyargs:
            frame.values[argument.arg] = keywords.get(argument.arg, anything if loose else info.defaults)
        if arguments.vararg is not None:
            rest = args if loose else args[len(positional) :]
            frame.values[arguments.vararg.arg] = self.fresh(Kind.CONTAINER, holds=rest)
        if arguments.kwarg is not None:
            frame.values[arguments.kwarg.arg] = self.fresh(Kind.CONTAINER, holds=keywords.values())
        if "classmethod" in info.decorators and positional and callee.owner is not None:
            owner = callee.owner
            if owner.kind is Kind.INSTANCE:
                frame.values[positional[0]] = self.class_of(owner)
        return frame

    def class_of(self, instance: Value) -> Value:
        """Return the class of an instance of the notebook as a value."""
        info = self.classes.get(instance.what)
        if info is None:
            return UNKNOWN
        known = self.env.get(info.name)
        roots = frozenset({info.name}) if known is not None else frozenset[str]()
        return Value(Kind.CLASS, info.ident, roots, frozenset({info.ident}))

    def _give_up(self, info: FunctionInfo, args: list[Value], node: ast.AST) -> None:
        """Too many calls to follow: take all names in the body as read, all arguments as changed."""
        for child in ast.walk(info.node):
            if isinstance(child, ast.Name) and isinstance(child.ctx, ast.Load) and child.id in self.env:
                self.need(child.id, self.place(node))
        for value in args:
            self.change(value, node, deep=True, doubtful=True)

    # -- classes of the notebook -------------------------------------------------------------------

    def _construct(
        self,
        callee: Value,
        args: list[Value],
        keywords: dict[str, Value],
        node: ast.AST,
        *,
        starred: bool = False,
    ) -> Value:
        info = self.classes[callee.what]
        self.effects.reached.add(info.ident)
        instance = replace(self.fresh(Kind.INSTANCE, info.ident), carries=frozenset({info.ident}))
        if info.metaclass is not None and info.metaclass.kind is Kind.CLASS:
            hook = self.find_attribute(self.classes[info.metaclass.what], "__call__")
            if hook is not None and hook.kind is Kind.FUNCTION:
                self.call_function(hook, [callee, *args], keywords, node, starred=starred)
        created = False
        for name in ("__new__", "__init__", "__post_init__"):
            method = self.find_attribute(info, name)
            if method is None or method.kind is not Kind.FUNCTION:
                continue
            created = created or name == "__init__"
            first = callee if name == "__new__" else instance
            given = ([], {}) if name == "__post_init__" else (args, keywords)
            self.call_function(method, [first, *given[0]], given[1], node, starred=starred)
        everything = [*args, *keywords.values()]
        if not created or self.has_library_base(info):
            self.store(instance, everything)
            if not created:
                self._defaults(info, instance, node)
        carried = frozenset[str]().union(instance.carries, *(definitions_of(v) for v in everything))
        return replace(instance, carries=carried)

    def _defaults(self, info: ClassInfo, instance: Value, node: ast.AST) -> None:
        """A dataclass field's default factory may be a function of the notebook."""
        for value in list(info.attributes.values()):
            if value.kind is Kind.FUNCTION:
                continue
            self.store(instance, [value])
            for ident in sorted(definitions_of(value)):  # field(default_factory=…)
                if ident in self.functions and not value.is_callable_of_notebook:
                    with self.maybe():
                        self.store(instance, [self.call_function(Value(Kind.FUNCTION, ident), [], {}, node)])

    # -- methods -----------------------------------------------------------------------------------

    def call_method(
        self, owner: Value, name: str, args: list[Value], keywords: dict[str, Value], node: ast.AST
    ) -> Value:
        """Call `owner.name(…)` where `owner` is no plain notebook instance with that method."""
        results: list[Value] = []
        for ident in sorted(definitions_of(owner)):
            info = self.classes.get(ident)
            method = self.find_attribute(info, name) if info is not None else None
            if method is not None and method.kind is Kind.FUNCTION:
                with self.maybe():
                    results.append(self.call_function(method, [self.part(owner), *args], keywords, node))
        if owner.kind is Kind.INSTANCE:
            self._inherited(owner, args, keywords, node)
        results.append(self.library_method(owner, name, args, keywords, node))
        return join(results)

    def _inherited(self, owner: Value, args: list[Value], keywords: dict[str, Value], node: ast.AST) -> None:
        """A method inherited from a library class may call any method of ours."""
        info = self.classes.get(owner.what)
        if info is None or not self.has_library_base(info):
            return
        for value in list(info.attributes.values()):
            if value.kind is Kind.FUNCTION and self.functions[value.what].name != "__init__":
                function = self.functions[value.what]
                count = len(argument_names(function.node.args)) - 1
                given = self.alias([*args, *keywords.values()])
                with self.maybe():
                    self.call_function(value, [owner, *([given] * max(count, 0))], {}, node)

    # -- callbacks ---------------------------------------------------------------------------------

    def escape(self, values: list[Value], node: ast.AST, *, classes: bool = True) -> Value | None:
        """A library gets hold of `values`: it may call what they carry. Return what that may give."""
        idents = sorted(frozenset[str]().union(*(definitions_of(v) for v in values))) if values else []
        for value in values:
            if value.kind is Kind.LIBRARY:
                self.draw(self.random_of(value), node)
            self._bound_method_called(value, values, node)
        if not idents:
            return None
        others = [v for v in values if v.kind not in UNSHARED and v.kind is not Kind.FUNCTION]
        given = self.alias(others)
        if len(others) == 1 and others[0].kind is Kind.FRAME:
            given = self.fresh(Kind.FRAME)  # pandas hands out rows and groups as copies
        results = []
        for ident in idents:
            key = (ident, frozenset(root for root in given.roots if not root.startswith("#")))
            if key in self.escaped:
                continue
            self.escaped.add(key)
            with self.maybe():
                if ident in self.functions:
                    results.append(self._called_back(ident, given, node))
                elif classes and ident in self.classes:
                    self._methods_called(self.classes[ident], given, node)
        return join(results) if results else None

    def _bound_method_called(self, value: Value, values: list[Value], node: ast.AST) -> None:
        """`df["v"].apply(xs.append)` calls a method of `xs`."""
        entry = method_entry(value.attribute) if value.owner is not None and value.attribute else None
        if entry is not None and entry.has("mutates") and value.owner is not None:
            others = [v for v in values if v is not value]
            with self.maybe():
                self.call_method(value.owner, value.attribute, [self.alias(others)], {}, node)

    def _called_back(self, ident: str, given: Value, node: ast.AST) -> Value:
        count = len(argument_names(self.functions[ident].node.args))
        return self.call_function(Value(Kind.FUNCTION, ident), [given] * count, {}, node)

    def _methods_called(self, info: ClassInfo, given: Value, node: ast.AST) -> None:
        """A library calls methods of an instance; what they do to the instance itself it knows."""
        receiver = Value(Kind.INSTANCE, info.ident, carries=frozenset({info.ident}))
        self.doubt += 1
        try:
            for value in list(info.attributes.values()):
                if value.kind is Kind.FUNCTION:
                    count = len(argument_names(self.functions[value.what].node.args)) - 1
                    self.call_function(value, [receiver, *([given] * max(count, 0))], {}, node)
        finally:
            self.doubt -= 1
