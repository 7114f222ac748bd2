"""Where two values first differ, and that equal ones do not."""

from __future__ import annotations

import copy
import functools
import re
from collections import Counter, OrderedDict, deque
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest

from stepmill.artifacts.differences import IncomparableError, first_mismatch, short_text


@dataclass
class Model:
    weights: Any
    name: str = "m"


class Slotted:
    __slots__ = ("x",)

    def __init__(self, x: Any) -> None:
        self.x = x


def made_by(number: int) -> Any:
    return lambda: number


FRAME = pd.DataFrame({"a": [1.0, 2.0, 3.0], "b": list("xyz")})
CASES = [
    pytest.param([1, 2], [1, 3], "[1]", id="list"),
    pytest.param([1, 2], [1], "", id="length"),
    pytest.param({"a": [1]}, {"a": [2]}, "['a'][0]", id="dict"),
    pytest.param({"a": 1}, {"b": 1}, " keys", id="keys"),
    pytest.param({"a": 1, "b": 2}, {"b": 2, "a": 1}, " keys, in order, [0]", id="order-of-keys"),
    pytest.param(1, 1.0, "", id="types"),
    pytest.param(True, 1, "", id="bool"),
    pytest.param(0.0, -0.0, "", id="zeros"),
    pytest.param(Decimal("1.0"), Decimal("1.00"), None, id="decimal"),
    pytest.param({1, 2}, {1, 3}, "", id="set"),
    pytest.param(Model([1, 2]), Model([1, 4]), ".weights[1]", id="attribute"),
    pytest.param(Slotted(1), Slotted(2), None, id="slots"),
    pytest.param(deque([1, 2]), deque([1, 3]), None, id="deque"),
    pytest.param(Counter("ab"), Counter("aab"), None, id="counter"),
    pytest.param(made_by(1), made_by(2), ".closure[0]", id="closure"),
    pytest.param(functools.partial(max, 1), functools.partial(max, 2), None, id="partial"),
    pytest.param(np.array([1, 2, 3]), np.array([1, 2, 4]), "[2]", id="array"),
    pytest.param(np.zeros((2, 2)), np.array([[0, 0], [0, 1.0]]), "[1, 1]", id="matrix"),
    pytest.param(np.zeros(2), np.zeros(2, "f4"), ".dtype", id="dtype"),
    pytest.param(np.zeros((2, 3)), np.zeros((2, 3), order="F"), " memory", id="memory-order"),
    pytest.param(np.array([1, "a"], object), np.array([1, "b"], object), "[1]", id="objects"),
    pytest.param(FRAME, FRAME.assign(a=[1.0, 2.0, 4.0]), "['a'][2]", id="frame"),
    pytest.param(FRAME, FRAME.assign(b=list("xyy")), "['b'][2]", id="frame-of-objects"),
    pytest.param(FRAME, FRAME.rename(columns={"a": "c"}), ".columns[0]", id="columns"),
    pytest.param(FRAME.a, FRAME.a.rename("z"), ".name", id="series-name"),
    pytest.param(FRAME, FRAME.set_index("b"), ".shape", id="shape"),
    pytest.param(re.compile("a"), re.compile("b"), None, id="pattern"),
    pytest.param(datetime(2020, 1, 1, tzinfo=UTC), datetime(2020, 1, 2, tzinfo=UTC), None, id="moment"),
]


@pytest.mark.parametrize(("left", "right", "where"), CASES)
def test_the_first_difference_is_found(left: Any, right: Any, where: str | None) -> None:
    found = first_mismatch(left, right)
    assert found is not None
    assert found.left != found.right
    if where is not None:
        assert found.where.split(" (and")[0] == where


EQUAL = [
    *(pytest.param(case.values[0], id=case.id) for case in CASES if "closure" not in str(case.id)),
    pytest.param([float("nan"), np.nan, {"x": float("nan")}], id="nan"),
    pytest.param(OrderedDict(a=[1, {2, 3}]), id="ordered"),
    pytest.param(pd.Series([1, None, "a"]), id="missing"),
    pytest.param(pd.date_range("2020", periods=3, tz="UTC"), id="dates"),
    pytest.param(np.random.default_rng(3), id="generator"),
]


@pytest.mark.parametrize("value", EQUAL)
def test_a_copy_is_equal(value: Any) -> None:
    assert first_mismatch(value, copy.deepcopy(value)) is None


def test_instances_of_a_class_made_twice_by_one_function_are_compared() -> None:
    def made(x: int) -> Any:
        class Inner:
            def __init__(self) -> None:
                self.x = x

        return Inner()

    assert first_mismatch(made(1), made(1)) is None
    found = first_mismatch(made(1), made(2))
    assert found is not None
    assert found.where == ".x"


def test_values_that_hold_themselves_end() -> None:
    left: list[Any] = [1]
    left.append(left)
    right: list[Any] = [1]
    right.append(right)
    assert first_mismatch(left, right) is None


def test_what_cannot_be_taken_apart_is_neither_equal_nor_different() -> None:
    with pytest.raises(IncomparableError):
        first_mismatch((n for n in ()), (n for n in ()))


def test_short_texts_are_one_short_line() -> None:
    class Bad:
        def __repr__(self) -> str:
            raise RuntimeError

    assert short_text(np.zeros((3, 4))) == "ndarray 3 x 4 float64"
    assert short_text(FRAME) == "DataFrame 3 x 2"
    assert len(short_text("a" * 500)) <= 60
    assert "\n" not in short_text("a\nb" * 20)
    assert short_text(Bad())


def test_figures_count_by_their_looks() -> None:
    from matplotlib.figure import Figure

    def axes(height: float, listeners: int = 0) -> Any:
        drawn = Figure().add_subplot()
        drawn.plot([0, height])
        for _ in range(listeners):
            drawn.callbacks.connect("xlim_changed", print)
        return drawn

    assert first_mismatch([axes(1)], [axes(1, listeners=3)]) is None
    found = first_mismatch({"ax": axes(1)}, {"ax": axes(2)})
    assert found is not None
    assert found.where == "['ax']"
