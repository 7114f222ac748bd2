"""The interpreter's state: what every part of it keeps and asks for."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

from stepmill.analysis.effects import Effects
from stepmill.analysis.heap import Heap
from stepmill.analysis.tables import MISSING, Table
from stepmill.analysis.values import IN_PYLAB, OF_PYLAB, PYLAB, Kind, Value, library

if TYPE_CHECKING:
    import ast
    from collections.abc import Callable, Iterable, Iterator

    from stepmill.analysis.frames import ClassInfo, Frame, FunctionInfo
    from stepmill.analysis.rows import Numbering
    from stepmill.analysis.tables import Noted
    from stepmill.analysis.units import Unit
    from stepmill.model.diagnostic import Place


class Marks:
    """What is known of nodes while no name is bound.

    Attributes
    ----------
    code
        For sets of named nodes: which of them are functions and classes.
    changed
        Nodes of which all is recorded that a change asks for; at 1, if nobody is sure that it happens.
    """

    __slots__ = ("bindings", "changed", "code")

    def __init__(self, bindings: int) -> None:
        self.bindings = bindings
        self.code: dict[int, int] = {}
        self.changed = [0, 0]

    def note_changed(self, nodes: int, *, doubtful: bool) -> None:
        self.changed[1] |= nodes
        if not doubtful:
            self.changed[0] |= nodes


class Own(Protocol):
    """Knows the project's own modules."""

    def imported(self, dotted: str, /) -> Any:
        """Return the `Reading` of a module, None if it is not the project's own."""

    def called(self, dotted: str, /) -> Any:
        """Return the events of calling something that an own module has."""

    def executed(self, text: str, /) -> Any:
        """Return the events of code that is executed with names of its own."""

    def named(self, dotted: str, /) -> Any:
        """Return the library's name of what an own module has from a library, "" for its own."""

    def unsteady(self, dotted: str, /) -> Any:
        """Return the modules that make this name of an own module another one in each process."""


class State:
    """Names and what they are bound to, while the units are gone through in notebook order.

    Attributes
    ----------
    env
        The notebook's names. A name that something may have bound is in it.
    unit, effects
        The statement being looked at and what it was found to do.
    conditional
        How many enclosing constructs may not run at all.
    mutators
        Nodes of objects of which a container keeps a method that changes them: `{"a": xs.append}`.
    outside
        What was asked about modules and about the words of the notebook, and the answers.
    world
        The working directory (relative to the notebook's; None: not known), whether some star import
        hides names, whether anything has been defined, the files of modules; own modules that have been
        imported ("module NAME"), those with classes ("methods"), whether some are "unsteady".
    is_repeatable
        False once a statement has changed the scope that another one made, which no table notes.
    made
        Nodes of objects that untagged assignments made, with the unit of each.
    stored
        Classes (ids) that go from step to step as data, with their state, not by their source.
    doubt
        How many enclosing calls are only possible (a callback handed to a library).
    """

    def __init__(
        self,
        modules: Callable[[str], frozenset[str] | None],
        is_local: Callable[[str], bool],
        numbering: Numbering | None = None,
    ) -> None:
        self._ask: dict[str, Callable[[str], Any]] = {"names": modules, "local": is_local}
        self._ask |= dict.fromkeys(("import", "call", "text", "unsteady", "named"), _nothing)
        self.env: Table[Value] = Table()
        self.heap = Heap(numbering)
        self.functions: Table[FunctionInfo] = Table()
        self.classes: Table[ClassInfo] = Table()
        self.frame: Frame | None = None
        self.conditional = 0
        self.doubt = 0
        self.active: list[str] = []
        self.bindings = 0  # counts names that were bound, unbound or given more to carry
        self._marks = Marks(0)
        self.in_loop = False
        self.raised: list[Value] = []  # by the statement at hand, so far
        self.escaped: set[tuple[str, int]] = set()
        self.mutators: Table[bool] = Table()
        self.made: Table[int] = Table()
        self.partials: Table[tuple[Value, list[Value], dict[str, Value]]] = Table()
        self.outside: Table[Any] = Table()
        self.world: Table[Any] = Table()
        self.tables: tuple[Noted, ...] = (
            self.env, self.heap, self.functions, self.classes, self.mutators, self.made, self.partials,
            self.outside, self.world,
        )  # fmt: skip
        self.is_repeatable = True
        self.stored: frozenset[str] = frozenset()
        self._methods: dict[type[ast.AST], Callable[..., Any]] = {}
        self.found: dict[tuple[ClassInfo, str], Value | None] = {}  # by the statement at hand in classes
        self.effects = Effects()
        self.unit: Unit | None = None
        self.put: list[tuple[int, frozenset[str]]] = []  # by this unit: nodes, and definitions put there
        self.place_override: Place | None = None
        self.dropped: ast.expr | None = None  # an expression whose value nobody takes
        self.has_own = False  # whether a module of the project has been imported
        self.spare_calls = 1 << 62  # of notebook functions that are still followed
        self.undone: frozenset[str] = frozenset()  # packages whose settings a `with` takes back

    # -- the world outside -------------------------------------------------------------------------

    def modules(self, module: str) -> frozenset[str] | None:
        """Return the names that `from module import *` binds, None if nobody knows."""
        names: frozenset[str] | None = self.answer(f"names {module}")
        return names

    def is_local(self, module: str) -> bool:
        """Tell whether a top-level module is the project's own."""
        return bool(self.answer(f"local {module}"))

    def library_named(self, dotted: str) -> Value:
        """Return what has this dotted name; by the library's name what an own module has from a library."""
        if dotted[:1] == "." or self.is_local(dotted.partition(".")[0]):
            dotted = self.answer(f"named {dotted}") or dotted
        elif dotted.startswith(PYLAB):
            dotted = self._named_by_pylab(dotted.partition("pylab.")[2]) or dotted
        return library(dotted)

    def _named_by_pylab(self, inner: str) -> str:
        """Return the full name of what `pylab` has from its other libraries; the last of them wins."""
        name, point, rest = inner.partition(".")
        if name in OF_PYLAB:
            return OF_PYLAB[name] + point + rest
        return next((f"{module}.{inner}" for module in IN_PYLAB if name in (self.modules(module) or ())), "")

    def answer(self, question: str) -> Any:
        """Ask about a module, or about the words of the notebook, once in an analysis."""
        if self.outside.value_of(question) is MISSING:
            kind, _, about = question.partition(" ")
            self.outside.put({question: self._ask[kind](about)})
        return self.outside[question]

    @property
    def folder(self) -> str | None:
        folder: str | None = self.world.get("folder", "")
        return folder

    def know_words(self, words: Callable[[str], frozenset[str]]) -> None:
        """Take note of how to find the words of the notebook that are like a pattern."""
        self._ask["like"] = words

    def know_code(self, own: Own) -> None:
        """Take note of who knows what own modules do when they are imported, and their functions."""
        self._ask |= {
            "import": own.imported, "call": own.called, "text": own.executed, "unsteady": own.unsteady,
            "named": own.named,
        }  # fmt: skip

    @property
    def star_imports(self) -> bool:
        return "star" in self.world

    @property
    def index(self) -> int:
        """The number of the unit at hand."""
        return self.unit.index if self.unit is not None else -1

    # -- places ------------------------------------------------------------------------------------

    def place(self, node: ast.AST) -> Place:
        """Return where `node` stands; inside a function body, where the unit called it."""
        if self.place_override is not None:
            return self.place_override
        assert self.unit is not None
        return self.unit.place(node)

    @contextmanager
    def called_from(self, node: ast.AST) -> Iterator[None]:
        """Attribute what happens inside a call to the line of the outermost call."""
        before = self.place_override
        self.place_override = self.place(node)
        try:
            yield
        finally:
            self.place_override = before

    # -- hooks that the other parts fill in --------------------------------------------------------

    def evaluate(self, node: ast.expr | None) -> Value:
        raise NotImplementedError

    def run_block(self, body: Iterable[ast.stmt]) -> bool:
        raise NotImplementedError

    def call_value(
        self, callee: Value, args: list[Value], keywords: dict[str, Value], node: ast.AST
    ) -> Value:
        raise NotImplementedError

    def call_method(
        self, owner: Value, name: str, args: list[Value], keywords: dict[str, Value], node: ast.AST
    ) -> Value:
        raise NotImplementedError

    def assign(self, target: ast.expr, value: Value) -> None:
        raise NotImplementedError

    def import_own(self, dotted: str, node: ast.AST) -> None:
        raise NotImplementedError

    def run_own(self, module: str, node: ast.AST) -> None:
        raise NotImplementedError

    def run_apart(self, text: str, node: ast.AST) -> None:
        raise NotImplementedError

    def call_own(self, dotted: str, node: ast.AST) -> None:
        raise NotImplementedError

    def call_own_method(self, owner: Value, name: str, node: ast.AST) -> None:
        raise NotImplementedError

    def read_own_property(self, owner: Value, name: str, node: ast.AST) -> None:
        raise NotImplementedError

    def set_property(self, holder: Value, name: str, value: Value | None, node: ast.AST) -> None:
        raise NotImplementedError

    def returns_own(self, dotted: str) -> bool:
        raise NotImplementedError

    def use_own(self, dotted: str, node: ast.AST) -> None:
        raise NotImplementedError

    def escape(self, values: list[Value], node: ast.AST, *, classes: bool = True) -> Value | None:
        raise NotImplementedError

    def kept_by_process(self, values: list[Value], node: ast.AST) -> None:
        raise NotImplementedError

    def class_of(self, instance: Value) -> Value:
        raise NotImplementedError

    def look_into_cache(self, function: Value, name: str, node: ast.AST) -> Value:
        raise NotImplementedError

    def find_attribute(self, owner: ClassInfo, name: str) -> Value | None:
        """Look `name` up in a class of the notebook and its notebook bases."""
        key = (owner, name)
        if key not in self.found:
            self.found[key] = self._find_attribute(owner, name)
        return self.found[key]

    def _find_attribute(self, owner: ClassInfo, name: str) -> Value | None:
        if name in owner.attributes:
            return owner.attributes[name]
        for base in owner.bases:
            info = self.classes.get(base.what) if base.kind is Kind.CLASS else None
            found = self.find_attribute(info, name) if info is not None else None
            if found is not None:
                return found
        return None

    def has_library_base(self, owner: ClassInfo) -> bool:
        """Tell whether methods may come from a class that we do not see."""
        for base in owner.bases:
            info = self.classes.get(base.what) if base.kind is Kind.CLASS else None
            if info is None and base.what not in ("object", "builtins.object"):
                return True
            if info is not None and self.has_library_base(info):
                return True
        return False

    def change(
        self,
        value: Value,
        node: ast.AST,
        *,
        deep: bool = False,
        fits: bool = False,
        columns: bool = False,
        doubtful: bool = False,
    ) -> None:
        raise NotImplementedError


def _nothing(_about: str) -> None:
    """Know nothing."""
    return
