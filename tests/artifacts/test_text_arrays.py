"""Arrays of texts are put down in stretches: exactly, with what is absent, and without a memory of each."""

from __future__ import annotations

import tracemalloc
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from artifacts.strict import assert_same
from stepmill.artifacts import text_arrays
from stepmill.artifacts.pickling import dump
from stepmill.artifacts.scope import Scope
from stepmill.artifacts.values import load_values, save_values

if TYPE_CHECKING:
    from collections.abc import Callable

    from stepmill.artifacts.store import Store

TEXTS = st.text(st.characters(), max_size=4)  # lone surrogates, too
ABSENT = (None, np.nan, pd.NA)
ITEMS = {
    "texts": (TEXTS, ["a", "b"]),
    "dates": (st.dates(), [date(2020, 2, 29)]),
    "decimals": (st.decimals(), [Decimal("1.0"), Decimal("1.00")]),
}


@pytest.fixture(scope="module", autouse=True)
def short_stretches() -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(text_arrays, "STRETCH", 8)
        patch.setattr(text_arrays, "PACKED_FROM", 3)
        yield


@st.composite
def arrays(draw: st.DrawFn) -> Any:
    """An array of texts: few or many different ones, some absent, in any order of memory."""
    kind, often = draw(st.sampled_from(list(ITEMS.values())))
    items = draw(st.lists(kind | st.sampled_from([*ABSENT, *often]), max_size=40))
    if draw(st.booleans()):
        items = [draw(st.sampled_from(items[:3])) for _ in items]
    array = np.empty(len(items), object)
    array[:] = items
    if len(items) % 2 == 0 and draw(st.booleans()):
        array = draw(st.sampled_from([lambda a: a, np.asfortranarray]))(array.reshape(2, -1))
    if draw(st.booleans()):
        array.flags.writeable = False
    return array


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(array=arrays())
def test_texts_come_back_exactly(array: Any, round_trip: Callable[[Any], Any]) -> None:
    loaded = round_trip(array)
    assert_same(array, loaded)
    pairs = zip(array.ravel().tolist(), loaded.ravel().tolist(), strict=True)
    assert all(old is new for old, new in pairs if any(old is one for one in ABSENT))
    assert loaded.flags.owndata == array.flags.owndata or loaded.flags.owndata


@pytest.mark.parametrize(
    "other",
    [
        1,
        True,
        datetime(2020, 1, 1, tzinfo=UTC),
        b"x",
        1.5,
        float("nan"),
        np.str_("x"),
        pd.NaT,
        ["x"],
        date(2020, 1, 1),
    ],
    ids=lambda one: f"{type(one).__name__}-{one}",
)
def test_what_is_neither_text_nor_absent_is_pickled(other: Any, round_trip: Callable[[Any], Any]) -> None:
    array = np.array(["a", "b", "c", None, None], object)
    array[3] = other
    assert text_arrays.pack(array) is None
    assert_same(array, round_trip(array))


def test_the_nan_of_numpy_stays_itself_among_other_objects(round_trip: Callable[[Any], Any]) -> None:
    rows = np.array([[1, np.nan, "a"], [None, float("nan"), np.nan]], object)
    frame = pd.DataFrame({"o": [1, np.nan, ["x"]]}, dtype=object)
    for array in (rows, rows.T, rows[:, ::2], frame["o"].to_numpy()):
        loaded = round_trip(array)
        assert_same(np.ascontiguousarray(array), np.ascontiguousarray(loaded))
    assert round_trip(frame).loc[1, "o"] is np.nan
    itself = np.array([None, np.nan], object)
    assert round_trip({"a": itself, "b": itself})["a"][1] is np.nan


def test_columns_of_a_frame_stay_its_own(store: Store) -> None:
    frame = pd.DataFrame({"a": ["x", None, "y"] * 5, "b": ["p", "q", np.nan] * 5}, dtype=object)
    refs = save_values(store, {"frame": frame, "again": frame}, definitions={}, namespace={}).refs
    loaded = load_values(store, refs, definitions={}, namespace={})
    assert loaded["frame"] is loaded["again"]
    pd.testing.assert_frame_equal(loaded["frame"], frame)
    loaded["frame"].loc[0, "a"] = "changed"
    assert frame.loc[0, "a"] == "x"


def test_a_long_column_adds_little_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_arrays, "STRETCH", 1 << 12)
    column = pd.Series([f"text number {n}" for n in range(50_000)], dtype=object)
    held = int(column.memory_usage(deep=True))
    dump(column.head(), Scope({}, {}))
    tracemalloc.start()
    try:
        dump(column, Scope({}, {}))
        added = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert added < 0.5 * held, added / held  # a pickle of them: more than what is held


def test_dates_that_an_earlier_version_wrote_are_read() -> None:
    days = [date(2020, 1, 31), date(1, 1, 1)]
    joined = "".join(day.isoformat() for day in days).encode()
    pieces = [("date", joined, ("|u1", bytes([10, 10])), None, ())]
    assert text_arrays.unpack(pieces, (2,), "C").tolist() == days
