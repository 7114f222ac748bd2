"""What runs found out about a notebook, remembered for its next analysis."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING, Any

from stepmill.errors import DamagedArtifact
from stepmill.model.codec import SCHEMA, CodecError, from_json, to_json
from stepmill.model.facts import Fact
from stepmill.planning.keys import digest_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from stepmill.artifacts.store import Store
    from stepmill.model.pipeline import Pipeline


class FactBook:
    """The facts of one notebook; `notebook` is its path relative to the project root.

    Documents that cannot be read count as empty: the facts will be found again.
    """

    def __init__(self, store: Store, notebook: str) -> None:
        self.store = store
        self.notebook = notebook
        self._path = f"facts/{digest_of(notebook)[:24]}.json"
        self._lock = Lock()

    def recall(self) -> tuple[Fact, ...]:
        """Return all remembered facts, outdated ones included."""
        try:
            document = self.store.read_document(self._path)
        except DamagedArtifact:
            self.store.delete_document(self._path)
            return ()
        if not isinstance(document, dict) or document.get("schema") != SCHEMA:
            return ()
        return tuple(_readable(document.get("facts", ())))

    def remember(self, facts: Iterable[Fact], *, keep: Iterable[Fact] | None = None) -> tuple[Fact, ...]:
        """Add `facts` and return those that were new; `keep` drops all older ones but these."""
        with self._lock:
            known = list(self.recall() if keep is None else keep)
            new = []
            for fact in facts:
                if not any(_same(fact, other) for other in known):
                    known = [other for other in known if _subject(other) != _subject(fact)]
                    known.append(fact)
                    new.append(fact)
            if new or keep is not None:
                self._write(known)
            return tuple(new)

    def _write(self, facts: list[Fact]) -> None:
        document = {"schema": SCHEMA, "notebook": self.notebook, "facts": [to_json(fact) for fact in facts]}
        self.store.write_document(self._path, document)


def in_force(facts: Iterable[Fact], pipeline: Pipeline) -> tuple[Fact, ...]:
    """Return the facts whose step still has the cells that they were found with."""
    codes = {(step.name, step.body_digest) for step in pipeline.steps}
    return tuple(fact for fact in facts if (fact.step, fact.code_digest) in codes)


def _readable(documents: Iterable[Any]) -> Iterable[Fact]:
    for document in documents:
        try:
            yield from_json(Fact, document)
        except CodecError:
            continue  # written by a newer version: it will be found again


def _subject(fact: Fact) -> tuple[object, ...]:
    return (fact.kind, fact.step, fact.names)


def _same(a: Fact, b: Fact) -> bool:
    return _subject(a) == _subject(b) and a.code_digest == b.code_digest
