"""Where the bytes of a store lie: a local folder, or any file system that fsspec opens.

Both kinds publish a file at once or not at all. Paths are relative to the store, with forward slashes.
"""

from __future__ import annotations

import errno
import math
import mmap
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from stepmill.artifacts.hashing import total_bytes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from stepmill.artifacts.hashing import Buffer

MAPPED_FROM_BYTES = 1 << 20
"""Local files of at least this size are mapped privately instead of read."""

_WRITE_BYTES = 16 << 20
_NOT_RESERVED = (errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL)
"""What file systems say that cannot reserve space, where the C library does not write zeros instead."""


@dataclass(frozen=True, slots=True)
class FileEntry:
    """A file as a listing has it; `modified_s` is infinite where the file system does not say."""

    name: str
    size_bytes: int
    modified_s: float


class Files(Protocol):
    """What a store needs of a file system. Missing files raise FileNotFoundError."""

    def read(self, path: str) -> memoryview:
        """Return the content as memory that the caller may write into; the file never changes."""
        ...

    def write(self, path: str, chunks: Iterable[Buffer], *, durable: bool = True) -> None:
        """Publish `chunks`, concatenated, as the file `path`; whoever reads sees all of it or none.

        After a power cut that holds for what is `durable`. Where each reader compares bytes with a digest
        it need not be: to wait for the disk costs as much as all else that is done to store a large value.
        """
        ...

    def exists(self, path: str) -> bool: ...

    def remove(self, path: str) -> None:
        """Remove a file; one that is gone already is fine."""
        ...

    def names(self, folder: str) -> Iterator[str]:
        """Yield the names of the files below `folder`, at any depth, relative to it, sorted."""
        ...

    def entries(self, folder: str) -> Iterator[FileEntry]:
        """Yield what `names` does, with sizes and times; files that vanish meanwhile are left out."""
        ...

    def local_path(self, path: str) -> Path | None:
        """Return the file's place on this machine, None where it has none."""
        ...


class LocalFiles:
    """A folder on this machine. Files appear by rename out of `tmp/`, durable ones after fsync."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def read(self, path: str) -> memoryview:
        with (self.root / path).open("rb", buffering=0) as file:
            size_bytes = os.fstat(file.fileno()).st_size
            if size_bytes >= MAPPED_FROM_BYTES:
                return memoryview(mmap.mmap(file.fileno(), size_bytes, access=mmap.ACCESS_COPY))
            return memoryview(bytearray(file.readall() or b""))

    def write(self, path: str, chunks: Iterable[Buffer], *, durable: bool = True) -> None:
        temporary = self.root / "tmp" / f"{os.getpid()}-{os.urandom(8).hex()}"
        try:
            with _create(temporary) as file:
                _reserve(file, chunks)
                for chunk in chunks:
                    _write_all(file, chunk)
                if durable:
                    os.fsync(file.fileno())
            _replace(temporary, self.root / path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise

    def exists(self, path: str) -> bool:
        return (self.root / path).is_file()

    def remove(self, path: str) -> None:
        (self.root / path).unlink(missing_ok=True)

    def names(self, folder: str) -> Iterator[str]:
        base = self.root / folder
        yield from sorted(file.relative_to(base).as_posix() for file in base.rglob("*") if file.is_file())

    def entries(self, folder: str) -> Iterator[FileEntry]:
        for name in self.names(folder):
            try:
                found = (self.root / folder / name).stat()
            except FileNotFoundError:
                continue
            yield FileEntry(name, found.st_size, found.st_mtime)

    def local_path(self, path: str) -> Path:
        return self.root / path


def _create(path: Path) -> Any:
    try:
        return path.open("xb", buffering=0)
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        return path.open("xb", buffering=0)


def _replace(temporary: Path, path: Path) -> None:
    try:
        temporary.replace(path)
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.replace(path)


def _reserve(file: Any, chunks: Iterable[Buffer]) -> None:
    """Ask for the space of a large file at once: cheaper, and a full disk is known before writing."""
    known = isinstance(chunks, Sequence) or hasattr(chunks, "nbytes")
    size_bytes = total_bytes(chunks) if known else 0
    if size_bytes >= MAPPED_FROM_BYTES and sys.platform == "linux":
        try:
            os.posix_fallocate(file.fileno(), 0, size_bytes)
        except OSError as error:
            if error.errno not in _NOT_RESERVED:
                raise


def _write_all(file: Any, chunk: Buffer) -> None:
    view = memoryview(chunk).cast("B") if len(chunk) else memoryview(b"")
    while view:
        view = view[file.write(view[:_WRITE_BYTES]) :]


class RemoteFiles:
    """A folder on an fsspec file system. Object stores publish on close; readers verify anyway."""

    def __init__(self, url: str) -> None:
        from fsspec.core import url_to_fs

        self._system, root = url_to_fs(url)
        self._root = str(root).rstrip("/")

    def _full(self, path: str) -> str:
        return f"{self._root}/{path}"

    def read(self, path: str) -> memoryview:
        return memoryview(bytearray(self._system.cat_file(self._full(path))))

    def write(self, path: str, chunks: Iterable[Buffer], *, durable: bool = True) -> None:  # noqa: ARG002
        full = self._full(path)
        self._system.makedirs(full.rsplit("/", 1)[0], exist_ok=True)
        with self._system.open(full, "wb") as file:
            for chunk in chunks:
                file.write(chunk)

    def exists(self, path: str) -> bool:
        return bool(self._system.isfile(self._full(path)))

    def remove(self, path: str) -> None:
        if self.exists(path):
            self._system.rm_file(self._full(path))

    def names(self, folder: str) -> Iterator[str]:
        yield from (entry.name for entry in self.entries(folder))

    def entries(self, folder: str) -> Iterator[FileEntry]:
        base = self._full(folder)
        self._system.invalidate_cache(base)
        found = self._system.find(base, detail=True) if self._system.isdir(base) else {}
        prefix = base.lstrip("/") + "/"
        for name in sorted(found, key=str):
            about = found[name]
            place = str(name).lstrip("/").removeprefix(prefix)
            yield FileEntry(place, int(about.get("size") or 0), _modified_s(about))

    def local_path(self, path: str) -> None:  # noqa: ARG002
        return None


def _modified_s(about: Mapping[str, Any]) -> float:
    """Return when a file of fsspec's was written: each file system has a name of its own for it."""
    for name in ("mtime", "modified", "LastModified", "last_modified", "created"):
        found = about.get(name)
        if isinstance(found, datetime):
            return found.timestamp()
        if isinstance(found, (int, float)):
            return float(found)
    return math.inf


def open_files(url: str | Path) -> Files:
    """Return the files at a folder path, a `file://` URL or any URL that fsspec knows."""
    text = str(url)
    if "://" in text and not text.startswith("file://"):
        return RemoteFiles(text)
    return LocalFiles(Path(text.removeprefix("file://")))
