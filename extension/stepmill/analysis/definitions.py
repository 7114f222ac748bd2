"""Definitions of functions, classes and types, with their decorators."""

from __future__ import annotations

import ast
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from stepmill.analysis.field_classes import is_of_attrs, own_fields
from stepmill.analysis.frames import ClassInfo, Frame, local_names, type_parameters
from stepmill.analysis.targets import Targets
from stepmill.analysis.values import (
    CLASS_FACTORIES,
    IMMUTABLE,
    UNKNOWN,
    Kind,
    Value,
    all_of,
    dotted_name,
    replace,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

TRANSPARENT = frozenset(
    [
        "wraps",
        "lru_cache",
        "cache",
        "property",
        "cached_property",
        "staticmethod",
        "classmethod",
        "dataclass",
        "abstractmethod",
        "njit",
        "jit",
        "contextmanager",
        "asynccontextmanager",
        "total_ordering",
        "final",
        "override",
        "overload",
        "singledispatch",
        "setter",
        "getter",
        "deleter",
        "unique",
        "runtime_checkable",
        "no_grad",
        "inference_mode",
        "vectorize",
        "cell_magic",
        "line_magic",
    ]
)
"""Decorators whose result behaves as what they decorate, as far as data flow goes."""
ACCESSORS_OF_PROPERTIES = frozenset({"getter", "setter", "deleter"})


class Definitions(Targets):
    """What a definition binds, and which code it runs at once."""

    def _FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        names, decorators = self._decorators(node.decorator_list)
        if any(name.startswith("register_") and name.endswith("_magic") for name in names):
            self.effects.session.append(self.place(node))
        arguments = node.args
        defaults = [self.evaluate(d) for d in (*arguments.defaults, *arguments.kw_defaults) if d is not None]
        with self._type_parameters(node):
            self._annotations(node)
        value = self.define_function(node, node.name, defaults, tuple(names))
        earlier = self.frame.values.get(node.name) if self.frame is not None and self.frame.is_class else None
        if earlier is not None and ACCESSORS_OF_PROPERTIES & set(names):
            self.functions[value.what] = self.functions[value.what].after(earlier.what)
        for name, decorator in zip(reversed(names), reversed(decorators), strict=True):
            if name not in TRANSPARENT:
                value = self._decorated(decorator, value, node)
        self.bind(node.name, value, node)

    _AsyncFunctionDef = _FunctionDef

    def _decorators(self, nodes: list[ast.expr]) -> tuple[list[str], list[Value]]:
        names = []
        for node in nodes:
            inner = node.func if isinstance(node, ast.Call) else node
            last = inner.attr if isinstance(inner, ast.Attribute) else getattr(inner, "id", "")
            known = self.env.get(last)
            ours = isinstance(inner, ast.Name) and known is not None and known.is_callable_of_notebook
            names.append("" if ours or self._is_of_object(inner) else last)
        return names, [self.evaluate(node) for node in nodes]

    def _is_of_object(self, node: ast.expr) -> bool:
        """Tell whether a decorator is a method of an object: `@memory.cache` is not `functools.cache`."""
        owner = node.value if isinstance(node, ast.Attribute) else None
        known = self.value_named(owner.id) if isinstance(owner, ast.Name) else None
        return known is not None and known.kind in (Kind.OBJECT, Kind.INSTANCE)

    def _decorated(self, decorator: Value, value: Value, node: ast.AST) -> Value:
        result = self.call_value(decorator, [value], {}, node)
        if result.kind in (Kind.FUNCTION, Kind.CLASS):
            return replace(result, carries=result.carries | value.carries)
        return replace(result, roots=result.roots | value.roots, carries=result.carries | value.carries)

    def _annotations(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        arguments = node.args
        every = [
            *arguments.posonlyargs,
            *arguments.args,
            *arguments.kwonlyargs,
            arguments.vararg,
            arguments.kwarg,
        ]
        for argument in every:
            if argument is not None:
                self.evaluate(argument.annotation)
        self.evaluate(node.returns)

    def _TypeAlias(self, node: Any) -> None:
        """`type A = list[A] | int`, Python 3.12. What it stands for may be asked for later."""
        assert self.unit is not None
        value = IMMUTABLE
        if self.frame is None:
            ident = f"{node.name.id}@{self.unit.index}:{node.lineno}:{node.col_offset}"
            self.world["definitions"] = True
            value = Value(Kind.LIBRARY, node.name.id, carries=frozenset({ident}))
        self.bind(node.name.id, value, node.name)
        with self._type_parameters(node):
            self.evaluate(node.value)

    @contextmanager
    def _type_parameters(self, node: ast.AST) -> Iterator[None]:
        """`def f[T](x: T)`: Python looks for T in a scope between the definition's and that around it."""
        outer, names = self.frame, type_parameters(node)
        if names:
            self.frame = Frame(names, outer, unit=self.index)
        try:
            yield
        finally:
            self.frame = outer

    def _ClassDef(self, node: ast.ClassDef) -> None:
        names, decorators = self._decorators(node.decorator_list)
        is_attrs = any(is_of_attrs(each, self.env) for each in node.decorator_list)
        with self._type_parameters(node):
            bases = tuple(self.evaluate(base) for base in node.bases)
        keywords = {keyword.arg: self.evaluate(keyword.value) for keyword in node.keywords}
        assert self.unit is not None
        ident = f"{node.name}@{self.unit.index}:{node.lineno}:{node.col_offset}"
        bound, global_names, nonlocal_names = local_names(node)
        outer = self.frame
        with self._type_parameters(node):
            frame = Frame(
                bound, self.frame, global_names, nonlocal_names, class_name=node.name, unit=self.index
            )
            self.frame = frame
            self.run_block(node.body)
        if outer is None:
            for held in frame.values.values():  # so does a default of one of its methods
                if held.kind is Kind.FUNCTION and held.what in self.functions:
                    self.own_defaults(held, node.name)
        if outer is None:
            self._own_attributes(node, bases, frame.values)
        meta = keywords.get("metaclass") or self._metaclass(bases)
        info = ClassInfo(ident, node.name, node, self.unit, bases, frame.values, meta, outer is not None)
        self.world["definitions"] = True
        self.found.clear()
        self.classes[ident] = info
        self.heap.keep(all_of(held.roots for held in frame.values.values()))
        value = self.fresh(Kind.CLASS, ident, holds=[*frame.values.values(), *bases, *keywords.values()])
        value = replace(value, carries=value.carries | {ident})
        if meta is not None and meta.kind is Kind.CLASS:
            for name in ("__new__", "__init__"):
                method = self.find_attribute(self.classes[meta.what], name)
                if method is not None and method.kind is Kind.FUNCTION:
                    self.call_value(method, [value, IMMUTABLE, UNKNOWN, UNKNOWN], {}, node)
        for base in bases:  # __init_subclass__ of a notebook class
            parent = self.classes.get(base.what) if base.kind is Kind.CLASS else None
            hook = self.find_attribute(parent, "__init_subclass__") if parent is not None else None
            if hook is not None and hook.kind is Kind.FUNCTION:
                self.call_value(hook, [value], {}, node)
        for name, decorator in zip(reversed(names), reversed(decorators), strict=True):
            if name not in TRANSPARENT and not is_attrs:
                value = self._decorated(decorator, value, node)
        self.bind(node.name, value, node)

    def _own_attributes(self, node: ast.ClassDef, bases: tuple[Value, ...], values: dict[str, Value]) -> None:
        """A class attribute that changes, changes the class, unless each object has a copy of it."""
        copied = own_fields(node, bases, self.env, self.classes)
        for name, held in values.items():
            if name in copied:
                values[name] = replace(held, roots=0)
            elif held.roots and held.kind is not Kind.FUNCTION:
                values[name] = replace(held, roots=held.roots | self.heap.node(node.name))

    def _metaclass(self, bases: tuple[Value, ...]) -> Value | None:
        infos = [self.classes[base.what] for base in bases if base.kind is Kind.CLASS]
        return next((info.metaclass for info in infos if info.metaclass is not None), None)

    def own_defaults(self, function: Value, name: str) -> None:
        """Let a change of a function's mutable default count as a change of `name`."""
        info = self.functions[function.what]
        if info.defaults.roots:
            defaults = replace(info.defaults, roots=info.defaults.roots | self.heap.node(name))
            self.functions[function.what] = info.with_defaults(defaults)

    def _made_class(self, node: ast.Assign) -> Value | None:
        """`Row = namedtuple("Row", "a b")` defines a class."""
        target = node.targets[0]
        if self.frame is not None or not isinstance(node.value, ast.Call) or not isinstance(target, ast.Name):
            return None
        if dotted_name(node.value.func, self.env) not in CLASS_FACTORIES:
            return None
        self.evaluate(node.value)
        assert self.unit is not None
        ident = f"{target.id}@{self.unit.index}:{node.lineno}:{node.col_offset}"
        self.world["definitions"] = True
        return Value(Kind.LIBRARY, target.id, carries=frozenset({ident}))
