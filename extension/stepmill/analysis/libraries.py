"""Calls of library functions, by the tables in `purity/`."""

from __future__ import annotations

import ast
import posixpath
import re

from stepmill.analysis.channels import OPENERS, Channels, is_true
from stepmill.analysis.core import UNSHARED
from stepmill.analysis.effects import RANDOM
from stepmill.analysis.expressions import concatenated
from stepmill.analysis.namespace import TIMERS
from stepmill.analysis.purity import Entry, function_entry, is_mutator, method_entry
from stepmill.analysis.special_methods import SPECIAL_METHODS
from stepmill.analysis.values import (
    IMMUTABLE,
    MEMO,
    UNKNOWN,
    Kind,
    Value,
    all_roots,
    constant,
    definitions_of,
    join,
    replace,
)
from stepmill.model.pipeline import Volatile

RESULT_KINDS = {
    "immutable": Kind.IMMUTABLE, "frame": Kind.FRAME, "array": Kind.ARRAY, "container": Kind.CONTAINER,
    "iterator": Kind.ITERATOR, "handle": Kind.HANDLE, "figure": Kind.FIGURE, "object": Kind.OBJECT,
}  # fmt: skip
RE_ITERABLE = frozenset({Kind.IMMUTABLE, Kind.CONTAINER, Kind.ARRAY, Kind.FRAME, Kind.FIGURE, Kind.FUNCTION})
RUNS_OUT = frozenset({Kind.ITERATOR, Kind.GENERATOR, Kind.HANDLE, Kind.INSTANCE})
BUILTIN_TYPES = frozenset({"list", "dict", "set", "str", "bytearray"})
TAKES_OUT = frozenset({"pop", "popitem", "popleft", "setdefault"})
CHANGES_CONTAINER = TAKES_OUT | {
    "append", "extend", "insert", "add", "update", "appendleft", "extendleft", "rotate", "remove", "discard",
    "clear", "sort", "reverse", "move_to_end", "difference_update", "intersection_update",
    "symmetric_difference_update", "subtract",
}  # fmt: skip
"""Methods that change what an attribute of a module holds; those that take out are used for their result."""
DRAWS = re.compile(r"plot|Display\b|dendrogram|scatter_matrix|draw_", re.IGNORECASE)
"""Functions that draw, of libraries that do other things: `plot_tree`, `RocCurveDisplay.from_estimator`."""
NAMED = frozenset({"eval", "exec", "globals", "locals"})
"""Functions that the analysis knows by their names."""
SHOWS = frozenset({"print", "display", "IPython.display.display"})
WRITTEN_INTO = frozenset({"out", "file", "buf", "fp"})
"""Keywords under which calls are given what they write into: an array, a stream."""
DRAWN_FROM = frozenset({"random_state", "rng", "generator", "bit_generator", "seed"})
"""Keywords under which calls are given a generator that they draw from."""


class Libraries(Channels):
    """What is known, or has to be supposed, about code that we do not read."""

    def call_library(
        self, dotted: str, args: list[Value], keywords: dict[str, Value], node: ast.AST
    ) -> Value:
        """Call the library function or class `dotted`."""
        special = self._special_function(dotted, args, keywords, node)
        if special is not None:
            return special
        if dotted in SHOWS:
            self.effects.shows += 1
        if DRAWS.search(dotted):
            self.effects.plots = True
        entry = function_entry(dotted)
        everything = [*args, *keywords.values()]
        self._into(keywords, node)
        if not _is_class(dotted):  # what a class makes draws later
            self._draws_from(keywords, node)
        if entry is None:
            return self._unlisted(dotted, everything, node)
        keeps = entry.has("holds") and any(map(self._may_change, everything))
        if entry.has("process") and not keeps:  # the process has one of it: its settings are session state
            return Value(Kind.LIBRARY, f"{dotted}()")
        self.touch_state(entry, args, keywords, node, dotted)
        self.touch_files(entry, args, keywords, node)
        self._arguments(entry, args, node)
        named = frozenset[str]()
        if entry.has("formula"):
            named = self.names_in_formula(keywords.get("formula", args[0] if args else UNKNOWN), node)
        given = None
        if entry.has("calls") or not entry.has("pure"):
            given = self.escape(everything, node, classes=entry.has("holds") or entry.has("methods"))
        self._special_methods(dotted, args, node)
        result = self.folded(dotted, args)
        if result is not None:
            return result
        made = self._result(entry, args[0] if args else UNKNOWN, everything, keywords, dotted)
        made = or_given(made, keywords)
        if entry.has("unpickles"):
            named |= self.pickled(node)
        if entry.has("examines"):
            self.examine(node)
        made = replace(made, carries=made.carries | named) if named else made
        if _reads_on(dotted, made, args, keywords):
            return self.fresh(Kind.HANDLE)
        if made.kind is Kind.ITERATOR and dotted in ("zip", "enumerate") and _are_all(args, node):
            parts = tuple(self.iterate(arg, node) for arg in args)
            made = replace(made, parts=(IMMUTABLE, *parts[:1]) if dotted == "enumerate" else parts)
        return replace(made, carries=made.carries | definitions_of(given)) if given is not None else made

    def _may_change(self, value: Value) -> bool:
        """Tell whether a value may be changed by who else has it."""
        heap = self.heap
        unnamed = value.closed and heap.is_empty(value.roots) and not heap.named(value.roots)
        return bool(value.roots or value.carries) and value.kind not in UNSHARED and not unnamed

    def _special_function(
        self, dotted: str, args: list[Value], keywords: dict[str, Value], node: ast.AST
    ) -> Value | None:
        """Handle functions that no table entry can describe; None for the others."""
        if dotted in OPENERS:
            return self.open_file(args, keywords, node)
        if dotted in NAMED or (dotted in ("dir", "vars") and not args):  # by another name than its own
            self.effects.find("SM331", self.place(node), f"{dotted}()")
            return UNKNOWN
        if dotted.startswith("get_ipython()."):
            return self.call_shell(dotted.removeprefix("get_ipython()."), args, node)
        if dotted in ("cProfile.run", "profile.run") and args:
            return self.run_text(args[0], f"{dotted}()", node)
        if dotted in TIMERS:
            self.time_texts([*args, *keywords.values()], node)
        self._special_import(dotted, args, node)
        if dotted in ("runpy.run_path", "runpy.run_module"):
            self._run_by_path(dotted, args, keywords, node)
        if dotted == "functools.partial" and args:
            return self._partial(args, keywords)
        if dotted == "type" and len(args) == 3:  # makes a class
            return self.fresh(holds=args)
        if dotted == "operator.methodcaller" and args:
            return self._method_caller(args, keywords)
        owner, _, method = dotted.partition(".")
        if owner in BUILTIN_TYPES and method and args:  # list.sort(xs)
            return self.call_method(args[0], method, args[1:], keywords, node)
        if owner == "numpy" and dotted.endswith(".at") and args:
            self.change(args[0], node)
        return None

    def _special_import(self, dotted: str, args: list[Value], node: ast.AST) -> None:
        name = args[0].constant if args else None
        if dotted in ("importlib.import_module", "__import__") and isinstance(name, str):
            if name == "__main__":
                self.effects.find("SM331", self.place(node), name)
            self.effects.imports.add(name)
            self.import_own(name, node)
        if dotted == "importlib.reload" and args:
            self.run_own(args[0].what, node)

    def _run_by_path(self, dotted: str, args: list[Value], keywords: dict[str, Value], node: ast.AST) -> None:
        """Run a file of the project, or a module, with names of its own."""
        path = args[0].constant if args else None
        for value in (*args[1:], *keywords.values()):
            self.change(value, node, deep=True, doubtful=True)
        if not isinstance(path, str) or "run_name" in keywords or len(args) > 2:
            self.effects.find("SM331", self.place(node), f"{dotted}()")
        elif dotted.endswith("path"):
            self.run_own(path.removesuffix(".py").removeprefix("./").replace("/", "."), node)
        else:
            self.run_own(path, node)

    def _arguments(self, entry: Entry, args: list[Value], node: ast.AST) -> None:
        """What a listed function does to its arguments."""
        for option in entry.options("mutates"):
            position = int(option)
            if position < len(args):
                self.change(args[position], node, deep=entry.has("deep"))
                if entry.has("stores"):
                    self.store(args[position], args[:position] + args[position + 1 :])
        if entry.has("mutates:0") and args:
            self.consume(args[0], node)
        if entry.has("consumes"):
            for value in args:
                self.iterate(value, node)
        if entry.has("strings"):
            self.names_in_strings(args, node)
        if entry.has("names"):
            self.names_in_expressions(args, node)
        if entry.has("tables"):
            self.tables_in_query(args, node)
        if entry.has("pickles"):
            self.pickle_by_name(args)

    def _into(self, keywords: dict[str, Value], node: ast.AST) -> None:
        """`out=`, `file=`: what is given there is written into."""
        for key in WRITTEN_INTO & keywords.keys():
            self.change(keywords[key], node)

    def _draws_from(self, keywords: dict[str, Value], node: ast.AST) -> None:
        """`df.sample(random_state=rng)`: the generator goes on."""
        for key in sorted(DRAWN_FROM & keywords.keys()):
            if keywords[key].kind is Kind.OBJECT:
                self.change(keywords[key], node)

    def _partial(self, args: list[Value], keywords: dict[str, Value]) -> Value:
        made = self.fresh(Kind.OBJECT, holds=[*args, *keywords.values()])
        what = f"functools.partial {self.heap.names(made.roots)[0]}"
        self.partials[what] = (args[0], args[1:], keywords)
        for value in (*args, *keywords.values()):
            self.heap.keep(all_roots(value))
        return replace(made, what=what)

    def _method_caller(self, args: list[Value], keywords: dict[str, Value]) -> Value:
        """`operator.methodcaller("append", 5)` is, but for the order of its arguments, a `partial`."""
        name = args[0].constant
        if not isinstance(name, str):
            return UNKNOWN
        bound = {str(position): value for position, value in enumerate(args[1:])}
        return self._partial([Value(Kind.LIBRARY, f"list.{name}")], {**bound, **keywords})

    @staticmethod
    def is_unbound_mutator(dotted: str) -> bool:
        """Tell whether a library name is such a method of a built-in type as `list.append`."""
        owner, _, method = dotted.partition(".")
        return owner in BUILTIN_TYPES and is_mutator(method)

    def _unlisted(self, dotted: str, everything: list[Value], node: ast.AST) -> Value:
        """Suppose that it changes nothing (the run checks that) and may return what it was given.

        Untagged code is not run. There a function of an installed library is still supposed to change
        nothing, but one of the project's own modules may well have been written to.
        """
        given = self.escape(everything, node)
        self.call_own(dotted, node)
        if (
            self.unit is not None
            and self.unit.owner is None
            and self.is_local(dotted.split(".", maxsplit=1)[0])
        ):
            for value in everything:
                self.change(value, node, deep=True, doubtful=True)
        last = dotted.rsplit(".", 1)[-1]
        self.draw_elsewhere(dotted, dotted, node)
        self.seed_elsewhere(dotted, node)
        if self._changes_module(dotted, node):
            self.effects.session.append(self.place(node))
        made = self.alias(everything, Kind.OBJECT if last[:1].isupper() else Kind.UNKNOWN)
        if last[:1].isupper():
            made = self.fresh(Kind.OBJECT, dotted, holds=everything)
        elif self.returns_own(dotted):
            made = replace(made, what=f"{dotted}()")
        return replace(made, carries=made.carries | definitions_of(given)) if given is not None else made

    def _changes_module(self, dotted: str, node: ast.AST) -> bool:
        """`helpers.registry.append(…)` changes the state of a module.

        In a library that is not the project's, names of methods that change something are functions as
        well: `from keras.layers import add`, `image.load_img`, `ndimage.rotate`.
        """
        path, _, last = dotted.rpartition(".")
        known = method_entry(last)
        if "." not in path or known is None or not known.has("mutates") or known.has("deep"):
            return False
        if self.is_local(dotted.partition(".")[0]):
            return True
        is_method = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
        return is_method and last in CHANGES_CONTAINER and (node is self.dropped or last in TAKES_OUT)

    def touch_state(
        self, entry: Entry, args: list[Value], keywords: dict[str, Value], node: ast.AST, dotted: str
    ) -> None:
        for generator in entry.options("draws"):
            unless = entry.option("unless")
            if not (unless and _given(keywords.get(unless))):
                self.draw(frozenset({generator}), node)
        for generator in entry.options("seeds"):
            self.bind_pseudo(RANDOM + generator, node)
        if entry.has("session") and dotted.partition(".")[0] not in self.undone:
            self.effects.session.append(self.place(node))
            self.effects.setters.append(dotted)
            self.kept_by_process([*args, *keywords.values()], node)
        if entry.has("folder"):
            self.change_folder(args[0] if args else UNKNOWN, node)
        if entry.has("environment") and args:
            self.read_environment(args[0])
        what = entry.option("volatile")
        if what:
            self.effects.volatile.append(Volatile(what=f"{what} ({dotted})", place=self.place(node)))

    def _result(
        self, entry: Entry, first: Value, everything: list[Value], keywords: dict[str, Value], dotted: str
    ) -> Value:
        kind = next((k for flag, k in RESULT_KINDS.items() if entry.has(flag)), Kind.UNKNOWN)
        if kind is Kind.IMMUTABLE:
            return IMMUTABLE
        random = frozenset[str]()
        unless = entry.option("unless")
        if not (unless and _given(keywords.get(unless))):
            random = frozenset(entry.options("fit-draws"))
        if entry.has("part"):
            return self.part(first)
        if kind is Kind.ITERATOR and any(value.kind is Kind.HANDLE for value in everything):
            return self.fresh(Kind.HANDLE, holds=everything)  # csv.reader(open(path))
        if entry.has("element"):
            return (
                self.part(first) if len(everything) == 1 or everything[1:] == [] else self._one_of(everything)
            )
        if kind is Kind.ITERATOR and entry.has("alias") and not any(map(self._may_run_out, everything)):
            made = self.fresh(kind, holds=everything)  # iterating it leaves what it goes over as it is
            return replace(made, random=made.random | random)
        if entry.has("alias") or is_uncopied(keywords):
            made = self.alias(everything, kind)
            return replace(made if made.roots else self.fresh(kind), random=random)
        if entry.has("elements"):
            return self.container([self.part(v) if v is first else v for v in everything])
        held = everything if entry.has("holds") else []
        if entry.has("copies") and not is_uncopied(keywords):
            held = [value for value in held if not self._is_array(value)]
        named = kind is Kind.OBJECT or entry.has("fills")
        made = self.fresh(kind, dotted if named else "", holds=held)
        if entry.has("linked"):
            return replace(made, random=random)
        attribute = "independent" if not held else ""
        return replace(made, random=made.random | random, attribute=attribute)

    def _is_array(self, value: Value) -> bool:
        """Tell whether the value is an array, or a container made in sight of nothing but arrays."""
        if value.kind is Kind.ARRAY or value.carries:
            return value.kind is Kind.ARRAY and not value.carries
        inside = [self.env.get(name, UNKNOWN) for name in self.names_inside(value.roots)]
        return value.closed and bool(inside) and all(held.kind is Kind.ARRAY for held in inside)

    def _may_run_out(self, value: Value) -> bool:
        """Tell whether iterating `value` by way of `zip` and the like changes something that has a name."""
        if value.kind in RE_ITERABLE:
            return False
        if value.kind in RUNS_OUT:
            return True
        inside = [self.env.get(name, UNKNOWN) for name in self.names_inside(value.roots)]
        if any(held.kind in RUNS_OUT - {Kind.INSTANCE} for held in inside):
            return True  # zip(*[rows] * 2)
        infos = [self.classes[ident] for ident in definitions_of(value) if ident in self.classes]
        return any(self.find_attribute(info, "__next__") is not None for info in infos)

    def _one_of(self, values: list[Value]) -> Value:
        """`max(xs, key=f)` is an element of `xs`, `max(x, y)` one of the two."""
        data = [
            v
            for v in values
            if v.kind is not Kind.FUNCTION and v.attribute == "" and v.kind is not Kind.LIBRARY
        ]
        return self.part(data[0]) if len(data) == 1 else self.alias(data)

    def folded(self, dotted: str, args: list[Value]) -> Value | None:
        """Paths are computed from literals, so that the files a step uses are known."""
        if dotted in ("os.getcwd", "pathlib.Path.cwd"):
            return self.absolute_path(constant("."))
        if dotted in ("os.path.abspath", "os.path.realpath") and len(args) == 1:
            return self.absolute_path(args[0])
        if not args or dotted not in ("pathlib.Path", "os.path.join", "pathlib.PurePath", "str", "os.fspath"):
            return None
        parts = [args[0]]
        for arg in args[1:]:
            is_whole = isinstance(arg.constant, str) and posixpath.isabs(arg.constant)
            parts = [arg] if is_whole else [*parts, constant("/"), arg]
        return concatenated(parts) if all(arg.is_immutable for arg in args) else None

    def _special_methods(self, dotted: str, args: list[Value], node: ast.AST) -> None:
        if dotted in ("setattr", "delattr") and len(args) > 1:
            self._set_by_name(args, node)
        names = SPECIAL_METHODS.get(dotted, ())
        if dotted == "copy.deepcopy" and args:
            self.implicit(args[0], names, args[1:2] or [self.fresh(Kind.CONTAINER, MEMO)], node)
            return
        for value in args if names else ():
            self.implicit(value, names, [self.part(value)], node)

    def _set_by_name(self, args: list[Value], node: ast.AST) -> None:
        """`setattr(x, "name", value)`; where the name is computed, it may be that of any property."""
        holder, name, *rest = args
        value = rest[0] if rest else None
        self.implicit(holder, ("__setattr__",) if rest else ("__delattr__",), [name, *rest], node)
        if isinstance(name.constant, str):
            self.set_property(holder, name.constant, value, node)
            return
        with self.maybe():
            for found in sorted(self.properties_of(holder)):
                self.set_property(holder, found, value, node)


def _reads_on(dotted: str, made: Value, args: list[Value], keywords: dict[str, Value]) -> bool:
    """Tell whether the result has its file open: `pd.read_csv(path, chunksize=9)`, `np.load("x.npz")`."""
    if dotted == "numpy.load":
        return bool(args) and str(args[0].constant).endswith(".npz")
    return made.kind is Kind.FRAME and ("chunksize" in keywords or is_true(keywords.get("iterator")))


def _is_class(dotted: str) -> bool:
    return dotted.rsplit(".", 1)[-1][:1].isupper()


def is_uncopied(keywords: dict[str, Value]) -> bool:
    """Tell whether `copy=False`, or what may be that, is among the arguments."""
    return "copy" in keywords and keywords["copy"].constant is not True


def or_given(made: Value, keywords: dict[str, Value]) -> Value:
    """`np.add(a, b, out=c)` returns `c`."""
    out = keywords.get("out")
    return made if out is None or not out.roots else join((made, out))


def _are_all(args: list[Value], node: ast.AST) -> bool:
    """Tell whether `args` are the arguments that the call `node` shows, none of them starred."""
    shown = node.args if isinstance(node, ast.Call) else []
    return len(shown) == len(args) and not any(isinstance(arg, ast.Starred) for arg in shown)


def _given(value: Value | None) -> bool:
    return value is not None and value.constant is not None
