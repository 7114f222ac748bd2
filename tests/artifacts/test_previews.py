"""What is shown of a stored value, without loading it."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from stepmill.artifacts.previews import MOST_CHARACTERS, preview
from stepmill.artifacts.values import describe, save_values

if TYPE_CHECKING:
    from pathlib import Path

    from stepmill.artifacts.store import Store


def shown(store: Store, **values: Any) -> dict[str, Any]:
    """Store the values and return what is shown of the first."""
    saved = save_values(store, values, definitions={}, namespace={})
    assert not saved.problems
    return describe(store, saved.refs[next(iter(values))])


def test_a_frame_has_statistics_of_each_column() -> None:
    frame = pd.DataFrame(
        {
            "x": [1.0, None, 3.0],
            "word": ["a", "a", None],
            "when": pd.to_datetime(["2020-01-02", "2020-01-01", None]),
            "yes": [True, False, True],
            "any": [[1], {2}, None],
            "n": pd.array([1, None, 9], dtype="Int64"),
        }
    )
    found = {about["name"]: about for about in preview(frame)["statistics"]}
    assert (found["x"]["missing"], found["x"]["min"], found["x"]["max"], found["x"]["mean"]) == (
        1,
        1.0,
        3.0,
        2.0,
    )
    assert sum(found["x"]["histogram"]) == 2
    assert (found["word"]["missing"], found["word"]["distinct"], found["word"]["top"]) == (1, 1, [["a", 2]])
    assert (found["when"]["min"], found["when"]["missing"]) == ("2020-01-01 00:00:00", 1)
    assert found["yes"]["top"] == [["True", 2], ["False", 1]]
    assert found["any"]["kind"] == "objects"
    assert (found["n"]["missing"], found["n"]["max"]) == (1, 9.0)


VALUES: dict[str, Any] = {
    "empty-frame": pd.DataFrame(),
    "no-rows": pd.DataFrame({"x": np.array([], float)}),
    "infinite": np.array([np.inf, -np.inf, np.nan, 1.0]),
    "huge-numbers": np.array([-1e308, 1e308]),
    "two-columns-of-one-name": pd.DataFrame([[1, "a"]], columns=["x", "x"]),
    "multi-index": pd.DataFrame({"x": [1, 2]}, index=pd.MultiIndex.from_product([["a"], [1, 2]])),
    "index": pd.MultiIndex.from_product([["a"], [1, 2]]),
    "interval": pd.Series(pd.interval_range(0, 3)),
    "complex": pd.Series([1j, 2j]),
    "zoned": pd.Series(pd.date_range("2020", periods=3, tz="Europe/Berlin")),
    "period": pd.Series(pd.period_range("2020", periods=3, freq="M")),
    "categories": pd.Series(["a", None], dtype="category"),
    "half-a-character": "\ud800",
    "wide": pd.DataFrame(
        np.zeros((3, 5000)), columns=[f"a column with a long name {n}" for n in range(5000)]
    ),
    "long-text": pd.DataFrame({f"c{n}": ["ä" * 10_000] * 50 for n in range(60)}),
    "nested": {"a": [1, {"b": (2, b"x" * 1000)}] * 100},
    "itself": [1],
    "zero-dimensional": np.array(3),
    "structured": np.zeros(3, dtype=[("a", int), ("b", float)]),
    "objects": np.array([object(), None], dtype=object),
}
VALUES["itself"].append(VALUES["itself"])


@pytest.mark.parametrize("name", VALUES)
def test_anything_has_a_small_preview_of_strict_json(name: str) -> None:
    found = preview(VALUES[name])
    assert "problem" not in found, found
    assert len(json.dumps(found, allow_nan=False).encode()) <= MOST_CHARACTERS


def test_a_large_value_is_sampled_and_the_sample_is_always_the_same() -> None:
    frame = pd.DataFrame({"x": np.arange(1_000_000.0), "w": ["a", "b"] * 500_000})
    found = preview(frame)
    assert found["shape"] == [1_000_000, 2]
    assert 0 < found["sampled"] < 100_000
    assert found["statistics"][0]["mean"] == pytest.approx(500_000, rel=0.01)
    assert preview(frame.copy()) == found


def test_a_preview_draws_no_random_number() -> None:
    random.seed(1)
    np.random.seed(1)
    expected = (random.random(), np.random.random())
    random.seed(1)
    np.random.seed(1)
    preview(pd.DataFrame({"x": np.zeros(200_000)}))
    assert (random.random(), np.random.random()) == expected


class Loud:
    """Runs code when it is looked at, compared or hashed."""

    def __repr__(self) -> str:
        raise AssertionError("asked for its repr")

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        raise AssertionError("compared")

    def __hash__(self) -> int:
        raise AssertionError("hashed")


@pytest.mark.parametrize(
    "wrap", [lambda v: v, lambda v: [v], lambda v: {"a": v}, lambda v: pd.DataFrame({"a": [v]})]
)
def test_no_code_of_the_users_runs(wrap: Any) -> None:
    assert "problem" not in preview(wrap(Loud()))


def test_a_value_that_cannot_be_described_is_stored_all_the_same(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: Any) -> None:
        raise MemoryError("no")

    monkeypatch.setattr("stepmill.artifacts.previews.frames.describe", fails)
    about = shown(store, df=pd.DataFrame({"a": [1]}))
    assert about["preview"] == {"type": "pandas.DataFrame", "problem": "MemoryError: no"}


def test_secrets_are_shown_nowhere(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = "hunter2-" + "x" * 40
    monkeypatch.setenv("SERVICE_TOKEN", secret)
    values = {
        "api_key": "only-the-name-says-so",
        "innocent": f"Bearer {secret}",
        "late": "y" * 40 + secret,
        "config": {"password": "under-a-name", "n": 1, "deep": [{"token": "under-a-name"}]},
        "frame": pd.DataFrame({"password": ["under-a-name"] * 3, "x": [secret] * 3}),
        "array": np.array([secret]),
    }
    saved = save_values(store, values, definitions={}, namespace={})
    assert saved.refs.keys() == values.keys()
    for name, ref in saved.refs.items():
        text = json.dumps(describe(store, ref)["preview"])
        assert "hunter2" not in text, name
        assert "under-a-name" not in text, name
        assert "only-the-name" not in text, name
        assert "*****" in text or "masked" in text, name


def test_an_estimator_shows_its_parameters(store: Store) -> None:
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    model = make_pipeline(StandardScaler(), LogisticRegression(C=4.0)).fit(np.eye(4), [0, 1, 0, 1])
    about = shown(store, model=model)
    assert about["preview"]["parameters"]["logisticregression__C"] == "4.0"
    alone = shown(store, model=model[-1])
    assert alone["preview"]["fitted"]["classes_"] == "[0, 1]"


def test_the_members_of_a_bundle_are_shown_each_by_itself(store: Store) -> None:
    import matplotlib.figure

    figure = matplotlib.figure.Figure()
    axes = figure.subplots()
    axes.plot([1, 2])
    saved = save_values(store, {"fig": figure, "ax": axes}, definitions={}, namespace={})
    assert saved.refs["fig"].member == "fig"
    about = describe(store, saved.refs["fig"])
    assert about["preview"]["axes"] == 1
    assert bytes(store.get_blob(about["picture"])).startswith(b"\x89PNG")


def test_many_members_are_bounded_together(store: Store) -> None:
    shared: list[int] = []
    frame = pd.DataFrame({f"column {n}": np.arange(50.0) for n in range(40)})
    values = {
        f"v{n:02}": [shared, frame.copy()] if n % 2 else frame.assign(o=[shared] * 50) for n in range(40)
    }
    saved = save_values(store, values, definitions={}, namespace={})
    assert {ref.member for ref in saved.refs.values()} == set(values)
    document = store.read_artifact(saved.refs["v00"].digest)
    assert len(json.dumps(document["preview"])) <= 2 * MOST_CHARACTERS
    assert set(document["preview"]["members"]) == set(values)
    assert document["preview"]["members"]["v00"] == {
        "type": "pandas.DataFrame",
        "shape": [50, 41],
        "shortened": True,
    }


def test_an_image_has_a_thumbnail(store: Store) -> None:
    image = pytest.importorskip("PIL.Image").new("RGB", (2000, 1000), "red")
    about = shown(store, image=image)
    assert about["preview"]["shape"] == [1000, 2000]
    picture = bytes(store.get_blob(about["picture"]))
    assert picture.startswith(b"\x89PNG")
    assert len(picture) < 20_000


def test_a_fitted_estimator_tells_what_it_predicts_from() -> None:
    from sklearn.linear_model import LinearRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    frame, wide = pd.DataFrame({"a": [0.0, 1.0], "b": [1.0, 0.0]}), np.zeros((2, 50))
    chain = make_pipeline(StandardScaler(), LinearRegression())
    assert "features" not in preview(chain)  # it is not fitted
    assert preview(chain.fit(frame, [0, 1]))["features"] == {
        "count": 2,
        "names": ["a", "b"],
        "predicts": True,
    }
    assert preview(StandardScaler().fit(wide))["features"] == {"count": 50, "predicts": False}
