"""Files that steps wrote, kept in the store: one that is gone is put back, so that its step need not run."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from stepmill.model.artifact import ABSENT, FileAccess, StepRecord

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from stepmill.planning.observations import World

KEPT_AT_MOST_BYTES = 50 * 1000 * 1000
"""Bigger files are not kept: their step runs again if they are gone."""


def keep_files(files: Iterable[FileAccess], world: World) -> None:
    """Store what a step wrote into the project, under the digest that its record has."""
    for access in files:
        if not world.is_output(access) or access.digest == ABSENT:
            continue
        path = world.path_of(access)
        try:
            if path.stat().st_size <= KEPT_AT_MOST_BYTES and not world.store.has_blob(access.digest):
                world.store.put_blob(path.read_bytes())
        except OSError:
            continue  # gone or changed since: then there is nothing to put back


def gone_files(record: StepRecord, world: World) -> tuple[FileAccess, ...]:
    """Return the files of the step that are gone and can be put back."""
    return tuple(
        access
        for access in record.files
        if world.is_output(access)
        and access.digest != ABSENT
        and world.digest_of(access) == ABSENT
        and world.store.has_blob(access.digest)
    )


def put_back(record: StepRecord, world: World) -> None:
    """Write the files of the step that are gone as it left them; what is there is not touched.

    Raises
    ------
    DamagedArtifact
        What is stored of a file is damaged.
    OSError
        A file cannot be written.
    """
    for access in gone_files(record, world):
        content = world.store.get_blob(access.digest)
        _write_new(world.path_of(access), content)


def _write_new(path: Path, content: memoryview) -> None:
    """Write a file whole, unless one of that name came meanwhile."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{os.urandom(4).hex()}")
    try:
        temporary.write_bytes(content)
        try:
            os.link(temporary, path)
        except FileExistsError:
            return
        except OSError:  # a file system without links
            temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
