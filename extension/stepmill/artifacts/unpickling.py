# ruff: noqa: ARG001, D103, S302 - the functions below are named by pickles, and read by nobody else

"""Loading of our pickles, and the functions that they name.

Their names stand in stored pickles: they are a contract.
"""

from __future__ import annotations

import functools
import importlib
import io
import itertools
import marshal
import os
import pickle
import sys
import types
from abc import ABCMeta
from typing import TYPE_CHECKING, Any

from stepmill.artifacts import memory, tensors, text_arrays, torch_graphs
from stepmill.artifacts.scope import MAIN, Scope, walk
from stepmill.artifacts.set_order import build_set
from stepmill.errors import ArtifactError, DefinitionMismatch
from stepmill.plugins import BY_NAME

if TYPE_CHECKING:
    from collections.abc import Sequence


def load(stream: Any, buffers: Sequence[Any], scope: Scope) -> Any:
    """Return the value of a pickle that `dump` made.

    Raises
    ------
    DefinitionMismatch
        The kernel lacks a class or function that the value needs, or has another one by that name.
    """
    unpickler = StepUnpickler(io.BytesIO(stream), scope, buffers)
    try:
        return unpickler.load()
    finally:
        # It names our methods, which know the unpickler, which knows the value: that would keep the value
        # until a collection, and its `__del__` would not run when the user lets it go.
        unpickler.memo = {}


class StepUnpickler(pickle.Unpickler):
    """One loading in progress: our own names in a pickle resolve to what knows the kernel."""

    def __init__(self, file: io.BytesIO, scope: Scope, buffers: Sequence[Any]) -> None:
        super().__init__(file, buffers=buffers)
        self.scope = scope

    def find_class(self, module_name: str, global_name: str, /) -> Any:
        if module_name == __name__:
            bound = {"definition": self._definition, "make_function": self._make_function}
            if global_name in bound:
                return bound[global_name]
        if module_name == MAIN:
            found = walk(
                self.scope.namespace.get(global_name.partition(".")[0]), global_name.partition(".")[2]
            )
            if found is None:
                raise _missing(global_name)
            return found
        return super().find_class(module_name, global_name)

    def persistent_load(self, stand_in: Any, /) -> Any:
        """Return a set that was written as a plan: the pickle holds what builds it."""
        return stand_in

    def _definition(self, root: str, path: str, accessor: str, digest: str) -> Any:
        if root not in self.scope.namespace or root not in self.scope.definitions:
            raise _missing(root)
        if self.scope.definitions[root] != digest:
            raise DefinitionMismatch(
                f"a stored value was made with another definition of {root} than this kernel has",
                hint=f"run the step that made it again, with the present {root}",
            )
        found = walk(self.scope.namespace[root], path)
        found = getattr(found, accessor, None) if accessor else found
        if found is None:
            raise _missing(f"{root}.{path}")
        return found

    def _make_function(self, code: bytes, home: str, name: str, closure: Any) -> types.FunctionType:
        sys.audit(BY_NAME, home, "*")  # its code says names that the code of the step does not
        namespace = self.scope.namespace if home == MAIN else vars(importlib.import_module(home))
        if not isinstance(namespace, dict):
            raise ArtifactError("stored functions load into a kernel's namespace only", hint="pass a dict")
        return types.FunctionType(marshal.loads(code), namespace, name, None, closure)


def _missing(name: str) -> DefinitionMismatch:
    return DefinitionMismatch(
        f"a stored value needs {name}, and this kernel has no definition of it",
        hint=f"define {name} at the top level of a cell, so that the step's setup can run it",
    )


def definition(root: str, path: str, accessor: str, digest: str) -> Any:
    raise ArtifactError(f"a reference to {root} loads only through stepmill")


def make_function(code: bytes, home: str, name: str, closure: Any) -> Any:
    raise ArtifactError(f"the function {name} loads only through stepmill")


def make_class(kind: type, name: str, bases: tuple[type, ...], namespace: dict[str, Any]) -> Any:
    """Make a class without the hooks of its metaclass and bases: they ran when it was defined."""
    maker: Any = ABCMeta if issubclass(kind, ABCMeta) else type
    hooked = any("__init_subclass__" in vars(base) for base in _bases_of(bases) if base.__module__ == MAIN)
    if not hooked:
        return maker.__new__(kind, name, bases, namespace)
    made = maker.__new__(kind, name, (_Quiet, *bases), namespace)
    made.__bases__ = bases
    return made


def undefined_function(kind: type, name: str, assumptions: dict[str, Any]) -> Any:
    """Make `sympy.Function("f", real=True)`, a class in no module."""
    return kind(name, **assumptions)


def cached_property(func: Any, attribute: str | None) -> Any:
    """Make a `functools.cached_property`, with a lock of its own where Python has one in it."""
    made = functools.cached_property(func)
    made.attrname = attribute
    return made


class _Quiet:
    """A first base that keeps `__init_subclass__` of the others from being called."""

    def __init_subclass__(cls, **_options: object) -> None: ...


def _bases_of(bases: tuple[type, ...]) -> set[type]:
    return {base for one in bases for base in one.__mro__}


def fill_function(func: types.FunctionType, state: tuple[dict[str, Any], dict[str, Any]]) -> None:
    slots, attributes = state
    for name, value in slots.items():
        setattr(func, name, value)
    vars(func).update(attributes)


def ordered_set(kind: type, order: Sequence[Any], plan: int, insertion: Sequence[int]) -> Any:
    return build_set(kind, order, plan, insertion)


def make_cell() -> types.CellType:
    return types.CellType()


def fill_cell(cell: types.CellType, state: tuple[Any]) -> None:
    cell.cell_contents = state[0]


def dict_view(mapping: dict[Any, Any], kind: str) -> Any:
    return getattr(mapping, kind)()


def closed_file(kind: str, name: Any, mode: str, encoding: str = "", errors: str = "") -> Any:
    """Return a file that was closed: all that is left of it is what it was called and how it was opened."""
    raw = io.FileIO(os.devnull, "r+" if "+" in mode else "r" if "r" in mode else "w")
    raw.name = name
    file: Any = raw
    if kind != "FileIO":
        maker = io.BufferedRandom if "+" in mode else io.BufferedReader if "r" in mode else io.BufferedWriter
        file = maker(raw)
    if kind == "TextIOWrapper":
        file = io.TextIOWrapper(file, encoding, errors)
        file.mode = mode
    file.close()
    return file


def match(pattern: Any, text: Any, start: int, end: int, how: str, number: int) -> Any:
    """Find a match again; of those that `finditer` gives the one of this number."""
    if how == "finditer":
        return next(itertools.islice(pattern.finditer(text, start, end), number, None))
    return getattr(pattern, how)(text, start, end)


def is_match(one: Any, other: Any) -> bool:
    """Tell whether two matches of one pattern cannot be told apart."""
    return one is not None and (one.regs, one.pos, one.endpos, one.lastindex) == (
        other.regs, other.pos, other.endpos, other.lastindex,
    )  # fmt: skip


def dict_iterator(mapping: dict[Any, Any], kind: str, done: int) -> Any:
    """Return an iterator that has given `done` items; -1 for one whose dict has changed its size since."""
    look = getattr(
        mapping, {"key": "keys", "value": "values", "item": "items"}[kind.removeprefix("reverse")]
    )()
    passing = object()
    if done < 0:
        mapping[passing] = None
    iterator = reversed(look) if kind.startswith("reverse") else iter(look)
    mapping.pop(passing, None)
    for _ in range(done):
        next(iterator)
    return iterator


def set_iterator(held: Any, done: int) -> Any:
    iterator = iter(held)
    for _ in range(done):
        next(iterator)
    return iterator


def dtype(*code: str) -> Any:
    return memory.dtype_of(code)


def array(buffer: Any, dtype: Any, *layout: Any) -> Any:
    return memory.rebuild(buffer, dtype, layout)


def read_only(array: Any) -> Any:
    array.flags.writeable = False
    return array


def text_array(pieces: Any, shape: tuple[int, ...], order: Any, writeable: bool) -> Any:
    array = text_arrays.unpack(pieces, shape, order)
    array.flags.writeable = writeable
    return array


def with_nan(array: Any, places: Any, writeable: bool) -> Any:
    import numpy as np

    array.flat[places] = np.nan
    array.flags.writeable = writeable
    return array


def segment(buffer: Any) -> Any:
    """Return shared memory that may be written: large memory is the buffer itself, which is private."""
    import numpy as np

    data = np.frombuffer(buffer, np.uint8)
    is_usable = data.flags.writeable and data.nbytes >= memory.OWNED_BELOW_BYTES
    return data if is_usable else data.copy()


def array_in(segment: Any, offset: int, dtype: Any, shape: Any, strides: Any, writeable: bool) -> Any:
    import numpy as np

    start = offset - sum((n - 1) * step for n, step in zip(shape, strides, strict=True) if step < 0)
    array: Any = np.ndarray(shape, dtype, buffer=segment, offset=start, strides=strides)
    if not writeable:
        array.flags.writeable = False
    return array


def view_of(whole: Any, offset: int, dtype: Any, shape: Any, strides: Any, writeable: bool) -> Any:
    """Return a view of `whole`, whose `base` that is; `offset` is that of its first item."""
    import numpy as np

    data: Any = (whole if whole.flags.c_contiguous else whole.T).reshape(-1).view("u1")
    array: Any = np.ndarray(shape, dtype, buffer=data, offset=offset, strides=strides)
    if not writeable:
        array.flags.writeable = False
    return array


def same(array: Any) -> Any:
    return array


def object_view(keeper: Any, offset: int, shape: Any, strides: Any, writeable: bool) -> Any:
    import numpy as np

    array: Any = np.ndarray(shape, object, buffer=keeper, offset=offset, strides=strides)
    if not writeable:
        array.flags.writeable = False
    return array


def array_of_kind(kind: Any, data: Any, attributes: dict[str, Any]) -> Any:
    """Return `data` as an array of a kind of its own: a masked array, a record array, a user's."""
    array = data.view(kind)
    if data.flags.owndata:
        data.flags.writeable = False  # nothing that `memory.shown_of` returns
    if attributes:
        vars(array).update(attributes)
    return array


masked_array = array_of_kind
"""The name in pickles that older versions have stored."""


def take_dict(value: Any, state: dict[str, Any]) -> None:
    """Let `state` be the instance's dict, not only its content."""
    object.__setattr__(value, "__dict__", state)


def exception(kind: type, args: tuple[Any, ...]) -> Any:
    base: Any = next(base for base in kind.__mro__ if base.__module__ == "builtins")
    made = base.__new__(kind, *args)
    base.__init__(made, *args)
    return made


def fill_exception(error: Any, state: tuple[Any, ...]) -> None:
    attributes, cause, is_context_hidden = state
    object.__getattribute__(error, "__dict__").update(attributes)
    error.__cause__, error.__suppress_context__ = cause, is_context_hidden


def fill_quietly(value: Any, state: Any) -> None:
    """Do what pickle does with a state, but for asking the object whether it has a `__setstate__`."""
    state, slots = state if isinstance(state, tuple) else (state, None)
    if state:
        object.__getattribute__(value, "__dict__").update(state)
    for name, held in (slots or {}).items():
        object.__setattr__(value, name, held)


def bare(kind: type) -> Any:
    return object.__new__(kind)


def fill_bare(value: Any, attributes: dict[str, Any]) -> None:
    vars(value).update(attributes)


def fill_as_it_was(value: Any, state: tuple[dict[str, Any], dict[str, tuple[type, Any]]]) -> None:
    attributes, slots = state
    for name, (home, held) in slots.items():
        vars(home)[name].__set__(value, held)
    if attributes:
        object.__getattribute__(value, "__dict__").update(attributes)


def made_by(kind: type, base: Any, arguments: tuple[Any, ...]) -> Any:
    """Make an instance as its base in Python's library does; the `__init__` of its own class ran already."""
    made = base.__new__(kind, *arguments)
    if base.__init__ is not object.__init__:
        base.__init__(made, *arguments)
    return made


def fill_remembered(value: Any, state: tuple[Any, dict[str, Any]]) -> None:
    of_base, attributes = state
    if of_base is not None:
        value.__setstate__(of_base)
    vars(value).update(attributes)


def numpy_generator() -> Any:
    import numpy as np

    return np.random.mtrand._rand


def tensor_memory(data: Any, dtype: Any = None) -> Any:
    storage = tensors.storage_in(data)
    return storage if dtype is None else tensors.typed(storage, dtype)


def tensor_in_graph(data: Any, operation: str) -> Any:
    return torch_graphs.attach(data, operation)


def tensor_state(tensor: Any, state: tuple[Any, ...]) -> None:
    *own, grown = state
    for one in own:
        tensor.__setstate__(one)
    tensor.grad = grown
