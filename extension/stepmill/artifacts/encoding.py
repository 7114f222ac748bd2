"""The canonical, tagged encoding of plain data: exact types only, version 1.

Every value is a tag byte and its payload; counts are unsigned LEB128. Two values have one encoding
only if user code cannot tell them apart. Sets keep their iteration order, because user code sees it.
What is not plain (subclasses, shared or deep containers, anything unknown) raises `NotPlain`.
"""

# ruff: noqa: ARG001, ARG005 - the writers and readers in one table have one signature

from __future__ import annotations

import math
import struct
import sys
from array import array
from datetime import date, datetime, time, timedelta, timezone, tzinfo
from decimal import Decimal
from fractions import Fraction
from pathlib import PosixPath, PurePosixPath, PureWindowsPath, WindowsPath
from typing import TYPE_CHECKING, Any
from uuid import UUID, SafeUUID

from stepmill.artifacts.set_order import build_set, table_plan

if TYPE_CHECKING:
    from collections.abc import Callable

_MAX_DEPTH = 100
_MAX_NODES = 300_000  # beyond it the C pickler is the faster exact format
_PACKED_FROM = 8  # items; lists of one number type or of str are packed from here on

_PATHS: dict[type, bytes] = {PosixPath: b"P", PurePosixPath: b"Q", WindowsPath: b"W", PureWindowsPath: b"V"}


class NotPlain(Exception):  # noqa: N818 - a verdict for the next materializer, not a failure
    """The value is not plain data; another format has to hold it."""


def encode_plain(value: Any, containers: dict[int, Any] | None = None) -> bytes:
    """Return the canonical bytes of `value`.

    `containers` collects the mutable containers met, by id, for those who look for shared objects.

    Raises
    ------
    NotPlain
        `value` is or holds something else, is nested too deep or is very large.
    """
    return b"".join(encode_chunks(value, containers))


def encode_chunks(value: Any, containers: dict[int, Any] | None = None) -> tuple[bytes | bytearray, ...]:
    """Return what `encode_plain` does in pieces: bytes are not copied."""
    writer = _Writer({} if containers is None else containers)
    if type(value) is bytes:
        writer.out += b"b"
        writer.count(len(value))
        return writer.out, value
    writer.write(value, 0)
    return (writer.out,)


def decode_plain(data: bytes | bytearray | memoryview) -> Any:
    """Return the value that `encode_plain` wrote; every call makes new objects."""
    reader = _Reader(memoryview(data))
    value = reader.read()
    if reader.at != len(reader.data):
        raise ValueError("trailing bytes after plain data")
    return value


class _Writer:
    """One encoding in progress."""

    def __init__(self, containers: dict[int, Any]) -> None:
        self.out = bytearray()
        self.containers = containers
        self.seen: set[int] = set()
        self.nodes = 0

    def write(self, value: Any, depth: int) -> None:
        self.nodes += 1
        if depth > _MAX_DEPTH or self.nodes > _MAX_NODES:
            raise NotPlain("nested too deep or too large")
        write = _WRITERS.get(type(value))
        if write is None:
            raise NotPlain(f"{type(value).__name__} is not plain data")
        write(self, value, depth)

    def count(self, number: int) -> None:
        while number > 0x7F:
            self.out.append(number & 0x7F | 0x80)
            number >>= 7
        self.out.append(number)

    def blob(self, tag: bytes, data: bytes) -> None:
        self.out += tag
        self.count(len(data))
        self.out += data

    def enter(self, container: Any) -> None:
        """Refuse a mutable container that stands in two places: a copy would tear them apart."""
        if id(container) in self.seen:
            raise NotPlain("a container stands in two places")
        self.seen.add(id(container))
        self.containers[id(container)] = container

    def text(self, value: str) -> None:
        self.blob(b"s", value.encode("utf-8", "surrogatepass"))

    def integer(self, value: int) -> None:
        size = (value.bit_length() + 8) // 8
        self.blob(b"i", value.to_bytes(size, "little", signed=True))

    def items(self, tag: bytes, values: Any, depth: int) -> None:
        packed = _pack(values) if len(values) >= _PACKED_FROM else None
        if packed is not None:
            self.out += (b"L" if tag == b"l" else b"K") + packed[0]
            self.count(len(values))
            for block in packed[1:]:
                self.blob(b"", block)
            return
        self.out += tag
        self.count(len(values))
        for item in values:
            self.write(item, depth + 1)


def _pack(values: Any) -> tuple[bytes, ...] | None:
    """Return a type code and raw blocks for a list or tuple of one simple type, else None."""
    kinds = set(map(type, values))
    if kinds == {float}:
        # A NaN goes the long way: which NaN object it is can be seen through `in`.
        return None if math.isnan(sum(values)) else (b"d", _little(array("d", values)))
    if kinds == {int}:
        try:
            return b"q", _little(array("q", values))
        except OverflowError:
            return None
    if kinds == {str}:
        text = "".join(values).encode("utf-8", "surrogatepass")
        return b"s", _little(array("Q", map(len, values))), text
    return None


def _little(numbers: array[Any]) -> bytes:
    if sys.byteorder == "big":
        numbers = array(numbers.typecode, numbers)
        numbers.byteswap()
    return numbers.tobytes()


def _write_float(w: _Writer, value: float, depth: int) -> None:
    w.out += b"d" if not math.isnan(value) else b"n" + _nan_identity(value)
    w.out += struct.pack("<d", value)


def _nan_identity(value: float) -> bytes:
    """Tell numpy's and math's NaN objects from others: `np.nan in [np.nan]` is true by identity."""
    numpy = sys.modules.get("numpy")
    if numpy is not None and value is getattr(numpy, "nan", None):
        return b"p"
    return b"m" if value is math.nan else b"-"  # noqa: PLW0177 - identity is meant


def _write_list(w: _Writer, value: list[Any], depth: int) -> None:
    w.enter(value)
    w.items(b"l", value, depth)


def _write_dict(w: _Writer, value: dict[Any, Any], depth: int) -> None:
    w.enter(value)
    w.out += b"m"
    w.count(len(value))
    for key, item in value.items():
        w.write(key, depth + 1)
        w.write(item, depth + 1)


def _write_set(w: _Writer, value: Any, depth: int) -> None:
    if type(value) is set:
        w.enter(value)
    plan, insertion = table_plan(value)
    w.out += b"h" if type(value) is set else b"z"
    w.count(plan)
    w.items(b"t", tuple(insertion), depth)  # empty: the iteration order itself
    w.items(b"t", tuple(value), depth)


def _write_bytearray(w: _Writer, value: bytearray, depth: int) -> None:
    w.enter(value)
    w.blob(b"B", bytes(value))


def _write_zone(w: _Writer, zone: tzinfo | None) -> None:
    if zone is None:
        w.out += b"-"
    elif type(zone) is timezone:
        w.out += b"o"
        arguments: tuple[Any, ...] = zone.__getinitargs__()  # type: ignore[attr-defined]
        w.write(arguments, 0)
    elif type(zone).__module__ == "zoneinfo" and getattr(zone, "key", None):
        _require_cached_zone(zone)
        w.out += b"k"
        w.text(zone.key)  # type: ignore[attr-defined]
    else:
        raise NotPlain(f"time zone {zone!r} is not plain data")


def _require_cached_zone(zone: Any) -> None:
    if type(zone)(zone.key) is not zone:  # built by no_cache or from a file: another identity
        raise NotPlain("an uncached time zone")


def _write_datetime(w: _Writer, value: datetime, depth: int) -> None:
    w.out += b"M" + struct.pack(
        "<HBBBBBIB",
        value.year,
        value.month,
        value.day,
        value.hour,
        value.minute,
        value.second,
        value.microsecond,
        value.fold,
    )
    _write_zone(w, value.tzinfo)


def _write_time(w: _Writer, value: time, depth: int) -> None:
    w.out += b"c" + struct.pack(
        "<BBBIB", value.hour, value.minute, value.second, value.microsecond, value.fold
    )
    _write_zone(w, value.tzinfo)


def _write_uuid(w: _Writer, value: UUID, depth: int) -> None:
    if value.is_safe is not SafeUUID.unknown:
        raise NotPlain("a UUID that knows whether it is safe")
    w.out += b"u" + value.bytes


def _write_path(w: _Writer, value: Any, depth: int) -> None:
    w.blob(_PATHS[type(value)], str(value).encode("utf-8", "surrogatepass"))


def _write_fields(tag: bytes, *names: str) -> Callable[[_Writer, Any, int], None]:
    """Return a writer for a value that is its fields."""

    def write(w: _Writer, value: Any, depth: int) -> None:
        w.out += tag
        for name in names:
            w.write(getattr(value, name), depth + 1)

    return write


_WRITERS: dict[type, Callable[[_Writer, Any, int], None]] = {
    type(None): lambda w, v, d: w.out.extend(b"N"),
    bool: lambda w, v, d: w.out.extend(b"T" if v else b"F"),
    type(...): lambda w, v, d: w.out.extend(b"e"),
    int: lambda w, v, d: w.integer(v),
    float: _write_float,
    complex: lambda w, v, d: w.out.extend(b"j" + struct.pack("<dd", v.real, v.imag)),
    str: lambda w, v, d: w.text(v),
    bytes: lambda w, v, d: w.blob(b"b", v),
    bytearray: _write_bytearray,
    list: _write_list,
    tuple: lambda w, v, d: w.items(b"t", v, d),
    dict: _write_dict,
    set: _write_set,
    frozenset: _write_set,
    range: _write_fields(b"r", "start", "stop", "step"),
    slice: _write_fields(b"x", "start", "stop", "step"),
    date: lambda w, v, d: w.out.extend(b"D" + struct.pack("<I", v.toordinal())),
    datetime: _write_datetime,
    time: _write_time,
    timedelta: _write_fields(b"w", "days", "seconds", "microseconds"),
    Decimal: lambda w, v, d: w.blob(b"p", str(v).encode()),
    Fraction: _write_fields(b"f", "numerator", "denominator"),
    UUID: _write_uuid,
    **dict.fromkeys(_PATHS, _write_path),
}

PLAIN_TYPES = frozenset(_WRITERS)
"""The exact types that plain data is made of."""


class _Reader:
    """One decoding in progress."""

    def __init__(self, data: memoryview) -> None:
        self.data = data
        self.at = 0

    def take(self, size: int) -> bytes:
        piece = bytes(self.data[self.at : self.at + size])
        if len(piece) != size:
            raise ValueError("plain data ends early")
        self.at += size
        return piece

    def count(self) -> int:
        number = shift = 0
        while True:
            byte = self.data[self.at]
            self.at += 1
            number |= (byte & 0x7F) << shift
            if byte < 0x80:
                return number
            shift += 7

    def blob(self) -> bytes:
        return self.take(self.count())

    def text(self) -> str:
        return self.blob().decode("utf-8", "surrogatepass")

    def unpack(self, layout: str) -> tuple[Any, ...]:
        return struct.unpack(layout, self.take(struct.calcsize(layout)))

    def many(self, number: int) -> tuple[Any, ...]:
        return tuple(self.read() for _ in range(number))

    def read(self) -> Any:
        tag = self.take(1)
        read = _READERS.get(tag)
        if read is None:
            raise ValueError(f"unknown tag {tag!r} in plain data")
        return read(self)

    def packed(self) -> list[Any]:
        code, number = self.take(1), self.count()
        if code == b"s":
            return self._packed_text(number)
        numbers = array(code.decode())
        numbers.frombytes(self.blob())
        if sys.byteorder == "big":
            numbers.byteswap()
        return numbers.tolist()

    def _packed_text(self, number: int) -> list[str]:
        sizes = array("Q")
        sizes.frombytes(self.blob())
        if sys.byteorder == "big":
            sizes.byteswap()
        text, start, found = self.text(), 0, []
        for size in sizes:
            found.append(text[start : start + size])
            start += size
        if len(found) != number:
            raise ValueError("packed text of the wrong length")
        return found

    def zone(self) -> tzinfo | None:
        kind = self.take(1)
        if kind == b"-":
            return None
        if kind == b"o":
            return timezone(*self.read())
        from zoneinfo import ZoneInfo

        return ZoneInfo(self.read())

    def nan(self) -> float:
        identity, bits = self.take(1), self.take(8)
        if identity == b"p":
            import numpy as np

            return np.nan
        return math.nan if identity == b"m" else float(struct.unpack("<d", bits)[0])

    def any_set(self, kind: type) -> Any:
        plan, insertion, order = self.count(), self.read(), self.read()
        return build_set(kind, order, plan, insertion)

    def mapping(self) -> dict[Any, Any]:
        found = {}
        for _ in range(self.count()):
            key = self.read()
            found[key] = self.read()
        return found

    def moment(self) -> datetime:
        year, month, day, hour, minute, second, micro, fold = self.unpack("<HBBBBBIB")
        return datetime(year, month, day, hour, minute, second, micro, self.zone(), fold=fold)

    def clock(self) -> time:
        hour, minute, second, micro, fold = self.unpack("<BBBIB")
        return time(hour, minute, second, micro, self.zone(), fold=fold)


_READERS: dict[bytes, Callable[[_Reader], Any]] = {
    b"N": lambda r: None,
    b"T": lambda r: True,
    b"F": lambda r: False,
    b"e": lambda r: ...,
    b"i": lambda r: int.from_bytes(r.blob(), "little", signed=True),
    b"d": lambda r: r.unpack("<d")[0],
    b"n": lambda r: r.nan(),
    b"j": lambda r: complex(*r.unpack("<dd")),
    b"s": lambda r: r.text(),
    b"b": lambda r: r.blob(),
    b"B": lambda r: bytearray(r.blob()),
    b"l": lambda r: list(r.many(r.count())),
    b"t": lambda r: r.many(r.count()),
    b"L": lambda r: r.packed(),
    b"K": lambda r: tuple(r.packed()),
    b"m": lambda r: r.mapping(),
    b"h": lambda r: r.any_set(set),
    b"z": lambda r: r.any_set(frozenset),
    b"r": lambda r: range(*r.many(3)),
    b"x": lambda r: slice(*r.many(3)),
    b"D": lambda r: date.fromordinal(r.unpack("<I")[0]),
    b"M": lambda r: r.moment(),
    b"c": lambda r: r.clock(),
    b"w": lambda r: timedelta(*r.many(3)),
    b"p": lambda r: Decimal(r.blob().decode()),
    b"f": lambda r: Fraction(*r.many(2)),
    b"u": lambda r: UUID(bytes=r.take(16)),
    b"P": lambda r: PosixPath(r.text()),
    b"Q": lambda r: PurePosixPath(r.text()),
    b"W": lambda r: WindowsPath(r.text()),
    b"V": lambda r: PureWindowsPath(r.text()),
}
