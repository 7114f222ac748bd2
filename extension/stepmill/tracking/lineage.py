"""What the steps of a run took and gave, as MLflow names it: datasets and models, by our digests.

Nothing is loaded: digests, shapes and column types are what was noted down when the values were
stored. The bytes stay in the store; MLflow gets their address.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from stepmill.artifacts.store import Store, open_store
from stepmill.artifacts.values import describe
from stepmill.errors import ArtifactError
from stepmill.model.artifact import ABSENT, ArtifactRef, StepRecord
from stepmill.model.codec import CodecError, from_json
from stepmill.model.pipeline import EdgeKind, Pipeline, Step
from stepmill.tracking.entries import entry_value

DIGEST_CHARACTERS = 36  # MLflow's limit for the digest of a dataset; `source` has all of it
MOST_DATASETS = 100  # of a step: one that reads a folder of pictures is told by its first files
_MOST_SCHEMA = 60_000  # characters; MLflow takes 65,535
_TABLES = frozenset({"pandas", "polars", "pyarrow", "numpy", "scipy", "geopandas", "modin"})
_COLUMN_TYPES = {
    **dict.fromkeys(("int8", "int16", "int32", "uint8", "uint16"), "integer"),
    **dict.fromkeys(("int64", "uint32"), "long"),
    **dict.fromkeys(("float16", "float32"), "float"),
    **dict.fromkeys(("object", "str", "string", "category"), "string"),
    "float64": "double",
    "bool": "boolean",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenData:
    """A table or a file that a step read. `source` and `profile` are JSON texts, `schema` one or ""."""

    name: str
    digest: str
    source_type: str
    source: str
    schema: str = ""
    profile: str = ""
    producer: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenModel:
    """A fitted model that a step gave.

    `address` finds its bytes (see `stepmill.tracking.stored_model`); `inputs` is MLflow's schema of what
    it predicts from, as JSON, or "" where that is not known; `python` the version that made it.
    """

    name: str
    digest: str
    type_name: str
    address: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, str] = field(default_factory=dict)
    inputs: str = ""
    python: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lineage:
    """Per step what it took and gave; `files` are those from outside that any step read."""

    schema: int = 1
    taken: Mapping[str, tuple[TakenData, ...]] = field(default_factory=dict)
    given: Mapping[str, tuple[GivenModel, ...]] = field(default_factory=dict)
    files: tuple[TakenData, ...] = ()


def read_lineage(folder: Path, store: str, notebook_folder: Path) -> Lineage:
    """Return the lineage of the run in `folder`; empty where the runner left no records.

    `store` is the address of the store, `notebook_folder` what relative paths start from.
    """
    try:
        document = json.loads((folder / "records.json").read_text(encoding="utf-8"))
        records = {name: from_json(StepRecord, step) for name, step in document["steps"].items()}
        pipeline = from_json(Pipeline, json.loads((folder / "pipeline.json").read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, CodecError):
        return Lineage()
    looked = _Looked(open_store(store), store)
    taken: dict[str, tuple[TakenData, ...]] = {}
    given: dict[str, tuple[GivenModel, ...]] = {}
    outside: dict[str, TakenData] = {}
    written = {a.path for record in records.values() for a in record.files if a.mode == "write"}
    for step in pipeline.steps:
        record = records.get(step.name)
        files = _files(record, notebook_folder) if record else ()
        values = _inputs(step, records)
        taken[step.name] = (*_tables(values, looked), *files)[:MOST_DATASETS]
        outside.update((f.name, f) for f in files if f.name not in written)
        if record is not None:
            given[step.name] = _models(record, [ref for _, _, ref in values], looked)
    return Lineage(taken=taken, given=given, files=tuple(outside.values())[:MOST_DATASETS])


class _Looked:
    """Previews by stored value, each read once."""

    def __init__(self, store: Store, url: str) -> None:
        self.url = url
        self._store = store
        self._found: dict[ArtifactRef, Mapping[str, Any]] = {}

    def at(self, ref: ArtifactRef) -> Mapping[str, Any]:
        """Return what is noted beside the value; empty if it is gone meanwhile."""
        if ref not in self._found:
            try:
                self._found[ref] = describe(self._store, ref)["preview"]
            except ArtifactError:
                self._found[ref] = {}
        return self._found[ref]

    def address(self, ref: ArtifactRef) -> dict[str, str]:
        found = {"uri": f"stepmill:{ref.digest}", "store": self.url, "digest": ref.digest}
        return found | ({"member": ref.member} if ref.member else {})


def _inputs(step: Step, records: Mapping[str, StepRecord]) -> list[tuple[str, str, ArtifactRef]]:
    """Return name, producer and stored value of what the step takes."""
    found = []
    for taken in step.inputs:
        record = records.get(taken.producer)
        ref = record.outputs.get(taken.name) if record and taken.kind is not EdgeKind.RANDOM else None
        if ref is not None and not ref.is_absent:
            found.append((taken.name, taken.producer, ref))
    return found


def _tables(values: Iterable[tuple[str, str, ArtifactRef]], looked: _Looked) -> Iterable[TakenData]:
    for name, producer, ref in values:
        preview = looked.at(ref)
        if ref.type_name.partition(".")[0] not in _TABLES or not preview.get("shape"):
            continue
        yield TakenData(
            name=name,
            digest=ref.digest[:DIGEST_CHARACTERS],
            source_type="stepmill",
            source=json.dumps(looked.address(ref)),
            schema=_schema(_columns(preview)),
            profile=_profile(preview, ref),
            producer=producer,
        )


def _profile(preview: Mapping[str, Any], ref: ArtifactRef) -> str:
    rows, *rest = preview["shape"]
    size = rows
    for length in rest:
        size *= length
    return json.dumps({"num_rows": rows, "num_elements": size, "size_bytes": ref.size_bytes})


def _columns(preview: Mapping[str, Any]) -> dict[str, str] | None:
    """Return column -> dtype of a frame; None unless all are known, each under a name of its own."""
    about = preview.get("statistics")
    if "columns" not in preview:
        return None
    if "types" in preview:  # a frame of many columns
        found = {str(name): str(dtype) for dtype, names in preview["types"] for name in names}
    elif isinstance(about, list):
        found = {str(column.get("name")): str(column.get("dtype", "")) for column in about}
    else:
        return None
    return found if len(found) == preview["shape"][1] else None


def _schema(columns: Mapping[str, str] | None) -> str:
    """Return MLflow's column types; "" if one of them has no counterpart there."""
    if not columns or any(name.endswith("…") for name in columns):
        return ""
    types = {name: _column_type(dtype) for name, dtype in columns.items()}
    if None in types.values():
        return ""
    text = json.dumps(
        {"mlflow_colspec": [{"type": kind, "name": name, "required": True} for name, kind in types.items()]}
    )
    return text if len(text) <= _MOST_SCHEMA else ""


def _column_type(dtype: str) -> str | None:
    return "datetime" if dtype.startswith("datetime64") else _COLUMN_TYPES.get(dtype)


def _files(record: StepRecord, folder: Path) -> tuple[TakenData, ...]:
    """Return the files whose content the step read, but no modules."""
    found: dict[str, TakenData] = {}
    for access in record.files:
        if access.mode == "read" and access.digest != ABSENT:
            found[access.path] = TakenData(
                name=access.path,
                digest=access.digest[:DIGEST_CHARACTERS],
                source_type="local",
                source=json.dumps({"uri": (folder / access.path).as_posix(), "digest": access.digest}),
            )
    return tuple(found.values())


def _models(record: StepRecord, inputs: Iterable[ArtifactRef], looked: _Looked) -> tuple[GivenModel, ...]:
    """Return the models among the outputs: what the previews say can predict."""
    near = [looked.at(ref) for ref in (*inputs, *record.outputs.values()) if not ref.is_absent]
    return tuple(
        GivenModel(
            name=name,
            digest=ref.digest,
            type_name=ref.type_name,
            address=looked.address(ref),
            parameters={key: entry_value(text) for key, text in preview["parameters"].items()},
            inputs=_signature({"names": preview.get("feature_names"), **preview["features"]}, near),
            python=record.components.get("python", ""),
        )
        for name, ref in record.outputs.items()
        if not ref.is_absent
        for preview in (looked.at(ref),)
        if "parameters" in preview and preview.get("features", {}).get("predicts")
    )


def _signature(features: Mapping[str, Any], near: Iterable[Mapping[str, Any]]) -> str:
    """Return the schema of what a model predicts from; types are those of a table near it.

    `near` are previews of what its step took and gave: the model itself knows names at most.
    """
    names, count = features.get("names"), features.get("count")
    for preview in near:
        columns = _columns(preview)
        if names and columns is not None and set(names) <= columns.keys():
            schema = _schema({name: columns[name] for name in names})
            if schema:
                return json.dumps(json.loads(schema)["mlflow_colspec"])
        shape, dtype = preview.get("shape", ()), str(preview.get("dtype", "")).removeprefix("torch.")
        if not names and count and len(shape) == 2 and shape[1] == count and dtype in _COLUMN_TYPES:
            return json.dumps([{"type": "tensor", "tensor-spec": {"dtype": dtype, "shape": [-1, count]}}])
    return ""
