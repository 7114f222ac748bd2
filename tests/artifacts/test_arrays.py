from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from artifacts.strict import assert_same
from stepmill.artifacts.differences import first_mismatch
from stepmill.artifacts.values import describe, load_values, save_values

if TYPE_CHECKING:
    from collections.abc import Callable

    from stepmill.artifacts.store import Store

QUICK = settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
DTYPES = (
    npst.boolean_dtypes()
    | npst.integer_dtypes(endianness="?")
    | npst.floating_dtypes(endianness="?")
    | npst.complex_number_dtypes()
    | npst.datetime64_dtypes()
    | npst.timedelta64_dtypes()
    | npst.byte_string_dtypes()
    | npst.unicode_string_dtypes()
)
ARRAYS = npst.arrays(
    DTYPES | npst.nested_dtypes(DTYPES), npst.array_shapes(min_dims=0, max_dims=3, min_side=0)
)


@st.composite
def viewed(draw: st.DrawFn) -> Any:
    """An array, perhaps transposed, reversed, cut, in Fortran order or read-only."""
    array = draw(ARRAYS)
    if array.ndim and draw(st.booleans()):
        array = array[draw(npst.basic_indices(array.shape, allow_newaxis=True, allow_ellipsis=False))]
    if not isinstance(array, np.ndarray):
        return array
    array = draw(st.sampled_from([lambda a: a, np.transpose, np.asfortranarray]))(array)
    if draw(st.booleans()):
        array.flags.writeable = False
    return array


@QUICK
@given(value=viewed())
def test_arrays_come_back_exactly(value: Any, round_trip: Callable[[Any], Any]) -> None:
    loaded = round_trip(value)
    assert_same(value, loaded)
    assert first_mismatch(value, loaded) is None


ODD = [
    pytest.param(np.array(5), id="0-d"),
    pytest.param(np.float32(0.1), id="scalar"),
    pytest.param(np.datetime64("2020-01-01", "25s"), id="datetime-with-a-multiple"),
    pytest.param(np.str_("aé"), id="text-scalar"),
    pytest.param(np.bytes_(b""), id="empty-bytes-scalar"),
    pytest.param(np.bool_(True), id="bool-scalar"),
    pytest.param(np.void(b"abc"), id="void"),
    pytest.param(np.longlong(3), id="longlong-is-not-int64"),
    pytest.param(np.zeros(3, ">f4"), id="big-endian"),
    pytest.param(np.zeros((0, 4)), id="empty"),
    pytest.param(np.array(["a", ""]), id="text"),
    pytest.param(np.array(["", ""], "U0"), id="text-of-no-size"),
    pytest.param(np.array([1, "a", None, [2]], object), id="objects"),
    pytest.param(np.array([(1, 2.0)], [("a", "i4"), ("b", "f8")]), id="fields"),
    pytest.param(np.array([(1, "x")], [("a", "i4"), ("b", object)]), id="fields-with-objects"),
    pytest.param(np.rec.array([(1, 2.0)], names="a,b"), id="recarray"),
    pytest.param(np.ma.array([1, 2, 3], mask=[0, 1, 0], hard_mask=True, fill_value=9), id="masked"),
    pytest.param(np.ma.array([1, 2]), id="nothing-masked"),
    pytest.param(np.broadcast_to(np.arange(3), (4, 3)), id="broadcast"),
    pytest.param(np.lib.stride_tricks.sliding_window_view(np.arange(9.0), 4), id="windows"),
    pytest.param(np.arange(40).reshape(8, 5)[::-2, 1:4], id="strided"),
    pytest.param(np.arange(24).reshape(2, 3, 4).transpose(1, 2, 0), id="axes-permuted"),
    pytest.param(np.array(["a", "bc"], np.dtypes.StringDType()), id="string-dtype"),
    pytest.param(np.dtype("i4,f8"), id="a-dtype"),
]


@pytest.mark.parametrize("value", ODD)
def test_odd_arrays_come_back_exactly(value: Any, round_trip: Callable[[Any], Any]) -> None:
    assert_same(value, round_trip(value))


def test_generators_draw_on_where_they_were(round_trip: Callable[[Any], Any]) -> None:
    for make in (np.random.default_rng, np.random.RandomState):
        generator = make(3)
        generator.random(7)
        loaded = round_trip(generator)
        assert generator.random(5).tolist() == loaded.random(5).tolist()


def test_numpys_own_generator_is_a_reference(round_trip: Callable[[Any], Any]) -> None:
    assert round_trip(np.random.mtrand._rand) is np.random.mtrand._rand


@pytest.mark.parametrize("size", [10, 400_000], ids=["owned", "mapped"])
def test_a_loaded_array_may_be_written(store: Store, size: int) -> None:
    saved = save_values(store, {"a": np.zeros(size)}, definitions={}, namespace={})
    for _ in range(2):
        loaded = load_values(store, saved.refs, definitions={}, namespace={})["a"]
        assert loaded[3] == 0
        loaded[3] = 9


def test_a_small_loaded_array_may_be_resized(round_trip: Callable[[Any], Any]) -> None:
    array = round_trip(np.arange(3))
    array.resize((5,), refcheck=False)
    assert array.tolist() == [0, 1, 2, 0, 0]


def test_numbers_out_of_sums_do_not_depend_on_the_round_trip(round_trip: Callable[[Any], Any]) -> None:
    wide = np.random.default_rng(0).normal(size=(5_000, 7))
    for view in (wide[:, :5], wide[:, 3], wide[::3].T, wide[:, ::-1]):
        loaded = round_trip(view)
        assert np.exp(view).sum() == np.exp(loaded).sum()
        assert (view.T @ view).tobytes() == (loaded.T @ loaded).tobytes()


def test_a_memory_map_is_refused_with_advice(store: Store, tmp_path: Any) -> None:
    mapped = np.memmap(tmp_path / "m.bin", np.uint8, "w+", shape=(4,))
    saved = save_values(store, {"m": mapped}, definitions={}, namespace={})
    assert "np.memmap" in saved.problems["m"].hint


def test_an_array_is_described_without_loading(store: Store) -> None:
    saved = save_values(store, {"a": np.arange(3.0)}, definitions={}, namespace={})
    shown = describe(store, saved.refs["a"])
    found = shown["preview"].pop("statistics")
    assert [(about["min"], about["mean"], about["max"]) for about in found] == [(0.0, 1.0, 2.0)]
    assert shown["preview"] == {
        "type": "numpy.ndarray",
        "shape": [3],
        "dtype": "float64",
        "head": ["0.0", "1.0", "2.0"],
    }
