"""Parquet files, which Arrow opens in compiled code where no audit event tells of it.

The methods through which readers and writers of `pyarrow.parquet` and pandas go report the path
first. The classes get their own methods back when the step ends. Not seen: the files of a data set
that is written in partitions.
"""

from __future__ import annotations

import functools
import os
import sys
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from stepmill_magics.imports import ImportWatch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Report = Callable[[str, int], None]

_PLACE_NAMES = ("source", "path_or_paths", "where", "path")
_WRITES = os.O_WRONLY | os.O_CREAT | os.O_TRUNC


class _Door(NamedTuple):
    """A method that takes a path at `position` (after `self`) and opens it as `flags` say."""

    module: str
    kind: str
    method: str
    position: int
    flags: int


_DOORS = (
    _Door("pyarrow.parquet.core", "ParquetFile", "__init__", 0, os.O_RDONLY),
    _Door("pyarrow.parquet.core", "ParquetDataset", "__init__", 0, os.O_RDONLY),
    _Door("pyarrow.parquet.core", "ParquetWriter", "__init__", 0, _WRITES),
    _Door("pandas.io.parquet", "PyArrowImpl", "write", 1, _WRITES),
)


class ArrowFiles:
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
            kind, method, original = self._originals.pop()
            setattr(kind, method, original)

    def _extend(self, module: str) -> None:
        for door in _DOORS:
            kind = getattr(sys.modules[module], door.kind, None) if door.module == module else None
            if kind is None or not hasattr(kind, door.method):
                continue  # another module's, or a version that opens its files in another way
            original = getattr(kind, door.method)
            self._originals.append((kind, door.method, original))
            setattr(kind, door.method, _reporting(original, door, self._report))


def _reporting(original: Any, door: _Door, report: Report) -> Any:
    @functools.wraps(original)
    def method(self: Any, *arguments: Any, **options: Any) -> Any:
        __tracebackhide__ = True
        given = arguments[door.position :][:1] or [options.get(name) for name in _PLACE_NAMES]
        if type(options.get("filesystem")).__name__ in ("NoneType", "LocalFileSystem"):
            for path in _paths(given):
                report(path, door.flags)
        return original(self, *arguments, **options)

    return method


def _paths(where: Any) -> Iterator[str]:
    """Yield the files behind what Arrow takes as a place: a path, a folder of files, a list of these."""
    if isinstance(where, (list, tuple)):
        for one in where:
            yield from _paths(one)
    elif isinstance(where, (str, os.PathLike)):
        path = os.path.expanduser(os.fspath(where))  # noqa: PTH111
        if not os.path.isdir(path):  # noqa: PTH112
            yield path
            return
        for folder, _, names in os.walk(path):
            yield from (os.path.join(folder, name) for name in names)  # noqa: PTH118
