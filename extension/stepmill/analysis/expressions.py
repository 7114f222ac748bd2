"""Expressions: what they read, what they may be."""

from __future__ import annotations

import ast
import builtins
from typing import TYPE_CHECKING, Any

from stepmill.analysis.core import UNSHARED, Core
from stepmill.analysis.effects import Finding
from stepmill.analysis.frames import Frame, FunctionInfo
from stepmill.analysis.special_methods import ITEM_METHODS, MAPPING_METHODS
from stepmill.analysis.values import (
    IMMUTABLE,
    NO_CONSTANT,
    UNKNOWN,
    Kind,
    Value,
    constant,
    definitions_of,
    join,
    library,
    literal_texts,
    replace,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from stepmill.analysis.frames import ClassInfo

BUILTINS = frozenset(dir(builtins)) | {"__name__", "__doc__", "__builtins__", "__debug__"}
SHELL_NAMES = frozenset({"display", "get_ipython", "exit", "quit", "In", "Out", "_dh", "_oh", "_ih"})
SHELL_STATE = frozenset(
    {
        "user_ns",
        "user_global_ns",
        "events",
        "ast_transformers",
        "input_transformers_cleanup",
        "display_formatter",
    }
)
ARRAY_MAKERS = frozenset({"numpy.c_", "numpy.r_", "numpy.mgrid", "numpy.ogrid"})
"""Objects of numpy that make an array by being indexed: `np.c_[x, y]`."""

INDEXERS = frozenset({"loc", "iloc", "at", "iat"})
"""Attributes of a frame that are the frame, indexed in another way."""

MOST_KEYS = 64
"""Entries of a dict up to which they are told apart."""

HISTORY = ("_", "__", "___", "_i", "_ii", "_iii")

OPERATOR_METHODS = {
    ast.Add: "add", ast.Sub: "sub", ast.Mult: "mul", ast.Div: "truediv", ast.FloorDiv: "floordiv",
    ast.Mod: "mod", ast.Pow: "pow", ast.LShift: "lshift", ast.RShift: "rshift", ast.BitOr: "or",
    ast.BitAnd: "and", ast.BitXor: "xor", ast.MatMult: "matmul",
}  # fmt: skip
COMPARE_METHODS = {
    ast.Eq: ("__eq__",), ast.NotEq: ("__ne__", "__eq__"), ast.Lt: ("__lt__", "__gt__"),
    ast.LtE: ("__le__", "__ge__"), ast.Gt: ("__gt__", "__lt__"), ast.GtE: ("__ge__", "__le__"),
    ast.In: ("__contains__", *ITEM_METHODS), ast.NotIn: ("__contains__", *ITEM_METHODS),
}  # fmt: skip
TEXTS_OF_DEFINITIONS = frozenset({"__name__", "__qualname__", "__module__", "__doc__"})


class Expressions(Core):
    """Evaluation of expressions; one method per node type."""

    def evaluate(self, node: ast.expr | None) -> Value:
        if node is None:
            return IMMUTABLE
        kind = type(node)
        method = self._methods.get(kind) or self._method_for(kind)
        value: Value = method(node)
        return value

    def _method_for(self, kind: type[ast.AST]) -> Callable[..., Any]:
        """Return the method for a type of nodes, looked up once."""
        found = getattr(self, f"_{kind.__name__}", None) or self._children
        self._methods[kind] = found
        return found

    def _children(self, node: ast.AST) -> Value:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr):
                self.evaluate(child)
        return UNKNOWN

    # -- names and literals ------------------------------------------------------------------------

    def _Name(self, node: ast.Name) -> Value:
        name = node.id
        if self.frame is not None:
            if self.frame.source(name) is not None:
                return self.read(name, node)
            name = self.frame.mangled(name)
        if name in self.env:
            return self.read_global(name, node)
        if name in SHELL_NAMES:
            if name in ("In", "Out", "_ih", "_oh"):
                self.effects.find("SM330", self.place(node), name)
            return Value(Kind.LIBRARY, name)
        if name == "__annotations__":
            self.effects.find("SM331", self.place(node), name)
        if name in BUILTINS:
            return Value(Kind.LIBRARY, name)
        if name in HISTORY or (name[:1] == "_" and name[1:].isdigit()):
            self.effects.find("SM330", self.place(node), name)
            return UNKNOWN
        return self.read_global(name, node)

    def _Constant(self, node: ast.Constant) -> Value:
        return constant(node.value)

    def _JoinedStr(self, node: ast.JoinedStr) -> Value:
        parts = [self.evaluate(part) for part in node.values]
        return concatenated(parts)

    def _FormattedValue(self, node: ast.FormattedValue) -> Value:
        value = self.evaluate(node.value)
        if node.format_spec is not None:
            self.evaluate(node.format_spec)
            value = replace(value, constant=NO_CONSTANT)
        self.implicit(value, ("__format__", "__str__", "__repr__"), [], node)
        if node.conversion != -1 or node.format_spec is not None:
            return IMMUTABLE
        return value if value.constant is not NO_CONSTANT or value.pattern else IMMUTABLE

    def _TemplateStr(self, node: Any) -> Value:  # t"…", Python 3.14: it keeps the values themselves
        return self.fresh(Kind.CONTAINER, holds=[self.evaluate(part) for part in node.values])

    def _Interpolation(self, node: Any) -> Value:
        self.evaluate(node.format_spec)
        return self.evaluate(node.value)

    def _Tuple(self, node: ast.Tuple) -> Value:
        parts = [self.evaluate(element) for element in node.elts]
        if any(isinstance(e, ast.Starred) for e in node.elts):
            return self.fresh(Kind.CONTAINER, holds=parts)
        if all(part.is_immutable for part in parts):
            known = all(part.constant is not NO_CONSTANT for part in parts)
            folded = tuple(part.constant for part in parts) if known else NO_CONSTANT
            return Value(Kind.IMMUTABLE, constant=folded, parts=tuple(parts))
        return replace(self.container(parts), parts=tuple(parts))

    def _List(self, node: ast.List) -> Value:
        parts = [self.evaluate(element) for element in node.elts]
        value = self.container(parts)
        starred = any(isinstance(e, ast.Starred) for e in node.elts)
        return value if starred else replace(value, parts=tuple(parts))

    def _Set(self, node: ast.Set) -> Value:
        elements = [self.evaluate(element) for element in node.elts]
        self.hash_all(elements, node)
        return self.container(elements)

    def _Dict(self, node: ast.Dict) -> Value:
        values = [self.evaluate(key) for key in node.keys if key is not None]
        self.hash_all(values, node)
        parts = tuple(self.evaluate(value) for value in node.values)
        for key, part in zip(node.keys, parts, strict=True):
            if key is None:
                self.implicit(part, MAPPING_METHODS, [], node)
        made = self.container([*values, *parts])
        texts = [
            key.value for key in node.keys if isinstance(key, ast.Constant) and isinstance(key.value, str)
        ]
        if not texts or len(texts) < len(node.keys) or len(texts) > MOST_KEYS:
            return made
        return replace(made, parts=parts, keys=tuple(texts))

    def hash_all(self, values: list[Value], node: ast.AST) -> None:
        """Call what a notebook class has to say when its objects are looked up in a set or dict."""
        for value in values:
            self.implicit(value, ("__hash__",), [], node)
            self.implicit(value, ("__eq__",), [self.part(value)], node)

    def container(self, values: list[Value]) -> Value:
        """Return a new list, dict or set of just these values."""
        return replace(self.fresh(Kind.CONTAINER, holds=values), closed=True)

    def _Starred(self, node: ast.Starred) -> Value:
        value = self.evaluate(node.value)
        self.implicit(value, ITEM_METHODS, [], node)
        self.consume(value, node)
        return self.part(value)

    def _NamedExpr(self, node: ast.NamedExpr) -> Value:
        value = self.evaluate(node.value)
        self.bind(node.target.id, value, node.target)
        return value

    # -- operators ---------------------------------------------------------------------------------

    def _BoolOp(self, node: ast.BoolOp) -> Value:
        values = [self.evaluate(node.values[0])]
        with self.maybe():
            values += [self.evaluate(value) for value in node.values[1:]]
        for value in values:
            self.implicit(value, ("__bool__", "__len__"), [], node)
        return join(values)

    def _UnaryOp(self, node: ast.UnaryOp) -> Value:
        value = self.evaluate(node.operand)
        self.implicit(value, ("__neg__", "__pos__", "__invert__", "__bool__", "__len__"), [], node)
        if isinstance(node.op, ast.USub) and isinstance(value.constant, (int, float)):
            return constant(-value.constant)
        return IMMUTABLE if value.is_immutable or isinstance(node.op, ast.Not) else self.like(value)

    def _BinOp(self, node: ast.BinOp) -> Value:
        left, right = self.evaluate(node.left), self.evaluate(node.right)
        return self.binary(left, right, node.op, node)

    def binary(self, left: Value, right: Value, operator: ast.operator, node: ast.AST) -> Value:
        """Return the value of an arithmetic expression."""
        name = OPERATOR_METHODS[type(operator)]
        results = [
            self.implicit(left, (f"__{name}__",), [right], node),
            self.implicit(right, (f"__r{name}__",), [left], node),
        ]
        if isinstance(operator, ast.Mod) and results[0] is None:  # "%s" % (x,)
            self.implicit(right, ("__str__", "__repr__"), [], node)
        made = [value for value in results if value is not None]
        if not made:
            return self._plain_binary(left, right, operator)
        sure = Kind.INSTANCE in (left.kind, right.kind)
        return join(made if sure else [*made, self._plain_binary(left, right, operator)])

    def _plain_binary(self, left: Value, right: Value, operator: ast.operator) -> Value:
        if left.is_immutable and right.is_immutable:
            return _fold(left, right, operator)
        for kind in (Kind.FRAME, Kind.ARRAY):
            if kind in (left.kind, right.kind):
                return self.fresh(kind)
        if isinstance(operator, (ast.Add, ast.Mult, ast.BitOr, ast.BitAnd, ast.Sub, ast.BitXor)):
            kinds = {left.kind, right.kind}
            kind = Kind.CONTAINER if Kind.CONTAINER in kinds else Kind.UNKNOWN
            return self.fresh(kind, holds=[left, right])
        return self.fresh()

    def _Compare(self, node: ast.Compare) -> Value:
        values = [self.evaluate(node.left), *(self.evaluate(c) for c in node.comparators)]
        for left, operator, right in zip(values, node.ops, values[1:], strict=False):
            if isinstance(operator, (ast.Is, ast.IsNot)):
                continue
            names = COMPARE_METHODS[type(operator)]
            self.implicit(left, names, [right], node)
            self.implicit(right, names, [left], node)
            if isinstance(operator, (ast.In, ast.NotIn)):
                self.hash_all([left, right], node)
                self.consume(right, node)
        arrays = [v for v in values if v.kind in (Kind.FRAME, Kind.ARRAY)]
        return self.fresh(arrays[0].kind) if arrays else IMMUTABLE if _all_plain(values) else self.fresh()

    def truth(self, test: ast.expr) -> None:
        """Evaluate a condition, and ask whether it holds."""
        self.implicit(self.evaluate(test), ("__bool__", "__len__"), [], test)

    def _IfExp(self, node: ast.IfExp) -> Value:
        self.truth(node.test)
        found: list[Value] = []

        def side(expression: ast.expr) -> Callable[[], bool]:
            def body() -> bool:
                found.append(self.evaluate(expression))
                return True

            return body

        self.branches([side(node.body), side(node.orelse)])
        return join(found)

    def _Await(self, node: ast.Await) -> Value:
        value = self.evaluate(node.value)
        return self.part(value) if value.kind is Kind.GENERATOR else value

    def _Yield(self, node: ast.Yield) -> Value:
        value = self.evaluate(node.value)
        if self.frame is not None:
            self.frame.returns.append(value)
        return UNKNOWN

    def _YieldFrom(self, node: ast.YieldFrom) -> Value:
        value = self.part(self.evaluate(node.value))
        if self.frame is not None:
            self.frame.returns.append(value)
        return UNKNOWN

    # -- attributes and items ----------------------------------------------------------------------

    def _Attribute(self, node: ast.Attribute) -> Value:
        return self.attribute_of(self.evaluate(node.value), node.attr, node)

    def attribute_of(self, owner: Value, name: str, node: ast.AST) -> Value:
        """Return `owner.name`, calling a property of the notebook."""
        if owner.kind in (Kind.MODULE, Kind.LIBRARY):
            if owner.what == "get_ipython()" and name in SHELL_STATE:
                self.effects.find("SM331", self.place(node), f"get_ipython().{name}")
            self.use_own(f"{owner.what}.{name}", node)
            return library(f"{owner.what}.{name}")
        if name == "plot":  # `df.plot.barh()`
            self.effects.plots = True
        if name == "__subclasses__" and owner.kind is Kind.CLASS:
            self._need_subclasses(owner, node)
        if name == "__class__" and owner.kind is Kind.INSTANCE:
            return self.class_of(owner)
        if name in TEXTS_OF_DEFINITIONS and owner.kind in (Kind.CLASS, Kind.FUNCTION):
            return IMMUTABLE
        if owner.kind is Kind.FUNCTION and name in ("cache_info", "cache_clear", "cache_parameters"):
            return self.look_into_cache(owner, name, node)
        if owner.kind in (Kind.INSTANCE, Kind.CLASS):
            found = self._of_class(owner, name, node)
            if found is not None:
                return found
        elif owner.kind not in (Kind.IMMUTABLE, Kind.FRAME, Kind.ARRAY):
            self._properties(owner, name, node)
            self.read_own_property(owner, name, node)
        if owner.is_immutable:
            return Value(Kind.IMMUTABLE, owner=owner, attribute=name)
        kind = owner.kind if owner.kind in (Kind.FRAME, Kind.ARRAY, Kind.FIGURE) else Kind.UNKNOWN
        if owner.kind is Kind.FRAME and name in ("values", "array"):
            return replace(self.part(owner), kind=Kind.ARRAY)
        if owner.kind is Kind.FRAME and name in INDEXERS:  # what is stored through it changes the frame alone
            return replace(owner.interior(), kind=kind, owner=owner, attribute=name)
        inside = self.inside(owner.roots)  # a bound method holds its object
        return replace(owner.interior(), roots=inside, kind=kind, owner=owner, attribute=name)

    def _need_subclasses(self, owner: Value, node: ast.AST) -> None:
        """`Base.__subclasses__()` finds those that have been defined so far, by whatever step."""
        self.is_repeatable = False  # a class that comes in between is in no entry looked at
        known = {owner.what}
        for ident, info in self.classes.items():  # bases stand before what is made of them
            if any(base.what in known for base in info.bases):
                known.add(ident)
                self.need(info.name, self.place(node))

    def _of_class(self, owner: Value, name: str, node: ast.AST) -> Value | None:
        info = self.classes.get(owner.what)
        found = self.find_attribute(info, name) if info is not None else None
        if found is None:
            return self._made_up(owner, info, name, node)
        if found.kind is Kind.INSTANCE:
            made = self.implicit(found, ("__get__",), [owner, UNKNOWN], node)
            if made is not None:
                return made
        if (
            owner.kind is Kind.CLASS
            and found.is_immutable
            and info is not None
            and self.has_library_base(info)
        ):
            return Value(Kind.INSTANCE, owner.what, carries=frozenset({owner.what}))  # a member of an Enum
        if found.kind is not Kind.FUNCTION:
            own = self.inside(owner.roots) if owner.kind is Kind.INSTANCE else owner.roots
            if owner.kind is Kind.INSTANCE and own:
                found = self._default(owner, found, name)
            return replace(found, roots=found.roots | own, constant=NO_CONSTANT, parts=None)
        function = self.functions[found.what]
        getter = self.accessor(found, "property", "cached_property", "getter")
        if getter is not None:
            return self.call_value(getter, [owner], {}, node) if owner.kind is Kind.INSTANCE else found
        if "staticmethod" in function.decorators:
            return found
        if owner.kind is Kind.CLASS and "classmethod" not in function.decorators:
            return found
        return replace(found, owner=owner, attribute=name, roots=found.roots | owner.roots)

    def _default(self, owner: Value, found: Value, name: str) -> Value:
        """Return what `owner.name` may be where the class has `found`: objects may have their own instead."""
        is_code = found.kind in (Kind.CLASS, Kind.LIBRARY, Kind.MODULE)
        if is_code and owner.carries <= {owner.what, *found.carries}:
            return found  # the object holds no code of the notebook that could be there instead
        carries = owner.carries | found.carries
        return Value(Kind.UNKNOWN, roots=found.roots, owner=owner, attribute=name, carries=carries)

    def accessor(self, function: Value, *decorators: str) -> Value | None:
        """Return the function with one of `decorators` among those that make up a property."""
        ident = function.what
        while ident in self.functions:
            if set(decorators) & set(self.functions[ident].decorators):
                return replace(function, what=ident)
            ident = self.functions[ident].earlier
        return None

    def properties_of(self, owner: Value) -> set[str]:
        """Return the names of what an object of a notebook class computes."""
        infos = (self.classes[ident] for ident in definitions_of(owner) if ident in self.classes)
        return {
            name for info in infos for name, value in info.attributes.items() if value.kind is Kind.FUNCTION
        }

    def _made_up(self, owner: Value, info: ClassInfo | None, name: str, node: ast.AST) -> Value | None:
        """What `__getattr__` of the class returns, or else the attribute that the instance has by itself."""
        hook = self.find_attribute(info, "__getattr__") if info is not None else None
        if hook is None or hook.kind is not Kind.FUNCTION or owner.kind is not Kind.INSTANCE:
            return None
        with self.maybe():
            made = self.call_value(hook, [owner, constant(name)], {}, node)
        return replace(join((made, self.part(owner))), owner=owner, attribute=name)

    def _properties(self, owner: Value, name: str, node: ast.AST) -> None:
        """An object that carries notebook classes may answer `name` through a property."""
        for ident in definitions_of(owner):
            info = self.classes.get(ident)
            if info is None:
                continue
            found, given = self.find_attribute(info, name), [self.part(owner)]
            if found is None:
                found, given = self.find_attribute(info, "__getattr__"), [*given, constant(name)]
            if found is not None and found.kind is Kind.FUNCTION:
                getter = found if len(given) == 2 else self.accessor(found, "property", "getter")
                if getter is not None:
                    with self.maybe():
                        self.call_value(getter, given, {}, node)

    def _Subscript(self, node: ast.Subscript) -> Value:
        owner, index = self.evaluate(node.value), self.evaluate(node.slice)
        made = self._special_item(owner, index, node)
        if index.kind is Kind.INSTANCE:
            self.hash_all([index], node)
        if made is not None:
            return made
        if owner.kind is Kind.CLASS:  # Stack[int]
            return owner
        if owner.kind is Kind.LIBRARY:
            if owner.what == "os.environ":
                self.read_environment(index)
                return IMMUTABLE
            if owner.what in ("globals", "locals", "vars"):
                return UNKNOWN
            if owner.what in ARRAY_MAKERS:
                return self.fresh(Kind.ARRAY, holds=[index])
            return Value(Kind.LIBRARY, owner.what)
        known = _known_part(owner, index.constant)
        if known is not None:
            return known if known.is_immutable else replace(known, roots=known.roots | owner.roots)
        if owner.kind is Kind.FRAME:
            return replace(self.part(owner), kind=Kind.FRAME, owner=owner, attribute="[]")
        if owner.kind is Kind.ARRAY:
            fancy = isinstance(node.slice, (ast.Compare, ast.List)) or index.kind in (
                Kind.ARRAY,
                Kind.CONTAINER,
            )
            return self.fresh(Kind.ARRAY) if fancy else replace(self.part(owner), kind=Kind.ARRAY)
        if owner.kind is Kind.FIGURE:
            return replace(self.part(owner), kind=Kind.FIGURE)
        if owner.kind is Kind.CONTAINER and owner.what:  # a defaultdict: a missing key is added
            self.change(owner, node, doubtful=self.unit is not None and self.unit.owner is not None)
        if owner.kind is Kind.CONTAINER and isinstance(node.slice, ast.Slice):
            return self.fresh(Kind.CONTAINER, holds=[owner])
        return self.part(owner)

    def _special_item(self, owner: Value, index: Value, node: ast.AST) -> Value | None:
        """Return what a method of the notebook gives for an item; a missing one included."""
        made = self.implicit(owner, ("__getitem__", "__class_getitem__"), [index], node)
        absent = self.implicit(owner, ("__missing__",), [index], node)
        self.implicit(index, ("__index__",), [], node)
        if made is not None and owner.kind is not Kind.INSTANCE:
            made = join((made, self.part(owner)))
        if absent is None:
            return made
        return join((absent, self.part(owner) if made is None else made))

    def _Slice(self, node: ast.Slice) -> Value:
        for part in (node.lower, node.upper, node.step):
            self.evaluate(part)
        return IMMUTABLE

    def read_environment(self, key: Value) -> None:
        """Record the read of an environment variable."""
        if isinstance(key.constant, str):
            self.effects.environment.add(key.constant)

    # -- scopes of their own -----------------------------------------------------------------------

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

    # -- iteration and implicit calls --------------------------------------------------------------

    def iterate(self, source: Value, node: ast.AST) -> Value:
        """Return one element of `source`, consuming it."""
        made = self.implicit(source, ITEM_METHODS, [], node)
        self.consume(source, node)
        if made is not None:
            return join((made, self.part(source)))
        if source.is_immutable:
            return IMMUTABLE
        if source.kind is Kind.ITERATOR and source.parts and not self.heap.named(source.roots):
            return replace(self.container(list(source.parts)), parts=source.parts)  # zip makes tuples
        if source.parts and not source.keys:
            joined = join(source.parts)
            return replace(joined, roots=joined.roots | source.roots, constant=NO_CONSTANT)
        if source.kind is Kind.FIGURE:
            return replace(self.part(source), kind=Kind.FIGURE)
        if source.kind is Kind.FRAME:
            return IMMUTABLE if source.owner is None else UNKNOWN
        return self.part(source)

    def consume(self, value: Value, node: ast.AST) -> None:
        """Iterating changes an iterator."""
        if value.kind in (Kind.ITERATOR, Kind.GENERATOR, Kind.HANDLE):
            self.change(value, node)

    def implicit(
        self, owner: Value, names: tuple[str, ...], args: list[Value], node: ast.AST
    ) -> Value | None:
        """Call special methods that a notebook class may define; None if none does."""
        if owner.kind is Kind.OBJECT:
            for name in names:
                self.call_own_method(owner, name, node)
            return None
        idents = definitions_of(owner) if owner.kind in (Kind.INSTANCE, Kind.UNKNOWN, Kind.CONTAINER) else ()
        found: list[Value] = []
        for ident in sorted(idents):
            info = self.classes.get(ident)
            if info is None:
                continue
            for name in names:
                method = self.find_attribute(info, name)
                if method is not None and method.kind is Kind.FUNCTION:
                    receiver = owner if owner.kind is Kind.INSTANCE else self.part(owner)
                    with self.maybe():
                        found.append(self.call_value(method, [receiver, *args], {}, node))
        return join(found) if found else None

    def like(self, value: Value) -> Value:
        """Return a new value of the same kind."""
        return self.fresh(value.kind if value.kind in (Kind.FRAME, Kind.ARRAY) else Kind.UNKNOWN)

    def note(self, code: str, node: ast.AST, name: str = "", detail: str = "") -> None:
        """Record a finding at `node`."""
        self.effects.findings.append(Finding(code, self.place(node), name, detail))


def _known_part(owner: Value, index: Any) -> Value | None:
    """Return the element of a list, tuple or dict that is written out, None if it is not known."""
    parts = owner.parts
    if parts is None:
        return None
    if owner.keys:
        found = [part for key, part in zip(owner.keys, parts, strict=True) if key == index]
        return found[-1] if found else None
    is_position = isinstance(index, int) and not isinstance(index, bool)
    return parts[index] if is_position and -len(parts) <= index < len(parts) else None


def _fold(left: Value, right: Value, operator: ast.operator) -> Value:
    """Fold texts, so that the names of files are known; what is unknown in them becomes a `*`."""
    texts = any(isinstance(v.constant, str) or v.pattern for v in (left, right))
    if not texts:
        return IMMUTABLE
    if isinstance(operator, ast.Add):
        return concatenated([left, right])
    if isinstance(operator, ast.Div):
        return concatenated([left, constant("/"), right])
    if isinstance(operator, ast.Mod) and isinstance(left.constant, str):
        return concatenated([constant(left.constant.split("%", 1)[0]), IMMUTABLE])
    return IMMUTABLE


def concatenated(parts: list[Value]) -> Value:
    """Return the text that `parts` make together: a constant, or a pattern with `*` for the unknown."""
    if all(part.constant is not NO_CONSTANT for part in parts):
        return constant("".join(str(part.constant) for part in parts).replace("//", "/"))
    texts = [str(p.constant) if p.constant is not NO_CONSTANT else p.pattern or "*" for p in parts]
    return Value(Kind.IMMUTABLE, pattern="".join(texts))


def _all_plain(values: list[Value]) -> bool:
    return all(v.is_immutable or v.kind in UNSHARED or v.kind is Kind.CONTAINER for v in values)
