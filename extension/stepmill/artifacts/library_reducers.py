"""How values of libraries are reduced: arrays, frames, tensors. Functions of the one pickler."""

# ruff: noqa: ARG001 - reducers in one table have one signature

from __future__ import annotations

import argparse
import pickle
import sys
from typing import TYPE_CHECKING, Any, cast

from stepmill.artifacts import library_state, memory, tensors, text_arrays, torch_graphs, unpickling
from stepmill.artifacts.instance_dicts import with_its_dict
from stepmill.artifacts.refusals import is_refused, refusal, type_name
from stepmill.artifacts.ufuncs import is_ufunc, reduce_ufunc
from stepmill.errors import UnstorableValue

if TYPE_CHECKING:
    from collections.abc import Callable

    from stepmill.artifacts.pickling import StepPickler


def reduce_numpy(pickler: StepPickler, obj: Any) -> Any:
    """Reduce what is of a class of numpy's."""
    if memory.is_array(obj):
        return _reduce_array(pickler, obj)
    if is_refused(obj):
        raise refusal(pickler.value, obj)
    if is_ufunc(obj):
        return reduce_ufunc(obj)
    kind = type(obj)
    if hasattr(kind, "isbuiltin"):
        return _reduce_dtype(pickler, obj)
    if kind.__name__ == "MaskedArray" and kind.__module__.startswith("numpy.ma"):
        return unpickling.array_of_kind, (kind, library_state.plain_view(obj), dict(vars(obj)))
    if kind.__name__ == "RandomState" and obj is getattr(sys.modules["numpy.random"].mtrand, "_rand", None):
        return unpickling.numpy_generator, ()
    if memory.is_kind_of_array(obj):
        return reduce_kind_of_array(pickler, obj)
    if kind.__name__ in ("void", "record") and obj.base is not None:
        return library_state.reduce_row(obj)
    return pickler.reference(obj) or NotImplemented


def reduce_kind_of_array(pickler: StepPickler, obj: Any) -> Any:
    """Reduce what inherits from arrays as a view, so that it goes on sharing its memory."""
    plain = library_state.plain_view(obj)
    if not memory.reduces_itself(obj):
        return unpickling.array_of_kind, (type(obj), plain, dict(getattr(obj, "__dict__", {})))
    pickler.arrays.append(plain)
    if _place(pickler, plain, in_frame=False)[0] is not None:
        raise UnstorableValue(
            f"a {type_name(type(pickler.value))} cannot be stored: it holds a {type_name(type(obj))} that "
            "shares its memory with an array, and pickles itself",
            hint="take a copy of one of them: array.copy()",
            type_name=type_name(type(obj)),
        )
    return NotImplemented


def _reduce_array(pickler: StepPickler, array: Any) -> Any:
    in_frame = pickler.is_frame_part(array)
    (pickler.in_frames if in_frame else pickler.arrays).append(array)
    number, offset = _place(pickler, array, in_frame=in_frame)
    if not memory.is_raw(array):
        return _reduce_object_array(pickler, array, shared=number is not None, in_frame=in_frame)
    if number is not None:
        segment = _written_segment(pickler, number)
        place = (offset, array.dtype, array.shape, array.strides, bool(array.flags.writeable))
        return unpickling.array_in, (segment, *place)
    if in_frame:
        return _written_array(array)
    stand = pickler.wholes.setdefault(id(array), array)
    if stand is not array:
        return unpickling.same, (stand,)
    whole = memory.shown_of(array)
    if whole is None:
        return _written_array(array)
    stand = pickler.wholes.setdefault(id(whole), Whole(whole))
    offset = memory.offset_in(whole, array)
    place = (offset, array.dtype, array.shape, array.strides, bool(array.flags.writeable))
    return unpickling.view_of, (stand, *place)


def _written_array(array: Any) -> Any:
    laid = memory.lay(array)
    return unpickling.array, (pickle.PickleBuffer(laid.data), array.dtype, *laid.layout)


def _reduce_object_array(pickler: StepPickler, array: Any, *, shared: bool, in_frame: bool) -> Any:
    """Reduce an array of objects; one that shares its memory becomes a view of the array that owns it."""
    keeper = None if in_frame else memory.object_keeper(array)
    is_small = keeper is not None and keeper.flags.writeable and keeper.nbytes < memory.OWNED_BELOW_BYTES
    if keeper is not None and keeper is not array and (shared or is_small):
        whole = keeper if shared else pickler.wholes.setdefault(id(keeper), Whole(keeper))
        place = (memory.offset_in(keeper, array), array.shape, array.strides, bool(array.flags.writeable))
        return unpickling.object_view, (whole, *place)
    if shared and keeper is None:
        raise UnstorableValue(
            f"a {type_name(type(pickler.value))} cannot be stored: it holds views of one array of objects",
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


def _place(pickler: StepPickler, array: Any, *, in_frame: bool) -> tuple[int | None, int]:
    """Return the number of the shared segment that the array lies in, and its place there."""
    segments = pickler.segments
    if segments is None or (in_frame and memory.place_key(array) not in segments.frames_placed):
        return None, 0
    return segments.find(array) or (None, 0)


def _written_segment(pickler: StepPickler, number: int) -> Segment:
    assert pickler.segments is not None, "only arrays in a segment ask"
    if number not in pickler.written:
        data = cast("Any", pickler.segments.memory(number))
        pickler.written[number] = Segment(pickle.PickleBuffer(data))
    return pickler.written[number]


def _reduce_dtype(pickler: StepPickler, dtype: Any) -> Any:
    if memory.is_simple(dtype) or (dtype.kind == "O" and dtype.metadata is None):
        return unpickling.dtype, tuple(memory.dtype_code(dtype))
    return NotImplemented


def reduce_pandas(pickler: StepPickler, obj: Any) -> Any:
    """Let pandas reduce itself, and remember the arrays that are its inside."""
    if not hasattr(type(obj), "__reduce_ex__") or callable(obj):
        return NotImplemented
    reduced = library_state.reduce_pandas_object(obj)
    if type(obj).__name__.endswith("Resampler"):
        pickler.resampled += [block.values for block in obj.obj._mgr.blocks]
    if isinstance(reduced, tuple):
        reduced = library_state.without_cache(reduced)
        for part in library_state.parts_of(reduced[1:3]):
            pickler.frame_parts[id(part)] = part
            pickler.owners.setdefault(id(part), []).append(obj)
    return reduced


def reduce_argparse(pickler: StepPickler, obj: Any) -> Any:
    """Reduce what is of a class of argparse's."""
    if type(obj) is argparse.Namespace:
        return with_its_dict(obj) if pickler.states.meet(obj) else NotImplemented
    return library_state.reduce_argparse(obj)


def reduce_torch(pickler: StepPickler, obj: Any) -> Any:
    """Reduce what is of a class of torch's."""
    if tensors.is_storage(obj):
        return _reduce_storage(pickler, obj)
    if is_refused(obj):
        raise refusal(pickler.value, obj)
    if torch_graphs.is_in_graph(obj):
        if torch_graphs.can_be_kept(obj):
            return unpickling.tensor_in_graph, (obj.detach(), torch_graphs.origin(obj))
        raise UnstorableValue(
            f"a {type_name(type(pickler.value))} cannot be stored: it holds a tensor through which "
            "backward() goes on to others",
            hint="keep tensor.detach() or tensor.item(), or call backward() in the step that computes it",
            type_name="torch.Tensor",
        )
    grown = tensors.gradient(obj)
    if grown is not None:
        maker, arguments, *state = obj.__reduce_ex__(5)
        return maker, arguments, (*state, grown), None, None, unpickling.tensor_state
    return pickler.reference(obj) or NotImplemented


def _reduce_storage(pickler: StepPickler, obj: Any) -> Any:
    """Reduce a storage to an array: one that shares its memory with others goes on sharing it."""
    storage = tensors.untyped(obj)
    place = (storage.data_ptr() or id(storage), storage.nbytes())
    if place not in pickler.tensor_memory:  # torch makes a new object for each look at a storage
        pickler.tensor_memory[place] = storage, tensors.bytes_of(storage)
    array = pickler.tensor_memory[place][1]
    return unpickling.tensor_memory, (array,) if obj is storage else (array, obj.dtype)


def reduce_arrow(pickler: StepPickler, obj: Any) -> Any:
    """Cut a slice of a longer array down to itself; its parent does not travel along."""
    if type(obj).__name__ == "ChunkedArray" and any(library_state.is_slice(chunk) for chunk in obj.chunks):
        import pyarrow as pa

        obj = pa.chunked_array([library_state.compact(chunk) for chunk in obj.chunks], type=obj.type)
        return obj.__reduce_ex__(5)
    if library_state.has_idle_bitmap(obj):
        return library_state.with_its_bitmap(obj)
    return NotImplemented


class Segment:
    """Shared memory in a pickle: all arrays in it are built over one buffer."""

    def __init__(self, buffer: Any) -> None:
        self.buffer = buffer

    def __reduce__(self) -> Any:
        return unpickling.segment, (self.buffer,)


class Whole:
    """An array in a pickle that so far only its views know: nothing that two values could share."""

    def __init__(self, array: Any) -> None:
        self.array = array

    def __reduce__(self) -> Any:
        return unpickling.same, (self.array.copy(order="K"),)


LIBRARY_REDUCERS: dict[str, Callable[[StepPickler, Any], Any]] = {
    "numpy": reduce_numpy,
    "pandas": reduce_pandas,
    "pyarrow": reduce_arrow,
    "torch": reduce_torch,
    "matplotlib": lambda _, obj: library_state.reduce_matplotlib(obj),
    "patsy": lambda _, obj: library_state.reduce_patsy(obj),
    "argparse": reduce_argparse,
    "statsmodels": lambda _, obj: library_state.reduce_statsmodels(obj),
}
