"""From a value to what the store keeps, and back: header and parts get digests, together a name."""

from __future__ import annotations

import base64
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from stepmill.artifacts.hashing import digest_bytes, digest_chunks, digest_json, total_bytes
from stepmill.artifacts.materializers.base import Encoded, NotExactError, by_name, for_value, left_out
from stepmill.artifacts.pickling import dump
from stepmill.artifacts.previews import members_preview, preview
from stepmill.artifacts.previews.objects import thumbnail
from stepmill.artifacts.refusals import type_name
from stepmill.errors import ArtifactError, DamagedArtifact, StepmillError, UnstorableValue

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from stepmill.artifacts.scope import Scope
    from stepmill.artifacts.store import Store

SCHEMA = 1

_INLINE_BELOW_BYTES = 16 << 10  # smaller parts live in the record: one file to write and to read


@dataclass(frozen=True, slots=True)
class Sealed:
    """A value ready to be stored.

    `content` is what the digest is of: materializer, type, header, digests of what the parts say,
    definitions, members of a bundle. `blobs` are the digests of the parts' bytes. `preview` and `pictures`
    (by member, "" for a value that is no bundle) are made only where the value is written.
    """

    digest: str
    content: Mapping[str, Any]
    blobs: Mapping[str, str]
    size_bytes: int
    encoded: Encoded
    preview: Callable[[], Mapping[str, Any]]
    pictures: Mapping[str, Callable[[], bytes | None]]


def seal(value: Any, scope: Scope) -> Sealed:
    """Encode `value` by the first materializer that holds it exactly, and name it.

    Raises
    ------
    UnstorableValue
        Not even a pickle can hold it.
    """
    return name_of(value, *encode(value, scope))


def encode(value: Any, scope: Scope) -> tuple[str, Encoded]:
    """Return the first materializer that holds `value` exactly, and the value as its bytes.

    Raises
    ------
    UnstorableValue
        Not even a pickle can hold it.
    """
    for name, materializer in for_value(value):
        try:
            return name, materializer.encode(value, scope)
        except NotExactError:
            continue
        except StepmillError:
            raise
        except Exception as error:  # noqa: BLE001 - raised again, unless it is a stranger's
            left_out(name, materializer, error)
    raise UnstorableValue(
        f"no materializer takes a {type_name(type(value))}", type_name=type_name(type(value))
    )


def name_of(value: Any, materializer: str, encoded: Encoded) -> Sealed:
    """Name `value`, of which `encode` returned the rest."""
    sealed = _name(materializer, encoded, {"type": type_name(type(value))})
    return replace(
        sealed,
        preview=encoded.preview or (lambda: preview(value, size_bytes=sealed.size_bytes)),
        pictures={"": _picture(value, encoded)},
    )


def seal_bundle(
    values: Mapping[str, Any], scope: Scope, alone: Mapping[str, Encoded] | None = None
) -> Sealed:
    """Encode values that share objects as one pickle, so that identities survive.

    `alone` are the same values encoded each by itself: how they are shown is taken from there.
    """
    from stepmill.artifacts.materializers.pickled import encode_pickle

    members = {name: values[name] for name in sorted(values)}
    types = {name: type_name(type(value)) for name, value in members.items()}
    sealed = _name("pickle", encode_pickle(dump(members, scope)), {"type": "bundle", "members": types})
    shown = alone or {}
    return replace(
        sealed,
        preview=lambda: members_preview(
            {name: _shown(value, shown.get(name)) for name, value in members.items()}
        ),
        pictures={name: _picture(value, shown.get(name)) for name, value in members.items()},
    )


def _picture(value: Any, encoded: Encoded | None) -> Callable[[], bytes | None]:
    drawn = None if encoded is None else encoded.picture
    return drawn or (lambda: thumbnail(value))


def _shown(value: Any, encoded: Encoded | None) -> Mapping[str, Any]:
    if encoded is not None and encoded.preview is not None:
        return encoded.preview()
    return preview(value, size_bytes=0 if encoded is None else _size_bytes(encoded))


def _size_bytes(encoded: Encoded) -> int:
    return sum(map(total_bytes, encoded.parts.values()))


def _name(materializer: str, encoded: Encoded, about: Mapping[str, Any]) -> Sealed:
    blobs = {part: digest_chunks(chunks) for part, chunks in encoded.parts.items()}
    identities = {part: digest_bytes(data) for part, data in encoded.identities().items()}
    content = {
        "schema": SCHEMA,
        "materializer": materializer,
        **about,
        "header": encoded.header,
        "parts": blobs | identities,
        "definitions": dict(encoded.definitions),
    }
    return Sealed(digest_json(content), content, blobs, _size_bytes(encoded), encoded, dict, {})


def write_all(store: Store, values: Sequence[Sealed]) -> None:
    """Publish several values; waiting for the disk overlaps, which is most of the time for small ones."""
    by_digest = list({entry.digest: entry for entry in values}.values())
    if len(by_digest) < 3:
        for entry in by_digest:
            write(store, entry)
        return
    with ThreadPoolExecutor(min(8, len(by_digest))) as pool:
        list(pool.map(lambda entry: write(store, entry), by_digest))


def write(store: Store, sealed: Sealed) -> None:
    """Publish a value: its blobs first, its record last."""
    inline = {}
    for part, chunks in sealed.encoded.parts.items():
        if total_bytes(chunks) < _INLINE_BELOW_BYTES:
            inline[part] = base64.b64encode(b"".join(bytes(c) for c in chunks)).decode()
        else:
            store.put_named_blob(sealed.blobs[part], chunks)
    document: dict[str, Any] = {
        "schema": SCHEMA,
        "content": sealed.content,
        "blobs": sealed.blobs,
        "size_bytes": sealed.size_bytes,
        "inline": inline,
        "preview": sealed.preview(),
    }
    pictures = {
        member: store.put_blob(drawn) for member, draw in sealed.pictures.items() if (drawn := draw())
    }
    if pictures:
        document["pictures"] = pictures
    store.write_artifact(sealed.digest, document)


def read(store: Store, digest: str, scope: Scope) -> Any:
    """Return a new copy of a stored value; of a bundle, the dict of its members.

    Raises
    ------
    DamagedArtifact
        Bytes are missing or damaged; the damaged ones are removed, so that a re-run heals.
    UntrustedArtifact
        This user's key did not sign it.
    DefinitionMismatch
        It needs a class or function that `scope` lacks, or has in another version.
    ArtifactError
        The code of a library or of the user failed while the value was rebuilt.
    """
    document = store.read_artifact(digest, to_load=True)
    content = document["content"]
    parts = dict(parts_of(store, document))
    try:
        return by_name(content["materializer"]).decode(content["header"], parts, scope)
    except (ArtifactError, MemoryError):
        raise
    except Exception as error:
        raise ArtifactError(
            f"a stored {content['type']} does not load: {type(error).__name__}: {error}",
            hint="the step needs the same libraries as the one that made it; custom classes need "
            "a __reduce__ or __setstate__ that takes what was pickled",
        ) from error


def parts_of(store: Store, document: Mapping[str, Any]) -> Iterator[tuple[str, memoryview]]:
    """Yield name and bytes of what a stored value is made of; raises DamagedArtifact as `read` does."""
    for part, digest in document["blobs"].items():
        yield part, _part(store, document, part, digest)


def _part(store: Store, document: Mapping[str, Any], part: str, digest: str) -> memoryview:
    text = document.get("inline", {}).get(part)
    if text is None:
        return store.get_blob(digest)
    data = bytearray(base64.b64decode(text))
    if digest_bytes(data) != digest:
        raise DamagedArtifact(f"stored bytes {digest[:12]}… are damaged", hint="run the pipeline again")
    return memoryview(data)
