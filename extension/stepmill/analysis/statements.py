"""Statements: what they bind, delete and change."""

from __future__ import annotations

import ast
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

from stepmill.analysis.effects import FILE
from stepmill.analysis.expressions import OPERATOR_METHODS, Expressions
from stepmill.analysis.field_classes import is_of_attrs, own_fields
from stepmill.analysis.frames import ClassInfo, Frame, local_names, type_parameters
from stepmill.analysis.values import (
    CELLS,
    CLASS_FACTORIES,
    IMMUTABLE,
    NO_CONSTANT,
    OPEN_FILE,
    UNKNOWN,
    Kind,
    Value,
    all_of,
    definitions_of,
    dotted_name,
    join,
    library,
    literal_texts,
    replace,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

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

UNDOES = {
    "warnings.catch_warnings": "warnings", "matplotlib.pyplot.rc_context": "matplotlib",
    "matplotlib.rc_context": "matplotlib", "matplotlib.pyplot.style.context": "matplotlib",
    "matplotlib.style.context": "matplotlib",
}  # fmt: skip
"""Context managers at whose end the settings of a package are what they were."""
SETS_AND_UNDOES = frozenset({"torch.set_grad_enabled", "torch.autograd.set_grad_enabled"})


class Statements(Expressions):
    """Execution of statements; one method per node type. Each tells whether control falls through."""

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
                self.implicit(self._value_of(target.id) or UNKNOWN, ("__del__",), [], target)
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

    # -- targets -----------------------------------------------------------------------------------

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
        if holder.what in ("globals", "locals", "vars"):
            self.assign_by_name(index or UNKNOWN, value or UNKNOWN, node)
            return
        if holder.what.partition(".")[0] not in self.undone:
            self.effects.session.append(self.place(node))
        if value is not None:  # a function may be called from there at any time
            self.escape([value], node)
            self.kept_by_process([value], node)

    def assign_by_name(self, name: Value, value: Value, node: ast.AST) -> None:
        """`globals()["x"] = …`."""
        if isinstance(name.constant, str):
            self.bind_global(name.constant, value, self.place(node))
        else:
            self.effects.find("SM331", self.place(node), "globals()")

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
            self.bind(alias.asname or alias.name, library(before + alias.name), node)
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
            self.bind(name, Value(Kind.LIBRARY, f"{module}.{name}"), node)

    # -- definitions -------------------------------------------------------------------------------

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
            names.append("" if ours else last)
        return names, [self.evaluate(node) for node in nodes]

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
        info = ClassInfo(ident, node.name, node, self.unit, bases, frame.values, meta)
        self.world["definitions"] = True
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

    # -- compound statements -----------------------------------------------------------------------

    def _If(self, node: ast.If) -> bool:
        self.truth(node.test)
        return self.branches([lambda: self.run_block(node.body), lambda: self.run_block(node.orelse)])

    def _For(self, node: ast.For | ast.AsyncFor) -> None:
        source = self.evaluate(node.iter)
        if _surely_has_items(node.iter):
            self.assign(node.target, self.iterate(source, node.iter))
        texts = literal_texts(source) if isinstance(node.target, ast.Name) else []
        if isinstance(node.target, ast.Name) and texts:
            self._go_through_texts(node, node.target, source, texts)
        else:
            with self.maybe(), self._rounds() as rounds:
                for _ in rounds:
                    self.assign(node.target, self.iterate(source, node.iter))
                    self.run_block(node.body)
        self._loop_else(node)

    def _go_through_texts(
        self, node: ast.For | ast.AsyncFor, target: ast.Name, source: Value, texts: list[Value]
    ) -> None:
        """Go through a loop over literal texts, one round for each and the first one again."""
        before = self._value_of(target.id)
        with self.maybe(), self._rounds():
            for text in (*texts, texts[0]):
                self.assign(target, self.iterate(source, node.iter))
                self._set_name(target.id, text)
                self.run_block(node.body)
        self._set_name(target.id, IMMUTABLE if before is None else join((before, IMMUTABLE)))

    def _value_of(self, name: str) -> Value | None:
        home = self.frame.home(name) if self.frame is not None else None
        return self.env.get(name) if home is None else home.values.get(name)

    def _set_name(self, name: str, text: Value) -> None:
        """Let a name be one text for a round of a loop, not one of all that it may have been before."""
        home = self.frame.home(name) if self.frame is not None else None
        if home is not None:
            self.set_local(home, name, text)
        else:
            self.bindings += 1
            self.env[name] = text

    _AsyncFor = _For

    def _While(self, node: ast.While) -> None:
        self.truth(node.test)
        with self.maybe(), self._rounds() as rounds:
            for _ in rounds:
                self.run_block(node.body)
                self.truth(node.test)
        self._loop_else(node)

    @contextmanager
    def _rounds(self) -> Iterator[range]:
        """Yield the rounds to go through a loop: a second one sees what the first one left.

        A loop inside of another one comes twice anyway.
        """
        inner, self.in_loop = self.in_loop, True
        try:
            yield range(1 if inner else 2)
        finally:
            self.in_loop = inner

    def _loop_else(self, node: ast.For | ast.AsyncFor | ast.While) -> None:
        if node.orelse:
            with self.maybe():
                self.run_block(node.orelse)

    def _With(self, node: ast.With | ast.AsyncWith) -> bool:
        undone = self.undone
        for item in node.items:
            manager = self._manager(item.context_expr)
            entered = self.implicit(manager, ("__enter__", "__aenter__"), [], node)
            self.implicit(manager, ("__exit__", "__aexit__"), [IMMUTABLE, IMMUTABLE, IMMUTABLE], node)
            if item.optional_vars is not None:
                self.assign(item.optional_vars, entered if entered is not None else manager)
        swallows = any(_may_swallow(item.context_expr) for item in node.items)
        try:
            if swallows:
                with self.maybe():
                    self.run_block(node.body)
                return True
            fell = self.run_block(node.body)
        finally:
            self.undone = undone
        self._close_files(node)
        return fell

    def _close_files(self, node: ast.With | ast.AsyncWith) -> None:
        """`with open(path) as f` closes the file at its end."""
        for item in node.items:
            target = item.optional_vars
            known = self._value_of(target.id) if isinstance(target, ast.Name) else None
            if known is not None and known.what == OPEN_FILE:
                self.close_file(known)

    _AsyncWith = _With

    def _manager(self, node: ast.expr) -> Value:
        """Evaluate a context manager; some take back at the end what their body sets."""
        before = len(self.effects.session)
        manager = self.evaluate(node)
        name = dotted_name(node.func, self.env) if isinstance(node, ast.Call) else None
        if name in UNDOES:
            self.undone |= {UNDOES[name]}
        elif name in SETS_AND_UNDOES:
            del self.effects.session[before:]
        return manager

    def _Try(self, node: ast.Try) -> bool:
        before = len(self.raised)
        sure = next((i for i, inner in enumerate(node.body) if not _cannot_raise(inner)), len(node.body))
        self.run_block(node.body[:sure])

        def body() -> bool:
            return self.run_block(node.body[sure:]) and self.run_block(node.orelse)

        def handler(clause: ast.ExceptHandler) -> Callable[[], bool]:
            def run() -> bool:
                caught = self.evaluate(clause.type)
                if clause.name:
                    self.bind(clause.name, self._exception([caught, *self.raised[before:]]), clause)
                fell = self.run_block(clause.body)
                if clause.name:
                    self._forget_exception(clause.name, clause)
                return fell

            return run

        fell = self.branches([body, *(handler(clause) for clause in node.handlers)])
        return self.run_block(node.finalbody) and fell

    _TryStar = _Try

    def _exception(self, values: list[Value]) -> Value:
        """Return what an `except` clause binds, from the classes that it names and what was raised."""
        carried = frozenset[str]().union(*map(definitions_of, values))
        known = frozenset(ident for ident in carried if ident in self.classes)
        caught = values[0]
        if caught.kind is Kind.CLASS:
            return replace(self.fresh(Kind.INSTANCE, caught.what), carries=known)
        return replace(self.fresh(holds=values[1:]), carries=known) if known else UNKNOWN

    def _forget_exception(self, name: str, node: ast.AST) -> None:
        """`except … as e` unbinds `e` at its end."""
        home = self.frame.home(name) if self.frame is not None else None
        if home is None:
            self.effects.must.discard(name)
            self.effects.deletes.setdefault(name, self.place(node))

    def _Match(self, node: ast.Match) -> bool:
        subject = self.evaluate(node.subject)

        def case(clause: ast.match_case) -> Callable[[], bool]:
            def run() -> bool:
                self._pattern(clause.pattern, subject)
                if clause.guard is not None:
                    self.truth(clause.guard)
                return self.run_block(clause.body)

            return run

        bodies: list[Callable[[], bool]] = [case(clause) for clause in node.cases]
        last = node.cases[-1]
        if not (
            isinstance(last.pattern, ast.MatchAs) and last.pattern.pattern is None and last.guard is None
        ):
            bodies.append(lambda: True)
        return self.branches(bodies)

    def _pattern(self, pattern: ast.pattern, subject: Value) -> None:
        for child in ast.walk(pattern):
            matched = subject if child is pattern else self.part(subject)
            if isinstance(child, ast.MatchValue):
                self.implicit(matched, ("__eq__",), [self.evaluate(child.value)], child)
            elif isinstance(child, ast.MatchClass):
                self.evaluate(child.cls)
                for name in child.kwd_attrs:
                    self.attribute_of(matched, name, child)
            elif isinstance(child, ast.MatchMapping):
                for key in child.keys:
                    self.evaluate(key)
                if child.rest:
                    self.bind(child.rest, self.fresh(Kind.CONTAINER, holds=[subject]), child)
            elif isinstance(child, (ast.MatchAs, ast.MatchStar)) and child.name:
                self.bind(child.name, matched, child)


def _cannot_raise(node: ast.stmt) -> bool:
    """Tell whether a statement is surely done: `done = False` at the top of a `try`."""
    plain = isinstance(node, ast.Assign) and all(isinstance(target, ast.Name) for target in node.targets)
    return plain and isinstance(node.value, ast.Constant)  # type: ignore[attr-defined]


def _surely_has_items(node: ast.expr) -> bool:
    """Tell whether a loop over `node` runs at least once: `range(3)`, `[a, b]`, `"xy"`."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "range":
        values = [a.value for a in node.args if isinstance(a, ast.Constant) and isinstance(a.value, int)]
        return len(values) == len(node.args) and len(values) in (1, 2) and len(range(*values)) > 0
    if isinstance(node, (ast.List, ast.Tuple)):
        return any(not isinstance(element, ast.Starred) for element in node.elts)
    return isinstance(node, ast.Constant) and isinstance(node.value, str) and bool(node.value)


def _as_load(target: ast.expr) -> ast.expr:
    if isinstance(target, ast.Attribute):
        return ast.copy_location(ast.Attribute(target.value, target.attr, ast.Load()), target)
    assert isinstance(target, ast.Subscript)
    return ast.copy_location(ast.Subscript(target.value, target.slice, ast.Load()), target)


def _in_place(operator: ast.operator) -> tuple[str, ...]:
    name = OPERATOR_METHODS[type(operator)]
    return (f"__i{name}__", f"__{name}__")


def _is_column(index: Value | None) -> bool:
    """Tell whether `df[index] = …` puts a column in place; `df[mask] = …`, `series[0] = …` write into it.

    None is for `df.columns = …`.
    """
    if index is None or isinstance(index.constant, str) or index.pattern:
        return True
    return bool(index.parts) and all(isinstance(part.constant, str) for part in index.parts or ())


def _may_swallow(expression: ast.expr) -> bool:
    """`contextlib.suppress` and `pytest.raises` go on after an exception."""
    inner = expression.func if isinstance(expression, ast.Call) else expression
    name = inner.attr if isinstance(inner, ast.Attribute) else getattr(inner, "id", "")
    return name in ("suppress", "raises")
