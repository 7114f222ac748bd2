"""Expressions: what they read, what they may be."""

from __future__ import annotations

import ast
import builtins
from typing import TYPE_CHECKING, Any

from stepmill.analysis.core import UNSHARED, Core
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
    replace,
)

if TYPE_CHECKING:
    from collections.abc import Callable


BUILTINS = frozenset(dir(builtins)) | {"__name__", "__doc__", "__builtins__", "__debug__"}
SHELL_NAMES = frozenset({"display", "get_ipython", "exit", "quit", "In", "Out", "_dh", "_oh", "_ih"})
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


class Expressions(Core):
    """Evaluation of names, literals, operators; one method per node type."""

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
                self.ask_identity(left, right)
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
