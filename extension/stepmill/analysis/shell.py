"""What only exists in a notebook: `get_ipython()`, names as strings, `exec`, dynamic namespaces."""

from __future__ import annotations

import ast

from stepmill.analysis.effects import ANY_FILE
from stepmill.analysis.purity import is_read_only, magic_kind
from stepmill.analysis.statements import Statements
from stepmill.analysis.units import parse
from stepmill.analysis.values import IMMUTABLE, UNKNOWN, Kind, Value, constant
from stepmill.model.pipeline import Volatile


class Shell(Statements):
    """Calls that mean something to the notebook itself."""

    def special_call(self, node: ast.Call) -> Value | None:
        """Handle a call that is not an ordinary one; None if it is."""
        function = node.func
        if isinstance(function, ast.Name) and function.id not in self.env:
            if self.frame is not None and self.frame.home(function.id) is not None:
                return None
            method = getattr(self, f"special_{function.id}", None)
            result: Value | None = method(node) if method is not None else None
            return result
        if isinstance(function, ast.Attribute):
            return self._special_attribute(function, node)
        return None

    def _special_attribute(self, function: ast.Attribute, node: ast.Call) -> Value | None:
        owner = function.value
        if isinstance(owner, ast.Call) and isinstance(owner.func, ast.Name) and "get_ipython" not in self.env:
            if owner.func.id == "get_ipython":
                return self._ipython(function.attr, node)
            if (
                owner.func.id in ("globals", "locals", "vars")
                and not owner.args
                and self._at_top(owner.func.id)
            ):
                return self._namespace(function.attr, node)
        return None

    def _at_top(self, name: str) -> bool:
        return name == "globals" or self.frame is None

    # -- names as strings --------------------------------------------------------------------------

    def special_globals(self, node: ast.Call) -> Value:
        self.effects.find("SM331", self.place(node), "globals()")
        return Value(Kind.LIBRARY, "globals")

    def special_locals(self, node: ast.Call) -> Value:
        if self.frame is None:
            self.effects.find("SM331", self.place(node), "locals()")
            return Value(Kind.LIBRARY, "locals")
        return self.fresh(Kind.CONTAINER, holds=self.frame.values.values())

    def special_vars(self, node: ast.Call) -> Value | None:
        return None if node.args else self.special_locals(node)

    def special_dir(self, node: ast.Call) -> Value | None:
        if node.args:
            return None
        self.effects.find("SM331", self.place(node), "dir()")
        return UNKNOWN

    def _Subscript(self, node: ast.Subscript) -> Value:
        """`globals()["x"]` is `x`."""
        name = self._global_item(node)
        if name is not None:
            self.need(name, self.place(node))
            known: Value = self.env.get(name, UNKNOWN)
            return known
        return super()._Subscript(node)

    def _change_holder(self, target: ast.Attribute | ast.Subscript, value: Value | None = None) -> Value:
        name = self._global_item(target) if isinstance(target, ast.Subscript) else None
        if name is None:
            return super()._change_holder(target, value)
        if value is None:
            self.unbind(name, target)
        else:
            self.bind_global(name, value, self.place(target))
        return IMMUTABLE

    def _global_item(self, node: ast.Subscript) -> str | None:
        if not self._is_namespace(node.value, "globals", "locals", "vars"):
            return None
        index = self.evaluate(node.slice).constant
        return index if isinstance(index, str) else None

    def _is_namespace(self, node: ast.expr, *functions: str) -> bool:
        """Tell whether `node` is a call of one of `functions` that gives the names of the notebook."""
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
        args = [self.evaluate(arg) for arg in node.args]
        if method == "get" and args and isinstance(args[0].constant, str):
            name: str = args[0].constant
            self.need(name, self.place(node))
            value: Value = self.env.get(name, UNKNOWN)
            return value
        if method == "update" and not args and all(k.arg for k in node.keywords):
            for keyword in node.keywords:
                self.bind_global(keyword.arg or "", self.evaluate(keyword.value), self.place(node))
            return IMMUTABLE
        self.effects.find("SM331", self.place(node), f"globals().{method}()")
        return UNKNOWN

    def special_exec(self, node: ast.Call) -> Value:
        code = self.evaluate(node.args[0]) if node.args else UNKNOWN
        if not isinstance(code.constant, str) or len(node.args) > 1 or node.keywords:
            for argument in node.args[1:]:
                self.evaluate(argument)
            if len(node.args) == 1:
                self.effects.find("SM331", self.place(node), "exec()")
            return UNKNOWN
        return self.run_text(code, "exec()", node)

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

    def special_type(self, node: ast.Call) -> Value | None:
        if len(node.args) != 1:
            return None
        value = self.evaluate(node.args[0])
        if value.kind is Kind.INSTANCE and value.what in self.classes:
            name = self.classes[value.what].name
            roots = frozenset({name}) if name in self.env else frozenset[str]()
            return Value(Kind.CLASS, value.what, roots, frozenset({value.what}))
        return Value(Kind.LIBRARY, "type") if not value.carries else Value(carries=value.carries)

    # -- IPython -----------------------------------------------------------------------------------

    def _ipython(self, method: str, node: ast.Call) -> Value | None:
        """`get_ipython().method(…)`, which is also what `%magic` and `!command` have become."""
        args = [self.evaluate(arg) for arg in node.args]
        texts = [a.constant if isinstance(a.constant, str) else "" for a in args]
        if method in ("system", "getoutput", "getoutput_list"):
            self._command(texts[0] if texts else "", node)
            return self.fresh(Kind.CONTAINER) if method != "system" else IMMUTABLE
        if (
            method in ("run_line_magic", "magic")
            and len(args) == 2
            and texts[:1] in (["time"], ["timeit"], ["prun"])
        ):
            self.effects.find("SM331", self.place(node), f"get_ipython().{method}")
        if method in ("run_line_magic", "magic"):
            if method == "magic" and texts:
                name, _, rest = texts[0].lstrip("%").partition(" ")
                texts = [name, rest]
            return self._line_magic(texts[0] if texts else "", texts[1] if len(texts) > 1 else "", node)
        if method == "run_cell_magic":
            return self._cell_magic(texts, node)
        if method in ("ast_node_interactivity", "colors", "set_next_input"):
            return IMMUTABLE
        self.effects.find("SM331", self.place(node), f"get_ipython().{method}")
        return UNKNOWN

    def _line_magic(self, name: str, line: str, node: ast.AST) -> Value:
        if name == "cd":
            words = [word for word in line.split() if not word.startswith("-")]
            self.change_folder(constant(words[0]) if words else UNKNOWN, node)
            return IMMUTABLE
        kind = magic_kind(f"%{name}")
        if name == "pipeline":  # ours: about the notebook, no part of what it does
            kind = "quiet" if self.unit is not None and self.unit.owner is None else "dynamic"
        if kind == "session":
            if "stepmill" not in line and "autoreload" not in line:
                self.effects.session.append(self.place(node))
            if name == "matplotlib" or "InlineBackend" in line:
                self.effects.settings.add("matplotlib")
            return IMMUTABLE
        if name in ("system", "sx"):
            self._command(line, node)
            return self.fresh(Kind.CONTAINER)
        if kind == "names":
            self.effects.find("SM330", self.place(node), f"%{name}")
        elif kind == "dynamic":
            self.effects.find("SM333", self.place(node), f"%{name}")
        elif kind != "quiet":
            self.effects.find("SM210", self.place(node), f"%{name}")
        return self.fresh(Kind.UNKNOWN)

    def _cell_magic(self, texts: list[str], node: ast.AST) -> Value:
        name, body = texts[0] if texts else "", texts[2] if len(texts) > 2 else ""
        kind = magic_kind(f"%%{name}")
        if kind == "script":
            for line in body.splitlines() or [""]:
                self._command(line, node)
        elif kind != "quiet":
            self.effects.find("SM210", self.place(node), f"%%{name}")
        return self.fresh(Kind.UNKNOWN)

    def _command(self, line: str, node: ast.AST) -> None:
        """A shell command may read and write any file, unless it is one that only looks."""
        place = self.place(node)
        words = line.replace("|", " ").split()
        self.effects.volatile.append(Volatile(what=f"subprocess (!{' '.join(words[:3])})", place=place))
        if not words or words[0].startswith("#"):
            return
        if is_read_only(words[0]) and ">" not in line and "&&" not in line and ";" not in line:
            if words[0] not in ("echo", "pip", "pip3", "conda", "date", "uv"):
                self.need(ANY_FILE, place)
            return
        self.need(ANY_FILE, place)
        self.write_file(UNKNOWN, node)

    def change_folder(self, path: Value, node: ast.AST) -> None:
        raise NotImplementedError

    def write_file(self, path: Value, node: ast.AST, *, whole: bool = True) -> None:
        raise NotImplementedError
