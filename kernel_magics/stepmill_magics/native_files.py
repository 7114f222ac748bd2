"""Files that libraries open in compiled code, where no audit event tells of it.

The functions and methods through which Arrow, pandas, Polars, DuckDB and h5py are given a path report
it first; queries of DuckDB are searched for the names of files. They are put back when the step ends.
Not seen: the files of a data set that is written in partitions.
"""

from __future__ import annotations

import functools
import glob
import os
import re
import sys
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from stepmill_magics.imports import ImportWatch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

    Report = Callable[[str, int], None]

_PLACE_NAMES = (
    *("source", "path_or_paths", "where", "path", "input_file", "output_file", "dest", "sink"),
    *("name", "file", "database"),
)
_WRITES = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
_CHANGES = os.O_RDWR | os.O_CREAT


class _Door(NamedTuple):
    """A function, or a method of `kind`, that takes a path at `position` and opens it as `flags` say.

    `position` does not count `self`. With `mode`, its position, the argument of that name decides. With
    `in_query` the argument is SQL, and files are named in it.
    """

    module: str
    kind: str
    method: str
    position: int = 0
    flags: int = os.O_RDONLY
    mode: int | None = None
    in_query: bool = False


_POLARS_READERS = ("csv", "parquet", "ipc", "ipc_stream", "json", "ndjson", "avro", "excel", "ods")
_POLARS_SCANNERS = ("csv", "parquet", "ipc", "ndjson")
_POLARS_WRITERS = ("csv", "parquet", "ipc", "ipc_stream", "json", "ndjson", "avro", "excel")
_POLARS_SINKS = ("csv", "parquet", "ipc", "ndjson")
_DUCK_PLACES = ("", "DuckDBPyConnection")
_DUCK_READERS = ("read_csv", "read_parquet", "read_json", "from_csv_auto", "from_parquet")
_DUCK_QUERIES = ("sql", "query", "from_query", "execute", "executemany")
_DUCK_WRITERS = ("to_csv", "write_csv", "to_parquet", "write_parquet")
_CALL = compile("_stepmill_call[0](*_stepmill_call[1], **_stepmill_call[2])", __file__, "eval")
_QUOTED = re.compile(r"'((?:[^']|'')+)'")

_DOORS = (
    _Door("pyarrow", "", "memory_map", mode=1),
    _Door("pyarrow", "", "OSFile", mode=1),
    _Door("pyarrow", "", "input_stream"),
    _Door("pyarrow", "", "output_stream", flags=_WRITES),
    _Door("pyarrow.parquet.core", "ParquetFile", "__init__"),
    _Door("pyarrow.parquet.core", "ParquetDataset", "__init__"),
    _Door("pyarrow.parquet.core", "ParquetWriter", "__init__", flags=_WRITES),
    _Door("pyarrow.dataset", "", "dataset"),
    _Door("pyarrow.dataset", "", "parquet_dataset"),
    _Door("pyarrow.feather", "", "read_table"),
    _Door("pyarrow.feather", "", "write_feather", 1, _WRITES),
    _Door("pyarrow.csv", "", "read_csv"),
    _Door("pyarrow.csv", "", "open_csv"),
    _Door("pyarrow.csv", "", "write_csv", 1, _WRITES),
    _Door("pyarrow.json", "", "read_json"),
    _Door("pyarrow.json", "", "open_json"),
    _Door("pyarrow.orc", "ORCFile", "__init__"),
    _Door("pyarrow.orc", "ORCWriter", "__init__", flags=_WRITES),
    _Door("pandas.io.parquet", "PyArrowImpl", "write", 1, _WRITES),
    *(_Door("polars", "", f"read_{kind}") for kind in _POLARS_READERS),
    *(_Door("polars", "", f"scan_{kind}") for kind in _POLARS_SCANNERS),
    *(_Door("polars", "DataFrame", f"write_{kind}", flags=_WRITES) for kind in _POLARS_WRITERS),
    *(_Door("polars", "LazyFrame", f"sink_{kind}", flags=_WRITES) for kind in _POLARS_SINKS),
    _Door("h5py", "File", "__init__", mode=1),
    _Door("duckdb", "", "connect", flags=_CHANGES),
    *(_Door("duckdb", kind, reader) for kind in _DUCK_PLACES for reader in _DUCK_READERS),
    *(_Door("duckdb", kind, query, in_query=True) for kind in _DUCK_PLACES for query in _DUCK_QUERIES),
    *(_Door("duckdb", "DuckDBPyRelation", writer, flags=_WRITES) for writer in _DUCK_WRITERS),
)


class NativeFiles:
    """Reports (path, flags of an `open`) between `start` and `stop`; imports none of the libraries."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._imports = ImportWatch()
        self._originals: list[tuple[Any, str, Any]] = []

    def start(self) -> None:
        for module in dict.fromkeys(door.module for door in _DOORS):
            if module in sys.modules:
                self._extend(module)
            else:
                self._imports.after(module, partial(self._extend, module))

    def stop(self) -> None:
        self._imports.remove()
        while self._originals:
            owner, method, original = self._originals.pop()
            setattr(owner, method, original)

    def _extend(self, module: str) -> None:
        for door in _DOORS:
            if door.module != module:
                continue
            owner = getattr(sys.modules[module], door.kind, None) if door.kind else sys.modules[module]
            if owner is None or not hasattr(owner, door.method):
                continue  # another module's, or a version that opens its files in another way
            original = getattr(owner, door.method)
            self._originals.append((owner, door.method, original))
            reporting = _reporting_class if isinstance(original, type) else _reporting
            setattr(owner, door.method, reporting(original, door, self._report))


def _reporting(original: Any, door: _Door, report: Report) -> Any:
    own = 1 if door.kind else 0

    @functools.wraps(original)
    def function(*arguments: Any, **options: Any) -> Any:
        __tracebackhide__ = True
        _tell(arguments[own:], options, door, report)
        if door.in_query:
            return _called_from(sys._getframe(1), original, arguments, options)
        return original(*arguments, **options)

    return function


def _called_from(frame: FrameType, original: Any, arguments: Any, options: Any) -> Any:
    """Call `original` as if `frame` did: there DuckDB looks for the tables that a query names."""
    names = {"_stepmill_call": (original, arguments, options), "__tracebackhide__": True}
    return eval(_CALL, frame.f_globals, {**frame.f_locals, **names})  # noqa: S307 - our own three words


def _reporting_class(original: Any, door: _Door, report: Report) -> Any:
    """Return a class in the place of `original`, whose making is reported."""

    class Reporting(original):  # type: ignore[misc]
        def __new__(cls, *arguments: Any, **options: Any) -> Any:
            _tell(arguments, options, door, report)
            return original(*arguments, **options)

    Reporting.__name__, Reporting.__qualname__ = original.__name__, original.__qualname__
    Reporting.__module__ = original.__module__
    return Reporting


def _tell(arguments: tuple[Any, ...], options: dict[str, Any], door: _Door, report: Report) -> None:
    given = arguments[door.position :][:1] or [options.get(name) for name in _PLACE_NAMES]
    if door.in_query:
        for query in arguments[:1] or [options.get("query")]:
            for path, flags in _named_in(query if isinstance(query, str) else ""):
                report(path, flags)
        return
    if type(options.get("filesystem")).__name__ in ("NoneType", "LocalFileSystem"):
        flags = door.flags if door.mode is None else _flags(arguments, options, door.mode)
        if door.method == "connect" and (arguments[1:2] or [options.get("read_only")])[0] is True:
            flags = os.O_RDONLY
        for path in _paths(given):
            report(path, flags)


def _named_in(query: str) -> Iterator[tuple[str, int]]:
    """Yield the files that a query names, as far as they are there, and those that it writes.

    A text that only looks like the name of a file is taken for one: that costs a run at most.
    """
    for found in _QUOTED.finditer(query):
        text, before = found[1].replace("''", "'"), query[: found.start()].split()
        last = before[-1].upper().rstrip("(") if before else ""
        if last == "TO" and any(word.upper() == "COPY" for word in before):
            yield text, _WRITES
            continue
        flags = _CHANGES if last in ("ATTACH", "DATABASE") else os.O_RDONLY
        yield from ((path, flags) for path in _paths(text) if flags == _CHANGES or os.path.exists(path))  # noqa: PTH110


def _flags(arguments: tuple[Any, ...], options: dict[str, Any], position: int) -> int:
    mode = str((arguments[position:][:1] or [options.get("mode", "r")])[0])
    if mode in ("r", "rb"):
        return os.O_RDONLY
    return _WRITES if mode in ("w", "wb", "x", "w-") else _CHANGES


def _paths(where: Any) -> Iterator[str]:
    """Yield the files behind what a library takes as a place: a path, a pattern, a folder, a list."""
    if isinstance(where, (list, tuple)):
        for one in where:
            yield from _paths(one)
    elif isinstance(where, (str, os.PathLike)):
        path = os.path.expanduser(os.fspath(where)).removeprefix("file://")  # noqa: PTH111
        if path in ("", ":memory:", ":default:"):
            return
        if glob.has_magic(path) and not os.path.lexists(path):
            yield from glob.glob(path, recursive=True)  # noqa: PTH207
        elif os.path.isdir(path):  # noqa: PTH112
            for folder, _, names in os.walk(path):
                yield from (os.path.join(folder, name) for name in names)  # noqa: PTH118
        else:
            yield path
