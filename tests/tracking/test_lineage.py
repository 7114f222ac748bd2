"""Datasets and models of a run, told from its records and from what is noted beside the values."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline as chain
from sklearn.preprocessing import StandardScaler

from stepmill.tracking import stored_model
from stepmill.tracking.lineage import GivenModel, Lineage, TakenData, read_lineage
from tracking.samples import leave_records

if TYPE_CHECKING:
    from pathlib import Path

ROWS = 6
FRAME = pd.DataFrame(
    {"a": np.arange(ROWS) % 3 / 2, "b": np.arange(ROWS), "city": list("xyzxyz"), "odd": [{1}] * ROWS}
)
LABELS = np.array([0, 1] * 3)


def lineage(folder: Path, load: dict[str, Any], fit: dict[str, Any], **options: Any) -> Lineage:
    """Return the lineage of a run in which step `load` gave values and `fit` took them and gave others."""
    store = leave_records(folder / "run", folder / "store", {"load": load, "fit": fit}, **options)
    return read_lineage(folder / "run", store, folder)


def test_tables_that_a_step_takes_are_datasets_by_our_digests(tmp_path: Path) -> None:
    found = lineage(tmp_path, {"df": FRAME[["a", "b", "city"]], "y": LABELS, "n": 3}, {})
    assert found.taken["load"] == ()
    frame, labels = found.taken["fit"]
    assert (frame.name, labels.name, frame.producer) == ("df", "y", "load")
    source = json.loads(frame.source)
    assert source["store"] == str(tmp_path / "store")
    assert source["uri"] == f"stepmill:{source['digest']}"
    assert source["digest"].startswith(frame.digest)
    columns = json.loads(frame.schema)["mlflow_colspec"]
    assert [(c["name"], c["type"]) for c in columns] == [("a", "double"), ("b", "long"), ("city", "string")]
    profile = json.loads(frame.profile)
    assert (profile["num_rows"], profile["num_elements"]) == (ROWS, ROWS * 3)


def test_equal_data_has_an_equal_digest_and_other_data_another(tmp_path: Path) -> None:
    changed = FRAME.assign(a=FRAME.a.where(FRAME.index != ROWS // 2, 9.5))  # in the middle
    digests = [
        lineage(tmp_path / name, {"df": frame[["a"]]}, {}).taken["fit"][0].digest
        for name, frame in {"one": FRAME, "two": FRAME.copy(), "three": changed}.items()
    ]
    assert digests[0] == digests[1] != digests[2]


WIDE = pd.DataFrame(np.arange(ROWS * 120.0).reshape(ROWS, 120), columns=[f"column {n}" for n in range(120)])


def test_a_frame_and_a_model_of_many_columns_have_all_their_types(tmp_path: Path) -> None:
    frame = WIDE.assign(town="x", n=range(ROWS))
    columns = [*WIDE.columns[1:], "n"]
    model = LogisticRegression().fit(frame[columns], LABELS)
    found = lineage(tmp_path, {"df": frame}, {"model": model})
    schema = json.loads(found.taken["fit"][0].schema)["mlflow_colspec"]
    assert [column["name"] for column in schema] == [*frame.columns]
    assert [column["type"] for column in schema] == ["double"] * 120 + ["string", "long"]
    inputs = json.loads(found.given["fit"][0].inputs)
    assert [column["name"] for column in inputs] == columns
    assert [column["type"] for column in inputs] == ["double"] * 119 + ["long"]


def test_more_columns_than_fit_beside_a_value_are_not_described(tmp_path: Path) -> None:
    frame = pd.DataFrame(np.zeros((ROWS, 1200)), columns=[f"c{n}" for n in range(1200)])
    found = lineage(tmp_path, {"df": frame}, {"model": LogisticRegression().fit(frame, LABELS)})
    assert (found.taken["fit"][0].schema, found.given["fit"][0].inputs) == ("", "")


def test_files_from_outside_are_datasets_and_modules_are_not(tmp_path: Path) -> None:
    files = {
        "load": [("raw.csv", "read", "d1"), ("helpers.py", "code", "d2"), ("gone.csv", "read", "absent")],
        "fit": [("made.csv", "read", "d3"), ("raw.csv", "read", "d1")],
    }
    files["load"].append(("made.csv", "write", "d3"))
    found = lineage(tmp_path, {}, {}, files=files)
    raw = TakenData(
        name="raw.csv",
        digest="d1",
        source_type="local",
        source=json.dumps({"uri": f"{tmp_path}/raw.csv", "digest": "d1"}),
    )
    assert found.taken["load"] == (raw,)
    assert [data.name for data in found.taken["fit"]] == ["made.csv", "raw.csv"]
    assert found.files == (raw,)  # of the whole run: `made.csv` is its own


MODELS = [
    pytest.param(LogisticRegression(C=0.5), ["a", "b"], [("a", "double"), ("b", "long")], id="of-a-frame"),
    pytest.param(chain(StandardScaler(), LogisticRegression()), ["b"], [("b", "long")], id="a-pipeline"),
]


@pytest.mark.parametrize(("model", "columns", "schema"), MODELS)
def test_a_fitted_model_has_the_types_of_the_columns_that_it_was_fitted_on(
    tmp_path: Path, model: Any, columns: list[str], schema: list[tuple[str, str]]
) -> None:
    model.fit(FRAME[columns], LABELS)
    (given,) = lineage(tmp_path, {"df": FRAME}, {"model": model}).given["fit"]
    assert (given.name, given.python) == ("model", "3.11.7")
    assert given.address["uri"] == f"stepmill:{given.digest}"
    found = json.loads(given.inputs) if given.inputs else []
    assert [(column["name"], column["type"]) for column in found] == schema


def test_a_model_of_an_array_has_its_shape(tmp_path: Path) -> None:
    array = FRAME[["a", "b"]].to_numpy(dtype="float32")
    given = lineage(tmp_path, {"X": array}, {"m": LogisticRegression(C=0.5).fit(array, LABELS)}).given["fit"]
    assert json.loads(given[0].inputs) == [
        {"type": "tensor", "tensor-spec": {"dtype": "float32", "shape": [-1, 2]}}
    ]
    assert given[0].parameters["C"] == "0.5"


def test_boosters_are_models_of_the_columns_that_they_were_trained_on(tmp_path: Path) -> None:
    xgboost, lightgbm = pytest.importorskip("xgboost"), pytest.importorskip("lightgbm")
    frame = FRAME[["a", "b"]]
    models = {
        "xgb": xgboost.train({}, xgboost.DMatrix(frame, LABELS), 2),
        "gbm": lightgbm.train({"verbose": -1, "min_data_in_leaf": 1}, lightgbm.Dataset(frame, LABELS), 2),
        "clf": xgboost.XGBClassifier(n_estimators=2).fit(frame, LABELS),
    }
    given = lineage(tmp_path, {"df": FRAME}, models).given["fit"]
    assert sorted(model.name for model in given) == sorted(models)
    for model in given:
        assert [column["name"] for column in json.loads(model.inputs)] == ["a", "b"]
        loaded = _loaded(tmp_path / model.name, model)
        assert len(loaded.predict(frame)) == ROWS


def test_a_torch_module_is_a_model_of_the_array_near_it(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    net = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.Linear(3, 1))
    (given,) = lineage(tmp_path, {"X": torch.zeros(ROWS, 2)}, {"net": net}).given["fit"]
    assert given.parameters == {"weights": "13"}
    assert json.loads(given.inputs)[0]["tensor-spec"] == {"dtype": "float32", "shape": [-1, 2]}
    with torch.no_grad():
        expected = net(torch.ones(1, 2)).numpy()
    assert _loaded(tmp_path / "net", given).predict(pd.DataFrame([[1, 1]])) == expected


def _loaded(folder: Path, model: GivenModel) -> Any:
    """Return what MLflow would load by the description of `model`."""
    folder.mkdir()
    (folder / "stepmill.json").write_text(json.dumps(model.address))
    return stored_model._load_pyfunc(str(folder / "stepmill.json"))


NO_MODELS = [
    pytest.param(LogisticRegression(), id="not-fitted"),
    pytest.param(StandardScaler().fit(FRAME[["a"]]), id="predicts-nothing"),
    pytest.param({"C": 0.5}, id="a-dict"),
]


@pytest.mark.parametrize("value", NO_MODELS)
def test_what_cannot_predict_is_no_model(tmp_path: Path, value: Any) -> None:
    assert lineage(tmp_path, {}, {"value": value}).given["fit"] == ()


def test_a_model_far_from_its_table_has_no_signature(tmp_path: Path) -> None:
    model = LogisticRegression().fit(FRAME[["a"]], LABELS)
    found = lineage(tmp_path, {"other": FRAME[["b"]]}, {"model": model}).given["fit"]
    assert [given.inputs for given in found] == [""]


def test_values_that_are_gone_are_told_without_their_types(tmp_path: Path) -> None:
    store = leave_records(tmp_path / "run", tmp_path / "store", {"load": {"df": FRAME}, "fit": {}})
    for record in (tmp_path / "store" / "artifacts").rglob("*.json"):
        record.unlink()
    assert read_lineage(tmp_path / "run", store, tmp_path).taken["fit"] == ()


def test_a_run_without_records_has_none(tmp_path: Path) -> None:
    assert read_lineage(tmp_path, str(tmp_path / "store"), tmp_path) == Lineage()


def test_lineage_is_plain_data() -> None:
    from stepmill.model.codec import from_json, to_json

    given = GivenModel(name="m", digest="d", type_name="t", address={"store": "s"})
    full = Lineage(given={"fit": (given,)}, taken={"fit": ()})
    assert from_json(Lineage, json.loads(json.dumps(to_json(full)))) == full
