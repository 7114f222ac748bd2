"""Files that steps share without being in an order: found by comparing what they were seen to do."""

from __future__ import annotations

from dataclasses import dataclass
from posixpath import basename, dirname
from typing import TYPE_CHECKING

from stepmill.model.facts import Fact, FactKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from stepmill.model.artifact import FileAccess
    from stepmill.model.pipeline import Pipeline, Step

_NO_FILES = ("/dev/", "/proc/", "/sys/")


@dataclass(frozen=True, slots=True)
class Conflict:
    """Two steps that touch `path`, at least one of them writing, in an order left to chance."""

    earlier: str
    later: str
    path: str

    def as_fact(self, pipeline: Pipeline) -> Fact:
        return Fact(
            kind=FactKind.ORDER,
            step=self.later,
            names=(self.earlier, self.path),
            code_digest=pipeline.step(self.later).body_digest,
            message=f"steps {self.earlier} and {self.later} both use the file {self.path}",
        )


def find_conflicts(
    pipeline: Pipeline, step: str, files: Iterable[FileAccess], others: Mapping[str, Iterable[FileAccess]]
) -> tuple[Conflict, ...]:
    """Return the conflicts between `step`, which used `files`, and the `others` it has no order with.

    The earlier step is the one whose first cell comes first in the notebook, as in Run All.
    """
    before = _ancestors(pipeline, step)
    after = pipeline.downstream([step])
    mine = tuple(files)
    found = []
    for other, theirs in others.items():
        if other == step or other in before or other in after:
            continue
        for path in sorted(_contested(mine, tuple(theirs))):
            first, second = sorted((pipeline.step(step), pipeline.step(other)), key=_position)
            found.append(Conflict(first.name, second.name, path))
    return tuple(found)


def missed_files(
    pipeline: Pipeline, step: str, error: str, others: Mapping[str, Iterable[FileAccess]]
) -> tuple[Conflict, ...]:
    """Return the files that earlier, unordered steps wrote and whose absence made `step` fail.

    `error` is the text of its FileNotFoundError, which names the file as the user's code did.
    """
    before = _ancestors(pipeline, step)
    here = pipeline.step(step)
    return tuple(
        Conflict(other, step, path)
        for other, files in others.items()
        if other not in before and _position(pipeline.step(other)) < _position(here)
        for path in sorted(_written(files))
        if not path.endswith("/") and basename(path) in error
    )


def _contested(mine: tuple[FileAccess, ...], theirs: tuple[FileAccess, ...]) -> set[str]:
    return (_touched(mine) & _written(theirs)) | (_written(mine) & _touched(theirs))


def _written(files: Iterable[FileAccess]) -> set[str]:
    """Return the written paths, and their folders, whose listing changed with them."""
    paths = {access.path for access in files if access.mode == "write"}
    paths = {path for path in paths if not path.startswith(_NO_FILES)}
    return paths | {f"{dirname(path)}/" for path in paths}


def _touched(files: Iterable[FileAccess]) -> set[str]:
    """Return the paths of all accesses; a listed folder ends in a slash."""
    listed = {"/" if access.path == "." else f"{access.path}/" for access in files if access.mode == "list"}
    paths = {access.path for access in files if access.mode != "list"}
    return listed | {path for path in paths if not path.startswith(_NO_FILES)}


def _ancestors(pipeline: Pipeline, step: str) -> frozenset[str]:
    found: set[str] = set()
    frontier = {step}
    while frontier:
        frontier = {e.producer for e in pipeline.edges if e.consumer in frontier} - found
        found |= frontier
    return frozenset(found)


def _position(step: Step) -> int:
    return min(step.cells)
