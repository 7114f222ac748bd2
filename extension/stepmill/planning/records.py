"""Step records in the store: what was observed under a key, and which record a step used last."""

from __future__ import annotations

from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Any

from stepmill.artifacts.signing import Opened
from stepmill.errors import DamagedArtifact
from stepmill.model.artifact import StepRecord
from stepmill.model.codec import SCHEMA, CodecError, from_json, to_json
from stepmill.planning.keys import digest_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stepmill.artifacts.store import Store

KEPT_OBSERVATIONS = 20
"""Records kept under one key: a step that reads a file of ever new content has no more use for them."""


@dataclass(frozen=True, slots=True)
class Last:
    """What is known of a step's last run in this notebook.

    `record` is the one it wrote or reused; `unfinished`: it was started since and did not end well,
    so what it wrote to files is unknown but its own; `ended` says how, if that was seen. `lost`: why its
    record was withdrawn since.
    """

    record: StepRecord | None = None
    unfinished: bool = False
    ended: str = ""
    lost: str = ""


class Records:
    """Finds and publishes step records. Writing a record is what publishes a step's outputs.

    `notebook` is the notebook's path relative to the project root: the last run of a step is kept
    per notebook, records themselves are shared by all.
    """

    def __init__(self, store: Store, notebook: str) -> None:
        self.store = store
        self.notebook = notebook
        self._lock = Lock()
        self._last: dict[str, Mapping[str, Any]] = {}
        self._known: dict[str, StepRecord] = {}
        self._lost: dict[str, str] = {}
        self._foreign: set[str] = set()

    def find(self, key: str) -> tuple[StepRecord, ...]:
        """Return the records under `key` that may be reused, newest first; damaged ones are left out."""
        return tuple(record for record, ours in self._under(key) if ours or self.store.trusts_all)

    def is_foreign(self, key: str) -> bool:
        """Tell whether the newest record under `key` is one that this user did not sign: not to be reused."""
        return not self.store.trusts_all and any(not ours for _, ours in self._under(key)[:1])

    def _under(self, key: str) -> list[tuple[StepRecord, bool]]:
        found = []
        for path in sorted(self.store.list_documents(_folder(key)), reverse=True):
            record = self._read(path)
            if record is not None and record.key == key:
                found.append((record, path not in self._foreign))
        return found

    def add(self, record: StepRecord) -> None:
        """Publish `record`, and make it the last one of its step."""
        path = _path(record)
        self.store.write_document(path, {"schema": SCHEMA, **to_json(record)})
        self._known[path] = record
        self._foreign.discard(path)
        for old in self.store.list_documents(_folder(record.key))[:-KEPT_OBSERVATIONS]:
            if old != path:  # the first by name, where the clock was set back
                self.store.delete_document(old)
        self.use(record.step, record)

    def withdraw(self, record: StepRecord, why: str = "") -> None:
        """Make `record` unfindable: what it says was found to be wrong. `why` is a reason to run again."""
        path = _path(record)
        self._lost[record.step] = why
        self._known.pop(path, None)
        self._foreign.discard(path)
        self.store.delete_document(path)

    def last(self, step: str) -> Last:
        """Return what is known of the last run of `step`."""
        pointer = self._pointer(step)
        path = pointer.get("record")
        record = self._read(path) if isinstance(path, str) else None
        lost = "" if record is not None else self._lost.get(step, "")
        ended = str(pointer.get("ended", ""))
        return Last(record, bool(pointer.get("unfinished")), ended, lost)

    def begin(self, step: str) -> None:
        """Note that `step` starts: until `add` or `use`, its files are of unknown content."""
        self._point(step, {**self._pointer(step), "unfinished": True, "ended": ""})

    def end(self, step: str, how: str) -> None:
        """Note how a run of `step` ended that gave no record: "its last run failed"."""
        self._point(step, {**self._pointer(step), "ended": how})

    def use(self, step: str, record: StepRecord) -> None:
        """Note that `record` is what `step` used last; nothing is written if it was so already."""
        self._point(step, {"record": _path(record), "unfinished": False})

    def adopt(self, record: StepRecord) -> bool:
        """Sign a foreign record, and the values it names, as this user's own; False if it is already."""
        path = next((path for path in self._foreign if self._known[path] is record), None)
        if path is None:
            return False
        for ref in {**record.outputs, **record.random}.values():
            if not ref.is_absent and not self.store.has_blob(ref.digest):
                self.store.adopt_artifact(ref.digest)
        self.store.write_document(path, {"schema": SCHEMA, **to_json(record)})
        self._foreign.discard(path)
        return True

    def _read(self, path: str) -> StepRecord | None:
        if path in self._known:  # records never change, they are only withdrawn
            return self._known[path]
        opened = self._open(path)
        if not isinstance(opened.document, dict) or opened.document.get("schema") != SCHEMA:
            return None
        try:
            self._known[path] = from_json(StepRecord, opened.document)
        except CodecError:
            return None  # written by another version: the step runs again
        if not opened.is_ours:
            self._foreign.add(path)
        return self._known[path]

    def _pointer(self, step: str) -> Mapping[str, Any]:
        if step not in self._last:
            document = self._open(self._pointer_path(step)).document
            self._last[step] = document if isinstance(document, dict) else {}
        return self._last[step]

    def _open(self, path: str) -> Opened:
        """Return a document; nothing if it is missing or damaged: its step then runs again."""
        try:
            return self.store.open_document(path)
        except DamagedArtifact:
            self.store.delete_document(path)
            return Opened(None, is_ours=False)

    def _point(self, step: str, pointer: Mapping[str, Any]) -> None:
        document = {**pointer, "schema": SCHEMA, "notebook": self.notebook, "step": step}
        with self._lock:
            if document != self._pointer(step):
                self.store.write_document(self._pointer_path(step), document)
                self._last[step] = document

    def _pointer_path(self, step: str) -> str:
        return f"latest/{digest_of(self.notebook)[:24]}/{digest_of(step)[:24]}.json"


def _folder(key: str) -> str:
    return f"records/{key[:2]}/{key}"


def _path(record: StepRecord) -> str:
    """Names sort by time; the digest keeps two records of one moment apart."""
    moment = int(record.created_s * 1000)
    return f"{_folder(record.key)}/{moment:014d}-{digest_of(to_json(record))[:12]}.json"
