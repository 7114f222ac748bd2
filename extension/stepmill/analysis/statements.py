"""Statements: what they bind, delete and change."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from stepmill.analysis.definitions import Definitions
from stepmill.analysis.effects import FILE
from stepmill.analysis.expressions import OPERATOR_METHODS
from stepmill.analysis.values import (
    NO_CONSTANT,
    UNKNOWN,
    Kind,
    Value,
    join,
    replace,
)

if TYPE_CHECKING:
    from collections.abc import Iterable


class Statements(Definitions):
    """Execution of simple statements; one method per node type. Each tells whether control falls through."""

    def run_block(self, body: Iterable[ast.stmt]) -> bool:
        return all(self.execute(statement) for statement in body)

    def execute(self, node: ast.stmt) -> bool:
        """Go through one statement."""
        kind = type(node)
        method = self._methods.get(kind) or self._method_for(kind)
        return method(node) is not False

    # -- simple statements -------------------------------------------------------------------------

    def _Expr(self, node: ast.Expr) -> None:
        self.dropped = node.value
        value = self.evaluate(node.value)
        if self.frame is None:  # shown as a result
            self.implicit(value, ("__repr__", "_repr_html_", "_repr_mimebundle_", "_repr_png_"), [], node)

    def _Assign(self, node: ast.Assign) -> None:
        value = self._made_class(node) or self.evaluate(node.value)
        for target in node.targets:
            if self.frame is None and isinstance(node.value, ast.Lambda) and isinstance(target, ast.Name):
                self.own_defaults(value, target.id)
            self.assign(target, value)

    def _AnnAssign(self, node: ast.AnnAssign) -> None:
        if self.frame is None or self.frame.is_class:
            self.evaluate(node.annotation)
        if node.value is not None:
            self.assign(node.target, self.evaluate(node.value))
        elif not isinstance(node.target, ast.Name):
            self.evaluate(node.target)

    def _AugAssign(self, node: ast.AugAssign) -> None:
        target = node.target
        if isinstance(target, ast.Name):
            self._augment_name(target, node)
            return
        read = _as_load(target)
        old, value = self.evaluate(read), self.evaluate(node.value)
        made = self.implicit(old, _in_place(node.op), [value], node)
        plain = (
            [] if made is not None and old.kind is Kind.INSTANCE else [self.binary(old, value, node.op, node)]
        )
        self.assign(target, join([*plain, *([made] if made is not None else [])]))
        if not (old.is_immutable or old.kind is Kind.FRAME):
            self.change(old, node)

    def _augment_name(self, target: ast.Name, node: ast.AugAssign) -> None:
        old = self._Name(ast.copy_location(ast.Name(target.id, ast.Load()), target))
        value = self.evaluate(node.value)
        made = self.implicit(old, _in_place(node.op), [value], node)
        if made is not None and old.kind is Kind.INSTANCE:
            self.bind(target.id, made, target)
            return
        fresh = old.is_immutable or (old.kind is Kind.FRAME and node.op.__class__ is not ast.Add)
        if old.is_immutable and not value.is_immutable:
            fresh = True
        if not fresh:
            self.change(old, node)
            self.store(old, [value])
        result = (
            self.binary(old, value, node.op, node)
            if fresh
            else replace(old, constant=NO_CONSTANT, parts=None)
        )
        self.bind(target.id, result if made is None else join((result, made)), target)

    def _Delete(self, node: ast.Delete) -> None:
        for target in node.targets:
            if isinstance(target, ast.Name):
                self.implicit(self.value_named(target.id) or UNKNOWN, ("__del__",), [], target)
                self.unbind(target.id, target)
            elif isinstance(target, (ast.Attribute, ast.Subscript)):
                self._change_holder(target)
            else:
                for child in ast.walk(target):
                    if isinstance(child, ast.Name) and isinstance(child.ctx, ast.Del):
                        self.unbind(child.id, child)

    def _Global(self, node: ast.Global) -> None:
        pass

    def _Return(self, node: ast.Return) -> bool:
        value = self.evaluate(node.value)
        if self.frame is not None:
            self.frame.returns.append(value)
        return False

    def _Raise(self, node: ast.Raise) -> bool:
        self.raised.append(self.evaluate(node.exc))
        self.evaluate(node.cause)
        return False

    def _Break(self, _node: ast.Break | ast.Continue) -> bool:
        return False

    _Continue = _Break

    def _Assert(self, node: ast.Assert) -> None:
        self.truth(node.test)
        with self.maybe():
            self.evaluate(node.msg)

    # -- imports -----------------------------------------------------------------------------------

    def _Import(self, node: ast.Import) -> None:
        for alias in node.names:
            self.effects.imports.add(alias.name)
            self._need_module_file(alias.name, node)
            self.import_own(alias.name, node)
            root = alias.name.split(".")[0]
            if alias.asname:
                self.bind(alias.asname, Value(Kind.MODULE, alias.name), node)
                continue
            known = self.env.get(root) if self.frame is None else None
            if "." in alias.name and known is not None and known.kind is Kind.MODULE:
                self.need(root, self.place(node))
            self.bind(root, Value(Kind.MODULE, root), node)

    def _ImportFrom(self, node: ast.ImportFrom) -> None:
        module = "." * node.level + (node.module or "")
        self.effects.imports.add(module)
        self._need_module_file(module, node)
        self.import_own(module, node)
        before = module if module.endswith(".") else f"{module}."
        for alias in node.names:
            self.import_own(before + alias.name, node)
            if alias.name == "*":
                self.import_star(module, node)
                continue
            if module == "__main__":
                self.bind(alias.asname or alias.name, self.read_global(alias.name, node), node)
                continue
            self.bind(alias.asname or alias.name, self.library_named(before + alias.name), node)
            if self.frame is not None:
                self.use_own(before + alias.name, node)

    def _need_module_file(self, module: str, node: ast.AST) -> None:
        """A module that the notebook has written (`%%writefile mod.py`) is imported after that."""
        root = module.lstrip(".").split(".")[0]
        written = self.world.get("modules", ())
        for end in (f"/{root}.py", f"/{root}/__init__.py"):
            for name in written:
                if f"/{name[len(FILE) :]}".endswith(end):
                    self.need(name, self.place(node))

    def import_star(self, module: str, node: ast.AST) -> None:
        names = self.modules(module)
        if names is None:
            self.world["star"] = True
            self.effects.find("SM332", self.place(node), module)
            return
        for name in sorted(names):
            self.bind(name, self.library_named(f"{module}.{name}"), node)


def _as_load(target: ast.expr) -> ast.expr:
    if isinstance(target, ast.Attribute):
        return ast.copy_location(ast.Attribute(target.value, target.attr, ast.Load()), target)
    assert isinstance(target, ast.Subscript)
    return ast.copy_location(ast.Subscript(target.value, target.slice, ast.Load()), target)


def _in_place(operator: ast.operator) -> tuple[str, ...]:
    name = OPERATOR_METHODS[type(operator)]
    return (f"__i{name}__", f"__{name}__")
