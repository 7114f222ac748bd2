"""The one pickler: notebook definitions as references, notebook functions bound to the loading kernel.

A top-level `def` or `class` of the notebook is written as its name and the digest of its source; the
loading kernel has run that source already, so `isinstance`, dataclass `==` and Enum `is` hold. Other
functions of the notebook travel by value, but look names up in the kernel that loads them.
"""

from __future__ import annotations

import io
import pickle
import sys
import types
from dataclasses import dataclass, field
from enum import EnumMeta
from typing import TYPE_CHECKING, Any

import cloudpickle

from stepmill.artifacts import library_state, memory, unpickling
from stepmill.artifacts.builtin_reducers import REDUCERS, code_bytes
from stepmill.artifacts.changing_keys import changing_key, may_change
from stepmill.artifacts.instance_dicts import (
    States,
    answers_for_itself,
    as_it_is,
    filled_quietly,
    forgetful_base,
    remembered,
    with_its_dict,
)
from stepmill.artifacts.library_reducers import LIBRARY_REDUCERS, Segment, reduce_kind_of_array
from stepmill.artifacts.ordered_sets import OrderedSets, out_of_order, reduce_kind_of_set
from stepmill.artifacts.refusals import is_refused, refusal, standard_stream, type_name
from stepmill.artifacts.scope import MAIN, Scope, accessor_of, module_of
from stepmill.artifacts.slot_names import SLOT_NAMES, drop_slot_names, has_slot_names
from stepmill.errors import UnstorableValue

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(slots=True)
class Pickled:
    """A finished pickle.

    `pickler` stays alive for its memo: it knows every object that was met, and keeps the temporary
    ones, so that their ids stay theirs.
    """

    stream: bytes
    buffers: list[memoryview]
    definitions: dict[str, str]
    pickler: StepPickler = field(repr=False)


def dump(value: Any, scope: Scope) -> Pickled:
    """Pickle `value`; arrays that share memory are written as views of one buffer.

    Raises
    ------
    UnstorableValue
        Something in `value` cannot be carried to another process; `type_name` says what.
    """
    first = _first_dump(value, scope)
    if first.pickler.states.found:
        first = _dump(value, scope, None, first.pickler.states)
    if out_of_order(first.stream, first.pickler.objects()):
        first = _dump(value, scope, None, first.pickler.states, OrderedSets())
    _refuse_foreign_memory(value, first.pickler)
    _refuse_changing_keys(value, first.pickler)
    arrays, in_frames = first.pickler.arrays, first.pickler.in_frames
    blocks = [] if library_state.copies_on_write() else first.pickler.in_blocks()
    if len(arrays) + len(blocks) < 2 and not (arrays and in_frames):
        return first
    segments = memory.find_segments(arrays, in_frames, blocks)
    if segments is None:
        return first
    return _dump(value, scope, segments, first.pickler.states, first.pickler.sets)


def _first_dump(value: Any, scope: Scope) -> Pickled:
    """Pickle `value`; its classes are asked how only if they hold something that cannot be stored."""
    states = States(value)
    try:
        return _dump(value, scope, None, states)
    except UnstorableValue:
        if not states.passed_over:
            raise
    return _dump(value, scope, None, States(value, asks=True))


def _refuse_foreign_memory(value: Any, pickler: StepPickler) -> None:
    """Refuse an array over a file, or over the memory of a bytearray (or the like) that is in the pickle."""
    if any(memory.is_over_file(array) for array in pickler.arrays):
        raise UnstorableValue(
            f"a {type_name(type(value))} cannot be stored: it holds an array that writes into a file",
            hint="call np.memmap in each step that needs the file, or take a copy of the array: array.copy()",
            type_name="numpy.memmap",
        )
    owners = [memory.owner(array) for array in (*pickler.arrays, *pickler.in_frames)]
    found = [one for one in owners if one is not None]
    met = pickler.memo.copy() if found else {}
    for one in found:
        if id(one) in met:
            raise UnstorableValue(
                f"a {type_name(type(value))} cannot be stored: it holds an array that shares the memory of a "
                f"{type_name(type(one))}",
                hint="take a copy of the array: array.copy()",
                type_name="numpy.ndarray",
            )


def _refuse_changing_keys(value: Any, pickler: StepPickler) -> None:
    """Refuse what is not the same any more once it is loaded: that hashes the keys of dicts again."""
    kinds = {kind for kind in pickler.own_kinds if may_change(kind)}
    if not kinds:
        return
    key = changing_key(pickler.objects(), kinds, lambda one: _dump(one, pickler.scope, None).stream)
    if key is not None:
        raise UnstorableValue(
            f"a {type_name(type(value))} cannot be stored: a {type_name(type(key))} in it changes when it is "
            "hashed, as loading it does",
            hint="let `__hash__` and `__eq__` only look; count in the code that uses the dict or set",
            type_name=type_name(type(key)),
        )


def _dump(
    value: Any,
    scope: Scope,
    segments: memory.Segments | None,
    states: States | None = None,
    sets: OrderedSets | None = None,
) -> Pickled:
    stream = io.BytesIO()
    buffers: list[pickle.PickleBuffer] = []
    make = StepPickler if sets is None else _SetPickler
    pickler = make(stream, scope, buffers, segments, states or States(value), sets)
    try:
        pickler.dump(value)
    except UnstorableValue:
        raise
    except MemoryError:
        raise
    except Exception as error:
        if isinstance(error.__cause__, RecursionError) or isinstance(error, RecursionError):
            raise _too_deep(value) from error
        raise refusal(value, pickler.last, error) from error
    raw = [buffer.raw() for buffer in buffers]
    return Pickled(stream.getvalue(), raw, pickler.used, pickler)


def _refused_dict(value: Any) -> UnstorableValue:
    return UnstorableValue(
        f"a {type_name(type(value))} cannot be stored: it has a SimpleNamespace and the dict that "
        "`vars(…)` gives of it",
        hint="take a copy of the dict: dict(vars(…))",
        type_name="types.SimpleNamespace",
    )


def _too_deep(value: Any) -> UnstorableValue:
    return UnstorableValue(
        f"a {type_name(type(value))} cannot be stored: it is nested too deep",
        hint="keep it flatter, or raise sys.setrecursionlimit in the step",
        type_name=type_name(type(value)),
    )


class StepPickler(cloudpickle.Pickler):  # type: ignore[misc]
    """One pickling in progress. `last` is the object met last: in an error, the culprit.

    `wholes` has by id the arrays that were met, and what stands for those that only views know.

    `by_value` has, by id, the notebook's classes and functions with attributes that are written in full:
    a kernel that loads two pickles of one gets two.
    """

    def __init__(
        self,
        file: io.BytesIO,
        scope: Scope,
        buffers: list[pickle.PickleBuffer],
        segments: memory.Segments | None = None,
        states: States | None = None,
        sets: OrderedSets | None = None,
    ) -> None:
        super().__init__(file, protocol=5, buffer_callback=buffers.append)
        self.scope = scope
        self.used: dict[str, str] = {}
        self.arrays: list[Any] = []
        self.in_frames: list[Any] = []
        self.by_value: dict[int, Any] = {}
        self.own_kinds: set[type] = set()
        self.resampled: list[Any] = []
        self.last: Any = None
        self.states = states or States(None)
        self.sets = sets
        self.value: Any = None
        self.segments = segments
        self.written: dict[int, Segment] = {}
        self.wholes: dict[int, Any] = {}
        self.frame_parts: dict[int, Any] = {}
        self.owners: dict[int, list[Any]] = {}
        self.tensor_memory: dict[tuple[int, int], Any] = {}
        self._unmarked: set[type] = set()

    def dump(self, obj: Any) -> None:
        self.value = obj
        try:
            super().dump(obj)
        finally:
            for kind in self._unmarked:
                drop_slot_names(kind)

    def met(self) -> list[Any]:
        """Return every object in the pickle that has an identity of its own in it."""
        return [*self.objects(), *(self.sets.replaced() if self.sets is not None else ())]

    def objects(self) -> Iterator[Any]:
        """Yield what the pickle itself has in its memo."""
        for entry in self.memo.copy().values():
            yield entry[1]

    def is_frame_part(self, value: Any) -> bool:
        """Tell whether `value` was met as the inside of a pandas object."""
        return id(value) in self.frame_parts

    def in_blocks(self) -> list[Any]:
        """Return the arrays inside pandas objects that are no labels."""
        return [array for array in self.in_frames if not self.is_label(array)]

    def is_label(self, part: Any) -> bool:
        """Tell whether the inside of a pandas object is that of Index objects only."""
        owners = self.owners.get(id(part), [])
        return bool(owners) and all(library_state.is_index(one) or self.is_label(one) for one in owners)

    def reducer_override(self, obj: Any) -> Any:
        self.last = obj
        kind = type(obj)
        if isinstance(obj, type):
            return self._reduce_class(obj)
        reduce = REDUCERS.get(kind)
        if reduce is not None:
            return reduce(self, obj)
        root = module_of(kind).partition(".")[0]
        by_library = LIBRARY_REDUCERS.get(root)
        if by_library is not None:
            return by_library(self, obj)
        if is_refused(obj):
            return self.refused_or_stream(obj)
        if not has_slot_names(kind):
            self._unmarked.add(kind)
        if memory.is_kind_of_array(obj):
            return reduce_kind_of_array(self, obj)
        if root == MAIN:
            self.own_kinds.add(kind)
        if (root == MAIN or kind is types.SimpleNamespace) and self.states.meet(obj):
            if kind is types.SimpleNamespace:
                raise _refused_dict(self.value)
            return with_its_dict(obj)
        if root == MAIN and self.states.passes_over(obj):
            return as_it_is(obj)
        if isinstance(obj, BaseException) and _has_no_say(obj):
            return self._reduce_exception(obj)
        found = self.reference(obj) or self._singleton(obj) or reduce_kind_of_set(obj)
        if found is None and root == MAIN and answers_for_itself(kind):
            return filled_quietly(obj)
        if found is None and root == MAIN and (base := forgetful_base(kind)) is not None:
            return remembered(obj, base)
        return found or NotImplemented

    def _reduce_exception(self, error: BaseException) -> Any:
        """Put an exception back without its class's `__init__`, which may take other things than its base."""
        made = unpickling.exception, (type(error), error.args)
        cause = (error.__cause__, error.__suppress_context__)
        return *made, (dict(vars(error)), *cause), None, None, unpickling.fill_exception

    def refused_or_stream(self, obj: Any) -> Any:
        stream = standard_stream(obj)
        if stream is not None:
            return getattr, (sys, stream)
        if type(obj) in _FILES and obj.closed:
            text = (obj.encoding, obj.errors) if isinstance(obj, io.TextIOWrapper) else ()
            return unpickling.closed_file, (type(obj).__name__, obj.name, obj.mode, *text)
        raise refusal(self.value, obj)

    def _singleton(self, obj: Any) -> Any:
        if type(obj).__module__ == "dataclasses":
            found = (name for name, value in vars(sys.modules["dataclasses"]).items() if value is obj)
            name = next(found, None)
            return (getattr, (sys.modules["dataclasses"], name)) if name else None
        if type(obj).__module__ == "random" and obj is getattr(sys.modules.get("random"), "_inst", None):
            return getattr, (sys.modules["random"], "_inst")
        return None

    # Definitions

    def reference(self, obj: Any) -> Any:
        """Return the reduction of a notebook definition to a reference, None for anything else."""
        name = self.scope.name_of(obj)
        if name is not None:  # whatever it calls itself: a lambda, what `make_dataclass` has made
            self.used[name] = self.scope.definitions[name]
            return unpickling.definition, (name, "", "", self.used[name])
        if getattr(obj, "__module__", None) != MAIN:
            return None
        qualname = _plainly(obj, "__qualname__")
        if not isinstance(qualname, str):
            return None
        root, _, path = qualname.partition(".")
        digest = self.scope.definitions.get(root)
        if digest is None:
            return None
        accessor = accessor_of(self.scope.namespace, root, path, obj)
        if accessor is None:
            return None
        self.used[root] = digest
        return unpickling.definition, (root, path, accessor, digest)

    def _reduce_class(self, cls: type) -> Any:
        if not module_of(cls) and type(cls).__name__ == "UndefinedFunction":  # of sympy
            return unpickling.undefined_function, (type(cls), cls.__name__, dict(vars(cls)["_kwargs"]))
        reference = self.reference(cls)
        if reference is not None:
            return reference
        if cls.__module__ != MAIN:
            return super().reducer_override(cls)
        if "<locals>" not in cls.__qualname__:
            root = cls.__qualname__.partition(".")[0]
            if root not in self.scope.namespace and root in self.scope.definitions:
                raise self._deleted(cls)
        return self._reduce_class_by_value(cls)

    def _reduce_class_by_value(self, cls: type) -> Any:
        """Reduce a class that data has made or changed, or that a function has made."""
        self.by_value[id(cls)] = cls
        maker, arguments, (state, slots), *rest = super().reducer_override(cls)
        if cls in self._unmarked:
            state.pop(SLOT_NAMES, None)
        if isinstance(cls, EnumMeta):
            return maker, (*arguments[:-2], None, None), (state, slots), *rest
        given = ("__module__", "__qualname__", "__slots__", "__doc__")
        start = {name: getattr(cls, name) for name in given if name in vars(cls) or name == "__qualname__"}
        order = [name for name in (*vars(cls), *state) if name in state and name not in start]
        arguments = (type(cls), cls.__name__, cls.__bases__, start)
        return unpickling.make_class, arguments, ({name: state[name] for name in order}, slots), *rest

    def _deleted(self, cls: type) -> UnstorableValue:
        root = cls.__qualname__.partition(".")[0]
        return UnstorableValue(
            f"a {type_name(type(self.value))} cannot be stored: it holds a {cls.__qualname__}, "
            f"and the class {cls.__qualname__} it was made from is gone",
            hint=f"leave out `del {root}`",
            type_name=cls.__qualname__,
        )

    # Functions

    def reduce_function(self, func: types.FunctionType) -> Any:
        """Reduce a function of any module."""
        return self.reference(func) or super().reducer_override(func)

    def _dynamic_function_reduce(self, func: types.FunctionType) -> Any:
        """Reduce a function by value; called by cloudpickle for what no import finds."""
        home = self._home(func.__globals__)
        if home == MAIN and vars(func):
            self.by_value[id(func)] = func
        if home is None:
            return super()._dynamic_function_reduce(func)
        arguments = (code_bytes(func.__code__, home), home, func.__name__, func.__closure__)
        return (
            unpickling.make_function,
            arguments,
            _function_state(func),
            None,
            None,
            unpickling.fill_function,
        )

    def _home(self, its_globals: dict[str, Any]) -> str | None:
        """Return the module whose namespace these globals are, "__main__" for the notebook's."""
        name = its_globals.get("__name__")
        if its_globals is self.scope.namespace or name == MAIN:
            return MAIN
        module = sys.modules.get(name) if isinstance(name, str) else None
        return name if module is not None and vars(module) is its_globals else None


class _SetPickler(StepPickler):
    """Asked about each object, which costs: the pickler writes plain sets without asking a reducer."""

    def persistent_id(self, obj: Any) -> Any:
        assert self.sets is not None, "made for a value that has such sets"
        return self.sets.stand_in(obj)


def _has_no_say(error: Any) -> bool:
    """Tell whether an exception's class leaves to Python how it is pickled."""
    names = ("__reduce__", "__reduce_ex__", "__setstate__", "__getstate__")
    return all(getattr(type(error), name, None) is getattr(BaseException, name, None) for name in names)


def _plainly(obj: Any, name: str) -> Any:
    """Return an attribute without asking the object's own `__getattr__`."""
    try:
        return object.__getattribute__(obj, name)
    except AttributeError:
        return None


def _function_state(func: types.FunctionType) -> tuple[Any, ...]:
    slots = {
        "__qualname__": func.__qualname__,
        "__module__": func.__module__,
        "__defaults__": func.__defaults__,
        "__kwdefaults__": func.__kwdefaults__,
        "__doc__": func.__doc__,
        "__annotations__": func.__annotations__,
    }
    if getattr(func, "__type_params__", ()):
        slots["__type_params__"] = func.__type_params__  # type: ignore[attr-defined]
    return slots, dict(vars(func))


_FILES = (io.TextIOWrapper, io.BufferedReader, io.BufferedWriter, io.BufferedRandom, io.FileIO)
