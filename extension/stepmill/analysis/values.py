"""Abstract values: what the analyzer knows about an object without running anything."""

from __future__ import annotations

import ast
import re
from enum import Enum, auto
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable


class Kind(Enum):
    """How much is known about a value."""

    UNKNOWN = auto()
    IMMUTABLE = auto()  # numbers, strings, None, tuples of such
    MODULE = auto()  # `what` is the dotted name
    LIBRARY = auto()  # a function or class of a library; `what` is its dotted name
    FUNCTION = auto()  # a `def` or lambda of the notebook; `what` is its definition id
    CLASS = auto()  # a class of the notebook; `what` is its definition id
    INSTANCE = auto()  # of a class of the notebook; `what` is the class's definition id
    OBJECT = auto()  # an instance of a library class; `what` is its dotted name
    FRAME = auto()  # any pandas object
    ARRAY = auto()  # numpy arrays
    CONTAINER = auto()  # list, dict, set and tuples of mutable things
    ITERATOR = auto()  # consumed by iterating
    GENERATOR = auto()  # likewise, and cannot be stored
    HANDLE = auto()  # an open file, a connection, a lock: cannot be stored
    FIGURE = auto()  # anything of matplotlib's

    __hash__ = object.__hash__  # there are hundreds of thousands of look-ups, and an Enum's own is slow


UNSTORABLE: Final = frozenset({Kind.GENERATOR, Kind.HANDLE})
_DEFINED: Final = frozenset({Kind.FUNCTION, Kind.CLASS, Kind.INSTANCE})
_NONE: Final = frozenset[str]()


class _NoConstant:
    def __repr__(self) -> str:
        return "NO_CONSTANT"


NO_CONSTANT: Final = _NoConstant()


class Value(NamedTuple):
    """One abstract value. A tuple, because an analysis makes tens of thousands of them.

    Attributes
    ----------
    roots
        Nodes of the heap (names, or temporaries) that the object may be, or be a part of; one bit a node.
    carries
        Definitions (ids) that can be reached from it: the class of an instance, a stored callback.
    constant
        The value itself, where it is a literal.
    parts
        Values of the elements, where an unpacking can tell them apart; those of a dict by `keys`.
    owner
        For a bound method: the receiver.
    random
        Generators that fitting the object draws from; `ADDRESS`, which is none.
    pattern
        For a text of which only parts are known: these, with `*` for the rest.
    closed
        A container that was made in sight: the heap knows all that is in it.
    """

    kind: Kind = Kind.UNKNOWN
    what: str = ""
    roots: int = 0
    carries: frozenset[str] = frozenset()
    constant: Any = NO_CONSTANT
    parts: tuple[Value, ...] | None = None
    owner: Value | None = None
    attribute: str = ""
    random: frozenset[str] = frozenset()
    pattern: str = ""
    closed: bool = False
    keys: tuple[str, ...] = ()

    @property
    def is_immutable(self) -> bool:
        return self.kind is Kind.IMMUTABLE

    @property
    def is_callable_of_notebook(self) -> bool:
        return self.kind in (Kind.FUNCTION, Kind.CLASS)

    def interior(self) -> Value:
        """Return an element or attribute of it about which nothing else is known."""
        if self.is_immutable:
            return IMMUTABLE
        return Value(roots=self.roots, carries=self.carries, random=self.random)


IMMUTABLE: Final = Value(Kind.IMMUTABLE)
UNKNOWN: Final = Value()

ADDRESS: Final = "address of an object"
"""In `random`: the value depends on where in memory an object lies, as `id(x)` does."""

CELLS: Final = "cells"
"""The `attribute` of a row or group that pandas hands to a callback: a copy, but for what its cells hold."""


def constant(value: Any) -> Value:
    """Return the value of a literal."""
    return Value(Kind.IMMUTABLE, constant=value)


def join(values: Iterable[Value]) -> Value:
    """Return what is true of each of `values`."""
    found = list(values)
    if not found:
        return IMMUTABLE
    first = found[0]
    others = [value for value in found if value is not first and value != first]
    if not others:
        return first
    kind, what, roots, owner, attribute = first.kind, first.what, first.roots, first.owner, first.attribute
    carries, random, closed = first.carries | _named(first), first.random, first.closed
    for other in others:
        if other.kind is not kind or other.what != what:
            kind, what = Kind.UNKNOWN, ""
        roots |= other.roots
        named = _named(other)
        if not (other.carries <= carries and named <= carries):
            carries = carries | other.carries | named
        if owner is not None and owner != other.owner:
            owner = None
        if attribute != other.attribute:
            attribute = ""
        random |= other.random
        closed = closed and other.closed
    return Value(kind, what, roots, carries, owner=owner, attribute=attribute, random=random, closed=closed)


MEMO: Final = "memo"
"""The `what` of the dict in which `copy.deepcopy` finds by their addresses the objects that it has copied."""

OPEN_FILE: Final = "open file"
"""The `what` of a handle that can be handed on when it is closed."""

MOST_TEXTS: Final = 8
"""Literal texts that a loop over them is gone through for one by one."""


def literal_texts(value: Value) -> list[Value]:
    """Return the elements of a short list or tuple of literal texts; none if it is something else."""
    parts = () if value.keys else value.parts or ()
    known = len(parts) <= MOST_TEXTS and all(isinstance(part.constant, str) for part in parts)
    return list(parts) if known else []


def replace(value: Value, **changes: Any) -> Value:
    """Return `value` with other fields."""
    return value._replace(**changes)


def replaceable(value: Value) -> Value:
    """Forget the literal: for parameters, which a run may set to another value of the kind."""
    return replace(value, constant=NO_CONSTANT, parts=None)


def _named(value: Value) -> frozenset[str]:
    """Definitions that a value is, so that a join does not lose them."""
    return frozenset({value.what}) if value.what and value.kind in _DEFINED else _NONE


def definitions_of(value: Value) -> frozenset[str]:
    """Return the ids of all definitions that are, or can be reached from, `value`."""
    found = value.carries
    if value.what and value.kind in _DEFINED and value.what not in found:
        found |= {value.what}
    inner = value.parts or ()
    for part in inner if value.owner is None else (value.owner, *inner):
        more = definitions_of(part)
        if not more <= found:
            found |= more
    return found


def all_roots(value: Value) -> int:
    """Return the nodes that `value`, its known elements or the receiver of a bound method may be."""
    found = value.roots
    if value.owner is not None:
        found |= all_roots(value.owner)
    for part in value.parts or ():
        found |= all_roots(part)
    return found


def all_of(nodes: Iterable[int]) -> int:
    """Return the nodes that are in one of the sets."""
    return reduce(or_, nodes, 0)


CLASS_FACTORIES: Final = frozenset(
    {
        "collections.namedtuple",
        "dataclasses.make_dataclass",
        "enum.Enum",
        "enum.Flag",
        "enum.IntEnum",
        "enum.IntFlag",
        "enum.StrEnum",
        "typing.NamedTuple",
        "typing.NewType",
        "typing.ParamSpec",
        "typing.TypeVar",
        "typing.TypedDict",
    }
)
"""Calls that make a class, or something that is pickled by its name."""


_OTHER_NAMES = {
    "IPython.InteractiveShell.instance": "get_ipython",
    "IPython.core.getipython.get_ipython": "get_ipython",
    "IPython.core.interactiveshell.InteractiveShell.instance": "get_ipython",
    "IPython.get_ipython": "get_ipython",
    "logging.root": "logging.getLogger()",
    "numpy.random.mtrand": "numpy.random",
    "numpy.random._rand": "numpy.random",  # the object whose bound methods numpy.random.seed and so on are
    "random._inst": "random",
}


_NUMPY_ELSEWHERE = re.compile(r"^(autograd\.numpy|(?!mxnet)\w+(\.\w+)*?\.np)(?=\.|$)")
"""NumPy under the name that another library has for it, as `fastai.basics.np`."""
PYLAB = ("pylab.", "matplotlib.pylab.")
"""How names begin of the module that has all of several libraries."""
OF_PYLAB = {
    "np": "numpy",
    "ma": "numpy.ma",
    "plt": "matplotlib.pyplot",
    "mpl": "matplotlib",
    "datetime": "datetime",
}
IN_PYLAB = ("numpy.linalg", "numpy.random", "numpy.fft", "numpy", "matplotlib.pyplot")


def library(name: str) -> Value:
    """Return the function, class or module of a library that has this dotted name, one of several maybe."""
    name = name.removeprefix("builtins.")
    if ".np" in name or name.startswith("autograd."):
        name = _NUMPY_ELSEWHERE.sub("numpy", name, count=1)
    return Value(Kind.LIBRARY, _OTHER_NAMES.get(name, name))


def dotted_name(node: ast.expr, env: dict[str, Value]) -> str | None:
    """Return the library name that an expression stands for, such as `numpy.random.seed`."""
    if isinstance(node, ast.Attribute):
        owner = dotted_name(node.value, env)
        return None if owner is None else f"{owner}.{node.attr}"
    if isinstance(node, ast.Name):
        value = env.get(node.id)
        if value is None:
            return node.id
        return value.what if value.kind in (Kind.MODULE, Kind.LIBRARY) else None
    return None
