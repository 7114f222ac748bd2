"""Files that steps wrote, kept in the store, so that their step need not run to have them written again.

One that is gone is put back, and so is one that is as a step of the notebook left it in another run: with
another parameter, before an edit. What anybody else wrote is not touched.
"""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

from stepmill.model.artifact import ABSENT, FileAccess, StepRecord

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
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


def files_to_put_back(record: StepRecord, world: World) -> tuple[FileAccess, ...]:
    """Return the files of the step that are not as it left them, and can be made so without its running."""
    read = {access.path: access.digest for access in record.files if access.mode == "read"}
    return tuple(
        access
        for access in record.files
        if world.is_output(access)
        and access.digest != ABSENT
        and _may_be_written(access, world, read)
        and world.store.has_blob(access.digest)
    )


def _may_be_written(access: FileAccess, world: World, read: Mapping[str, str]) -> bool:
    """Tell whether a file is gone, or a version of ours; one that the step goes on with is as it found it."""
    now = world.digest_of(access)
    if now in (ABSENT, access.digest):
        return now == ABSENT
    found = read.get(access.path, ABSENT)
    if found != ABSENT:
        return now == found
    return str(world.path_of(access)) in world.promised or world.is_ours(access, now)


def put_back(record: StepRecord, world: World) -> None:
    """Write the files of the step as it left them that `files_to_put_back` names.

    Raises
    ------
    DamagedArtifact
        What is stored of a file is damaged.
    OSError
        A file cannot be written.
    """
    for access in files_to_put_back(record, world):
        content = world.store.get_blob(access.digest)
        _write(world.path_of(access), content, replace=world.digest_of(access) != ABSENT)


def _write(path: Path, content: memoryview, *, replace: bool) -> None:
    """Write a file whole; without `replace` not if one of that name came meanwhile."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{os.urandom(4).hex()}")
    try:
        temporary.write_bytes(content)
        if replace:
            shutil.copymode(path, temporary)
            temporary.replace(path)
            return
        try:
            os.link(temporary, path)
        except FileExistsError:
            return
        except OSError:  # a file system without links
            temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
