"""The one pickler: notebook definitions as references, notebook functions bound to the loading kernel.

A top-level `def` or `class` of the notebook is written as its name and the digest of its source; the
loading kernel has run that source already, so `isinstance`, dataclass `==` and Enum `is` hold. Other
functions of the notebook travel by value, but look names up in the kernel that loads them.
"""

# ruff: noqa: ARG001 - reducers in one table have one signature

from __future__ import annotations

import argparse
import functools
import gc
import io
import marshal
import operator
import pickle
import re
import struct
import sys
import threading
import types
from collections import OrderedDict
from dataclasses import dataclass, field
from enum import EnumMeta
from typing import TYPE_CHECKING, Any, cast

import cloudpickle

from stepmill.artifacts import library_state, memory, tensors, text_arrays, torch_graphs, unpickling
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
from stepmill.artifacts.ordered_sets import OrderedSets, out_of_order, reduce_kind_of_set
from stepmill.artifacts.refusals import hint_for, is_executed_names, is_refused, standard_stream, type_name
from stepmill.artifacts.scope import MAIN, Scope, accessor_of
from stepmill.artifacts.slot_names import SLOT_NAMES, drop_slot_names, has_slot_names
from stepmill.errors import UnstorableValue

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


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
        raise _refusal(value, pickler.last, error) from error
    raw = [buffer.raw() for buffer in buffers]
    return Pickled(stream.getvalue(), raw, pickler.used, pickler)


def _refusal(value: Any, culprit: Any, error: BaseException | None = None) -> UnstorableValue:
    """Return the error for `value`, which holds `culprit`."""
    if is_executed_names(value):
        return UnstorableValue(
            "a dict cannot be stored: it has the names of code that exec() or runpy has run, and Python's",
            hint="in the step that runs the code take out of the dict what others need, and hand that on "
            "(`f = names['f']`); or make a module of the code, and import it",
            type_name="dict",
        )
    outer, inner = type_name(type(value)), type_name(type(culprit))
    held = "" if culprit is value or inner == outer else f" (it holds a {inner})"
    because = f": {error}" if error is not None and str(error) else ""
    return UnstorableValue(
        f"a {outer} cannot be stored{held}{because}",
        hint=hint_for(culprit),
        type_name=inner if held else outer,
    )


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
        self._value: Any = None
        self._segments = segments
        self._written: dict[int, _Segment] = {}
        self._frame_parts: dict[int, Any] = {}
        self._owners: dict[int, list[Any]] = {}
        self._tensor_memory: dict[tuple[int, int], Any] = {}
        self._unmarked: set[type] = set()

    def dump(self, obj: Any) -> None:
        self._value = obj
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
        return id(value) in self._frame_parts

    def in_blocks(self) -> list[Any]:
        """Return the arrays inside pandas objects that are no labels."""
        return [array for array in self.in_frames if not self.is_label(array)]

    def is_label(self, part: Any) -> bool:
        """Tell whether the inside of a pandas object is that of Index objects only."""
        owners = self._owners.get(id(part), [])
        return bool(owners) and all(library_state.is_index(one) or self.is_label(one) for one in owners)

    def reducer_override(self, obj: Any) -> Any:
        self.last = obj
        kind = type(obj)
        if isinstance(obj, type):
            return self._reduce_class(obj)
        reduce = _REDUCERS.get(kind)
        if reduce is not None:
            return reduce(self, obj)
        root = kind.__module__.partition(".")[0]
        by_library = _LIBRARY_REDUCERS.get(root)
        if by_library is not None:
            return by_library(self, obj)
        if is_refused(obj):
            return self._refused_or_stream(obj)
        if not has_slot_names(kind):
            self._unmarked.add(kind)
        if memory.is_kind_of_array(obj):
            return self._reduce_kind_of_array(obj)
        if root == MAIN:
            self.own_kinds.add(kind)
        if (root == MAIN or kind is types.SimpleNamespace) and self.states.meet(obj):
            if kind is types.SimpleNamespace:
                raise _refused_dict(self._value)
            return with_its_dict(obj)
        if root == MAIN and self.states.passes_over(obj):
            return as_it_is(obj)
        if isinstance(obj, BaseException) and _has_no_say(obj):
            return self._reduce_exception(obj)
        found = self._reference(obj) or self._singleton(obj) or reduce_kind_of_set(obj)
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

    def _refused_or_stream(self, obj: Any) -> Any:
        stream = standard_stream(obj)
        if stream is not None:
            return getattr, (sys, stream)
        if type(obj) in _FILES and obj.closed:
            text = (obj.encoding, obj.errors) if isinstance(obj, io.TextIOWrapper) else ()
            return unpickling.closed_file, (type(obj).__name__, obj.name, obj.mode, *text)
        raise _refusal(self._value, obj)

    def _singleton(self, obj: Any) -> Any:
        if type(obj).__module__ == "dataclasses":
            found = (name for name, value in vars(sys.modules["dataclasses"]).items() if value is obj)
            name = next(found, None)
            return (getattr, (sys.modules["dataclasses"], name)) if name else None
        if type(obj).__module__ == "random" and obj is getattr(sys.modules.get("random"), "_inst", None):
            return getattr, (sys.modules["random"], "_inst")
        return None

    # Definitions

    def _reference(self, obj: Any) -> Any:
        """Return the reduction of a notebook definition to a reference, None for anything else."""
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
        if cls.__module__ != MAIN:
            return super().reducer_override(cls)
        reference = self._reference(cls)
        if reference is not None:
            return reference
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
            f"a {type_name(type(self._value))} cannot be stored: it holds a {cls.__qualname__}, "
            f"and the class {cls.__qualname__} it was made from is gone",
            hint=f"leave out `del {root}`",
            type_name=cls.__qualname__,
        )

    # Functions

    def _reduce_any_function(self, func: types.FunctionType) -> Any:
        return self._reference(func) or super().reducer_override(func)

    def _dynamic_function_reduce(self, func: types.FunctionType) -> Any:
        """Reduce a function by value; called by cloudpickle for what no import finds."""
        home = self._home(func.__globals__)
        if home == MAIN and vars(func):
            self.by_value[id(func)] = func
        if home is None:
            return super()._dynamic_function_reduce(func)
        arguments = (_code_bytes(func.__code__, home), home, func.__name__, func.__closure__)
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

    # Libraries

    def _reduce_numpy(self, obj: Any) -> Any:
        if memory.is_array(obj):
            return self._reduce_array(obj)
        if is_refused(obj):
            raise _refusal(self._value, obj)
        kind = type(obj)
        if hasattr(kind, "isbuiltin"):
            return self._reduce_dtype(obj)
        if kind.__name__ == "MaskedArray" and kind.__module__.startswith("numpy.ma"):
            return unpickling.array_of_kind, (kind, library_state.plain_view(obj), dict(vars(obj)))
        if kind.__name__ == "RandomState" and obj is getattr(
            sys.modules["numpy.random"].mtrand, "_rand", None
        ):
            return unpickling.numpy_generator, ()
        if memory.is_kind_of_array(obj):
            return self._reduce_kind_of_array(obj)
        if kind.__name__ in ("void", "record") and obj.base is not None:
            return library_state.reduce_row(obj)
        return self._reference(obj) or NotImplemented

    def _reduce_kind_of_array(self, obj: Any) -> Any:
        """Reduce what inherits from arrays as a view, so that it goes on sharing its memory."""
        plain = library_state.plain_view(obj)
        if not memory.reduces_itself(obj):
            return unpickling.array_of_kind, (type(obj), plain, dict(getattr(obj, "__dict__", {})))
        self.arrays.append(plain)
        if self._place(plain, in_frame=False)[0] is not None:
            raise UnstorableValue(
                f"a {type_name(type(self._value))} cannot be stored: it holds a {type_name(type(obj))} that "
                "shares its memory with an array, and pickles itself",
                hint="take a copy of one of them: array.copy()",
                type_name=type_name(type(obj)),
            )
        return NotImplemented

    def _reduce_array(self, array: Any) -> Any:
        in_frame = self.is_frame_part(array)
        (self.in_frames if in_frame else self.arrays).append(array)
        number, offset = self._place(array, in_frame=in_frame)
        if not memory.is_raw(array):
            return self._reduce_object_array(array, shared=number is not None, in_frame=in_frame)
        if number is not None:
            segment = self._written_segment(number)
            place = (offset, array.dtype, array.shape, array.strides, bool(array.flags.writeable))
            return unpickling.array_in, (segment, *place)
        laid = memory.lay(array)
        return unpickling.array, (pickle.PickleBuffer(laid.data), array.dtype, *laid.layout)

    def _reduce_object_array(self, array: Any, *, shared: bool, in_frame: bool) -> Any:
        """Reduce an array of objects; one that shares its memory becomes a view of the array that owns it."""
        keeper = memory.object_keeper(array) if shared and not in_frame else None
        if keeper is not None and keeper is not array:
            place = (memory.offset_in(keeper, array), array.shape, array.strides, bool(array.flags.writeable))
            return unpickling.object_view, (keeper, *place)
        if shared and keeper is None:
            raise UnstorableValue(
                f"a {type_name(type(self._value))} cannot be stored: it holds views of one array of objects",
                hint="take a copy of one of them: array.copy()",
                type_name="numpy.ndarray",
            )
        texts = text_arrays.pack(array) if array.dtype.metadata is None else None
        if texts is not None:
            order = "F" if text_arrays.is_fortran(array) else "C"
            return unpickling.text_array, (texts, array.shape, order, bool(array.flags.writeable))
        missing = text_arrays.places_of_nan(array)
        if missing is not None:
            rest = array.copy(order="K")
            rest.flat[missing] = None
            return unpickling.with_nan, (rest, missing, bool(array.flags.writeable))
        if not array.flags.writeable:
            return unpickling.read_only, (array.copy(order="K"),)
        return NotImplemented

    def _place(self, array: Any, *, in_frame: bool) -> tuple[int | None, int]:
        """Return the number of the shared segment that the array lies in, and its place there."""
        segments = self._segments
        if segments is None or (in_frame and memory.place_key(array) not in segments.frames_placed):
            return None, 0
        return segments.find(array) or (None, 0)

    def _written_segment(self, number: int) -> _Segment:
        assert self._segments is not None, "only arrays in a segment ask"
        if number not in self._written:
            data = cast("Any", self._segments.memory(number))
            self._written[number] = _Segment(pickle.PickleBuffer(data))
        return self._written[number]

    def _reduce_dtype(self, dtype: Any) -> Any:
        if memory.is_simple(dtype) or (dtype.kind == "O" and dtype.metadata is None):
            return unpickling.dtype, tuple(memory.dtype_code(dtype))
        return NotImplemented

    def _reduce_pandas(self, obj: Any) -> Any:
        """Let pandas reduce itself, and remember the arrays that are its inside."""
        if not hasattr(type(obj), "__reduce_ex__") or callable(obj):
            return NotImplemented
        reduced = obj.__reduce_ex__(5)
        if type(obj).__name__.endswith("Resampler"):
            self.resampled += [block.values for block in obj.obj._mgr.blocks]
        if isinstance(reduced, tuple):
            reduced = library_state.with_its_chunks(library_state.without_cache(reduced), obj)
            for part in library_state.parts_of(reduced[1:3]):
                self._frame_parts[id(part)] = part
                self._owners.setdefault(id(part), []).append(obj)
        return reduced

    def _reduce_argparse(self, obj: Any) -> Any:
        if type(obj) is argparse.Namespace:
            return with_its_dict(obj) if self.states.meet(obj) else NotImplemented
        return library_state.reduce_argparse(obj)

    def _reduce_torch(self, obj: Any) -> Any:
        if tensors.is_storage(obj):
            return self._reduce_storage(obj)
        if is_refused(obj):
            raise _refusal(self._value, obj)
        if torch_graphs.is_in_graph(obj):
            if torch_graphs.can_be_kept(obj):
                return unpickling.tensor_in_graph, (obj.detach(), torch_graphs.origin(obj))
            raise UnstorableValue(
                f"a {type_name(type(self._value))} cannot be stored: it holds a tensor through which "
                "backward() goes on to others",
                hint="keep tensor.detach() or tensor.item(), or call backward() in the step that computes it",
                type_name="torch.Tensor",
            )
        grown = tensors.gradient(obj)
        if grown is not None:
            maker, arguments, *state = obj.__reduce_ex__(5)
            return maker, arguments, (*state, grown), None, None, unpickling.tensor_state
        return self._reference(obj) or NotImplemented

    def _reduce_storage(self, obj: Any) -> Any:
        """Reduce a storage to an array: one that shares its memory with others goes on sharing it."""
        storage = tensors.untyped(obj)
        place = (storage.data_ptr() or id(storage), storage.nbytes())
        if place not in self._tensor_memory:  # torch makes a new object for each look at a storage
            self._tensor_memory[place] = storage, tensors.bytes_of(storage)
        array = self._tensor_memory[place][1]
        return unpickling.tensor_memory, (array,) if obj is storage else (array, obj.dtype)

    def _reduce_arrow(self, obj: Any) -> Any:
        """Cut a slice of a longer array down to itself; its parent does not travel along."""
        if type(obj).__name__ == "ChunkedArray" and any(
            library_state.is_slice(chunk) for chunk in obj.chunks
        ):
            import pyarrow as pa

            obj = pa.chunked_array([library_state.compact(chunk) for chunk in obj.chunks], type=obj.type)
            return obj.__reduce_ex__(5)
        if library_state.has_idle_bitmap(obj):
            return library_state.with_its_bitmap(obj)
        return NotImplemented


class _SetPickler(StepPickler):
    """Asked about each object, which costs: the pickler writes plain sets without asking a reducer."""

    def persistent_id(self, obj: Any) -> Any:
        assert self.sets is not None, "made for a value that has such sets"
        return self.sets.stand_in(obj)


class _Segment:
    """Shared memory in a pickle: all arrays in it are built over one buffer."""

    def __init__(self, buffer: Any) -> None:
        self.buffer = buffer

    def __reduce__(self) -> Any:
        return unpickling.segment, (self.buffer,)


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


def _code_bytes(code: types.CodeType, home: str) -> bytes:
    """Return code as bytes that do not depend on where the cell was compiled."""
    return marshal.dumps(_relabel(code, f"<{'notebook' if home == MAIN else home}>"), 2)


def _relabel(code: types.CodeType, filename: str) -> types.CodeType:
    constants = tuple(_relabel(c, filename) if isinstance(c, types.CodeType) else c for c in code.co_consts)
    return code.replace(co_filename=filename, co_consts=constants)


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


def _reduce_cell(pickler: StepPickler, cell: types.CellType) -> Any:
    # The contents travel as state: a function may stand in its own closure.
    try:
        contents = cell.cell_contents
    except ValueError:
        return unpickling.make_cell, ()
    return unpickling.make_cell, (), (contents,), None, None, unpickling.fill_cell


def _reduce_dict_view(pickler: StepPickler, view: Any) -> Any:
    mapping = next(iter(gc.get_referents(view)))  # the dict itself: a view follows it
    return unpickling.dict_view, (mapping, type(view).__name__.rpartition("_")[2])


def _reduce_dict_iterator(pickler: StepPickler, iterator: Any) -> Any:
    """Go on over the dict itself: what is changed in it, and that it is, is seen."""
    spent: dict[Any, Any] = {}
    mapping = next((one for one in gc.get_referents(iterator) if type(one) is dict), spent)
    done = len(mapping) - operator.length_hint(iterator)
    try:
        iterator.__reduce__()
    except RuntimeError:  # the dict has another size than at the start: the next step is to fail
        done = -1
    kind = type(iterator).__name__.removeprefix("dict_").removesuffix("iterator")
    return unpickling.dict_iterator, (mapping, kind, done)


def _reduce_set_iterator(pickler: StepPickler, iterator: Any) -> Any:
    held = next((one for one in gc.get_referents(iterator) if type(one) in (set, frozenset)), None)
    left = operator.length_hint(iterator)
    if held is None or not left:
        return iterator.__reduce__()
    return unpickling.set_iterator, (held, len(held) - left)


def _reduce_cached_property(_: StepPickler, made: functools.cached_property[Any]) -> Any:
    """Leave out the lock that Python 3.11 keeps in it."""
    return unpickling.cached_property, (made.func, made.attrname)


def _reduce_lock(pickler: StepPickler, lock: Any) -> Any:
    """A lock that nobody holds is as good as a new one."""
    if not repr(lock).startswith("<unlocked"):
        raise _refusal(pickler._value, lock)
    return (threading.RLock if isinstance(lock, _RLOCK) else threading.Lock), ()


def _reduce_match(pickler: StepPickler, match: re.Match[Any]) -> Any:
    """A match is found again: by the same search, or as one of those that `finditer` gives."""
    given = (match.re, match.string, match.pos, match.endpos)
    for how in ("search", "match", "fullmatch"):
        if unpickling.is_match(unpickling.match(*given, how, 0), match):
            return unpickling.match, (*given, how, 0)
    found = enumerate(match.re.finditer(match.string, match.pos, match.endpos))
    number = next((number for number, other in found if unpickling.is_match(other, match)), None)
    if number is None or not isinstance(match.string, (str, bytes)):
        raise _refusal(pickler._value, match)
    return unpickling.match, (*given, "finditer", number)


def _reduce_struct(pickler: StepPickler, made: struct.Struct) -> Any:
    return struct.Struct, (made.format,)


def _reduce_mappingproxy(pickler: StepPickler, proxy: Any) -> Any:
    return types.MappingProxyType, (next(iter(gc.get_referents(proxy))),)


def _reduce_stream(pickler: StepPickler, stream: Any) -> Any:
    return pickler._refused_or_stream(stream)


def _reduce_cached_function(pickler: StepPickler, cached: Any) -> Any:
    reference = pickler._reference(cached)
    if reference is None and cached.__module__ == MAIN:
        raise _refusal(pickler._value, cached)
    return reference or NotImplemented


_FILES = (io.TextIOWrapper, io.BufferedReader, io.BufferedWriter, io.BufferedRandom, io.FileIO)
_LOCK, _RLOCK = type(threading.Lock()), type(threading.RLock())
_EMPTY: dict[Any, Any] = {}
_SAMPLES: tuple[dict[Any, Any], ...] = (_EMPTY, OrderedDict())

_REDUCERS: dict[type, Callable[[StepPickler, Any], Any]] = {
    types.FunctionType: StepPickler._reduce_any_function,
    types.CellType: _reduce_cell,
    types.CodeType: lambda _, code: (marshal.loads, (_code_bytes(code, MAIN),)),
    types.MappingProxyType: _reduce_mappingproxy,
    re.Match: _reduce_match,
    struct.Struct: _reduce_struct,
    io.TextIOWrapper: _reduce_stream,
    _LOCK: _reduce_lock,
    _RLOCK: _reduce_lock,
    functools.cached_property: _reduce_cached_property,
    **{
        type(iterator): _reduce_dict_iterator
        for look in (_EMPTY.keys(), _EMPTY.values(), _EMPTY.items())
        for iterator in (iter(look), reversed(look))
    },
    type(iter(set())): _reduce_set_iterator,
    functools._lru_cache_wrapper: _reduce_cached_function,
    **{
        type(view): _reduce_dict_view
        for mapping in _SAMPLES
        for view in (mapping.keys(), mapping.values(), mapping.items())
    },
}

_LIBRARY_REDUCERS: dict[str, Callable[[StepPickler, Any], Any]] = {
    "numpy": StepPickler._reduce_numpy,
    "pandas": StepPickler._reduce_pandas,
    "pyarrow": StepPickler._reduce_arrow,
    "torch": StepPickler._reduce_torch,
    "matplotlib": lambda _, obj: library_state.reduce_matplotlib(obj),
    "patsy": lambda _, obj: library_state.reduce_patsy(obj),
    "argparse": StepPickler._reduce_argparse,
    "statsmodels": lambda _, obj: library_state.reduce_statsmodels(obj),
}
