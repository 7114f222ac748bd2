"""Attributes and items: what objects, classes, frames and dicts answer."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from stepmill.analysis.expressions import Expressions
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
    from stepmill.analysis.frames import ClassInfo

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
NAMESPACES = frozenset({"__globals__", "f_globals", "f_locals"})
"""Attributes of functions and frames that have the names of the notebook."""
ARRAY_MAKERS = frozenset({"numpy.c_", "numpy.r_", "numpy.mgrid", "numpy.ogrid"})
"""Objects of numpy that make an array by being indexed: `np.c_[x, y]`."""
INDEXERS = frozenset({"loc", "iloc", "at", "iat"})
"""Attributes of a frame that are the frame, indexed in another way."""
TEXTS_OF_DEFINITIONS = frozenset({"__name__", "__qualname__", "__module__", "__doc__"})


class Attributes(Expressions):
    """Evaluation of `x.name` and `x[i]`, properties and special methods of the notebook included."""

    def _Attribute(self, node: ast.Attribute) -> Value:
        if node.attr in NAMESPACES:
            self.effects.find("SM331", self.place(node), node.attr)
        return self.attribute_of(self.evaluate(node.value), node.attr, node)

    def attribute_of(self, owner: Value, name: str, node: ast.AST) -> Value:
        """Return `owner.name`, calling a property of the notebook."""
        if owner.kind in (Kind.MODULE, Kind.LIBRARY):
            if owner.what == "get_ipython()" and name in SHELL_STATE:
                self.effects.find("SM331", self.place(node), f"get_ipython().{name}")
            self.use_own(f"{owner.what}.{name}", node)
            return self.library_named(f"{owner.what}.{name}")
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
            if owner.what == "globals()":
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
