from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from artifacts.strict import assert_same
from stepmill.artifacts import library_state
from stepmill.artifacts.differences import first_mismatch
from stepmill.artifacts.pickling import dump
from stepmill.artifacts.scope import Scope
from stepmill.artifacts.values import describe, load_values, same_values, save_values

if TYPE_CHECKING:
    from collections.abc import Callable

    from stepmill.artifacts.store import Store

QUICK = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))

ROWS = 4
COLUMNS: dict[str, Any] = {
    "int": lambda: [1, 2, 3, 4],
    "float": lambda: [0.5, np.nan, -0.0, np.inf],
    "small": lambda: np.array([1, 2, 3, 4], "int8"),
    "bool": lambda: [True, False, True, False],
    "str": lambda: pd.array(["a", None, "", "é"], dtype="str"),
    "string": lambda: pd.array(["a", pd.NA, "", "b"], dtype="string"),
    "object": lambda: pd.Series(["a", 1, None, (1, [2])], dtype=object),
    "decimal": lambda: pd.Series([Decimal("1.10"), None, Decimal(2), Decimal(3)], dtype=object),
    "dates": lambda: pd.Series([date(2020, 1, d) for d in range(1, 5)], dtype=object),
    "category": lambda: pd.Categorical(["b", "a", None, "b"], categories=["c", "b", "a"], ordered=True),
    "interval": lambda: pd.interval_range(0, periods=4, closed="left"),
    "period": lambda: pd.period_range("2020", periods=4, freq="M"),
    "naive": lambda: pd.date_range("2020", periods=4).to_numpy(),
    "ns": lambda: pd.date_range("2020", periods=4, unit="ns"),
    "zoned": lambda: pd.date_range("2020", periods=4, tz="Europe/Berlin"),
    "delta": lambda: pd.to_timedelta([1, 2, None, 4], unit="s"),
    "Int64": lambda: pd.array([1, None, 3, 4], dtype="Int64"),
    "boolean": lambda: pd.array([True, None, False, True], dtype="boolean"),
    "sparse": lambda: pd.arrays.SparseArray([0, 0, 1, 2]),
    "arrow": lambda: pd.array([1, None, 3, 4], dtype="int64[pyarrow]"),
    "complex": lambda: [1j, 2, 3, 4],
}
INDEXES: dict[str, Any] = {
    "range": lambda: pd.RangeIndex(0, 8, 2, name="r"),
    "int": lambda: pd.Index([4, 3, 3, 1]),
    "text": lambda: pd.Index(list("abca"), name=("x", 1)),
    "objects": lambda: pd.Index([1, "a", None, (2,)], dtype=object),
    "dates": lambda: pd.date_range("2020", periods=4, freq="2D"),
    "zoned": lambda: pd.date_range("2020-10-25", periods=4, freq="h", tz="Europe/Berlin"),
    "periods": lambda: pd.period_range("2020", periods=4),
    "deltas": lambda: pd.timedelta_range("1h", periods=4),
    "intervals": lambda: pd.interval_range(0, periods=4),
    "categories": lambda: pd.CategoricalIndex(list("abca"), categories=list("cba")),
    "multi": lambda: pd.MultiIndex.from_tuples([("a", 1), ("a", 2), ("b", 1), ("b", 1)], names=["x", None]),
    "multi-unused": lambda: pd.MultiIndex.from_product([list("abc"), [1, 2]])[:4],
}


@st.composite
def frames(draw: st.DrawFn) -> pd.DataFrame:
    chosen = draw(st.lists(st.sampled_from(sorted(COLUMNS)), max_size=6))
    frame = pd.DataFrame(index=INDEXES[draw(st.sampled_from(sorted(INDEXES)))]())
    for at, kind in enumerate(chosen):
        values = COLUMNS[kind]()
        frame[f"{kind}{at}"] = values.to_numpy() if isinstance(values, pd.Series) else values
    if draw(st.booleans()):
        frame = frame.iloc[draw(st.sampled_from([slice(1, 3), slice(None, None, -1), slice(0, 0)]))]
    if draw(st.booleans()):
        frame = frame[draw(st.permutations(list(frame.columns)))]
    if draw(st.booleans()):
        frame.columns = pd.Index(
            [("a", at) for at in range(frame.shape[1])], tupleize_cols=draw(st.booleans())
        )
    if draw(st.booleans()):
        frame.attrs = {"unit": "m", "more": [1]}
    return frame


@QUICK
@given(value=frames())
def test_frames_come_back_exactly(value: pd.DataFrame, long_store: Store) -> None:
    saved = save_values(long_store, {"df": value}, definitions={}, namespace={})
    loaded = load_values(long_store, saved.refs, definitions={}, namespace={})["df"]
    assert_same(value, loaded)
    assert first_mismatch(value, loaded) is None
    # Digests are mostly equal, but need not be: equal pyarrow types may be one object or two.
    assert same_values(long_store, saved.refs, {"df": loaded}, definitions={}, namespace={})["df"]


@pytest.mark.parametrize("kind", COLUMNS)
def test_series_come_back_exactly(kind: str, round_trip: Callable[[Any], Any]) -> None:
    series = pd.Series(COLUMNS[kind](), name=("n", 1))
    assert_same(series, round_trip(series))


@pytest.mark.parametrize("kind", INDEXES)
def test_indexes_come_back_exactly(kind: str, round_trip: Callable[[Any], Any]) -> None:
    index = INDEXES[kind]()
    assert_same(index, round_trip(index))


def test_flags_and_column_names_survive(round_trip: Callable[[Any], Any]) -> None:
    frame = pd.DataFrame({"a": [1]}).set_flags(allows_duplicate_labels=False).rename_axis(columns="names")
    assert_same(frame, round_trip(frame))


def test_a_loaded_frame_may_be_written(store: Store) -> None:
    frame = pd.DataFrame({"a": np.zeros(200_000), "b": np.arange(200_000)})
    saved = save_values(store, {"df": frame}, definitions={}, namespace={})
    for _ in range(2):
        loaded = load_values(store, saved.refs, definitions={}, namespace={})["df"]
        assert_same(frame, loaded)
        loaded["a"] += 1
        loaded.iloc[3, 1] = -1
        loaded.loc[5, "a"] = 7
        del loaded["b"]


def _touch(frame: pd.DataFrame) -> None:
    """Look at a frame in ways that fill its caches and change nothing."""
    repr(frame)
    frame.describe()
    frame.groupby(frame.columns[0]).size()
    frame.index.is_unique  # noqa: B018
    frame.index.get_indexer(frame.index[:1])
    frame.columns.get_loc(frame.columns[0])
    frame[frame.columns[0]].mean()
    frame.sort_values(frame.columns[0])


@pytest.mark.parametrize("index", ["range", "int", "text", "dates", "zoned", "multi"])
def test_looking_at_a_frame_does_not_change_it(store: Store, index: str) -> None:
    if index == "int":
        INDEXES[index] = lambda: pd.Index([4, 3, 2, 1])
    if index == "multi":
        INDEXES[index] = lambda: pd.MultiIndex.from_product([list("ab"), [1, 2]])
    if index == "text":
        INDEXES[index] = lambda: pd.Index(list("abcd"))
    frame = pd.DataFrame({"x": [1, 2, 2, 4], "s": list("abcd"), "t": COLUMNS["zoned"]()})
    frame.index = INDEXES[index]()
    saved = save_values(store, {"df": frame}, definitions={}, namespace={})
    loaded = load_values(store, saved.refs, definitions={}, namespace={})["df"]
    _touch(loaded)
    assert same_values(store, saved.refs, {"df": loaded}, definitions={}, namespace={})["df"]
    _touch(frame)
    assert save_values(store, {"df": frame}, definitions={}, namespace={}).refs == saved.refs
    loaded.iloc[0, 0] = 5
    assert not same_values(store, saved.refs, {"df": loaded}, definitions={}, namespace={})["df"]


def test_a_slice_does_not_carry_its_parent(store: Store) -> None:
    frame = pd.DataFrame({"s": [f"text {n}" for n in range(100_000)], "x": np.arange(100_000)})
    saved = save_values(store, {"head": frame.head(10)}, definitions={}, namespace={})
    assert saved.refs["head"].size_bytes < 10_000
    assert_same(frame.head(10), load_values(store, saved.refs, definitions={}, namespace={})["head"])


def test_a_frame_is_described_without_loading(store: Store) -> None:
    frame = pd.DataFrame({"a": [1, 2], "s": ["u", None]})
    shown = describe(store, save_values(store, {"df": frame}, definitions={}, namespace={}).refs["df"])
    assert shown["preview"]["columns"] == ["a", "s"]
    assert shown["preview"]["rows"][0] == ["1", "u"]


def test_the_state_of_an_array_is_written_as_its_pandas_reads_it(monkeypatch: pytest.MonkeyPatch) -> None:
    reduced = (object, (), ("dtype", "data", {"_cache": {"unit": "us"}}))
    monkeypatch.setattr(pd, "__version__", "2.3.3")
    assert library_state.without_cache(reduced)[2] == ("dtype", "data", {})
    monkeypatch.setattr(pd, "__version__", "3.1.0")
    assert library_state.without_cache(reduced)[2] == ("dtype", "data")


@pytest.mark.skipif(not library_state.copies_on_write(), reason="texts are objects there")
def test_a_pickle_of_texts_copies_none_of_them() -> None:
    import pyarrow as pa

    frame = pd.DataFrame({"text": [f"{n:08d}" for n in range(100_000)]})
    usual = pa.default_memory_pool()
    counted = pa.proxy_memory_pool(usual)
    pa.set_memory_pool(counted)
    try:
        pickled = dump(frame, Scope({}, {}))
    finally:
        pa.set_memory_pool(usual)
    assert sum(buffer.nbytes for buffer in pickled.buffers) > 1_600_000
    assert (counted.max_memory() or 0) < 1_000
