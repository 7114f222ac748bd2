"""How MLflow's own functions load a dataset that lies in the store.

    source = mlflow.data.get_source(run.inputs.dataset_inputs[0])
    frame = source.load()

MLflow finds the class `StepmillSource` through its entry-point group `mlflow.dataset_source`, while
mlflow itself is being imported. So this module imports nothing of mlflow, and the class is made when
it is asked for: whichever of the two is imported first, the other is not half there.
"""

from __future__ import annotations

from functools import cache
from typing import Any


def __getattr__(name: str) -> Any:
    if name == "StepmillSource":
        return _make_source_class()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


@cache
def _make_source_class() -> type:
    from mlflow.data.dataset_source import DatasetSource

    class StepmillSource(DatasetSource):
        """A value in a store, by its address: see `stepmill.tracking.lineage`."""

        def __init__(self, address: dict[str, str]) -> None:
            self.address = address

        @staticmethod
        def _get_source_type() -> str:
            return "stepmill"

        def load(self) -> Any:
            """Return a new copy of the value; raises ArtifactError like `Run.load`."""
            from stepmill.tracking.stored_model import load_address

            return load_address(self.address)

        @staticmethod
        def _can_resolve(raw_source: Any) -> bool:
            return isinstance(raw_source, dict) and str(raw_source.get("uri", "")).startswith("stepmill:")

        @classmethod
        def _resolve(cls, raw_source: dict[str, str]) -> StepmillSource:
            return cls(raw_source)

        def to_dict(self) -> dict[str, str]:
            return dict(self.address)

        @classmethod
        def from_dict(cls, source_dict: dict[str, str]) -> StepmillSource:
            return cls(source_dict)

    return StepmillSource
