"""Where two values first differ, for a person to read; by what user code can see of them.

Digests tell quickly that two values are the same. Where they do not, this walk decides, and finds
the place. What it does not know it takes apart as pickle would.
"""

from __future__ import annotations

import copyreg
import io
import math
import reprlib
import struct
import sys
import types
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from stepmill.artifacts import tensors
from stepmill.artifacts.scope import module_of
from stepmill.artifacts.slot_names import drop_slot_names, has_slot_names

_LONGEST = 60
_BY_TEXT = (bool, int, str, bytes, range, slice, type(None), type(...), type(NotImplemented))


@dataclass(frozen=True, slots=True)
class Mismatch:
    """`where` is a path from the value: "", "['a'][3]", ".coef_[0]"; the two as short texts."""

    where: str
    left: str
    right: str


class IncomparableError(Exception):
    """Nothing differs so far, but something inside can neither be compared nor taken apart."""


def first_mismatch(left: Any, right: Any) -> Mismatch | None:
    """Return where the two first differ, None if user code cannot tell them apart.

    Sets are equal in any order. `__reduce_ex__` of the user's classes is called, as for a pickle, and
    figures are drawn, so give copies; else neither value is changed.

    Raises
    ------
    IncomparableError
        That cannot be told.
    """
    return _Walk().compare(left, right, "")


def short_text(value: Any, longest: int = _LONGEST) -> str:
    """Return one line about a value, of at most `longest` characters; never raises."""
    try:
        text = _summary(value) or _REPR.repr(value)
    except Exception:  # noqa: BLE001 - anybody's __repr__
        text = f"<{type(value).__name__}>"
    text = " ".join(text.split())
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def _short_repr() -> reprlib.Repr:
    made = reprlib.Repr()
    made.maxlevel = 3
    made.maxstring = made.maxother = made.maxlong = _LONGEST
    return made


_REPR = _short_repr()


def _summary(value: Any) -> str:
    kind, shape = type(value), getattr(value, "shape", None)
    if isinstance(shape, tuple) and shape and _library(kind) in ("numpy", "pandas", "polars", "torch"):
        size = " x ".join(map(str, shape))
        dtype = getattr(value, "dtype", "")
        return f"{kind.__name__} {size}{f' {dtype}' if dtype != '' else ''}"
    return ""


def _library(kind: type) -> str:
    return module_of(kind).partition(".")[0]


class _Walk:
    """One comparison; pairs that are being compared already count as equal."""

    def __init__(self) -> None:
        self._seen: set[tuple[int, int]] = set()
        self._kept: list[Any] = []  # ids stay taken while we walk

    def compare(self, left: Any, right: Any, where: str) -> Mismatch | None:
        if left is right:
            return None
        kind = type(left)
        if not _are_one_kind(kind, type(right)):
            return Mismatch(where, *_with_types(left, right))
        if kind in _BY_TEXT:
            return None if left == right else Mismatch(where, *_texts(left, right))
        if kind in (float, complex):
            return None if _bits(left) == _bits(right) else Mismatch(where, *_texts(left, right))
        if (id(left), id(right)) in self._seen:
            return None
        self._seen.add((id(left), id(right)))
        self._kept += [left, right]
        return self._compound(left, right, kind, where)

    def _compound(self, left: Any, right: Any, kind: type, where: str) -> Mismatch | None:
        if kind is dict:
            return self._mapping(left, right, where)
        if kind in (list, tuple):
            return self._sequence(left, right, where)
        if kind in (set, frozenset):
            return self._set(left, right, where)
        if isinstance(left, (type, types.ModuleType, types.BuiltinFunctionType)):
            return _named(left, right, where)
        if kind is types.FunctionType:
            return self._function(left, right, where)
        compare = _BY_LIBRARY.get(_library(kind))
        special = compare(left) if compare is not None else None
        return special(self, left, right, where) if special else self._taken_apart(left, right, where)

    def first(self, pairs: Iterable[tuple[str, Any, Any]]) -> Mismatch | None:
        """Compare (where, left, right) one after the other."""
        found = (self.compare(left, right, where) for where, left, right in pairs)
        return next(filter(None, found), None)

    def _sequence(self, left: Any, right: Any, where: str) -> Mismatch | None:
        if len(left) != len(right):
            return Mismatch(where, *_counted(left, right))
        return self.first((f"{where}[{i}]", a, b) for i, (a, b) in enumerate(zip(left, right, strict=True)))

    def _mapping(self, left: Mapping[Any, Any], right: Mapping[Any, Any], where: str) -> Mismatch | None:
        lost = next((key for key in left if key not in right), None)
        if lost is not None or len(left) != len(right):
            gained = next((key for key in right if key not in left), None)
            return Mismatch(f"{where} keys", *_keys(lost, gained))
        found = self._sequence(list(left), list(right), f"{where} keys, in order, ")
        return found or self.first((f"{where}[{short_text(key)}]", left[key], right[key]) for key in left)

    def _set(self, left: Any, right: Any, where: str) -> Mismatch | None:
        if left == right:
            return None
        try:
            only = sorted(left - right)[:3], sorted(right - left)[:3]
        except TypeError:
            only = list(left - right)[:3], list(right - left)[:3]
        return Mismatch(where, *(f"also has {short_text(o)}" if o else "nothing more" for o in only))

    def _function(self, left: Any, right: Any, where: str) -> Mismatch | None:
        code = [(f.__code__.co_code, f.__code__.co_names, f.__qualname__) for f in (left, right)]
        if code[0] != code[1]:
            return Mismatch(where, *_texts(left, right))
        return self.first(
            (f"{where}.{about}", read(left), read(right)) for about, read in _OF_FUNCTIONS.items()
        )

    def _taken_apart(self, left: Any, right: Any, where: str) -> Mismatch | None:
        """Compare what a pickle would hold: constructor, arguments, state, items."""
        parts, others = _reduced(left, where), _reduced(right, where)
        if isinstance(parts, str) or isinstance(others, str):
            return None if parts == others else Mismatch(where, *_texts(left, right))
        states = [_state(parts), _state(others)]
        if all(isinstance(state, dict) for state in states):
            found = self.first(_attributes(states[0], states[1], where))
            if found is None and states[0].keys() != states[1].keys():
                found = self._mapping(states[0], states[1], f"{where} attributes")
        else:
            found = self.compare(states[0], states[1], f"{where} state")
        return (
            found
            or self.compare(parts[1], others[1], f"{where} as built")
            or self._sequence(_items(parts, 3), _items(others, 3), where)
            or self._sequence(_items(parts, 4), _items(others, 4), f"{where} items")
        )

    # Libraries -----------------------------------------------------------------------------------

    def array(self, left: Any, right: Any, where: str) -> Mismatch | None:
        for about in ("dtype", "shape"):
            a, b = getattr(left, about), getattr(right, about)
            if a != b:
                return Mismatch(f"{where}.{about}", str(a), str(b))
        if left.dtype.hasobject:
            return self._sequence(left.ravel().tolist(), right.ravel().tolist(), where)
        if left.tobytes() != right.tobytes():
            return _first_element(left, right, where)
        flags = [(a.flags.c_contiguous, a.flags.f_contiguous, a.flags.writeable) for a in (left, right)]
        names = ("C order", "Fortran order", "writeable")
        if flags[0] != flags[1]:
            return Mismatch(f"{where} memory", *(_chosen(names, one) for one in flags))
        return None

    def arrow(self, left: Any, right: Any, where: str) -> Mismatch | None:
        """Compare what pyarrow says; apart from it a slice differs from equal rows without their parent."""
        same = _chunk_lengths(left) == _chunk_lengths(right) and left.equals(right)
        schema = getattr(left, "schema", None)
        if same and schema is not None:
            same = schema.equals(right.schema, check_metadata=True)
        return None if same else self._taken_apart(left, right, where)

    def tensor(self, left: Any, right: Any, where: str) -> Mismatch | None:
        same = tensors.as_compared(left) == tensors.as_compared(right)
        return None if same else Mismatch(where, *_texts(left, right))

    def scalar(self, left: Any, right: Any, where: str) -> Mismatch | None:
        if left.dtype == right.dtype and left.tobytes() == right.tobytes():
            return None
        return Mismatch(where, *_texts(left, right))

    def series(self, left: Any, right: Any, where: str) -> Mismatch | None:
        if left.dtype != right.dtype or len(left) != len(right):
            return Mismatch(where, *(f"{len(one)} of {one.dtype}" for one in (left, right)))
        about = [(f"{where}.name", left.name, right.name), (f"{where}.attrs", left.attrs, right.attrs)]
        return (
            self.first(about)
            or self.compare(left.index, right.index, f"{where}.index")
            or self.elements(left, right, where, left.index)
        )

    def index(self, left: Any, right: Any, where: str) -> Mismatch | None:
        if left.dtype != right.dtype or len(left) != len(right):
            return Mismatch(where, *(f"{len(one)} of {one.dtype}" for one in (left, right)))
        found = self.compare(list(left.names), list(right.names), f"{where}.names")
        return found or self.elements(left, right, where, range(len(left)))

    def frame(self, left: Any, right: Any, where: str) -> Mismatch | None:
        if left.shape != right.shape:
            return Mismatch(f"{where}.shape", str(left.shape), str(right.shape))
        about = [(f"{where}.{name}", getattr(left, name), getattr(right, name)) for name in _OF_FRAMES]
        columns = (
            (f"{where}[{short_text(left.columns[at])}]", left.iloc[:, at], right.iloc[:, at])
            for at in range(left.shape[1])
        )
        return self.first(about) or self.first(columns)

    def drawing(self, left: Any, right: Any, where: str) -> Mismatch | None:
        """Compare what belongs to a figure by how that looks: inside it counts callbacks and caches."""
        pictures = [_picture(one.figure, where) for one in (left, right)]
        return None if pictures[0] == pictures[1] else Mismatch(where, "a figure", "one that looks different")

    def elements(self, left: Any, right: Any, where: str, labels: Any) -> Mismatch | None:
        """Compare the elements of two columns of one dtype and length."""
        numpy = sys.modules["numpy"]
        if isinstance(left.dtype, numpy.dtype) and not left.dtype.hasobject:
            a, b = left.to_numpy(), right.to_numpy()
            return None if a.tobytes() == b.tobytes() else _first_element(a, b, where, labels)
        return self.first(
            (f"{where}[{short_text(label)}]", a, b)
            for label, a, b in zip(labels, left.tolist(), right.tolist(), strict=True)
        )


_OF_FRAMES = ("columns", "index", "attrs")
_OF_FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    "__defaults__": lambda f: f.__defaults__,
    "__kwdefaults__": lambda f: f.__kwdefaults__,
    "constants": lambda f: [c for c in f.__code__.co_consts if not isinstance(c, types.CodeType)],
    "closure": lambda f: [_content(cell) for cell in f.__closure__ or ()],
    "attributes": vars,
}


def _content(cell: types.CellType) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # empty
        return NotImplemented


def _numpy(value: Any) -> Any:
    numpy = sys.modules["numpy"]
    if type(value) is numpy.ndarray:
        return _Walk.array
    return _Walk.scalar if isinstance(value, numpy.generic) else None


def _pandas(value: Any) -> Any:
    pandas = sys.modules["pandas"]
    if type(value) is pandas.DataFrame:
        return _Walk.frame
    if type(value) is pandas.Series:
        return _Walk.series
    return _Walk.index if isinstance(value, pandas.Index) else None


def _arrow(value: Any) -> Any:
    is_data = hasattr(value, "equals") and hasattr(value, "get_total_buffer_size")
    return _Walk.arrow if is_data else None


def _torch(value: Any) -> Any:
    is_tensor = hasattr(value, "stride") and hasattr(value, "requires_grad")
    return _Walk.tensor if is_tensor else None


def _chunk_lengths(value: Any) -> list[list[int]]:
    """Return how the columns of a table, or a chunked array, are cut: code can ask for it."""
    columns = getattr(value, "columns", [value])
    return [[len(chunk) for chunk in getattr(column, "chunks", [column])] for column in columns]


def _matplotlib(value: Any) -> Any:
    return _Walk.drawing if hasattr(value, "savefig") or hasattr(value, "get_figure") else None


def _picture(figure: Any, where: str) -> bytes:
    picture = io.BytesIO()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            figure.savefig(picture, format="png", dpi=_PICTURE_DPI)
    except Exception as error:
        raise IncomparableError(f"{where}: the figure cannot be drawn") from error
    return picture.getvalue()


_PICTURE_DPI = 60
_BY_LIBRARY: dict[str, Callable[[Any], Any]] = {
    "numpy": _numpy,
    "pandas": _pandas,
    "matplotlib": _matplotlib,
    "pyarrow": _arrow,
    "torch": _torch,
}


def _are_one_kind(kind: type, other: type) -> bool:
    """Tell whether two classes are one; a class made in a function is another each time it is loaded."""
    if kind is other:
        return True
    names = [(one.__module__, one.__qualname__) for one in (kind, other)]
    return names[0] == names[1] and "<locals>" in kind.__qualname__


def _bits(value: Any) -> bytes:
    if isinstance(value, complex):
        return struct.pack("<dd", value.real, value.imag)
    return b"nan" if math.isnan(value) else struct.pack("<d", value)


def _texts(left: Any, right: Any) -> tuple[str, str]:
    texts = short_text(left), short_text(right)
    return texts if texts[0] != texts[1] else _around_first(str(left), str(right))


def _around_first(left: str, right: str) -> tuple[str, str]:
    """Return the pieces of two long texts where they begin to differ."""
    at = next((i for i, (a, b) in enumerate(zip(left, right, strict=False)) if a != b), 0)
    start = max(0, at - 15)
    head = "…" if start else ""
    return f"{head}{short_text(left[start:])}", f"{head}{short_text(right[start:])}"


def _with_types(left: Any, right: Any) -> tuple[str, str]:
    return tuple(f"{short_text(v, 40)} ({_qualified(type(v))})" for v in (left, right))  # type: ignore[return-value]


def _qualified(kind: type) -> str:
    home = kind.__module__
    return kind.__qualname__ if home in ("builtins", "__main__") else f"{home}.{kind.__qualname__}"


def _counted(left: Any, right: Any) -> tuple[str, str]:
    return f"{len(left)} items", f"{len(right)} items"


def _keys(lost: Any, gained: Any) -> tuple[str, str]:
    left = "nothing more" if lost is None else f"also has {short_text(lost)}"
    return left, "nothing more" if gained is None else f"also has {short_text(gained)}"


def _chosen(names: Iterable[str], flags: Iterable[bool]) -> str:
    return ", ".join(name for name, flag in zip(names, flags, strict=True) if flag) or "strided, read-only"


def _named(left: Any, right: Any, where: str) -> Mismatch | None:
    same = all(getattr(left, a, None) == getattr(right, a, None) for a in ("__module__", "__qualname__"))
    return None if same and repr(left) == repr(right) else Mismatch(where, *_texts(left, right))


def _first_element(left: Any, right: Any, where: str, labels: Any = None) -> Mismatch:
    """Return where two arrays of one dtype and shape first differ, bit for bit."""
    a, b = left.ravel(), right.ravel()
    numpy = sys.modules["numpy"]
    width = left.dtype.itemsize
    bits = [numpy.frombuffer(one.tobytes(), numpy.uint8).reshape(-1, width) for one in (a, b)]
    differing = (bits[0] != bits[1]).any(axis=1)
    at = int(differing.argmax())
    place = f"[{at}]" if left.ndim == 1 else str(list(map(int, numpy.unravel_index(at, left.shape))))
    if labels is not None:
        place = f"[{short_text(labels[at])}]"
    count = int(differing.sum())
    more = f" (and {count - 1} more)" if count > 1 else ""
    return Mismatch(f"{where}{place}{more}", *(_element(one[at]) for one in (a, b)))


def _element(value: Any) -> str:
    return short_text(value.item() if hasattr(value, "item") else value)


def _reduced(value: Any, where: str) -> Any:
    kind = type(value)
    was_reduced = has_slot_names(kind)
    try:
        known = copyreg.dispatch_table.get(kind)
        return known(value) if known is not None else value.__reduce_ex__(4)
    except Exception as error:
        raise IncomparableError(f"{where}: {_qualified(kind)} cannot be taken apart") from error
    finally:
        if not was_reduced:
            drop_slot_names(kind)


def _state(parts: tuple[Any, ...]) -> Any:
    return parts[2] if len(parts) > 2 else None


def _items(parts: tuple[Any, ...], at: int) -> list[Any]:
    return list(parts[at]) if len(parts) > at and parts[at] is not None else []


def _attributes(
    left: Mapping[str, Any], right: Mapping[str, Any], where: str
) -> Iterator[tuple[str, Any, Any]]:
    return ((f"{where}.{name}", left[name], right[name]) for name in left if name in right)
