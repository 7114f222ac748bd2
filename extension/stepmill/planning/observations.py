"""Does what a step observed still hold? Files, listings, distributions, environment variables.

Nothing here loads a stored value or imports what it asks about.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from blake3 import blake3

from stepmill.artifacts.cell_files import stamp_of
from stepmill.artifacts.file_digests import answer
from stepmill.model.artifact import ABSENT, QUESTIONS, FileAccess, StepRecord
from stepmill.model.plan import Cause, Reason
from stepmill.planning.distributions import installed_versions
from stepmill.planning.file_digests import UNREADABLE
from stepmill.planning.file_history import FileHistory
from stepmill.planning.kept_files import files_to_put_back

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from stepmill.artifacts.cell_files import Stamp
    from stepmill.artifacts.store import Store
    from stepmill.planning.file_digests import FileDigests


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What steps can observe of this machine.

    `folder` is the notebook's, which relative paths start from; files that a step writes below one
    of `roots` are its outputs, but not those below `state`. `secret` gives the key for hashes of
    environment variables. `sys_path` is the kernel's, as far as it is known before a step ran.
    `promised` maps paths of files that a run will put back to their digests, `written` relative ones to
    those that the last runs of this notebook's steps gave them; `noted` says how its cells have left
    files in the user's own kernel, by absolute path.
    """

    store: Store
    folder: Path
    roots: tuple[Path, ...]
    state: Path
    files: FileDigests
    environment: Mapping[str, str]
    secret: Callable[[], bytes]
    sys_path: tuple[str, ...] = ()
    promised: Mapping[str, str] = field(default_factory=dict)
    written: Mapping[str, frozenset[str]] = field(default_factory=dict)
    noted: Mapping[str, frozenset[Stamp]] = field(default_factory=dict)

    def path_of(self, access: FileAccess) -> Path:
        return self.folder / access.path

    def digest_of(self, access: FileAccess) -> str:
        """Return what the accessed file or folder is now, as its `FileAccess.digest` says it."""
        path = self.path_of(access)
        if str(path) in self.promised and access.mode in ("read", "write", "kind"):
            return "file" if access.mode == "kind" else self.promised[str(path)]
        if access.mode == "list":
            return self.files.listing(path)
        if access.mode == "code":
            return self.files.code(path)
        return answer(path, access.mode) if access.mode in QUESTIONS else self.files.content(path)

    def is_output(self, access: FileAccess) -> bool:
        """Return whether a file was written where the project keeps its own files."""
        if access.mode != "write":
            return False
        path = self.path_of(access)
        return any(map(path.is_relative_to, self.roots)) and not path.is_relative_to(self.state)

    def is_ours(self, access: FileAccess, now: str) -> bool:
        """Tell whether a file is as this notebook's cells left it, in a run or in the user's kernel.

        `now` is its digest, made before this is asked.
        """
        if now in self.written.get(access.path, ()):
            return True
        path = str(self.path_of(access))
        return path in self.noted and stamp_of(path) in self.noted[path]

    def hash_of_variable(self, name: str) -> str:
        """Return the keyed hash of an environment variable as it is now; "*": of the names of all."""
        names = "\n".join(sorted(self.environment))
        return self.keyed_hash(names if name == "*" else self.environment.get(name))

    def keyed_hash(self, value: str | None) -> str:
        """Return what records keep of an environment variable: nothing that its value can be guessed from."""
        return ABSENT if value is None else blake3(value.encode(), key=self.secret()).hexdigest()[:32]

    def versions(self, record: StepRecord) -> Mapping[str, str]:
        """Return the distributions installed where `record`'s kernel looks for them."""
        return installed_versions(record.extra.get("sys_path") or self.sys_path)


def failures(
    record: StepRecord,
    world: World,
    *,
    required: Iterable[str] = (),
    states: Iterable[str] = (),
    later: Mapping[str, frozenset[str]] | None = None,
    history: FileHistory = FileHistory(),  # noqa: B008 - frozen
) -> tuple[Reason, ...]:
    """Return why `record` does not hold now; empty if it does.

    `states` are the generators whose state later steps take, `required` the outputs that they take:
    the record must have them. Files that the step wrote count as well: a hit requires them present and
    equal. `later` maps paths to what the step itself and those after it wrote there: it asked about them
    when they had not been written. What `history` explains, the pipeline itself has done.
    """
    return (
        *_missing_outputs(record, world.store, required),
        *_missing_states(record, states),
        *_changed_reads(record, world, later or {}, history),
        *_changed_distributions(record, world),
        *_changed_environment(record, world),
        *_changed_writes(record, world, history),
    )


def written_elsewhere(
    record: StepRecord, world: World, ours: Mapping[str, frozenset[str]]
) -> tuple[str, ...]:
    """Return the files that `record`'s step wrote and somebody else changed since, as relative paths.

    `ours` maps paths to the digests that steps of this notebook are known to have written. A file
    that is gone, or that the step also reads, is no such file.
    """
    own_inputs = {access.path for access in record.files if access.mode == "read" and access.digest != ABSENT}
    changed = []
    for access in record.files:
        if not world.is_output(access) or access.path in own_inputs:
            continue
        now = world.digest_of(access)
        known = (ABSENT, access.digest, *ours.get(access.path, ()))
        if now not in known and not world.is_ours(access, now):
            changed.append(access.path)
    return tuple(dict.fromkeys(changed))


def _missing_states(record: StepRecord, states: Iterable[str]) -> Iterable[Reason]:
    for name in states:
        if name not in record.random:
            message = f"the state of the random generator of {name} was not kept"
            yield Reason(cause=Cause.OUTPUT_MISSING, message=message, subject=name)


def _missing_outputs(record: StepRecord, store: Store, required: Iterable[str]) -> Iterable[Reason]:
    for name in required:
        if name not in record.outputs:
            why = record.skipped.get(name, "it was not kept")
            yield Reason(
                cause=Cause.OUTPUT_MISSING, message=f"output {name} is not stored: {why}", subject=name
            )
    if record.cells and not store.has_blob(record.cells):
        yield Reason(cause=Cause.OUTPUT_MISSING, message="what its cells showed is gone from the store")
    for name, ref in {**record.outputs, **record.random}.items():
        trouble = "" if ref.is_absent else store.trouble_with(ref.digest)
        if trouble:
            yield Reason(
                cause=Cause.OUTPUT_MISSING,
                message=f"stored output {name} {trouble}",
                subject=name,
            )


_TELLING = ("code", "read", "list", *QUESTIONS)
"""What says most comes first: of two changes of one file only this one is told."""


def _changed_reads(
    record: StepRecord, world: World, later: Mapping[str, frozenset[str]], history: FileHistory
) -> Iterable[Reason]:
    told: set[str] = set()
    for mode in _TELLING:
        for access in record.files:
            if access.mode != mode or access.path in told:
                continue
            now = world.digest_of(access)
            if now == access.digest or (mode in QUESTIONS and _is_made_later(access, world, later)):
                continue
            if mode in ("read", "list") and _is_explained(record, access, now, world, history):
                continue
            told.add(access.path)
            cause = Cause.MODULE if mode == "code" else Cause.FILE
            yield Reason(cause=cause, message=_file_message(access, now), subject=access.path)


def _is_made_later(access: FileAccess, world: World, later: Mapping[str, frozenset[str]]) -> bool:
    """Return whether what is there now is what the step or one after it left, as in a run from the start."""
    path = world.path_of(access)
    if path.is_dir():
        return access.path in later or any(name.startswith(f"{access.path}/") for name in later)
    return access.path in later and world.files.content(path) in later[access.path]


def _is_explained(
    record: StepRecord, access: FileAccess, now: str, world: World, history: FileHistory
) -> bool:
    if access.mode != "list":
        return history.explains(record, access, now)
    names = history.names_written(record, access.path)
    return bool(names) and world.files.listing(world.path_of(access), without=names) == access.digest


def _changed_writes(record: StepRecord, world: World, history: FileHistory) -> Iterable[Reason]:
    back = files_to_put_back(record, world)
    for access in record.files:
        if not world.is_output(access) or access in back:
            continue
        now = world.digest_of(access)
        if now != access.digest and not history.explains(record, access, now):
            what = "is gone" if now == ABSENT else "is not as it wrote it"
            message = f"its file {access.path} {what}"
            yield Reason(cause=Cause.OUTPUT_MISSING, message=message, subject=access.path)


def _file_message(access: FileAccess, now: str) -> str:
    if access.mode == "list":
        return f"folder {access.path} lists other files"
    if access.mode == "code":
        return f"{access.path} {'is gone' if now == ABSENT else 'changed'}"
    if now == ABSENT or access.digest == ABSENT:
        what = (access.digest if now == ABSENT else now).partition(" ")[0]
        thing = what if what == "folder" else "file"
        return f"{thing} {access.path} {'is gone' if now == ABSENT else 'appeared'}"
    if now == UNREADABLE:
        return f"file {access.path} cannot be read"
    if access.mode == "time":
        return f"file {access.path}, whose time of change it reads, was written again"
    if access.mode == "link":
        return f"link {access.path} leads elsewhere"
    return f"file {access.path} changed"


def _changed_distributions(record: StepRecord, world: World) -> Iterable[Reason]:
    if not record.distributions:
        return
    versions = world.versions(record)
    for name, old in record.distributions.items():
        new = versions.get(name)
        if new != old:
            message = f"{name} {old} → {new}" if new else f"{name} {old} is no longer installed"
            yield Reason(cause=Cause.LIBRARY, message=message, subject=name)


def _changed_environment(record: StepRecord, world: World) -> Iterable[Reason]:
    for name, old in record.environment.items():
        if world.hash_of_variable(name) != old:
            message = f"environment variable {name} changed"
            if name == "*":
                message = "other environment variables are set, and it looks at all of them"
            elif ABSENT in (old, world.hash_of_variable(name)):
                message = f"environment variable {name} is {'set now' if old == ABSENT else 'no longer set'}"
            yield Reason(cause=Cause.ENVIRONMENT, message=message, subject=name)
