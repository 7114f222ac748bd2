"""Steps, records and a world on disk, small enough to read in a test."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stepmill.artifacts.file_digests import file_digest, listing_digest
from stepmill.artifacts.store import open_store
from stepmill.model.artifact import ABSENT, ArtifactRef, FileAccess, StepRecord
from stepmill.model.pipeline import Edge, EdgeKind, Fragment, Input, Output, Pipeline, Step
from stepmill.planning.decide import Circumstances
from stepmill.planning.file_digests import FileDigests
from stepmill.planning.observations import World
from stepmill.planning.records import Records

if TYPE_CHECKING:
    from pathlib import Path

NOW_S = 1_800_000_000.0
SECRET = bytes(range(32))


def step(name: str, cell: int = 0, **fields: Any) -> Step:
    """Return a step with one cell."""
    body = (Fragment(cell=cell, line=1, source=f"{name}()"),)
    digests = {"code_digest": f"code of {name}", "body_digest": f"body of {name}"}
    return Step(**{"name": name, "cells": (cell,), "body": body, **digests, **fields})


def chain(*steps: Step, order: tuple[tuple[str, str], ...] = ()) -> Pipeline:
    """Return the pipeline whose edges are the steps' inputs, and those in `order`."""
    edges = [Edge(producer=i.producer, consumer=s.name, name=i.name) for s in steps for i in s.inputs]
    edges += [Edge(producer=a, consumer=b, name="--after", kind=EdgeKind.ORDER) for a, b in order]
    return Pipeline(name="n", steps=steps, edges=tuple(edges))


LOAD = step("load", 0, outputs=(Output(name="df"),))
FIT = step("fit", 1, inputs=(Input(name="df", producer="load"),), parameters=("alpha",))


def record(name: str = "load", key: str = "k" * 64, **fields: Any) -> StepRecord:
    return StepRecord(
        **{"key": key, "step": name, "run_id": "r1", "created_s": NOW_S - 60, "seconds": 2.0, **fields}
    )


def world(folder: Path, **fields: Any) -> World:
    """Return a world whose notebook lies in `folder`, which is the project root too."""
    state = folder / ".stepmill"
    known = {
        "store": open_store(state),
        "folder": folder,
        "roots": (folder,),
        "state": state,
        "files": FileDigests(),
        "environment": {},
        "secret": lambda: SECRET,
    }
    return World(**{**known, **fields})


def circumstances(folder: Path, **fields: Any) -> Circumstances:
    around = fields.pop("world", None) or world(folder)
    known = {"records": Records(around.store, "n.ipynb"), "world": around, "now_s": NOW_S}
    return Circumstances(**{**known, **fields})


def stored(around: World, data: bytes = b"value") -> ArtifactRef:
    """Return a reference to something that is in the store."""
    return ArtifactRef(digest=around.store.put_blob(data))


def access(folder: Path, path: str, mode: str = "read") -> FileAccess:
    """Return the access to a file or folder as it is now."""
    target = folder / path
    if mode == "list":
        return FileAccess(path=path, mode=mode, digest=listing_digest(target))
    return FileAccess(path=path, mode=mode, digest=file_digest(target) if target.exists() else ABSENT)
