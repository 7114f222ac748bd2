"""What can go from a store: what nothing names, and results that are worth least.

Never removed: the values of runs that the user keeps, of the newest run of each notebook that
succeeded, and the last result of each step since then. All else can be computed again.
"""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stepmill.errors import DamagedArtifact
from stepmill.model.artifact import StepRecord
from stepmill.model.cleaning import Cleaning, RemovedResult
from stepmill.model.codec import SCHEMA, CodecError, from_json
from stepmill.model.run import RunStatus
from stepmill.planning.project import RUNS_FOLDER
from stepmill.running.folder import RunFolder, latest_runs

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from stepmill.artifacts.store import Store
    from stepmill.model.artifact import ArtifactRef
    from stepmill.model.run import RunSummary
    from stepmill.planning.project import Project

GRACE_S = 600.0
"""Younger files that nothing names are left alone: a kernel that outlived its runner may write them."""

_SHORTEST_S = 0.01
_YOUNGEST_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much may stay: nothing unused for longer than `unused_s`, no more than `budget_bytes`."""

    unused_s: float | None = None
    budget_bytes: int | None = None
    grace_s: float = GRACE_S


@dataclass(slots=True)
class _Result:
    """What a step gave: all records and runs that name the same values.

    `holds` are digests of artifacts and blobs, `records` the paths of the records that reuse it.
    """

    step: str
    holds: set[str] = field(default_factory=set)
    records: set[str] = field(default_factory=set)
    run_id: str = ""
    seconds: float = 0.0
    used_s: float = 0.0
    kept: bool = False

    def note(self, run_id: str, *, used_s: float, seconds: float = 0.0) -> None:
        self.seconds = max(self.seconds, seconds)
        if used_s >= self.used_s:
            self.used_s, self.run_id = used_s, run_id


@dataclass(frozen=True, slots=True)
class _Inventory:
    """The files of the store: digest -> size, and when written; and what each artifact's record names."""

    artifacts: Mapping[str, int]
    blobs: Mapping[str, int]
    modified_s: Mapping[str, float]
    named: Mapping[str, frozenset[str]]
    other_bytes: int

    @property
    def size_bytes(self) -> int:
        return sum(self.artifacts.values()) + sum(self.blobs.values()) + self.other_bytes

    def files_of(self, digests: Iterable[str]) -> set[tuple[str, str]]:
        """Return ("artifacts" or "objects", digest) for all files that make up these values."""
        found: set[tuple[str, str]] = set()
        for digest in digests:
            if digest in self.artifacts:
                found.add(("artifacts", digest))
                found |= {("objects", blob) for blob in self.named[digest] if blob in self.blobs}
            if digest in self.blobs:
                found.add(("objects", digest))
        return found

    def size_of(self, files: Iterable[tuple[str, str]]) -> int:
        return sum((self.artifacts if kind == "artifacts" else self.blobs)[digest] for kind, digest in files)

    def all_files(self) -> set[tuple[str, str]]:
        return {("artifacts", d) for d in self.artifacts} | {("objects", d) for d in self.blobs}


def keep_run(folder: RunFolder, *, keep: bool) -> None:
    """Mark a run as one whose values are never removed, or take the mark away."""
    if keep:
        folder.keep_mark.touch()
    else:
        folder.keep_mark.unlink(missing_ok=True)


def clean(project: Project, store: Store, limits: Limits, *, dry_run: bool = False) -> Cleaning:
    """Remove what may go; the caller holds the project.

    Whatever is interrupted leaves a usable store: records go first, then the values that they named.
    """
    now_s = time.time()
    inventory = _take_inventory(store)
    runs = _runs(project)
    kept_runs = _kept_runs(runs)
    records = _records(store)
    results = _results(records, runs, kept_runs, _last_records(store, records, project, runs))
    needed = _named_elsewhere(store, records, project, kept_runs)
    kept_files = inventory.files_of({d for r in results if r.kept for d in r.holds} | needed)
    doomed = _doomed(results, inventory, kept_files, limits, now_s)
    gone = {id(result) for result in doomed}
    stays = kept_files | inventory.files_of(d for r in results if id(r) not in gone for d in r.holds)
    left = inventory.all_files() - stays
    evicted = left & inventory.files_of(d for r in doomed for d in r.holds)
    orphans = {f for f in left - evicted if inventory.modified_s[f[1]] < now_s - limits.grace_s}
    leftovers = [e for e in store.entries("tmp") if e.modified_s < now_s - limits.grace_s]
    freed = inventory.size_of(evicted | orphans)
    report = Cleaning(
        dry_run=dry_run,
        removed=tuple(_removed(r, inventory, stays) for r in doomed),
        freed_bytes=freed + sum(e.size_bytes for e in leftovers),
        freed_files=len(evicted) + len(orphans) + len(leftovers),
        unreferenced_files=len(orphans),
        leftover_files=len(leftovers),
        left_bytes=inventory.size_bytes - freed,
        kept_bytes=inventory.size_of(kept_files),
        kept_runs=tuple(sorted(kept_runs)),
        history_bytes=sum(entry.size_bytes for entry in store.entries(RUNS_FOLDER)),
        budget_bytes=limits.budget_bytes,
    )
    if not dry_run:
        _remove(store, doomed, evicted | orphans, [e.name for e in leftovers])
    return report


def _take_inventory(store: Store) -> _Inventory:
    artifacts, blobs, modified_s, named = {}, {}, {}, {}
    for entry in store.entries("artifacts"):
        digest = Path(entry.name).stem
        artifacts[digest], modified_s[digest] = entry.size_bytes, entry.modified_s
        named[digest] = store.digests_in(f"artifacts/{entry.name}")
    for entry in store.entries("objects"):
        digest = Path(entry.name).name
        blobs[digest] = entry.size_bytes
        modified_s[digest] = max(entry.modified_s, modified_s.get(digest, 0.0))
    other = sum(e.size_bytes for folder in ("records", "latest", "facts") for e in store.entries(folder))
    return _Inventory(artifacts, blobs, modified_s, named, other)


def _runs(project: Project) -> dict[str, tuple[RunFolder, RunSummary]]:
    """Return the runs that can be read, the newest first; what others name is kept all the same."""
    found = {}
    for run_id in latest_runs(project.runs):
        folder = RunFolder(project.runs, run_id)
        summary = folder.read_summary()
        if summary is not None:
            found[run_id] = (folder, summary)
    return found


def _kept_runs(runs: Mapping[str, tuple[RunFolder, RunSummary]]) -> frozenset[str]:
    kept, seen = set(), set()
    for run_id, (folder, summary) in runs.items():
        notebook = summary.notebook_source
        newest = summary.status is RunStatus.SUCCEEDED and notebook not in seen
        if newest:
            seen.add(notebook)
        if folder.keep_mark.exists() or (newest and Path(notebook).exists()):
            kept.add(run_id)
    return frozenset(kept)


def _results(
    records: Mapping[str, StepRecord],
    runs: Mapping[str, tuple[RunFolder, RunSummary]],
    kept_runs: frozenset[str],
    kept_records: frozenset[str],
) -> list[_Result]:
    found: dict[tuple[str, frozenset[str]], _Result] = {}

    def result_of(step: str, values: frozenset[str]) -> _Result:
        return found.setdefault((step, values), _Result(step, set(values)))

    for path, record in records.items():
        result = result_of(record.step, _digests((*record.outputs.values(), *record.random.values())))
        result.records.add(path)
        result.holds |= {record.cells, str(record.extra.get("code", ""))} - {""}
        result.holds |= {access.digest for access in record.files if access.mode == "write"}
        result.note(record.run_id, used_s=record.created_s, seconds=record.seconds)
        result.kept = result.kept or path in kept_records
    for run_id, (folder, summary) in runs.items():
        for step, refs in folder.read_all_values().items():
            outcome = summary.steps.get(step)
            result = result_of(step, _digests(refs))
            seconds = outcome.seconds if outcome else None
            result.note(run_id, used_s=summary.started_s, seconds=seconds or 0.0)
            result.kept = result.kept or run_id in kept_runs
    return list(found.values())


def _records(store: Store) -> dict[str, StepRecord]:
    """Return the records by path; those that cannot be read are left out, see `_named_elsewhere`."""
    found = {}
    for path in store.list_documents("records"):
        document = _document(store, path)
        if document.get("schema") == SCHEMA:
            with contextlib.suppress(CodecError):
                found[path] = from_json(StepRecord, document)
    return found


def _document(store: Store, path: str) -> Mapping[str, Any]:
    try:
        document = store.read_document(path)
    except DamagedArtifact:
        return {}
    return document if isinstance(document, dict) else {}


def _last_records(
    store: Store,
    records: Mapping[str, StepRecord],
    project: Project,
    runs: Mapping[str, tuple[RunFolder, RunSummary]],
) -> frozenset[str]:
    """Return the records that steps used last, since their notebook's newest run that succeeded.

    A run that failed or was killed goes on from these.
    """
    since: dict[str, float] = {}
    for _, summary in runs.values():
        if summary.status is RunStatus.SUCCEEDED:
            since.setdefault(project.relative(Path(summary.notebook_source)), summary.started_s)
    found = set()
    for path in store.list_documents("latest"):
        pointer = _document(store, path)
        notebook, record_path = str(pointer.get("notebook", "")), str(pointer.get("record", ""))
        record = records.get(record_path)
        is_new = record is not None and record.created_s >= since.get(notebook, 0.0)
        if is_new and (project.root / notebook).is_file():
            found.add(record_path)
    return frozenset(found)


def _named_elsewhere(
    store: Store, records: Mapping[str, StepRecord], project: Project, kept_runs: frozenset[str]
) -> set[str]:
    """Return digests named by records that we cannot read, whose worth nobody knows, and by kept runs."""
    needed: set[str] = set()
    for path in set(store.list_documents("records")) - records.keys():
        needed |= store.digests_in(path)
    for run_id in kept_runs:
        for file in RunFolder(project.runs, run_id).path.glob("*.json"):
            needed |= store.digests_in(f"{RUNS_FOLDER}/{run_id}/{file.name}")
    return needed


def _doomed(
    results: list[_Result],
    inventory: _Inventory,
    kept_files: set[tuple[str, str]],
    limits: Limits,
    now_s: float,
) -> list[_Result]:
    """Return the results that have to go, the least valuable first."""
    own = {id(r): inventory.files_of(r.holds) - kept_files for r in results}
    free = [r for r in results if not r.kept and own[id(r)]]
    free.sort(key=lambda r: _worth(r, inventory.size_of(own[id(r)]), now_s))
    old = [r for r in free if limits.unused_s is not None and r.used_s < now_s - limits.unused_s]
    doomed = list(old)
    if limits.budget_bytes is not None:
        is_old = {id(r) for r in old}
        doomed += _over_budget([r for r in free if id(r) not in is_old], own, inventory, kept_files, limits)
    return doomed


def _over_budget(
    free: list[_Result],
    own: Mapping[int, set[tuple[str, str]]],
    inventory: _Inventory,
    kept_files: set[tuple[str, str]],
    limits: Limits,
) -> list[_Result]:
    assert limits.budget_bytes is not None
    users: dict[tuple[str, str], int] = {}
    for result in free:
        for file in own[id(result)]:
            users[file] = users.get(file, 0) + 1
    size = inventory.other_bytes + inventory.size_of(kept_files | users.keys())
    gone: list[_Result] = []
    for result in free:
        if size <= limits.budget_bytes:
            break
        gone.append(result)
        for file in own[id(result)]:
            users[file] -= 1
            if not users[file]:
                size -= inventory.size_of([file])
    # A result all of whose files others still need would be lost for nothing.
    return [result for result in gone if any(not users[file] for file in own[id(result)])]


def _worth(result: _Result, size_bytes: int, now_s: float) -> float:
    """Seconds of computing that a byte saves, the less the longer it was not used."""
    age_s = max(now_s - result.used_s, _YOUNGEST_S)
    return max(result.seconds, _SHORTEST_S) / max(size_bytes, 1) / age_s


def _removed(result: _Result, inventory: _Inventory, stays: set[tuple[str, str]]) -> RemovedResult:
    return RemovedResult(
        step=result.step,
        run_id=result.run_id,
        size_bytes=inventory.size_of(inventory.files_of(result.holds) - stays),
        seconds=result.seconds,
        used_s=result.used_s,
    )


def _remove(store: Store, doomed: list[_Result], files: set[tuple[str, str]], leftovers: list[str]) -> None:
    pointed_at = {_document(store, path).get("record") for path in store.list_documents("latest")}
    for result in doomed:
        for path in result.records - pointed_at:  # a step's last record says why it runs again
            store.delete_document(path)
    for kind, digest in sorted(files):  # "artifacts" before "objects"
        name = f"{digest}.json" if kind == "artifacts" else digest
        store.remove(f"{kind}/{digest[:2]}/{name}")
    for name in leftovers:
        store.remove(f"tmp/{name}")


def _digests(refs: Iterable[ArtifactRef]) -> frozenset[str]:
    return frozenset(ref.digest for ref in refs if not ref.is_absent)
