"""The content-addressed store: blobs by digest, artifact records by digest, small named documents.

```
objects/ab/<digest>           bytes, named by their BLAKE3
artifacts/ab/<digest>.json    what a value is made of; the name is the digest of its `content`
<path>                        named JSON documents: records, facts …
tmp/                          files being written
```
Many processes may use one store at once. A process killed at any byte leaves at most a file in `tmp/`.
"""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stepmill.artifacts.files import Files, open_files
from stepmill.artifacts.hashing import Buffer, canonical_json, digest_chunks, digest_json
from stepmill.artifacts.signing import Opened, Signer
from stepmill.errors import DamagedArtifact, UntrustedArtifact

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from stepmill.artifacts.files import FileEntry

LEFTOVER_AFTER_S = 86_400.0
"""Age from which a file in `tmp/` is nobody's: no writer takes that long."""

COMPARED_BYTES = 1 << 16
"""Up to this size bytes that are stored again are compared with those that are there."""

_DIGEST = re.compile(rb"(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])")
_GONE = "is gone from the store"
_HEAL = "run the pipeline again: the step that made the value runs anew"


class Store:
    """One store; `url` is where it lies.

    Documents carry their digest and this user's signature. `trusts_all`: values that somebody else
    signed, or nobody, count as this user's.
    """

    def __init__(self, url: str, files: Files, signer: Signer, *, trusts_all: bool = False) -> None:
        self.url = url
        self.trusts_all = trusts_all
        self._files = files
        self._signer = signer
        self._verified: set[str] = set()

    # Blobs

    def put_blob(self, data: Buffer | Sequence[Buffer]) -> str:
        """Keep `data` (or several buffers, concatenated) and return its digest."""
        chunks = (data,) if isinstance(data, (bytes, bytearray, memoryview)) else tuple(data)
        digest = digest_chunks(chunks)
        self.put_named_blob(digest, chunks)
        return digest

    def put_named_blob(self, digest: str, chunks: Sequence[Buffer]) -> None:
        """Keep `chunks`, whose digest the caller has computed already; what is there and damaged is replaced.

        Of large bytes that are there only the size is looked at: loading them tells the rest.
        """
        path = _blob_path(digest)
        if not self._files.exists(path) or self._is_seen_to_be_damaged(path, chunks):
            self._files.write(path, chunks, durable=False)  # `get_blob` compares

    def _is_seen_to_be_damaged(self, path: str, chunks: Sequence[Buffer]) -> bool:
        local = self._files.local_path(path)
        size_bytes = sum(memoryview(chunk).nbytes for chunk in chunks)
        if local is None:
            return False  # elsewhere a look costs more than it is worth
        try:
            if local.stat().st_size != size_bytes:
                return True
            return size_bytes <= COMPARED_BYTES and local.read_bytes() != b"".join(chunks)
        except OSError:
            return True

    def get_blob(self, digest: str) -> memoryview:
        """Return the bytes as private memory: the caller may write into it, the store never changes.

        Raises
        ------
        DamagedArtifact
            The blob is missing, or its bytes are not what was stored; then it is removed.
        """
        path = _blob_path(digest)
        try:
            data = self._files.read(path)
        except FileNotFoundError:
            raise DamagedArtifact(f"stored bytes {digest[:12]}… are missing", hint=_HEAL) from None
        if digest not in self._verified:
            if digest_chunks((data,)) != digest:
                self._files.remove(path)
                raise DamagedArtifact(f"stored bytes {digest[:12]}… are damaged", hint=_HEAL)
            self._verified.add(digest)
        return data

    def has_blob(self, digest: str) -> bool:
        """Tell whether the blob is there; its bytes are looked at when it is loaded."""
        return self._files.exists(_blob_path(digest))

    def path_of_blob(self, digest: str) -> Path | None:
        """Return the blob's file where the store is local, else None. Never write into it."""
        return self._files.local_path(_blob_path(digest))

    def put_json(self, value: Any) -> str:
        """Keep JSON types as a blob of their canonical text and return its digest."""
        return self.put_blob(canonical_json(value))

    def get_json(self, digest: str) -> Any:
        """Return what `put_json` kept; raises DamagedArtifact like `get_blob`."""
        return json.loads(bytes(self.get_blob(digest)))

    # Artifact records

    def write_artifact(self, digest: str, document: dict[str, Any]) -> None:
        """Publish the record of a value whose blobs are stored; `document["content"]` has `digest`."""
        self._files.write(_artifact_path(digest), (self._signer.close(document),), durable=False)

    def read_artifact(self, digest: str, *, to_load: bool = False) -> dict[str, Any]:
        """Return the record of a value; `to_load`: the value itself is going to be loaded.

        Raises
        ------
        DamagedArtifact
            It is missing or not what was written; a damaged one stays, until the value is stored again.
        UntrustedArtifact
            It is to be loaded, and this user's key did not sign it.
        """
        opened = self._open_artifact(digest)
        if to_load and not (opened.is_ours or self.trusts_all):
            raise UntrustedArtifact(
                f"stored value {digest[:12]}… was made by somebody else, or by an older version: "
                "loading it could run any code of theirs",
                hint="run the pipeline again to make it yourself; if you trust where it comes from: "
                "stepmill run --trust",
            )
        return dict(opened.document)

    def _open_artifact(self, digest: str) -> Opened:
        path = _artifact_path(digest)
        try:
            opened = self._signer.open(bytes(self._files.read(path)))
            if digest_json(opened.document["content"]) == digest:
                return opened
        except FileNotFoundError:
            raise DamagedArtifact(f"stored value {digest[:12]}… is missing", hint=_HEAL) from None
        except (ValueError, KeyError, TypeError, DamagedArtifact):
            pass  # as said below
        raise DamagedArtifact(f"the record of stored value {digest[:12]}… is damaged", hint=_HEAL)

    def has_artifact(self, digest: str, *, to_load: bool = True) -> bool:
        """Tell whether a value is there with all its blobs, and `to_load`, whether we trust its record."""
        return not self._trouble_with_artifact(digest, to_load=to_load)

    def _trouble_with_artifact(self, digest: str, *, to_load: bool) -> str:
        if not self._files.exists(_artifact_path(digest)):
            return _GONE
        try:
            document = self.read_artifact(digest, to_load=to_load)
        except DamagedArtifact:
            return "is damaged"
        except UntrustedArtifact:
            return "was made by somebody else (--trust would take it)"
        inline = document.get("inline", {})
        whole = all(p in inline or self.has_blob(d) for p, d in document["blobs"].items())
        return "" if whole else _GONE

    def adopt_artifact(self, digest: str) -> None:
        """Sign a value as this user's own: from now on it is loaded without a question."""
        opened = self._open_artifact(digest)
        if not opened.is_ours:
            self.write_artifact(digest, opened.document)

    def has(self, digest: str) -> bool:
        """Tell whether `digest` names a loadable value or a blob of this store."""
        return not self.trouble_with(digest)

    def trouble_with(self, digest: str) -> str:
        """Return why a value or blob cannot be loaded, in words that go on from its name; "" if it can."""
        return "" if self.has_blob(digest) else self._trouble_with_artifact(digest, to_load=True)

    # Named documents

    def write_document(self, path: str, document: dict[str, Any]) -> None:
        """Publish JSON types under `path` ("records/<key>/<run>.json"), replacing what was there."""
        self._files.write(path, (self._signer.close(document, indent=1),))

    def read_document(self, path: str) -> Any:
        """Return the document, None where there is none.

        Raises
        ------
        DamagedArtifact
            It is not what was written. It stays where it is, for a person to look at.
        """
        return self.open_document(path).document

    def open_document(self, path: str) -> Opened:
        """Return the document, and whether this user signed it; raises like `read_document`."""
        try:
            return self._signer.open(bytes(self._files.read(path)))
        except FileNotFoundError:
            return Opened(None, is_ours=False)
        except (ValueError, DamagedArtifact) as error:
            raise DamagedArtifact(
                f"{path} in {self.url} is damaged: {error}",
                hint="delete that file; what it said is found anew",
            ) from error

    def list_documents(self, folder: str) -> list[str]:
        """Return the paths of all documents below `folder`, sorted."""
        return [f"{folder}/{name}" for name in self._files.names(folder) if name.endswith(".json")]

    def delete_document(self, path: str) -> None:
        """Remove a document; one that is gone already is fine."""
        self._files.remove(path)

    # Housekeeping

    def artifacts(self) -> Iterator[str]:
        """Yield the digests of all artifact records."""
        for name in self._files.names("artifacts"):
            yield Path(name).stem

    def entries(self, folder: str) -> Iterator[FileEntry]:
        """Yield the files below `folder` ("objects", "artifacts", "records", "tmp"), relative to it."""
        return self._files.entries(folder)

    def digests_in(self, path: str) -> frozenset[str]:
        """Return whatever a document says that could be a digest; empty if it is gone.

        Who asks what must not be removed cannot afford to overlook a field that a later version added.
        """
        try:
            return frozenset(map(bytes.decode, _DIGEST.findall(bytes(self._files.read(path)))))
        except FileNotFoundError:
            return frozenset()

    def remove(self, path: str) -> None:
        """Remove a file of the store; one that is gone already is fine."""
        self._files.remove(path)
        self._verified.discard(path.rpartition("/")[2])

    def remove_leftovers(self, older_than_s: float = LEFTOVER_AFTER_S) -> int:
        """Remove what killed writers left in `tmp/` longer ago than `older_than_s`; return how many."""
        limit_s = time.time() - older_than_s
        old = [entry.name for entry in self._files.entries("tmp") if entry.modified_s < limit_s]
        for name in old:
            self._files.remove(f"tmp/{name}")
        return len(old)


def open_store(url: str | Path, *, trusts_all: bool = False) -> Store:
    """Return the store at a folder or fsspec URL (`memory://…`, `s3://…`); nothing is written yet."""
    return Store(str(url), open_files(url), Signer(), trusts_all=trusts_all)


def _blob_path(digest: str) -> str:
    return f"objects/{digest[:2]}/{digest}"


def _artifact_path(digest: str) -> str:
    return f"artifacts/{digest[:2]}/{digest}.json"
