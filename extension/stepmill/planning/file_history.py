"""Files that the steps of a notebook change for each other: what is there now may be their own doing.

A step reads a file, a later one appends to it. If nothing else has happened since, the file is not as
the first step found it, and still nothing has changed: a run that starts over would do the same again.
That holds as long as none of the steps that use the file has to run. If one has, the run starts from
the files as they are, like Run All.
"""

from __future__ import annotations

from dataclasses import dataclass
from posixpath import dirname
from typing import TYPE_CHECKING

from stepmill.model.artifact import ABSENT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from stepmill.model.artifact import FileAccess, StepRecord


@dataclass(frozen=True, slots=True)
class FileHistory:
    """The last record of each step that has one, in the order in which the steps stand in the notebook.

    `moving` are the files and folders that some step to run has used: nothing about them is explained.
    """

    records: tuple[StepRecord, ...] = ()
    moving: frozenset[str] = frozenset()

    def explains(self, record: StepRecord, access: FileAccess, now: str) -> bool:
        """Tell whether what `record`'s step read or changed is `now` as this step and later ones left it.

        A file that a step writes without reading it is not explained: the step writes it again, and
        later ones find it as they did.
        """
        path, files = access.path, record.files
        written = _digest(files, path, "write")
        if path in self.moving or (access.mode == "write" and _digest(files, path, "read") is None):
            return False
        start = access.digest if written is None else written
        return (now == start and written is not None) or self._leads(record.step, path, start, now)

    def names_written(self, record: StepRecord, folder: str) -> frozenset[str]:
        """Return the names in `folder` that come from what `record`'s step and later ones wrote there."""
        if folder in self.moving:
            return frozenset()
        below = "" if folder == "." else f"{folder}/"
        paths = (access.path for one in (record, *self._after(record.step)) for access in _written(one))
        own = (path for path in paths if path.startswith(below) and not path.startswith(("/", "..")))
        return frozenset(path[len(below) :].split("/")[0] for path in own)

    def changed_after_use(self) -> frozenset[str]:
        """Return the files and folders that a step has read or listed, and it or a later one changed."""
        found: set[str] = set()
        written: set[str] = set()
        for record in reversed(self.records):
            written |= {path for one in record.files if one.mode == "write" for path in _changed_paths(one)}
            found |= {
                access.path for access in record.files if access.mode not in ("write", "folder")
            } & written
        return frozenset(found)

    def _leads(self, step: str, path: str, digest: str, now: str) -> bool:
        """Tell whether the steps after `step`, one going on from the other, made `now` of a file `digest`."""
        current = digest
        for record in self._after(step):
            written = _digest(record.files, path, "write")
            if written is None:
                continue
            if _digest(record.files, path, "read") not in (None, current):
                return False
            current = written
        return current == now != digest

    def _after(self, step: str) -> Iterator[StepRecord]:
        steps = [record.step for record in self.records]
        return iter(self.records[steps.index(step) + 1 :] if step in steps else ())


def used_paths(record: StepRecord) -> Iterator[str]:
    """Yield the files that a step used, the folders it listed, and those that it wrote into."""
    for access in record.files:
        if access.mode == "write":
            yield from _changed_paths(access)
        elif access.mode != "folder":
            yield access.path


def _changed_paths(access: FileAccess) -> Iterator[str]:
    """Yield a written file and the folders around it."""
    path = access.path
    yield path
    while path not in ("", ".", "/"):
        path = dirname(path) or "."
        yield path


def _digest(files: Iterable[FileAccess], path: str, mode: str) -> str | None:
    return next((access.digest for access in files if access.path == path and access.mode == mode), None)


def _written(record: StepRecord) -> Iterator[FileAccess]:
    return (access for access in record.files if access.mode == "write" and access.digest != ABSENT)
