"""Memory of numpy arrays: where it lies, which arrays overlap, how an array is put down and rebuilt.

Strides are kept, not only C or Fortran order: the order of a sum, and so its last bits, depends on them.
"""

from __future__ import annotations

import sys
from bisect import bisect_right
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import numpy as np

    Array = np.ndarray[Any, Any]

OWNED_BELOW_BYTES = 1 << 20
"""Smaller arrays get memory of their own when loaded, so that `resize` works as on fresh ones."""

_BLOCK_BYTES = 8 << 20
_MAX_PAIRS = 2_000
_SIMPLE_KINDS = "biufcmMSU"
_OWN_KIND = 2  # `dtype.isbuiltin` of types that libraries add


def is_array(value: Any) -> bool:
    """Tell whether `value` is exactly a numpy array, without importing numpy."""
    kind = type(value)
    return kind.__name__ == "ndarray" and kind.__module__ == "numpy"


def is_kind_of_array(value: Any) -> bool:
    """Tell whether the class of `value` inherits from numpy's array."""
    numpy = sys.modules.get("numpy")
    return numpy is not None and isinstance(value, numpy.ndarray)


def reduces_itself(array: Array) -> bool:
    """Tell whether the class of `array` says itself how it is pickled."""
    import numpy as np

    return any(
        getattr(type(array), name) is not getattr(np.ndarray, name)
        for name in ("__reduce__", "__reduce_ex__", "__setstate__")
    )


def is_raw(array: Array) -> bool:
    """Tell whether bytes, layout and dtype say all about the array: no objects inside."""
    dtype = array.dtype
    return is_simple(dtype) or (
        dtype.kind == "V" and not dtype.hasobject and dtype.isbuiltin != _OWN_KIND and dtype.itemsize > 0
    )


def is_simple(dtype: Any) -> bool:
    """Tell whether `dtype_code` says all about the dtype: numbers, times, text of fixed size."""
    return bool(dtype.kind in _SIMPLE_KINDS and dtype.metadata is None and dtype.itemsize > 0)


def dtype_code(dtype: Any) -> list[Any]:
    """Return what rebuilds a simple dtype exactly: its string, and the C type where names coincide."""
    import numpy as np

    text = str(dtype.str)
    return [text] if np.dtype(text).num == dtype.num else [text, dtype.char]


def dtype_of(code: Sequence[str]) -> Any:
    """Return the dtype that `dtype_code` described."""
    import numpy as np

    if len(code) == 1:
        return np.dtype(code[0])
    return np.dtype(code[1]).newbyteorder(code[0][0])  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class Laid:
    """An array put down: a flat byte array without copy where possible, and how to read it.

    `order` is "C" or "F" for contiguous memory, else the strides in bytes; `raw` then tells that the
    bytes are the memory itself (self-overlapping arrays), otherwise they are the items in C order.
    """

    data: Any
    shape: tuple[int, ...]
    order: str | tuple[int, ...]
    writeable: bool
    raw: bool = False

    @property
    def layout(self) -> tuple[Any, ...]:
        return self.shape, self.order, self.writeable, self.raw


def layout_of(array: Array) -> tuple[Any, ...]:
    """Return the layout of what `lay` puts down, without putting it down."""
    flags, shape = array.flags, array.shape
    order: Any = (
        "C" if flags.c_contiguous or array.size == 0 else "F" if flags.f_contiguous else array.strides
    )
    low, high = bounds(array) if isinstance(order, tuple) else (0, 0)
    raw = isinstance(order, tuple) and high - low < array.nbytes
    return shape, order, bool(flags.writeable), raw


def lay(array: Array) -> Laid:
    """Put down `array`, for which `is_raw` holds."""
    import numpy as np

    flags, shape = array.flags, array.shape
    writeable = bool(flags.writeable)
    if flags.c_contiguous or array.size == 0:
        return Laid(_bytes_of(np.ascontiguousarray(array)), shape, "C", writeable)
    if flags.f_contiguous:
        return Laid(_bytes_of(array.T), shape, "F", writeable)
    low, high = bounds(array)
    if high - low < array.nbytes:
        return Laid(bytes_between(array, low, high), shape, array.strides, writeable, raw=True)
    return Laid(_bytes_of(np.ascontiguousarray(array)), shape, array.strides, writeable)


class ItemBlocks:
    """The items of an array in C order, as bytes, a block at a time: each pass copies them anew.

    A block is good until the next one is asked for.
    """

    def __init__(self, array: Array) -> None:
        self.array = array
        self.nbytes = array.nbytes

    def __iter__(self) -> Iterator[Any]:
        import numpy as np

        items = max(1, _BLOCK_BYTES // self.array.itemsize)
        flags = ("external_loop", "buffered", "zerosize_ok")
        iterate: Any = np.nditer  # its stubs do not know "contig"
        blocks = iterate(self.array, flags, (("readonly", "contig"),), order="C", buffersize=items)
        for block in blocks:
            yield block.view("u1")


def item_chunks(array: Array) -> Any:
    """Return what `lay` puts down of `array` as chunks, without a copy of all of it at a time."""
    low, high = bounds(array) if array.size else (0, 0)
    is_contiguous = array.flags.c_contiguous or array.flags.f_contiguous
    if is_contiguous or array.nbytes < OWNED_BELOW_BYTES or high - low < array.nbytes:
        return (lay(array).data,)
    return ItemBlocks(array)


def _bytes_of(contiguous: Array) -> Any:
    return contiguous.reshape(-1).view("u1")


def rebuild(buffer: Any, dtype: Any, layout: Sequence[Any]) -> Array:
    """Return the array that was laid; a large contiguous one uses `buffer` itself."""
    import numpy as np

    shape, order, writeable, raw = layout
    shape = tuple(shape)
    data = np.frombuffer(buffer, np.uint8) if len(buffer) else np.empty(0, np.uint8)
    if isinstance(order, str):
        array = _contiguous(data, dtype, shape, order)
    else:
        array = _strided(data, dtype, shape, tuple(order), raw=raw)
    if not writeable:
        array.flags.writeable = False
    return array


def _contiguous(data: Array, dtype: Any, shape: tuple[int, ...], order: Any) -> Array:
    import numpy as np

    if data.nbytes >= OWNED_BELOW_BYTES and data.flags.writeable:
        return np.ndarray(shape, dtype, buffer=cast("Any", data), order=order)
    array = np.empty(shape, dtype, order=order)
    if array.size:
        _bytes_of(array if order == "C" else array.T)[...] = data
    return array


def _strided(
    data: Array, dtype: Any, shape: tuple[int, ...], strides: tuple[int, ...], *, raw: bool
) -> Array:
    import numpy as np

    reach = [(n - 1) * step for n, step in zip(shape, strides, strict=True)]
    offset = -sum(step for step in reach if step < 0)
    extent = sum(map(abs, reach)) + dtype.itemsize
    memory = data.copy() if raw else np.zeros(extent, np.uint8)
    array: Array = np.ndarray(shape, dtype, buffer=cast("Any", memory), offset=offset, strides=strides)
    if not raw:
        array[...] = np.ndarray(shape, dtype, buffer=cast("Any", data))
    memory.flags.writeable = (
        False  # nothing that `shown_of` returns: only the array itself is to be stored again
    )
    return array


def bounds(array: Array) -> tuple[int, int]:
    """Return the first address of the array's memory and the one after its last."""
    from numpy.lib.array_utils import byte_bounds

    low, high = byte_bounds(array)
    return int(low), int(high)


def owner(array: Array) -> Any:
    """Return the bytearray, or the like, whose memory the array shows; None if it is an array's own.

    Objects of libraries that show their inside as arrays, such as scikit-learn's trees, take care of it
    themselves.
    """
    base: Any = array.base
    while is_array(base) or isinstance(base, memoryview):
        base = base.obj if isinstance(base, memoryview) else base.base
    roots = {kind.__module__ for kind in type(base).__mro__}
    return base if isinstance(base, bytearray) or roots & {"array", "_ctypes"} else None


def is_over_file(array: Array) -> bool:
    """Tell whether what is written into the array, a view of a `numpy.memmap`, is written into its file."""
    base: Any = array.base
    while is_array(base):
        base = base.base
    return (
        bool(array.flags.writeable) and getattr(base, "_mmap", None) is not None and base.mode in ("r+", "w+")
    )


def object_keeper(array: Array) -> Array | None:
    """Return the array of objects whose memory this one looks into; None where that is not plain to see."""
    keeper = array
    while is_array(keeper.base):
        keeper = cast("Array", keeper.base)
    is_plain = keeper.flags.owndata and (keeper.flags.c_contiguous or keeper.flags.f_contiguous)
    return keeper if is_plain and array.dtype == keeper.dtype == object else None


def shown_of(array: Array) -> Array | None:
    """Return the small array whose memory this view shows, as `array.base` does; None for any other array."""
    base = array.base
    if not is_array(base) or not array.size:
        return None
    whole = cast("Array", base)
    flags = whole.flags
    is_plain = flags.owndata and flags.writeable and (flags.c_contiguous or flags.f_contiguous)
    return whole if is_plain and is_raw(whole) and whole.nbytes < OWNED_BELOW_BYTES else None


def offset_in(keeper: Array, array: Array) -> int:
    """Return how many bytes behind the first item of `keeper` that of `array` lies."""
    first, second = (one.__array_interface__["data"][0] for one in (keeper, array))
    return int(second - first)


def bytes_between(keeper: Array, low: int, high: int, *, read_only: bool = True) -> Array:
    """Return the memory from `low` to `high` as bytes, without copy; `keeper` keeps it alive."""
    import numpy as np

    return np.asarray(_Memory(keeper, low, high, read_only=read_only))


class _Memory:
    """Offers a stretch of memory to numpy."""

    def __init__(self, keeper: Any, low: int, high: int, *, read_only: bool) -> None:
        self.keeper = keeper
        self.__array_interface__ = {
            "data": (low, read_only),
            "shape": (high - low,),
            "typestr": "|u1",
            "version": 3,
        }


@dataclass(slots=True)
class Segments:
    """Stretches of memory that several arrays of one pickle share; each is written once.

    `frames_placed` are arrays inside pandas objects (address, shape, strides) that belong in as well,
    because somebody holds an array that writes into them.
    """

    lows: list[int] = field(default_factory=list)
    highs: list[int] = field(default_factory=list)
    keepers: list[Any] = field(default_factory=list)
    frames_placed: set[tuple[Any, ...]] = field(default_factory=set)

    def find(self, array: Array) -> tuple[int, int] | None:
        """Return the segment's number and the array's offset of its lowest byte, None where apart."""
        low, high = bounds(array)
        number = bisect_right(self.lows, low) - 1
        if number < 0 or high > self.highs[number] or not array.nbytes:
            return None
        return number, low - self.lows[number]

    def memory(self, number: int) -> Array:
        """Return its bytes; as writeable memory, because what is loaded is to be that."""
        low, high = self.lows[number], self.highs[number]
        return bytes_between(self.keepers, low, high, read_only=False)  # type: ignore[arg-type]


def place_key(array: Array) -> tuple[Any, ...]:
    """Return what tells an array's place in memory."""
    return array.__array_interface__["data"][0], array.shape, array.strides


def find_segments(
    arrays: Sequence[Array], in_frames: Sequence[Array], in_sharing_frames: Sequence[Array] = ()
) -> Segments | None:
    """Return the stretches that more than one of the user's `arrays` lie in, None without any.

    Left out are those of a small array and its views, which are written as such. Arrays inside pandas objects
    share by copy-on-write and stay apart, unless one of `arrays` that is writeable looks into them;
    `in_sharing_frames` are those that share like the user's.
    """
    found = Segments()
    ours = [(*bounds(a), a) for a in arrays if a.nbytes]
    looked_into = [
        (*bounds(f), f)
        for f in in_frames
        if f.nbytes and any(overlap(f, a) for *_, a in ours if a.flags.writeable)
    ]
    known = {id(f) for *_, f in looked_into}
    looked_into += [(*bounds(f), f) for f in in_sharing_frames if f.nbytes and id(f) not in known]
    known = {id(f) for *_, f in looked_into}
    found.frames_placed = {place_key(f) for *_, f in looked_into}
    for low, high, members in _clusters(ours + looked_into):
        if len(members) < 2 or (known.isdisjoint(map(id, members)) and _show_one_array(members)):
            continue
        if any(a.flags.writeable for a in members):
            found.lows.append(low)
            found.highs.append(high)
            found.keepers.extend(members)
    return found if found.lows else None


def _show_one_array(arrays: Sequence[Array]) -> bool:
    """Tell whether these are views of one small array, or that array itself."""
    found = {id(array if (whole := shown_of(array)) is None else whole) for array in arrays}
    return len(found) == 1


def _clusters(placed: list[tuple[int, int, Array]]) -> Iterable[tuple[int, int, list[Array]]]:
    """Yield maximal runs of arrays whose memory touches, with the run's bounds."""
    run: list[Array] = []
    start = end = -1
    for low, high, array in sorted(placed, key=lambda entry: entry[:2]):
        if run and low < end:
            run.append(array)
            end = max(end, high)
            continue
        if run:
            yield start, end, run
        run, start, end = [array], low, high
    if run:
        yield start, end, run


def overlap(first: Array, second: Array) -> bool:
    """Tell whether two arrays share an item's memory; what is too hard to decide counts as shared."""
    import numpy as np

    if not np.may_share_memory(first, second):
        return False
    try:
        return bool(np.shares_memory(first, second, max_work=10_000))  # type: ignore[arg-type]
    except np.exceptions.TooHardError:
        return True


def any_overlap(first: Sequence[Array], second: Sequence[Array]) -> bool:
    """Tell whether an array of `first` and one of `second` share memory that one of them may write."""
    pairs = 0
    lows = sorted((*bounds(a), n) for n, a in enumerate(second) if a.nbytes)
    longest = max((high - low for low, high, _ in lows), default=0)
    for array in first:
        low, high = bounds(array)
        at = bisect_right(lows, (low - longest, -1, -1))
        while array.nbytes and at < len(lows) and lows[at][0] < high:
            other = second[lows[at][2]]
            at += 1
            if lows[at - 1][1] <= low or not (array.flags.writeable or other.flags.writeable):
                continue
            pairs += 1
            if pairs > _MAX_PAIRS or overlap(array, other):
                return True
    return False
