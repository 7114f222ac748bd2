"""Models that MLflow knows by reference: the description it gets, and the loader that finds the bytes.

What is uploaded for a model is an `MLmodel` file and the address of its value in the store, some
hundred bytes. `mlflow.pyfunc.load_model("models:/<id>")` calls `_load_pyfunc` here, wherever stepmill is
installed and the store can be reached. A model of scikit-learn's has a second file for
`mlflow.sklearn.load_model`: a pickle of a call of `load_address`.
"""

from __future__ import annotations

import json
import pickle
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
_CALL_FILE = "model.pkl"


class _Call:
    """Pickled, it is the model that an address names; only the address is written."""

    def __init__(self, address: Mapping[str, str]) -> None:
        self._address = dict(address)

    def __reduce__(self) -> tuple[Any, ...]:
        return load_address, (self._address,)


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
    if model.type_name.partition(".")[0] == "sklearn":
        (folder / _CALL_FILE).write_bytes(pickle.dumps(_Call(model.address)))
        described.add_flavor("sklearn", pickled_model=_CALL_FILE, serialization_format="pickle")
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
    """Return an object whose `predict` MLflow calls: the model itself, or one around it."""
    model = load_address(json.loads(Path(path).read_text(encoding="utf-8")))
    if (type(model).__module__, type(model).__name__) == ("xgboost.core", "Booster"):
        return _Booster(model)
    return model if hasattr(model, "predict") else _Network(model)


class _Booster:
    """XGBoost's booster predicts from a matrix of its own, and not from a table."""

    def __init__(self, booster: Any) -> None:
        self._booster = booster

    def predict(self, data: Any) -> Any:
        """Predict from a frame or an array of shape `(n_rows, n_features)`."""
        import xgboost

        return self._booster.predict(xgboost.DMatrix(data))


class _Network:
    """A torch module takes tensors of its own dtype, and gives tensors."""

    def __init__(self, module: Any) -> None:
        self._module = module.eval()

    def predict(self, data: Any) -> Any:
        """Return what the module makes of a frame or an array, as an array."""
        import numpy as np
        import torch

        weights = next(self._module.parameters(), None)
        dtype = torch.get_default_dtype() if weights is None else weights.dtype
        with torch.no_grad():
            return self._module(torch.tensor(np.array(data), dtype=dtype)).numpy(force=True)
