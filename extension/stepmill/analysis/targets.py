"""Targets of assignments: names, elements, attributes, what modules hold."""

from __future__ import annotations

import ast
from contextlib import nullcontext

from stepmill.analysis.scopes import Scopes
from stepmill.analysis.values import (
    CELLS,
    IMMUTABLE,
    UNKNOWN,
    Kind,
    Value,
    all_of,
    definitions_of,
    join,
    replace,
)


class Targets(Scopes):
    """What an assignment to a target of any form binds or changes."""

    def assign(self, target: ast.expr, value: Value) -> None:
        """Bind `value` to a target of any form."""
        if isinstance(target, ast.Name):
            self.bind(target.id, value, target)
        elif isinstance(target, (ast.Tuple, ast.List)):
            self._unpack(target.elts, value, target)
        elif isinstance(target, ast.Starred):
            self.assign(target.value, self.fresh(Kind.CONTAINER, holds=[value]))
        elif isinstance(target, (ast.Attribute, ast.Subscript)):
            holder = self._change_holder(target, value)
            self.store(holder, [value])

    def _unpack(self, targets: list[ast.expr], value: Value, node: ast.AST) -> None:
        self.consume(value, node)
        if value.parts is not None and not value.keys and len(value.parts) == len(targets):
            inside = self.inside(value.roots) if self.heap.named(value.roots) else 0
            for target, part in zip(targets, self._before_rebinding(targets, value.parts), strict=True):
                self.assign(target, part if part.is_immutable else replace(part, roots=part.roots | inside))
            return
        if value.kind is Kind.IMMUTABLE:
            for target in targets:
                self.assign(target, IMMUTABLE)
            return
        independent = value.attribute == "independent"
        for target in targets:
            part = self.fresh(value.kind) if independent else self.iterate(value, node)
            self.assign(target, replace(part, random=value.random))

    def _before_rebinding(self, targets: list[ast.expr], parts: tuple[Value, ...]) -> list[Value]:
        """In `x, y = y, x` the second `x` is what it was: name the objects apart from the names."""
        bound = {node.id for target in targets for node in ast.walk(target) if isinstance(node, ast.Name)}
        heap, found = self.heap, list(parts)
        roots = heap.nodes(bound) & all_of(part.roots for part in parts)
        for name in sorted(heap.names(roots)):
            node, kept = heap.node(name), heap.alias(name)
            found = [
                replace(part, roots=part.roots ^ node | kept) if part.roots & node else part for part in found
            ]
        return found

    def _change_holder(self, target: ast.Attribute | ast.Subscript, value: Value | None = None) -> Value:
        """Change the object that holds an attribute or item; return it."""
        holder = self.evaluate(target.value)
        index = self.evaluate(target.slice) if isinstance(target, ast.Subscript) else None
        if holder.kind in (Kind.MODULE, Kind.LIBRARY):
            self.change_library(holder, index, value, target)
            return holder
        if holder.kind is Kind.INSTANCE and not holder.roots and isinstance(target.value, ast.Attribute):
            owner = self.evaluate(target.value.value)  # Color.RED.note = …
            self.change(owner, target)
        special = ("__setitem__", "__delitem__") if index is not None else ("__setattr__", "__delattr__")
        arguments = [index or IMMUTABLE, value or UNKNOWN]
        self.implicit(holder, special, arguments, target)
        if isinstance(target, ast.Attribute):
            self.set_property(holder, target.attr, value, target)
        if holder.kind is Kind.INSTANCE:
            self._change_dict(holder, target)
        renews = holder.kind is Kind.FRAME and holder.owner is None and _is_column(index)
        self.change(holder, target, columns=renews)
        if index is not None and index.random:  # memo[id(x)] = …
            self.store(holder, [index])
        in_frame = holder.kind is Kind.FRAME and holder.owner is not None and holder.attribute != CELLS
        if in_frame and holder.owner is not None:  # df["a"][0] = 1, df.loc[m, "a"] = 1
            self.change(replace(holder.owner, owner=None), target)
        return holder

    def _change_dict(self, holder: Value, target: ast.Attribute | ast.Subscript) -> None:
        """Attributes of an instance may stand in a dict that it was given: `self.__dict__ = K.shared`."""
        if isinstance(target, ast.Attribute) and target.attr == "__dict__":
            self.world["dicts"] = self.world.get("dicts", frozenset()) | {holder.what}
        elif holder.what in self.world.get("dicts", ()):
            self.change(holder, target, deep=True)

    def set_property(self, holder: Value, name: str, value: Value | None, node: ast.AST) -> None:
        """Call the setter, or without a value the deleter, of a property or descriptor.

        An attribute put on a class is found on it later.
        """
        if holder.kind is Kind.CLASS and holder.what in self.classes:
            info = self.classes[holder.what]
            found = self.find_attribute(info, name)
            known = [found] if found is not None and self.conditional else []
            self.found.clear()
            self.classes[info.ident] = info.with_attribute(name, join([*known, value or UNKNOWN]))
            return
        sure = holder.kind is Kind.INSTANCE
        for ident in [holder.what] if sure else sorted(definitions_of(holder)):
            found = self.find_attribute(self.classes[ident], name) if ident in self.classes else None
            receiver = holder if sure else self.part(holder)
            arguments = [receiver] if value is None else [receiver, value]
            if found is not None and found.kind is Kind.INSTANCE:
                self.implicit(found, ("__set__",) if value is not None else ("__delete__",), arguments, node)
            elif found is not None and found.kind is Kind.FUNCTION:
                setter = self.accessor(found, "setter" if value is not None else "deleter")
                if setter is not None:
                    with nullcontext() if sure else self.maybe():
                        self.call_value(setter, arguments, {}, node)

    def change_library(self, holder: Value, index: Value | None, value: Value | None, node: ast.AST) -> None:
        """`module.attribute = …`, `os.environ[…] = …`: the state of the process changes."""
        if holder.what == "globals()":
            self.assign_by_name(index or UNKNOWN, value or UNKNOWN, node)
            return
        if holder.what.partition(".")[0] not in self.undone:
            self.effects.session.append(self.place(node))
            self.effects.setters.append(holder.what)
        if value is not None:  # a function may be called from there at any time
            self.escape([value], node)
            self.kept_by_process([value], node)

    def assign_by_name(self, name: Value, value: Value, node: ast.AST) -> None:
        """`globals()["x"] = …`."""
        if isinstance(name.constant, str):
            self.bind_global(name.constant, value, self.place(node))
        else:
            self.effects.find("SM331", self.place(node), "globals()[...]")


def _is_column(index: Value | None) -> bool:
    """Tell whether `df[index] = …` puts a column in place; `df[mask] = …`, `series[0] = …` write into it.

    None is for `df.columns = …`.
    """
    if index is None or isinstance(index.constant, str) or index.pattern:
        return True
    return bool(index.parts) and all(isinstance(part.constant, str) for part in index.parts or ())
