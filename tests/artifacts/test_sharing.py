from __future__ import annotations

import array
import re
from collections import namedtuple
from datetime import UTC, datetime
from enum import Enum
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression
from sklearn.tree import DecisionTreeRegressor

from artifacts.strict import assert_same
from stepmill.artifacts.library_state import copies_on_write
from stepmill.artifacts.values import load_values, same_values, save_values, sharing

if TYPE_CHECKING:
    from collections.abc import Callable

    from stepmill.artifacts.store import Store


COPIES_ON_WRITE = pytest.mark.skipif(
    not copies_on_write(), reason="frames that share memory behave as copies from pandas 3 on"
)


class Box:
    def __init__(self, content: Any) -> None:
        self.content = content


class Kind(Enum):
    A = 1


Pair = namedtuple("Pair", "left right")  # noqa: PYI024


def _frame_views() -> dict[str, Any]:
    frame = pd.DataFrame({"a": [1.0, 2.0], "b": [3.0, 4.0]})
    return {
        "df": frame,
        "a": frame["a"],
        "copy": frame.copy(),
        "shallow": frame.copy(deep=False),
        "x": frame[["b"]],
    }


def _frame_over(array: Any) -> dict[str, Any]:
    return {"array": array, "df": pd.DataFrame(array, copy=False)}


def _closures() -> dict[str, Any]:
    state = [0]
    return {"up": lambda: state.append(1), "get": lambda: len(state)}


L, D, A, M = [1], {"k": [1]}, np.arange(12.0), LinearRegression()
DATES = pd.date_range("2020", periods=2)
SHARED = [
    pytest.param({"a": L, "b": L}, [{"a", "b"}], id="one-list-two-names"),
    pytest.param({"a": L, "b": {"in": L}}, [{"a", "b"}], id="list-inside-dict"),
    pytest.param({"a": (L,), "b": Pair(L, 1)}, [{"a", "b"}], id="list-inside-tuples"),
    pytest.param({"a": Box(L), "b": L, "c": [1]}, [{"a", "b"}], id="attribute"),
    pytest.param({"a": D, "b": D["k"], "c": [D]}, [{"a", "b", "c"}], id="chain"),
    pytest.param({"a": L, "b": [L], "c": D, "d": [D]}, [{"a", "b"}, {"c", "d"}], id="two-groups"),
    pytest.param({"a": A, "b": A}, [{"a", "b"}], id="one-array"),
    pytest.param({"a": A, "b": A[2:5]}, [{"a", "b"}], id="view-of-an-array"),
    pytest.param({"a": A[:6], "b": A[5:]}, [{"a", "b"}], id="views-that-overlap"),
    pytest.param({"a": A.reshape(3, 4), "b": {"x": A[::2]}}, [{"a", "b"}], id="views-deep-inside"),
    pytest.param({"a": M, "b": {"model": M}}, [{"a", "b"}], id="model"),
    pytest.param(_closures(), [{"get", "up"}], id="closures"),
    pytest.param(_frame_over(np.zeros((3, 2))), [{"array", "df"}], id="frame-over-a-writeable-array"),
    pytest.param({"a": (d := pd.DataFrame({"x": [1]})), "b": [d]}, [{"a", "b"}], id="one-frame"),
    pytest.param({"a": (g := np.random.default_rng(1)), "b": Box(g)}, [{"a", "b"}], id="generator"),
    pytest.param({"a": (s := object()), "b": [s]}, [{"a", "b"}], id="sentinel"),
    pytest.param({"a": 1, "b": 1, "c": "x", "d": ("x", 1)}, [], id="atoms"),
    pytest.param({"a": [1], "b": [1]}, [], id="equal-lists"),
    pytest.param({"a": (1, "x"), "b": [(1, "x")]}, [], id="tuples-of-atoms"),
    pytest.param({"a": A[:6], "b": A[6:]}, [], id="views-apart"),
    pytest.param({"X": A.reshape(4, 3)[:, :2], "y": A.reshape(4, 3)[:, 2]}, [], id="columns-of-one-array"),
    pytest.param({"a": Box(np.dtype("f8")), "b": Box(np.dtype("f8"))}, [], id="dtypes"),
    pytest.param({"a": Box(re.compile("x")), "b": Box(re.compile("x"))}, [], id="patterns"),
    pytest.param({"a": Box(Kind.A), "b": Box(Kind.A)}, [], id="enum-members"),
    pytest.param({"a": Box(datetime.now(UTC)), "b": Box(UTC)}, [], id="time-zones"),
    pytest.param(
        {"a": Box(len), "b": Box(len), "c": Box(Box), "d": Box(re)}, [], id="functions-classes-modules"
    ),
    pytest.param(_frame_views(), [], id="frames-that-copy-on-write", marks=COPIES_ON_WRITE),
    pytest.param(
        {"a": pd.Series([1, 2], DATES), "b": pd.Series([3, 4], DATES), "c": DATES}, [], id="one-index"
    ),
    pytest.param(
        {"a": pd.Series(list("ab")), "b": pd.Series(list("ab")).astype("category")}, [], id="dtypes-of-frames"
    ),
    pytest.param({"a": LinearRegression(), "b": LinearRegression()}, [], id="two-models"),
    pytest.param({"a": (x for x in L), "b": L}, [], id="unstorable-left-out"),
]


@pytest.mark.parametrize(("values", "expected"), SHARED)
def test_sharing(values: dict[str, Any], expected: list[set[str]]) -> None:
    assert [set(group) for group in sharing(values)] == expected


@pytest.mark.parametrize(("values", "expected"), SHARED)
def test_what_is_shared_is_shared_after_loading(
    store: Store, values: dict[str, Any], expected: list[set[str]]
) -> None:
    saved = save_values(store, values, definitions={}, namespace=globals())
    loaded = load_values(store, saved.refs, definitions={}, namespace=globals())
    assert [set(group) for group in sharing(loaded)] == expected
    assert all(same_values(store, saved.refs, loaded, definitions={}, namespace=globals()).values())


def _over(store: Store, values: dict[str, Any]) -> tuple[dict[str, Any], Callable[[], dict[str, bool]]]:
    saved = save_values(store, values, definitions={}, namespace={})
    loaded = load_values(store, saved.refs, definitions={}, namespace={})
    return loaded, lambda: same_values(store, saved.refs, loaded, definitions={}, namespace={})


DATED = np.array(["2020-01-01", "2020-01-02", "2020-01-03"], "M8[D]")
ROWS = np.array([(1, 2.0), (3, 4.0)], [("n", int), ("x", float)])
VIEWS = [
    pytest.param({"x": A, "v": A[2:5]}, id="array-first"),
    pytest.param({"v": A[2:5], "x": A}, id="view-first"),
    pytest.param({"v": A[::-2], "w": A.reshape(3, 4).T, "x": A}, id="turned-and-cut"),
    pytest.param({"parts": [*np.split(A, 3), A]}, id="inside-a-list"),
    pytest.param({"m": np.arange(6).reshape(2, 3)}, id="of-an-array-without-a-name"),
    pytest.param({"m": np.arange(9.0)[3:6], "one": np.arange(2.0)}, id="part-of-an-array-without-a-name"),
    pytest.param({"f": (f := np.asfortranarray(np.ones((3, 2)))), "v": f[1:, 0]}, id="fortran-order"),
    pytest.param({"v": DATED[1:], "x": DATED}, id="dates"),
    pytest.param({"v": ROWS["x"], "x": ROWS}, id="field-of-rows"),
    pytest.param({"o": np.array(["a", None, L, 2.5], object).reshape(2, 2)}, id="of-objects-without-a-name"),
    pytest.param({"t": np.array(["a", "b", "c"], object)[1:]}, id="of-texts-without-a-name"),
    pytest.param({"o": (o := np.array([L, None, 2], object)), "v": o[1:]}, id="of-objects"),
    pytest.param({"x": A, "v": np.broadcast_to(A, (2, 12))}, id="read-only-view"),
]


@pytest.mark.parametrize("values", VIEWS)
def test_a_view_tells_whose_it_is_after_loading(store: Store, values: dict[str, Any]) -> None:
    loaded, same = _over(store, values)
    before, after = _arrays_in(values), _arrays_in(loaded)
    for old, new in zip(before, after, strict=True):
        assert (old.flags.owndata, old.flags.writeable) == (new.flags.owndata, new.flags.writeable)
        assert (old.base is None) == (new.base is None)
        if old.base is not None:
            assert_same(old.base, new.base)
            assert [old.base is one for one in before] == [new.base is one for one in after]
    assert all(same().values())


def _arrays_in(values: dict[str, Any]) -> list[Any]:
    return [one for value in values.values() for one in (value if isinstance(value, list) else [value])]


def test_views_write_through_after_loading(store: Store) -> None:
    base = np.arange(12.0).reshape(3, 4)
    loaded, same = _over(store, {"base": base, "row": base[1], "back": base[::-1, ::2], "column": base[:, 3]})
    loaded["row"][0] = 99
    assert loaded["base"][1, 0] == 99
    assert loaded["back"][1, 0] == 99
    assert base[1, 0] == 4
    loaded["column"][:] = -1
    assert loaded["row"].tolist() == [99, 5, 6, -1]
    assert same() == {"base": False, "row": False, "back": False, "column": False}


def test_views_inside_one_value_write_through_after_loading(store: Store) -> None:
    base = np.arange(400_000.0)
    loaded, _ = _over(store, {"v": {"base": base, "half": base[::2]}})
    loaded["v"]["half"][1] = -5
    assert loaded["v"]["base"][2] == -5


def test_a_frame_over_an_array_follows_it(store: Store) -> None:
    loaded, _ = _over(store, _frame_over(np.zeros((3, 2))))
    loaded["array"][1, 1] = 7
    assert loaded["df"].iloc[1, 1] == 7


@pytest.mark.skipif(copies_on_write(), reason="frames share memory before pandas 3 only")
def test_frames_of_pandas_2_go_on_sharing(store: Store) -> None:
    loaded, _ = _over(store, {"v": _frame_views()})
    loaded["v"]["df"].iloc[0, 0] = 50.0
    assert loaded["v"]["a"].iloc[0] == 50.0
    assert loaded["v"]["shallow"].iloc[0, 0] == 50.0
    assert loaded["v"]["copy"].iloc[0, 0] == 1.0


@COPIES_ON_WRITE
def test_frames_stay_independent(store: Store) -> None:
    loaded, same = _over(store, {"v": _frame_views()})
    loaded["v"]["df"].iloc[0, 0] = 50.0
    assert loaded["v"]["a"].iloc[0] == 1.0
    assert loaded["v"]["shallow"].iloc[0, 0] == 1.0
    assert not same()["v"]


def test_a_changed_member_is_told_from_an_unchanged_one(store: Store) -> None:
    loaded, same = _over(store, {"a": Box(L), "b": {"list": L, "own": [1]}, "c": [5]})
    assert same() == {"a": True, "b": True, "c": True}
    loaded["b"]["own"].append(2)
    assert same() == {"a": True, "b": False, "c": True}


def test_torn_identities_change_all_members(store: Store) -> None:
    loaded, same = _over(store, {"a": L, "b": {"list": L}})
    loaded["b"]["list"] = [1]
    assert same() == {"a": False, "b": False}


def test_a_part_of_a_bundle_is_compared_with_that_part(store: Store) -> None:
    saved = save_values(store, {"a": L, "b": {"list": L}, "c": [L]}, definitions={}, namespace={})
    refs = {"b": saved.refs["b"], "c": saved.refs["c"]}
    loaded = load_values(store, refs, definitions={}, namespace={})
    assert loaded["c"][0] is loaded["b"]["list"]
    assert same_values(store, refs, loaded, definitions={}, namespace={}) == {"b": True, "c": True}
    loaded["c"][0].append(2)
    assert same_values(store, refs, loaded, definitions={}, namespace={}) == {"b": False, "c": False}


def test_equal_values_that_do_not_share_are_loaded_apart(store: Store) -> None:
    saved = save_values(store, {"a": [1], "b": [1]}, definitions={}, namespace={})
    assert saved.refs["a"] == saved.refs["b"]
    loaded = load_values(store, saved.refs, definitions={}, namespace={})
    assert loaded["a"] is not loaded["b"]


@pytest.mark.parametrize("order", ["C", "F"])
def test_views_of_an_array_of_objects_write_through_after_loading(store: Store, order: Any) -> None:
    base = np.array([[1, "a", None], [2, "b", 3.5]], object, order=order)
    views = {"x": base[:, 1:], "y": base[:, 0], "back": base[::-1, ::2]}
    loaded, same = _over(store, views)
    assert {name: value.tolist() for name, value in loaded.items()} == {
        n: v.tolist() for n, v in views.items()
    }
    assert all(loaded[name].strides == view.strides for name, view in views.items())
    assert all(same().values())
    loaded["y"][1] = "new"
    assert loaded["back"][0, 0] == "new"
    assert base[1, 0] == 2
    assert same() == {"x": False, "y": False, "back": False}  # `x.base` shows it


def test_views_of_an_array_of_objects_are_one_with_it(store: Store) -> None:
    base = np.array([1, "a", None], object)
    tail = base[1:]
    tail.flags.writeable = False
    loaded, _ = _over(store, {"base": base, "tail": tail})
    loaded["base"][2] = "new"
    assert loaded["tail"].tolist() == ["a", "new"]
    assert not loaded["tail"].flags.writeable
    alone, _ = _over(store, {"tail": tail})
    assert alone["tail"].tolist() == ["a", None]


def test_views_of_records_that_hold_objects_are_refused(store: Store) -> None:
    records = np.array([(1, "a"), (2, "b")], [("n", "i8"), ("what", "O")])
    saved = save_values(store, {"a": records, "b": records["what"], "c": 1}, definitions={}, namespace={})
    assert set(saved.problems) == {"a", "b"}
    assert "copy" in saved.problems["a"].hint
    assert list(saved.refs) == ["c"]


@pytest.mark.parametrize("raw", [bytearray(8), array.array("d", [1.0])], ids=["bytearray", "array"])
def test_an_array_over_foreign_memory_is_not_torn_from_it(store: Store, raw: Any) -> None:
    view = np.frombuffer(raw, "u1")[2:]
    assert sharing({"raw": raw, "view": view}) == (frozenset({"raw", "view"}),)
    assert sharing({"raw": raw, "view": {"deep": view}}) == (frozenset({"raw", "view"}),)
    for values in ({"raw": raw, "view": view}, {"box": {"raw": raw, "view": view}}):
        saved = save_values(store, values, definitions={}, namespace={})
        assert saved.problems.keys() == values.keys()
        assert "shares the memory of a" in next(iter(saved.problems.values())).message
    assert not save_values(store, {"view": view}, definitions={}, namespace={}).problems


def test_an_array_over_a_view_of_an_array_stays_over_it(store: Store) -> None:
    below = np.zeros(3)
    loaded, _ = _over(store, {"below": below, "above": np.asarray(memoryview(below))})
    loaded["below"][0] = 5
    assert loaded["above"].tolist() == [5, 0, 0]


def test_a_model_that_shows_its_inside_as_arrays_is_stored(store: Store) -> None:
    tree = DecisionTreeRegressor(max_depth=1).fit([[0], [1]], [0, 1])
    values = {"model": tree, "inside": tree.tree_.value}
    loaded, _ = _over(store, values)
    assert loaded["model"].predict([[1]]).tolist() == [1.0]


def test_an_index_counts_as_shared_where_somebody_names_it(store: Store) -> None:
    first = pd.DataFrame({"v": [1, 2]}, index=[5, 6])
    values = {"first": first, "second": pd.Series(0, index=first.index), "third": pd.Series([1], index=[7])}
    assert sharing(values) == ()
    assert sharing(values, labels=True) == (frozenset({"first", "second"}),)
    saved = save_values(store, values, definitions={}, namespace={}, labels=True)
    loaded = load_values(store, saved.refs, definitions={}, namespace={})
    loaded["second"].index.name = "day"
    assert loaded["first"].index.name == "day"
    assert loaded["third"].index.name is None


ROWS = np.dtype([("x", "i8"), ("y", "f8")])


@pytest.mark.parametrize(
    "pick",
    [
        pytest.param(lambda table: (table, table[5]), id="of an array"),
        pytest.param(lambda table: (table, table[::-2][1]), id="of a reversed view"),
        pytest.param(lambda table: (table, table.reshape(3, 4)[::-1][2, 1]), id="of a table, turned"),
        pytest.param(lambda table: (table, table.reshape(3, 4).T[1, 2]), id="of a table, transposed"),
        pytest.param(lambda table: (table, table.view(np.recarray)[7]), id="a record"),
    ],
)
def test_a_row_of_a_structured_array_is_memory_of_it(store: Store, pick: Callable[[Any], Any]) -> None:
    table, row = pick(np.array([(i, i / 2) for i in range(12)], ROWS))
    loaded, _ = _over(store, {"table": table, "row": row})
    assert type(loaded["row"]) is type(row)
    assert loaded["row"] == row
    loaded["row"]["x"] = -1
    assert list(loaded["table"]["x"]).index(-1) == list(table["x"]).index(row["x"])


def test_a_row_that_is_no_array_s_is_itself(store: Store) -> None:
    alone = np.array((1, 2.0), ROWS)[()]
    assert _over(store, {"alone": alone})[0]["alone"] == alone
