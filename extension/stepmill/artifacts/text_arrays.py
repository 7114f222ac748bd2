"""Arrays of Python objects that are all texts, all dates or all decimals, as a few buffers.

Pickle remembers every object it has met, which takes more than a short text does. Here a stretch of them is
written as texts and joined, with a null character between them, or else the length of each; where few differ,
only those, with a number for each. Dates are written as the numbers of their days.
"""

from __future__ import annotations

import importlib
import pickle
from datetime import date
from decimal import Decimal
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    import numpy as np

    Array = np.ndarray[Any, Any]
    Piece = tuple[Any, ...]

STRETCH = 1 << 16
PACKED_FROM = 1_000
"""Items; below it a pickle is as good."""

_BETWEEN, _DIVIDED = "\0", "divided"
_FEW = 4  # a table of texts is worth it where each stands so many times
_TRIED = 4_096
_WRITTEN: dict[type, Callable[[Any], Any]] = {str: str, date: date.toordinal, Decimal: str}
_READ: dict[str, Callable[[Any], Any]] = {
    "days": date.fromordinal,
    "date": date.fromisoformat,  # as earlier versions wrote them
    "Decimal": Decimal,
}


def pack(array: Array) -> tuple[Piece, ...] | None:
    """Return the items in stretches of the array's order, None unless all are of one such type or absent.

    Absent are None, `numpy.nan` and `pandas.NA`, by identity. What stands many times becomes one
    object or several: it cannot be changed, so nothing shows which.
    """
    if array.size < PACKED_FROM:
        return None
    flat = array.ravel(order="F" if is_fortran(array) else "C")
    pieces: list[Piece] = []
    for start in range(0, flat.size, STRETCH):
        piece = _packed(flat[start : start + STRETCH].tolist())
        if piece is None:
            return None
        pieces.append(piece)
    return tuple(pieces)


def is_fortran(array: Array) -> bool:
    """Tell whether the items lie by columns."""
    return bool(array.flags.f_contiguous and not array.flags.c_contiguous)


def places_of_nan(array: Array) -> Array | None:
    """Return where in an array of objects `numpy.nan` itself stands: a pickle makes other objects of it.

    People ask `value is np.nan`. None if it stands nowhere.
    """
    import numpy as np

    items = array.ravel().tolist()
    if id(np.nan) not in map(id, items):
        return None
    return np.array([n for n, item in enumerate(items) if item is np.nan])  # noqa: PLW0177 - identity is meant


def unpack(pieces: Sequence[Piece], shape: tuple[int, ...], order: Any) -> Array:
    """Return the array that `pack` was given, with memory of its own."""
    import numpy as np

    array: Array = np.empty(shape, object, order=order)
    flat = array.ravel(order=order)  # a view
    at = 0
    for kind, joined, lengths, numbers, absent in pieces:
        texts = _read(lengths, joined).tolist() if kind == "days" else _texts(joined, lengths)
        table: Array = np.empty(len(texts) + len(absent), object)
        table[: len(texts)] = texts if kind == "str" else list(map(_READ[kind], texts))
        table[len(texts) :] = [_absent(name) for name in absent]
        items = table if numbers is None else table[_read(*numbers)]
        flat[at : at + len(items)] = items
        at += len(items)
    if at != array.size:
        raise ValueError("an array of texts of the wrong length")
    return array


def _packed(items: list[Any]) -> Piece | None:
    kinds = set(map(type, items))
    kind = next((one for one in _WRITTEN if one in kinds), str)
    names = {id(item): _name_of(item) for item in items if type(item) is not kind} if kinds != {kind} else {}
    if None in names.values():
        return None
    absent = dict(sorted(names.items(), key=lambda pair: str(pair[1])))
    write = _WRITTEN[kind]
    texts = items if kind is str else [write(item) if type(item) is kind else item for item in items]
    present = [text for text in texts if id(text) not in absent] if absent else texts
    if kind is date:
        code, days = _written(present, len(present))
        numbers = _written(_numbers(texts, present, absent, is_short=False), len(items)) if absent else None
        return "days", days, code, numbers, tuple(absent.values())
    table = _distinct(present)
    is_short = table is not present
    numbers = (
        _written(_numbers(texts, table, absent, is_short=is_short), len(texts))
        if is_short or absent
        else None
    )
    joined, lengths = _joined(table)
    return kind.__name__, joined, lengths, numbers, tuple(absent.values())


def _joined(table: list[str]) -> tuple[pickle.PickleBuffer, tuple[str, Any]]:
    """Return the texts as one, with what tells where each ends: a character of none of them, else lengths.

    Python divides a text at a character many times faster than at places.
    """
    text = _BETWEEN.join(table)
    if table and text.count(_BETWEEN) == len(table) - 1:
        return _encoded(text), (_DIVIDED, _BETWEEN)
    return _encoded("".join(table)), _written(map(len, table), len(table))


def _encoded(text: str) -> pickle.PickleBuffer:
    return pickle.PickleBuffer(text.encode("utf-8", "surrogatepass"))


def _distinct(texts: list[str]) -> list[str]:
    """Return each text once, if they are few; else the texts themselves."""
    first = texts[:_TRIED]
    if len(first) == _TRIED and len(set(first)) == _TRIED:
        return texts
    distinct = list(dict.fromkeys(texts))
    return distinct if len(distinct) * _FEW <= len(texts) else texts


def _numbers(texts: list[Any], table: list[Any], absent: dict[int, Any], *, is_short: bool) -> Iterator[int]:
    """Return for each item its place in the table, behind which the absent ones stand.

    A table that is not short has the texts one by one, in their order.
    """
    places = {key: len(table) + n for n, key in enumerate(absent)}
    if is_short:
        at = {text: n for n, text in enumerate(table)}
        if not absent:
            return map(at.__getitem__, texts)
        return (places[id(text)] if id(text) in places else at[text] for text in texts)
    order = iter(range(len(table)))
    return (places[id(text)] if id(text) in places else next(order) for text in texts)


def _name_of(item: Any) -> str | None:
    if type(item).__name__ == "NAType":
        return "pd.NA" if item is _absent("pd.NA") else None
    return next((name for name in ("None", "np.nan") if _absent(name) is item), None)


def _absent(name: str) -> Any:
    if name == "np.nan":
        import numpy as np

        return np.nan
    return importlib.import_module("pandas").NA if name == "pd.NA" else None


def _written(numbers: Iterable[int], count: int) -> tuple[str, pickle.PickleBuffer]:
    """Return numbers in the narrowest type that holds them, with its code."""
    import numpy as np

    wide = np.fromiter(numbers, np.int64, count)
    dtype = np.min_scalar_type(int(wide.max(initial=0))).newbyteorder("<")
    return dtype.str, pickle.PickleBuffer(wide.astype(dtype).tobytes())


def _read(code: str, data: Any) -> Array:
    import numpy as np

    return np.frombuffer(data, code)


def _texts(joined: Any, lengths: Sequence[Any]) -> list[str]:
    text = bytes(joined).decode("utf-8", "surrogatepass")
    if lengths[0] == _DIVIDED:
        return text.split(lengths[1])
    ends = list(accumulate(_read(*lengths).tolist(), initial=0))
    return [text[start:end] for start, end in pairwise(ends)]
