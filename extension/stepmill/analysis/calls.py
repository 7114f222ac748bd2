"""Calls: functions and classes of the notebook are followed; libraries are looked up."""

from __future__ import annotations

import ast

from stepmill.analysis.caches import Caches, is_cached
from stepmill.analysis.core import MAX_DEPTH, MAX_NESTED, UNSHARED, result_of
from stepmill.analysis.frames import ClassInfo, Frame, FunctionInfo, argument_names, local_names
from stepmill.analysis.heap import NEVER_CROWDED
from stepmill.analysis.purity import is_mutator
from stepmill.analysis.special_methods import MAPPING_METHODS, SPECIAL_METHODS
from stepmill.analysis.summaries import CROWD, PLAIN_TEMPORARIES, Waiting
from stepmill.analysis.values import (
    CELLS,
    IMMUTABLE,
    MEMO,
    UNKNOWN,
    Kind,
    Value,
    definitions_of,
    join,
    replace,
)

KEPT = "%kept"
"""Stands for an object that a setting of the process keeps."""


class Calls(Caches):
    """Evaluation of calls."""

    def _Call(self, node: ast.Call) -> Value:
        special = self.special_call(node)
        if special is not None:
            return special
        callee = self.evaluate(node.func)
        args = [self.evaluate(arg) for arg in node.args]
        keywords = {k.arg or "**": self.evaluate(k.value) for k in node.keywords}
        if "**" in keywords:
            self.implicit(keywords["**"], MAPPING_METHODS, [], node)
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
            if self._dispatches(callee):
                self._dispatched(callee, args, keywords, node)
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

    def _dispatches(self, function: Value) -> bool:
        return "singledispatch" in self.functions[function.what].decorators

    def _register(self, owner: Value, args: list[Value], node: ast.AST) -> Value:
        """`@show.register`, or the `@show.register(int)` that gives such a decorator."""
        functions = [value for value in args if value.kind is Kind.FUNCTION]
        if not functions:
            return replace(owner, kind=Kind.UNKNOWN, what="", owner=owner, attribute="register")
        self.change(owner, node)
        self.store(owner, functions)
        return functions[-1]

    def _dispatched(
        self, callee: Value, args: list[Value], keywords: dict[str, Value], node: ast.AST
    ) -> None:
        """Any function that was registered may be the one that is called."""
        name = self.functions[callee.what].name
        for ident in sorted((callee.carries | self.env.get(name, UNKNOWN).carries) - {callee.what}):
            if ident in self.functions:
                with self.maybe():
                    self.call_function(Value(Kind.FUNCTION, ident), args, keywords, node)

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
        if callee.kind is Kind.OBJECT:
            self.call_own_method(callee, "__call__", node)
        elif callee.what.endswith("()"):
            self.call_own(callee.what, node)
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
        known = bool(callee.random) or self.keeps_mutator(callee.roots)
        followed = bool(results) and callee.kind is Kind.UNKNOWN  # out of a table of functions
        if known or (callee.kind in (Kind.UNKNOWN, Kind.OBJECT) and not followed):
            self.change(callee, node, doubtful=not known)
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
        """Go through the body of a notebook function with these arguments, and through what waits for it."""
        result = self._call_function(callee, args, keywords, node, starred=starred)
        while self.book.waiting and not self.active:
            waiting = self.book.waiting.pop(0)
            before, self.place_override = self.place_override, waiting.place
            with self.maybe():
                self._call_function(
                    waiting.callee, waiting.args, waiting.keywords, node, starred=waiting.starred
                )
            self.place_override = before
        return result

    def _call_function(
        self, callee: Value, args: list[Value], keywords: dict[str, Value], node: ast.AST, *, starred: bool
    ) -> Value:
        info = self.functions[callee.what]
        self.effects.reached.add(info.ident)
        everything = [*args, *keywords.values(), info.defaults]
        if is_cached(info):
            self.note_cached(info, [*args, *keywords.values()], node)
        book = self.book
        book.asked += 1
        if book.asked > self.spare_calls:
            return self._refused(info, [callee, *everything], node)
        if self.active.count(info.ident) >= 2:
            return self.alias([callee, *everything])
        if len(self.active) >= MAX_NESTED:
            self._wait(Waiting(callee, args, keywords, starred, self.place(node)), everything, node)
            return self.alias([callee, *everything])
        far = book.calls >= book.exact or len(self.active) >= MAX_DEPTH
        if far and (info.ident, self.doubt > 0) in book.results:
            self._meet(everything, node)
            return self.guess(info, [callee, *everything], node)
        if far or book.calls < book.plain:
            frame = self._frame(info, args, keywords, callee, starred=starred)
            return self.follow(info, frame, everything, node)
        given = (callee, *everything)
        key = self.call_key(info, given, (*keywords, str(starred), *sorted(self.undone)))
        known = book.summaries.get(key)
        if known is not None:
            return self.recall(known, given)
        before = self.surroundings(given)
        frame = self._frame(info, args, keywords, callee, starred=starred)
        result = self.follow(info, frame, everything, node)
        if info.ident not in self.active:  # else what its caller gives is not known yet
            book.summaries[key] = self.summary(given, before, result)
        return result

    def _refused(self, info: FunctionInfo, values: list[Value], node: ast.AST) -> Value:
        """Follow no more calls; it is said once, where it begins."""
        if self.spare_calls >= 0 and not any(found.code == "SM334" for found in self.effects.findings):
            self.effects.find("SM334", self.place(node), info.name)
        return self.alias(values)

    def _meet(self, values: list[Value], node: ast.AST) -> None:
        """A body that is not gone through again may call what it is given and the unit has not called yet."""
        new = frozenset[str]().union(*map(definitions_of, values)) - self.book.met
        if not new:
            return
        given = self.alias([value for value in values if not value.is_callable_of_notebook])
        for ident in sorted(new):
            self.book.met.add(ident)
            with self.maybe():
                if ident in self.classes:
                    self._methods_called(self.classes[ident], given, node)
                elif ident in self.functions and (ident, self.doubt > 0) not in self.book.results:
                    self._called_back(ident, given, node)

    def go_through(self, info: FunctionInfo, frame: Frame, everything: list[Value], node: ast.AST) -> Value:
        self.book.calls += 1
        since = self.heap.temporaries
        if self.book.calls > self.book.plain or since > PLAIN_TEMPORARIES:
            self.heap.crowded = min(self.heap.crowded, CROWD)
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
        if is_cached(info) and not result.is_immutable and info.closure is None:
            result = replace(result, roots=result.roots | self.heap.node(info.name))
        if info.is_generator:
            kind = (
                Kind.UNKNOWN
                if {"contextmanager", "asynccontextmanager"} & set(info.decorators)
                else Kind.GENERATOR
            )
            result = self.fresh(kind, holds=[result, *everything])
        if self.heap.crowded < NEVER_CROWDED:
            self.heap.merge(since)
        key = (info.ident, self.doubt > 0)
        known = self.book.results.get(key)
        self.book.results[key] = result if known is None else join((known, result))
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
        frame = Frame(bound, info.closure, global_names, nonlocal_names, unit=self.index)
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
        roots = self.heap.node(info.name) if known is not None else 0
        return Value(Kind.CLASS, info.ident, roots, frozenset({info.ident}))

    def _wait(self, waiting: Waiting, values: list[Value], node: ast.AST) -> None:
        """Too many calls inside each other: go through the body once the outermost call is over.

        Only with the arguments of the first such call; of others all may change that they are given.
        """
        for child in ast.walk(self.functions[waiting.callee.what].node):  # before others bind them
            if isinstance(child, ast.Name) and isinstance(child.ctx, ast.Load) and child.id in self.env:
                self.need(child.id, waiting.place)
        for value in values:
            self.change(value, node, deep=True, doubtful=True)
        self._meet(values, node)
        if waiting.callee.what not in self.book.has_waited:
            self.book.has_waited.add(waiting.callee.what)
            self.book.waiting.append(waiting)

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
        if info.ident in self.stored and info.name in self.env:  # it is stored together with its class
            self.heap.hold(instance.roots, self.heap.node(info.name))
            instance = replace(instance, carries=instance.carries | definitions_of(self.env[info.name]))
        if info.metaclass is not None and info.metaclass.kind is Kind.CLASS:
            hook = self.find_attribute(self.classes[info.metaclass.what], "__call__")
            if hook is not None and hook.kind is Kind.FUNCTION:
                self.call_function(hook, [callee, *args], keywords, node, starred=starred)
        created, since = False, len(self.put)
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
                self.construct_own(info.bases, node)
                self._defaults(info, instance, node)
        nodes = self.heap.now(instance.roots)
        stored = self.book.made.setdefault(info.ident, set())  # also for calls that are looked up
        stored.update(*(code for holders, code in self.put[since:] if holders & nodes))
        carried = instance.carries.union(stored, *(definitions_of(v) for v in everything))
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
        if name == "register" and owner.kind is Kind.FUNCTION and self._dispatches(owner):
            return self._register(owner, args, node)
        results: list[Value] = []
        for ident in sorted(definitions_of(owner)):
            info = self.classes.get(ident)
            method = self.find_attribute(info, name) if info is not None else None
            if method is not None and method.kind is Kind.FUNCTION:
                with self.maybe():
                    results.append(self.call_function(method, [self.part(owner), *args], keywords, node))
        if owner.kind is Kind.INSTANCE:
            self._inherited(owner, args, keywords, node)
        elif owner.kind is Kind.CONTAINER:
            self.hash_all([value for value in args if value.kind is Kind.INSTANCE], node)
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
        if not values:
            return None
        self.own_called_back(values, node)
        idents = sorted(frozenset[str]().union(*(definitions_of(v) for v in values)))
        for value in values:
            if value.kind is Kind.LIBRARY:
                self.draw(self.random_of(value), node)
            self._called_by_library(value, values, node)
        if not idents:
            return None
        others = [v for v in values if v.kind not in UNSHARED and v.kind is not Kind.FUNCTION]
        given = self.alias(others)
        if len(others) == 1 and others[0].kind is Kind.FRAME:
            given = self._cells_of(others[0])
        receivers = {v.what: v.owner for v in values if v.kind is Kind.FUNCTION and v.owner is not None}
        results = []
        for ident in idents:
            key = (ident, self.heap.named(given.roots))
            if key in self.escaped:
                continue
            self.escaped.add(key)
            with self.maybe():
                if ident in self.functions:
                    results.append(self._called_back(ident, given, node, receivers.get(ident)))
                elif classes and ident in self.classes:
                    self._methods_called(self.classes[ident], given, node)
        if not classes:  # `filter(f, xs)`: it calls what is given, and none of its other methods
            for value in others:
                self.implicit(value, ("__call__",), [given], node)
        return join(results) if results else None

    def _cells_of(self, frame: Value) -> Value:
        """Pandas hands out rows and groups as copies, but what is in their cells is the same."""
        return replace(self.fresh(Kind.FRAME), owner=replace(frame, owner=None), attribute=CELLS)

    def _called_by_library(self, value: Value, values: list[Value], node: ast.AST) -> None:
        """`df["v"].apply(xs.append)` calls a method of `xs`; a `partial` calls what it was made of."""
        others = self.alias([v for v in values if v is not value])
        if value.what in self.partials:
            with self.maybe():
                self.call_value(value, [others], {}, node)
        elif value.kind is Kind.LIBRARY and value.what in ("eval", "exec"):
            self.effects.find("SM331", self.place(node), f"{value.what}()")
        elif value.kind is Kind.LIBRARY and value.what in SPECIAL_METHODS:  # map(str, objects)
            with self.maybe():
                self.implicit(others, SPECIAL_METHODS[value.what], [UNKNOWN], node)
        elif value.kind is Kind.LIBRARY and self.is_unbound_mutator(value.what):
            with self.maybe():
                self.call_library(value.what, [others], {}, node)
        elif value.owner is not None and is_mutator(value.attribute):
            with self.maybe():
                self.call_method(value.owner, value.attribute, [others], {}, node)

    def _called_back(self, ident: str, given: Value, node: ast.AST, receiver: Value | None = None) -> Value:
        count = len(argument_names(self.functions[ident].node.args))
        if receiver is None:
            return self.call_function(Value(Kind.FUNCTION, ident), [given] * count, {}, node)
        method = Value(Kind.FUNCTION, ident, owner=receiver)
        return self.call_value(method, [given] * (count - 1), {}, node)

    def kept_by_process(self, values: list[Value], node: ast.AST) -> None:
        """A setting keeps handlers, filters: what they are told later, in whatever step, they may note down.

        Such a setting cannot be repeated in each step.
        """
        seen = Value(roots=self.heap.node(KEPT))
        for value in values:
            for ident in sorted(definitions_of(value)):
                info = self.classes.get(ident)
                found = list(info.attributes.values()) if info is not None else []
                methods = [v for v in found if v.kind is Kind.FUNCTION]
                receiver = replace(
                    self.part(value), kind=Kind.INSTANCE, what=ident, roots=value.roots | seen.roots
                )
                for method in methods:
                    if self.functions[method.what].name != "__init__":
                        with self.maybe():
                            self._called_back(method.what, UNKNOWN, node, receiver)
        self.effects.is_told |= self.effects.changes.pop(KEPT, None) is not None

    def _methods_called(self, info: ClassInfo, given: Value, node: ast.AST) -> None:
        """A library calls methods of an instance; what they do to the instance itself it knows."""
        receiver = Value(Kind.INSTANCE, info.ident, carries=frozenset({info.ident}))
        self.doubt += 1
        try:
            for name, value in list(info.attributes.items()):
                if value.kind is Kind.FUNCTION:
                    count = len(argument_names(self.functions[value.what].node.args)) - 1
                    one = self.fresh(Kind.CONTAINER, MEMO) if name == "__deepcopy__" else given
                    self.call_function(value, [receiver, *([one] * max(count, 0))], {}, node)
        finally:
            self.doubt -= 1
