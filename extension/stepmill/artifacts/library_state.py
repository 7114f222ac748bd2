"""What libraries put into pickles that no user can see: left out, so that digests are steady."""

from __future__ import annotations

import operator
import sys
from typing import TYPE_CHECKING, Any

from stepmill.artifacts import unpickling
from stepmill.artifacts.scope import MAIN
from stepmill.errors import UnstorableValue

if TYPE_CHECKING:
    from collections.abc import Iterator

_INDEX_HOMES = ("pandas", "pandas.core.indexes.base")


def reduce_matplotlib(obj: Any) -> Any:
    """Let matplotlib reduce itself, without what differs from run to run or by pickling alone."""
    kind = type(obj)
    if kind.__module__ == "matplotlib.transforms" and hasattr(obj, "_parents"):
        reduced = obj.__reduce_ex__(5)
        state = dict(reduced[2])
        state["_parents"] = dict(enumerate(state["_parents"].values()))  # the keys are addresses
    elif kind.__module__ == "matplotlib.cbook" and kind.__name__ == "CallbackRegistry":
        _refuse_callbacks(obj)
        reduced = obj.__reduce_ex__(5)
        state = dict(sorted(reduced[2].items()))
        numbers = [number for connected in state["callbacks"].values() for number in connected]
        state["_cid_gen"] = max(numbers, default=-1) + 1  # it moves on whenever it is pickled
    else:
        return NotImplemented
    return (*reduced[:2], state, *reduced[3:])


def _refuse_callbacks(registry: Any) -> None:
    """Refuse functions of the notebook that a figure calls: pickling leaves them out."""
    for connected in registry.callbacks.values():
        for number, reference in connected.items():
            called = reference()
            if number not in registry._pickled_cids and getattr(called, "__module__", None) == MAIN:
                raise UnstorableValue(
                    "a figure cannot be stored: it calls a function of the notebook (`callbacks.connect`, "
                    "`mpl_connect`)",
                    hint="connect the function in the step in which it is to be called",
                    type_name="matplotlib.cbook.CallbackRegistry",
                )


def reduce_argparse(obj: Any) -> Any:
    """Let argparse find its `SUPPRESS` again: it asks for the very object, which is a text."""
    import argparse

    reduced = obj.__reduce_ex__(5)
    if len(reduced) < 3 or not isinstance(reduced[2], dict):
        return reduced
    state = {name: _SUPPRESS if value is argparse.SUPPRESS else value for name, value in reduced[2].items()}
    return (*reduced[:2], state, *reduced[3:])


class _Suppress:
    """Stands for `argparse.SUPPRESS` in a pickle."""

    def __reduce__(self) -> Any:
        import argparse

        return getattr, (argparse, "SUPPRESS")


_SUPPRESS = _Suppress()


def without_cache(reduced: tuple[Any, ...]) -> tuple[Any, ...]:
    """Drop what pandas merely remembers: looking at an object must not change its digest."""
    if len(reduced) < 3 or not isinstance(reduced[2], (tuple, dict)):
        return reduced
    state: Any = reduced[2]
    if isinstance(state, dict):
        state = _told(state)
    elif state and type(state[-1]) is dict:
        rest = _told(state[-1])
        # pandas 3 leaves out an empty one; pandas 2 always writes it, and reads nothing else
        state = (*state[:-1], rest) if rest or not _is_pandas_3() else state[:-1]
    return (*reduced[:2], state, *reduced[3:])


def copies_on_write() -> bool:
    """Tell whether pandas objects that share memory behave as copies in this process."""
    pandas: Any = sys.modules.get("pandas")
    return pandas is None or _is_pandas_3() or pandas.options.mode.copy_on_write is True


def _is_pandas_3() -> bool:
    return int(sys.modules["pandas"].__version__.partition(".")[0]) >= 3


def _told(state: dict[str, Any]) -> dict[str, Any]:
    # `_readonly` is False by class as well; some operations say so again on the instance.
    told = {k: v for k, v in state.items() if k != "_cache" and not (k == "_readonly" and v is False)}
    if "_metadata" in told:  # a list of the class; objects of one class do not share by it
        told["_metadata"] = list(told["_metadata"])
    return told


def is_index(value: Any) -> bool:
    """Tell whether `value` is a pandas Index."""
    return any(base.__name__ == "Index" and base.__module__ in _INDEX_HOMES for base in type(value).__mro__)


def parts_of(value: Any, depth: int = 0) -> Iterator[Any]:
    """Yield the arrays and array-likes that a reduction of pandas holds; user data is left alone."""
    if type(value) is dict:
        value = tuple(item for key, item in value.items() if key != "attrs")
    if type(value) in (list, tuple) and depth < 6:
        for item in value:
            yield from parts_of(item, depth + 1)
    elif hasattr(value, "dtype"):
        yield value


def is_slice(array: Any) -> bool:
    """Tell whether a pyarrow array is a part of longer buffers."""
    return bool(array.offset or array.get_total_buffer_size() > array.nbytes + 64 * 3)


def compact(array: Any) -> Any:
    """Return a pyarrow array in buffers of its own length."""
    import pyarrow as pa

    if not is_slice(array):
        return array
    sink = pa.BufferOutputStream()
    batch = pa.record_batch([array], names=["x"])
    with pa.ipc.new_stream(sink, batch.schema) as writer:
        writer.write_batch(batch)
    made = pa.ipc.open_stream(sink.getvalue()).read_all().column(0).chunk(0) if len(array) else array
    return _as_valid_as(array, made)


def _as_valid_as(array: Any, made: Any) -> Any:
    """Give `made` the bitmap of values that are there, which Arrow drops if all are: `nbytes` counts it."""
    import pyarrow as pa

    plain = array.type.num_fields == 0 and not isinstance(
        array.type, (pa.DictionaryType, pa.BaseExtensionType)
    )
    known, *rest = made.buffers()
    if not plain or known is not None or array.buffers()[0] is None:
        return made
    bitmap = pa.py_buffer(b"\xff" * ((len(made) + 7) // 8))
    return pa.Array.from_buffers(made.type, len(made), [bitmap, *rest])


def reduce_pandas_object(obj: Any) -> Any:
    """Let pandas reduce an object, but an array over pyarrow in its chunks.

    pandas joins them: `memory_usage` shows it, and even a single one is copied. So another array is
    reduced, which has none.
    """
    state = getattr(obj, "__dict__", {})
    whole: Any = state.get("_pa_array")
    chunks = getattr(whole, "chunks", None)
    if not chunks:
        return obj.__reduce_ex__(5)
    empty = object.__new__(type(obj))
    empty.__dict__.update(state, _pa_array=whole.slice(0, 0))
    reduced = empty.__reduce_ex__(5)
    found = reduced[2] if isinstance(reduced, tuple) and len(reduced) > 2 else None
    if not isinstance(found, dict) or "_pa_array" not in found:
        return obj.__reduce_ex__(5)
    return (*reduced[:2], found | {"_pa_array": list(map(compact, chunks))}, *reduced[3:])


def has_idle_bitmap(value: Any) -> bool:
    """Tell whether a pyarrow array has a bitmap of what is there, and all is."""
    if not hasattr(value, "null_count") or not hasattr(value, "buffers"):
        return False
    return value.null_count == 0 and bool(value.buffers()) and value.buffers()[0] is not None


def with_its_bitmap(array: Any) -> Any:
    """Reduce a pyarrow array with the bitmap of what is there, though all is: `nbytes` counts it."""
    maker, ((kind, length, nulls, *rest),) = array.__reduce__()
    return maker, ((kind, length, -1 if nulls == 0 else nulls, *rest),)


def reduce_row(row: Any) -> Any:
    """Reduce a row of a structured array, which is memory of that array: `row["x"] = 1` changes both."""
    base = row.base
    turned = [stride < 0 for stride in base.strides]
    ends = zip(base.strides, base.shape, turned, strict=True)
    left = (
        _address(row)
        - _address(base)
        - sum(stride * (size - 1) for stride, size, is_turned in ends if is_turned)
    )
    index = [0] * base.ndim
    for axis in sorted(range(base.ndim), key=lambda axis: -abs(base.strides[axis])):
        step = abs(base.strides[axis])
        if step:
            at, left = divmod(left, step)
            index[axis] = base.shape[axis] - 1 - at if turned[axis] else at
    if left or not all(0 <= at < size for at, size in zip(index, base.shape, strict=True)):
        raise UnstorableValue(
            "a row of a structured array cannot be stored: it cannot be told where in its array it is",
            hint="take the row from the array in the step that uses it",
            type_name="numpy.void",
        )
    return operator.getitem, (base, tuple(index))


def _address(array: Any) -> int:
    return int(array.__array_interface__["data"][0])


def plain_view(array: Any) -> Any:
    """Return the memory of an array of a kind of its own as a plain array, without copy."""
    import numpy as np

    return array.view(np.ndarray)


def reduce_patsy(obj: Any) -> Any:
    """Reduce what patsy refuses to pickle: the terms of a formula, and the names it took."""
    kind = type(obj)
    if kind.__name__ == "DesignMatrix":
        import numpy as np

        return unpickling.array_of_kind, (kind, obj.view(np.ndarray), dict(vars(obj)))
    refuses = any("__getstate__" in vars(base) for base in kind.__mro__[:-1])  # that is all these do
    if refuses and hasattr(obj, "__dict__"):
        return unpickling.bare, (kind,), dict(vars(obj)), None, None, unpickling.fill_bare
    return NotImplemented


def reduce_statsmodels(obj: Any) -> Any:
    """Keep a model's formula as it was understood: by itself it is evaluated again where the model is loaded.

    There its names would mean what they mean in the frame of the loader, which is ours.
    """
    state = getattr(obj, "__dict__", {})
    formula = state.get("model_spec", state.get("design_info"))
    if type(formula).__module__.partition(".")[0] == "patsy" and hasattr(type(obj), "__setstate__"):
        return unpickling.bare, (type(obj),), dict(state), None, None, unpickling.fill_bare
    return NotImplemented
