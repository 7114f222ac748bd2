"""Models that MLflow knows by reference: the description it gets, and the loader that finds the bytes.

What is uploaded for a model is an `MLmodel` file and the address of its value in the store, some
hundred bytes. `mlflow.pyfunc.load_model("models:/<id>")` calls `_load_pyfunc` here, wherever stepmill is
installed and the store can be reached.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stepmill import atomic
from stepmill.artifacts.store import open_store
from stepmill.artifacts.values import load_values
from stepmill.model.artifact import ArtifactRef

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stepmill.tracking.lineage import GivenModel

ADDRESS_FILE = "stepmill.json"


def write_description(folder: Path, model: GivenModel, model_id: str, run_id: str) -> None:
    """Write what MLflow keeps of `model` into `folder`."""
    from mlflow.models import Model, ModelSignature
    from mlflow.types import Schema

    inputs = Schema.from_json(model.inputs) if model.inputs else None
    described = Model(
        artifact_path=model.name,
        run_id=run_id,
        signature=ModelSignature(inputs=inputs) if inputs else None,
        model_id=model_id,
    )
    version = {"python_version": model.python} if model.python else {}
    described.add_flavor("python_function", loader_module=__name__, data=ADDRESS_FILE, **version)
    atomic.write_text(folder / ADDRESS_FILE, json.dumps(dict(model.address)))
    described.save(str(folder / "MLmodel"))


def load_address(address: Mapping[str, str]) -> Any:
    """Return a new copy of the value that `address` names.

    Raises
    ------
    ArtifactError
        It is gone, damaged, of another user, or holds objects of classes that a notebook defines.
    """
    ref = ArtifactRef(digest=address["digest"], member=address.get("member", ""))
    name = ref.member or "value"
    return load_values(open_store(address["store"]), {name: ref}, definitions={}, namespace={})[name]


def _load_pyfunc(path: str) -> Any:
    """Return the model itself; MLflow calls its `predict`."""
    return load_address(json.loads(Path(path).read_text(encoding="utf-8")))
