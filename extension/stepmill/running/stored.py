"""What the steps of a run gave, told from what is noted beside the values: nothing is loaded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stepmill.errors import DamagedArtifact
from stepmill.model.artifact import StoredValue

if TYPE_CHECKING:
    from collections.abc import Iterable

    from stepmill.artifacts.store import Store
    from stepmill.model.artifact import ArtifactRef
    from stepmill.running.folder import RunFolder


def stored_values(folder: RunFolder, store: Store, steps: Iterable[str]) -> tuple[StoredValue, ...]:
    """Return all values that `steps` gave in a run, also those that were removed from the store since."""
    return tuple(
        look(store, step, name, ref)
        for step in steps
        for name, ref in folder.read_references(step).items()
        if not ref.is_absent
    )


def look(store: Store, step: str, name: str, ref: ArtifactRef) -> StoredValue:
    """Return what is known of one value."""
    from stepmill.artifacts.values import describe  # brings cloudpickle, which a cached run can do without

    if not store.has_artifact(ref.digest, to_load=False):
        return StoredValue(step=step, name=name, ref=ref, is_stored=False)
    try:
        found = describe(store, ref)
    except DamagedArtifact:  # removed by somebody else just now
        return StoredValue(step=step, name=name, ref=ref, is_stored=False)
    return StoredValue(
        step=step, name=name, ref=ref, preview=found["preview"], picture=found["picture"] or ""
    )
