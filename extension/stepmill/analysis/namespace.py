"""Names as strings: `globals()`, `exec`, `getattr`, `__main__`, texts that are formatted."""

from __future__ import annotations

import ast
import re
import string
from contextlib import nullcontext
from fnmatch import fnmatchcase

from stepmill.analysis.expressions import MOST_KEYS
from stepmill.analysis.frames import ClassInfo
from stepmill.analysis.scripts import executed_path
from stepmill.analysis.shell import Shell
from stepmill.analysis.units import parse
from stepmill.analysis.values import (
    ADDRESS,
    IMMUTABLE,
    UNKNOWN,
    Kind,
    Value,
    constant,
    definitions_of,
    dotted_name,
    join,
    replace,
)

_PERCENT_FIELD = re.compile(r"%\((\w+)\)")
_FILLED_IN = frozenset({"format", "format_map", "substitute", "safe_substitute"})
"""Methods by which a text, or a `string.Template`, is given the values of names."""
_LOOKS = frozenset({"dict", "len", "list", "print", "repr", "set", "sorted", "str", "tuple"})


class Namespace(Shell):
    """Calls that mean something to the notebook's namespace."""

    # -- names that are formatted ------------------------------------------------------------------

    def run_examples(self, texts: list[str], node: ast.AST) -> None:
        raise NotImplementedError

    def special_call(self, node: ast.Call) -> Value | None:
        """Handle a call that is not an ordinary one; None if it is."""
        function = node.func
        if any(k.arg == "globals" and self._is_namespace(k.value, "globals") for k in node.keywords):
            return self._timed(node)
        if len(node.args) > 1 and self._is_namespace(node.args[1], "globals"):
            called = self.evaluate(function)
            if called.kind is Kind.LIBRARY and called.what == "doctest.run_docstring_examples":
                return self._run_examples(node)
        if isinstance(function, ast.Name) and function.id not in self.env:
            if self.frame is not None and self.frame.home(function.id) is not None:
                return None
            method = getattr(self, f"special_{function.id}", None)
            if function.id in _LOOKS and self._looks_at_names(node):
                return UNKNOWN
            result: Value | None = method(node) if method is not None else None
            return result
        if isinstance(function, ast.Attribute):
            return self._special_attribute(function, node)
        return None

    def _timed(self, node: ast.Call) -> Value | None:
        """`timeit("f(x)", globals=globals())` reads what its texts name."""
        called = self.evaluate(node.func)
        if called.kind is not Kind.LIBRARY or called.what not in TIMERS:
            return None
        args = [self.evaluate(arg) for arg in node.args]
        keywords = {k.arg: self.evaluate(k.value) for k in node.keywords if k.arg and k.arg != "globals"}
        return self.call_value(called, args, keywords, node)

    def _looks_at_names(self, node: ast.Call) -> bool:
        """`sorted(globals())` looks at the names, whatever they are, and does nothing to them."""
        given = [arg for arg in node.args if self._is_namespace(arg, "globals", "locals", "vars")]
        if given:
            self.effects.find("SM331", self.place(node), f"{ast.unparse(node.func)}(globals())")
        return bool(given)

    def _run_examples(self, node: ast.Call) -> Value:
        """`run_docstring_examples(f, globals())` runs what the text of `f` says, with a copy of all names."""
        examined = self.evaluate(node.args[0])
        for other in (*node.args[2:], *(keyword.value for keyword in node.keywords)):
            self.evaluate(other)
        texts = self._docstrings(examined)
        if texts is None:
            self.effects.find("SM331", self.place(node), "globals()")
        elif not self._is_of_this_step(examined):  # an example that fails tells its line in the cell
            self.effects.find("SM331", self.place(node), "run_docstring_examples()")
        else:
            self.run_examples(texts, node)
        self.effects.shows += 1
        return IMMUTABLE

    def _is_of_this_step(self, examined: Value) -> bool:
        owner = self.unit.owner if self.unit is not None else None
        infos = [self.functions.get(ident) or self.classes.get(ident) for ident in definitions_of(examined)]
        return owner is not None and all(info is None or info.unit.owner == owner for info in infos)

    def _docstrings(self, examined: Value) -> list[str] | None:
        """Return the texts in which a definition's examples stand, None if it is not known."""
        found = [self.functions.get(ident) or self.classes.get(ident) for ident in definitions_of(examined)]
        if not examined.is_callable_of_notebook or not found:
            return None
        nodes = [info.unit.node if isinstance(info, ClassInfo) else info.node for info in found if info]
        return [
            child.value for node in nodes for child in ast.walk(node)
            if isinstance(child, ast.Constant) and isinstance(child.value, str)
        ]  # fmt: skip

    def _special_attribute(self, function: ast.Attribute, node: ast.Call) -> Value | None:
        owner = function.value
        if self._is_namespace(owner, "globals", "locals", "vars"):
            return self._namespace(function.attr, node)
        if function.attr in _FILLED_IN:
            return self._formatted(function, node)
        return None

    def _formatted(self, function: ast.Attribute, node: ast.Call) -> Value | None:
        """`"{x}".format(**globals())` reads `x`, `Template(text).substitute(globals())` any name."""
        if function.attr != "format_map" and not (function.attr != "format" and node.args):
            given = [k.value for k in node.keywords if k.arg is None]
            known = [*node.args, *(k.value for k in node.keywords if k.arg is not None)]
        else:
            given, known = node.args[:1], []
        if len(given) != 1 or not self._is_namespace(given[0], "globals", "locals", "vars"):
            return None
        filled = self.evaluate(function.value)
        if not (filled.is_immutable or filled.what == "string.Template"):
            return None
        for value in known:
            self.evaluate(value)
        names = _fields(filled.constant) if isinstance(filled.constant, str) else None
        if names is None:
            with self.maybe():
                return self._need_texts(self._all_names(), node)
        own = {k.arg for k in node.keywords}
        return self._need_texts([name for name in names if name not in own], node)

    def _all_names(self) -> list[str]:
        """Return the names of the notebook that may be bound here."""
        return [name for name in sorted(self.answer("like *")) if name in self.env]

    def _need_texts(self, names: list[str], node: ast.AST) -> Value:
        """Read the names of the notebook that are put into a text."""
        for name in names:
            value = self.read_global(name, node)
            self.implicit(value, ("__format__", "__str__", "__repr__"), [], node)
        return IMMUTABLE

    def _BinOp(self, node: ast.BinOp) -> Value:
        """`"%(x)s" % globals()` reads `x`."""
        if isinstance(node.op, ast.Mod) and self._is_namespace(node.right, "globals", "locals", "vars"):
            text = self.evaluate(node.left).constant
            if isinstance(text, str):
                return self._need_texts(_PERCENT_FIELD.findall(text), node)
        return super()._BinOp(node)

    def _at_top(self, name: str) -> bool:
        return name == "globals" or self.frame is None

    # -- names as strings --------------------------------------------------------------------------

    def _Assign(self, node: ast.Assign) -> None:
        """`g = globals()`: from here on `g["x"]` is `x`, too."""
        target, *others = node.targets
        names = self._is_namespace(node.value, "globals", "locals", "vars")
        if names and self.frame is None and isinstance(target, ast.Name) and not others:
            self.bind(target.id, NAMES, node)
        else:
            super()._Assign(node)

    def special_dict(self, node: ast.Call) -> Value | None:
        """`dict(a=1, b=x)` is `{"a": 1, "b": x}`."""
        keys = tuple(keyword.arg for keyword in node.keywords if keyword.arg is not None)
        if node.args or not keys or len(keys) < len(node.keywords) or len(keys) > MOST_KEYS:
            return None
        parts = tuple(self.evaluate(keyword.value) for keyword in node.keywords)
        return replace(self.container(list(parts)), parts=parts, keys=keys)

    def special_globals(self, node: ast.Call) -> Value:
        self.effects.find("SM331", self.place(node), "globals()")
        return NAMES

    def special_locals(self, node: ast.Call) -> Value:
        if self.frame is None:
            self.effects.find("SM331", self.place(node), "locals()")
            return NAMES
        return self.fresh(Kind.CONTAINER, holds=self.frame.values.values())

    def special_vars(self, node: ast.Call) -> Value | None:
        return None if node.args else self.special_locals(node)

    def _Subscript(self, node: ast.Subscript) -> Value:
        """`globals()["x"]` is `x`, `globals()[f"x_{i}"]` any `x_…` that the notebook speaks of."""
        if self._names_main(node):  # otherwise than for an attribute
            self.effects.find("SM331", self.place(node), "__main__")
        key = self._global_key(node)
        if key is None:
            return super()._Subscript(node)
        if isinstance(key.constant, str):
            self.need(key.constant, self.place(node))
            known: Value = self.env.get(key.constant, UNKNOWN)
            return known
        stored = self.world.get("stored", ())
        if any(fnmatchcase(one, two) for pattern in stored for one, two in pairs_of(pattern, key.pattern)):
            self.effects.find("SM331", self.place(node), "globals()")
        names = [name for name in sorted(self.answer(f"like {key.pattern}")) if name in self.env]
        return join([self.read_global(name, node) for name in names]) if names else UNKNOWN

    def _change_holder(self, target: ast.Attribute | ast.Subscript, value: Value | None = None) -> Value:
        if isinstance(target, ast.Attribute):
            key = constant(target.attr) if self._names_main(target.value) else None
        else:
            key = self._global_key(target)
        if key is None or (value is None and not isinstance(key.constant, str)):
            return super()._change_holder(target, value)
        if value is None:
            self.unbind(key.constant, target)
        else:
            self.assign_by_name(key, value, target)
        return IMMUTABLE

    def assign_by_name(self, name: Value, value: Value, node: ast.AST) -> None:
        if isinstance(name.constant, str) or not name.pattern.strip("*"):
            super().assign_by_name(name, value, node)
            return
        self.world["stored"] = (*self.world.get("stored", ()), name.pattern)
        with self.maybe():
            for found in sorted(self.answer(f"like {name.pattern}")):
                self.bind_global(found, value, self.place(node))

    # -- the module `__main__` ---------------------------------------------------------------------

    def _Name(self, node: ast.Name) -> Value:
        value = super()._Name(node)
        if _is_main(value):  # otherwise than for an attribute
            self.effects.find("SM331", self.place(node), "__main__")
        elif value == NAMES:  # otherwise than for an item
            self.effects.find("SM331", self.place(node), "globals()")
        return value

    def _Attribute(self, node: ast.Attribute) -> Value:
        """`__main__.x` is `x`."""
        if self._names_main(node.value):
            if node.attr == "__dict__":
                self.effects.find("SM331", self.place(node), "__main__")
            return self.read_global(node.attr, node)
        return super()._Attribute(node)

    def _names_main(self, node: ast.expr) -> bool:
        """Tell whether `node` is the notebook's own module: `__main__`, `sys.modules[__name__]`."""
        if isinstance(node, ast.Name):
            local = self.frame is not None and self.frame.home(node.id) is not None
            return not local and _is_main(self.env.get(node.id, UNKNOWN)) and _is_main(super()._Name(node))
        if not isinstance(node, ast.Subscript) or dotted_name(node.value, self.env) != "sys.modules":
            return False
        index = node.slice
        own = isinstance(index, ast.Name) and index.id == "__name__" and index.id not in self.env
        if own or (isinstance(index, ast.Constant) and index.value == "__main__"):
            self.evaluate(node.value)
            return True
        return False

    def special_setattr(self, node: ast.Call) -> Value | None:
        """`setattr(__main__, "x", 1)` binds `x`."""
        if len(node.args) != 3 or not self._names_main(node.args[0]):
            return None
        name, value = self.evaluate(node.args[1]), self.evaluate(node.args[2])
        self.assign_by_name(name, value, node)
        return IMMUTABLE

    # -- items of the namespace --------------------------------------------------------------------

    def _global_key(self, node: ast.Subscript) -> Value | None:
        """Return what `globals()` is indexed by, if that is known in whole or in part."""
        if not self._is_namespace(node.value, "globals", "locals", "vars"):
            return None
        index = self.evaluate(node.slice)
        return index if isinstance(index.constant, str) or index.pattern.strip("*") else None

    def _is_namespace(self, node: ast.expr, *functions: str) -> bool:
        """Tell whether `node` is a call of one of `functions` that gives the names of the notebook.

        Or a name that stands for what `globals()` gave.
        """
        if isinstance(node, ast.Name):
            local = self.frame is not None and self.frame.home(node.id) is not None
            return not local and self.env.get(node.id) == NAMES == self.read_global(node.id, node)
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name)):
            return False
        name = node.func.id
        known = name in self.env or (self.frame is not None and self.frame.home(name) is not None)
        return name in functions and not (node.args or node.keywords or known) and self._at_top(name)

    def _Compare(self, node: ast.Compare) -> Value:
        """`"x" in globals()` asks whether `x` is bound: a read of it, if anything may have bound it."""
        names = node.comparators[0]
        if (
            isinstance(names, ast.Call)
            and isinstance(names.func, ast.Attribute)
            and names.func.attr == "keys"
        ):
            names = names.func.value
        asked = len(node.ops) == 1 and isinstance(node.ops[0], (ast.In, ast.NotIn))
        if not (asked and self._is_namespace(names, "globals", "locals", "vars", "dir")):
            return super()._Compare(node)
        name = self.evaluate(node.left).constant
        if not isinstance(name, str):
            return super()._Compare(node)
        if name in self.env:
            self.need(name, self.place(node))
        return IMMUTABLE

    def _namespace(self, method: str, node: ast.Call) -> Value | None:
        """`globals().get("x")`, `globals().update(x=1)`."""
        if method == "update" and all(keyword.arg for keyword in node.keywords):
            pairs = self._pairs_of_update(node)
            if pairs is not None:
                for name, value in pairs:
                    self.bind_global(name, value, self.place(node))
                return IMMUTABLE
        args = [self.evaluate(arg) for arg in node.args]
        if method in ("get", "setdefault", "pop") and args and isinstance(args[0].constant, str):
            return self._of_namespace(method, args[0].constant, args[1:], node)
        self.effects.find("SM331", self.place(node), f"globals().{method}()")
        return UNKNOWN

    def _of_namespace(self, method: str, name: str, default: list[Value], node: ast.Call) -> Value:
        known = self.env.get(name)
        if known is not None or method == "get":
            self.need(name, self.place(node))
        if method == "setdefault":
            with self.maybe() if known is not None else nullcontext():
                self.bind_global(name, default[0] if default else IMMUTABLE, self.place(node))
        elif method == "pop" and known is not None:
            self.unbind(name, node)
        return join([known or UNKNOWN, *default])

    def _pairs_of_update(self, node: ast.Call) -> list[tuple[str, Value]] | None:
        """Return names and values of `globals().update({"x": 1}, y=2)`; None if they cannot be known."""
        shown = [self.evaluate(arg) for arg in node.args]
        pairs: list[tuple[str, Value]] = []
        for value in shown:
            if not value.keys or value.parts is None:
                return None
            inside = [replace(part, roots=part.roots | value.roots) for part in value.parts]
            known = [one if one.is_immutable else two for one, two in zip(value.parts, inside, strict=True)]
            pairs += zip(value.keys, known, strict=True)
        return [*pairs, *((keyword.arg or "", self.evaluate(keyword.value)) for keyword in node.keywords)]

    def special_exec(self, node: ast.Call) -> Value:
        code = self.evaluate(node.args[0]) if node.args else UNKNOWN
        if not isinstance(code.constant, str) or len(node.args) > 1 or node.keywords:
            for argument in node.args[1:]:
                self.change(self.evaluate(argument), node, deep=True, doubtful=True)
            self._execute_apart(node, code)
            if len(node.args) == 1:
                self.effects.find("SM331", self.place(node), "exec()")
            return UNKNOWN
        return self.run_text(code, "exec()", node)

    def _execute_apart(self, node: ast.Call, code: Value) -> None:
        """What `exec(code, names)` does beside filling the names: of a text, or of a file of the project."""
        if isinstance(code.constant, str):
            self.run_apart(code.constant, node)
        elif (path := executed_path(node)) is not None and path.endswith(".py"):
            self.run_own(path.removesuffix(".py").removeprefix("./").replace("/", "."), node)

    def run_text(self, code: Value, name: str, node: ast.AST) -> Value:
        """Go through statements that are given as a text, which `name` executes in the notebook."""
        if not isinstance(code.constant, str):
            self.effects.find("SM331", self.place(node), name)
            return UNKNOWN
        with self.called_from(node):
            self.run_block(parse(code.constant).body)
        return IMMUTABLE

    def special_eval(self, node: ast.Call) -> Value:
        code = self.evaluate(node.args[0]) if node.args else UNKNOWN
        if not isinstance(code.constant, str) or len(node.args) > 1:
            if len(node.args) == 1:
                self.effects.find("SM331", self.place(node), "eval()")
            return self.alias([self.evaluate(argument) for argument in node.args[1:]])
        statements = parse(code.constant.strip()).body
        with self.called_from(node):
            if len(statements) == 1 and isinstance(statements[0], ast.Expr):
                return self.evaluate(statements[0].value)
        return UNKNOWN

    def special_getattr(self, node: ast.Call) -> Value | None:
        if len(node.args) == 2 and self._names_main(node.args[0]):
            found = self.evaluate(node.args[1]).constant
            if isinstance(found, str):
                return self.read_global(found, node)
        args = [self.evaluate(arg) for arg in node.args]
        if len(args) >= 2 and isinstance(args[1].constant, str):
            return self.attribute_of(args[0], args[1].constant, node)
        return None

    def special_super(self, node: ast.Call) -> Value:
        frame = self.frame
        for argument in node.args:
            self.evaluate(argument)
        receiver = next(iter(frame.values.values()), UNKNOWN) if frame is not None else UNKNOWN
        info = self.classes.get(receiver.what) if receiver.kind in (Kind.INSTANCE, Kind.CLASS) else None
        for base in info.bases if info is not None else ():
            if base.kind is Kind.CLASS:
                return Value(receiver.kind, base.what, receiver.roots, receiver.carries)
        return Value(Kind.OBJECT, "super", receiver.roots)

    def special_id(self, node: ast.Call) -> Value:
        """Another process has other addresses."""
        for argument in node.args:
            self.ask_identity(self.evaluate(argument))
        return Value(Kind.IMMUTABLE, random=frozenset({ADDRESS}))

    def special_hash(self, node: ast.Call) -> Value | None:
        """What has no `__hash__` of its own is hashed by its address."""
        value = self.evaluate(node.args[0]) if len(node.args) == 1 else UNKNOWN
        info = self.classes.get(value.what) if value.kind is Kind.INSTANCE else None
        if info is None or info.node.decorator_list or self.has_library_base(info):
            return None
        return None if self.find_attribute(info, "__hash__") else self.special_id(node)

    def special_type(self, node: ast.Call) -> Value | None:
        if len(node.args) != 1:
            return None
        value = self.evaluate(node.args[0])
        if value.kind is Kind.INSTANCE and value.what in self.classes:
            name = self.classes[value.what].name
            roots = self.heap.node(name) if name in self.env else 0
            return Value(Kind.CLASS, value.what, roots, frozenset({value.what}))
        return Value(Kind.LIBRARY, "type") if not value.carries else Value(carries=value.carries)


def _fields(text: str) -> list[str] | None:
    """Return the names in a text for `str.format`; None if it has fields without a name, or no such form."""
    try:
        found = list(string.Formatter().parse(text))
        nested = [name for *_, spec, _ in found for name in (_fields(spec or "") or [])]
    except ValueError:
        return None
    names = [re.split(r"[.\[]", field, maxsplit=1)[0] for _, field, _, _ in found if field is not None]
    return [*names, *nested] if all(names) and not any(name.isdigit() for name in names) else None


TIMERS = frozenset({"timeit.Timer", "timeit.repeat", "timeit.timeit"})
"""Functions that run texts again and again."""
NAMES = Value(Kind.LIBRARY, "globals()")
"""What `globals()` gives."""


def _is_main(value: Value) -> bool:
    return value.kind is Kind.MODULE and value.what == "__main__"


def pairs_of(one: str, two: str) -> tuple[tuple[str, str], ...]:
    """Return two patterns in both orders, the second one of a pair to be matched against."""
    return ((one, two), (two, one))
