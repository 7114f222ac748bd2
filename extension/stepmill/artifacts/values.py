"""Values of a step: stored, loaded, compared, and asked what they share."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from stepmill.artifacts import reach, sealing
from stepmill.artifacts.previews import masked_preview
from stepmill.artifacts.refusals import type_name
from stepmill.artifacts.scope import MAIN, Scope
from stepmill.errors import ArtifactError, UnstorableValue
from stepmill.model.artifact import ArtifactRef
from stepmill.model.secrets import is_secret_name

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Mapping

    from stepmill.artifacts.materializers.base import Encoded
    from stepmill.artifacts.reach import Reach
    from stepmill.artifacts.sealing import Sealed
    from stepmill.artifacts.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """What `save_values` did.

    `refs` has every name that was stored; `shared` the sets of names whose values share objects;
    `problems` says for each other name why it was not.
    """

    refs: Mapping[str, ArtifactRef] = field(default_factory=dict)
    shared: tuple[frozenset[str], ...] = ()
    problems: Mapping[str, UnstorableValue] = field(default_factory=dict)


def save_values(
    store: Store,
    values: Mapping[str, Any],
    *,
    definitions: Mapping[str, str],
    namespace: Mapping[str, Any],
    labels: bool = False,
) -> Saved:
    """Store values; those that share mutable objects go into one bundle, so that they still do later.

    Parameters
    ----------
    values
        Name -> value, all names that leave the step. They are not changed.
    definitions
        Name -> source digest of the notebook's `def` and `class` statements in force.
    namespace
        The notebook's globals, where those definitions live.
    labels
        An Index of two frames is a shared object, too: the notebook changes the names of one.
    """
    scope = Scope(definitions, namespace)
    encoded, problems = _encode_each(values, scope)
    encoded = {name: (by, _without_secrets(name, values[name], made)) for name, (by, made) in encoded.items()}
    shared = reach.groups(_reaches(encoded), labels=labels)
    refs: dict[str, ArtifactRef] = {}
    for group in shared:
        try:
            bundle = sealing.seal_bundle(
                {name: values[name] for name in group}, scope, {name: encoded[name][1] for name in group}
            )
        except UnstorableValue as error:
            problems.update({name: _of(name, error) for name in group})
            continue
        sealing.write(store, bundle)
        refs.update({name: _member(bundle, name, values[name]) for name in sorted(group)})
    alone = {
        name: sealing.name_of(values[name], *found)
        for name, found in encoded.items()
        if name not in refs and name not in problems
    }
    sealing.write_all(store, list(alone.values()))
    refs.update({name: _ref(entry) for name, entry in alone.items()})
    ordered = {name: refs[name] for name in values if name in refs}
    return Saved(refs=ordered, shared=shared, problems=problems)


def load_values(
    store: Store,
    refs: Mapping[str, ArtifactRef],
    *,
    definitions: Mapping[str, str],
    namespace: dict[str, Any],
) -> dict[str, Any]:
    """Return new copies of stored values; absent ones are left out.

    The members of a bundle are loaded together and share what they shared. Everything may be
    written in place: the store does not change.

    Parameters
    ----------
    definitions
        Name -> source digest of the classes and functions that exist in `namespace`.
    namespace
        The kernel's globals; stored functions of the notebook look their names up there.

    Raises
    ------
    DamagedArtifact, DefinitionMismatch, ArtifactError
        As `sealing.read` says, with the variable's name.
    """
    scope = Scope(definitions, namespace)
    loaded: dict[str, Any] = {}
    bundles: dict[str, Any] = {}
    for name, ref in refs.items():
        if ref.is_absent:
            continue
        if not ref.member:
            loaded[name] = _read(store, name, ref, scope)
            continue
        if ref.digest not in bundles:
            bundles[ref.digest] = _read(store, name, ref, scope)
        loaded[name] = bundles[ref.digest][ref.member]
    return loaded


def same_values(
    store: Store,
    refs: Mapping[str, ArtifactRef],
    values: Mapping[str, Any],
    *,
    definitions: Mapping[str, str],
    namespace: dict[str, Any],
) -> dict[str, bool]:
    """Tell for each name in `refs` whether `values` still has what is stored.

    Members of one bundle are compared together, identities included. A pickle of a loaded object
    may differ from the stored one though nothing changed; then a fresh copy decides.
    """
    scope = Scope(definitions, namespace)
    verdicts: dict[str, bool] = {}
    by_digest: dict[str, dict[str, ArtifactRef]] = {}
    for name, ref in refs.items():
        if ref.is_absent or name not in values:
            verdicts[name] = ref.is_absent and name not in values
        elif ref.member:
            by_digest.setdefault(ref.digest, {})[name] = ref
        else:
            verdicts[name] = _is_same(store, ref, values[name], scope)
    for digest, members in by_digest.items():
        live = {ref.member: values[name] for name, ref in members.items()}
        same = _same_members(store, digest, live, scope)
        verdicts.update({name: same[ref.member] for name, ref in members.items()})
    return {name: verdicts[name] for name in refs}


def sharing(
    values: Mapping[str, Any],
    *,
    namespace: Mapping[str, Any] | None = None,
    definitions: Container[str] | None = None,
    labels: bool = False,
) -> tuple[frozenset[str], ...]:
    """Return the sets of names whose values share mutable objects or array memory now.

    `namespace` are the notebook's globals, by default those of `__main__`. What is defined there is
    nobody's shared state, but for `values` themselves and classes that are not among `definitions`.
    Values that cannot be pickled are left out. `labels`: Index objects count.
    """
    found = vars(sys.modules[MAIN]) if namespace is None else namespace
    known = dict.fromkeys(found, "")
    if definitions is not None:
        data = {name for name, value in found.items() if name in values or isinstance(value, type)}
        known = dict.fromkeys((name for name in found if name not in data or name in definitions), "")
    encoded, _ = _encode_each(values, Scope(known, found))
    return reach.groups(_reaches(encoded), labels=labels)


def describe(store: Store, ref: ArtifactRef) -> dict[str, Any]:
    """Return what is known of a stored value without loading it.

    Keys: `type`, `materializer`, `size_bytes`, `definitions`, `members`, `preview`, `picture` (digest
    of a PNG blob or None). Of a bundle, `preview` and `picture` are those of the member.
    """
    document = store.read_artifact(ref.digest)
    content = document["content"]
    preview = document.get("preview", {})
    if ref.member:
        preview = preview.get("members", {}).get(ref.member, {})
    return {
        "type": ref.type_name or content["type"],
        "materializer": content["materializer"],
        "size_bytes": document["size_bytes"],
        "definitions": content["definitions"],
        "members": content.get("members", {}),
        "preview": preview,
        "picture": document.get("pictures", {}).get(ref.member),
    }


def _encode_each(
    values: Mapping[str, Any], scope: Scope
) -> tuple[dict[str, tuple[str, Encoded]], dict[str, UnstorableValue]]:
    encoded: dict[str, tuple[str, Encoded]] = {}
    problems: dict[str, UnstorableValue] = {}
    for name, value in values.items():
        try:
            encoded[name] = sealing.encode(value, scope)
        except UnstorableValue as error:
            problems[name] = _of(name, error)
    return encoded, problems


def _without_secrets(name: str, value: Any, made: Encoded) -> Encoded:
    """Return what was made of a value, shown to nobody if its name says that it is a secret."""
    if not is_secret_name(name):
        return made
    return replace(made, preview=lambda: masked_preview(value), picture=lambda: None)


def _reaches(encoded: Mapping[str, tuple[str, Encoded]]) -> dict[str, Reach]:
    makers: dict[str, Callable[[], Reach]] = {name: found.reach for name, (_, found) in encoded.items()}
    candidates = [name for name, maker in makers.items() if maker is not reach.nothing]
    return {name: makers[name]() for name in candidates} if len(candidates) > 1 else {}


def _of(name: str, error: UnstorableValue) -> UnstorableValue:
    """Return `error` with the variable's name in front."""
    found = UnstorableValue(f"{name}: {error.message}", hint=error.hint, name=name, type_name=error.type_name)
    found.__cause__ = error
    return found


def _ref(sealed: Sealed) -> ArtifactRef:
    return ArtifactRef(digest=sealed.digest, type_name=sealed.content["type"], size_bytes=sealed.size_bytes)


def _member(bundle: Sealed, name: str, value: Any) -> ArtifactRef:
    return ArtifactRef(
        digest=bundle.digest, member=name, type_name=type_name(type(value)), size_bytes=bundle.size_bytes
    )


def _read(store: Store, name: str, ref: ArtifactRef, scope: Scope) -> Any:
    try:
        return sealing.read(store, ref.digest, scope)
    except ArtifactError as error:
        raise type(error)(f"{name}: {error.message}", hint=error.hint) from error


def _is_same(store: Store, ref: ArtifactRef, value: Any, scope: Scope) -> bool:
    live = _digest(value, scope)
    if live is None or live == ref.digest:
        return live is not None
    return live == _digest(sealing.read(store, ref.digest, scope), scope)


def _same_members(store: Store, digest: str, live: Mapping[str, Any], scope: Scope) -> dict[str, bool]:
    now = _bundle_digest(live, scope)
    if now is not None and now == digest:
        return dict.fromkeys(live, True)
    stored = sealing.read(store, digest, scope)
    fresh = {member: stored[member] for member in live}
    if now is not None and now == _bundle_digest(fresh, scope):
        return dict.fromkeys(live, True)
    same = {member: _digest(live[member], scope) == _digest(fresh[member], scope) for member in live}
    # All members equal, the bundle not: what they share has changed, and that concerns all of them.
    return same if not all(same.values()) else dict.fromkeys(live, False)


def _digest(value: Any, scope: Scope) -> str | None:
    try:
        return sealing.seal(value, scope).digest
    except UnstorableValue:
        return None


def _bundle_digest(members: Mapping[str, Any], scope: Scope) -> str | None:
    try:
        return sealing.seal_bundle(members, scope).digest
    except UnstorableValue:
        return None
