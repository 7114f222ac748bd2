from __future__ import annotations

import math
from collections import OrderedDict
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import IntEnum
from fractions import Fraction
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import TYPE_CHECKING, Any
from uuid import UUID
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from artifacts.strict import assert_same, difference
from stepmill.artifacts.encoding import NotPlain, decode_plain, encode_plain
from stepmill.artifacts.hashing import digest_bytes, digest_plain

if TYPE_CHECKING:
    from collections.abc import Callable


class Colour(IntEnum):
    RED = 1


ATOMS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.complex_numbers()
    | st.text(st.characters(codec=None))
    | st.binary()
    | st.dates()
    | st.datetimes(timezones=st.none() | st.just(UTC) | st.just(ZoneInfo("Europe/Berlin")))
    | st.times()
    | st.timedeltas()
    | st.decimals()
    | st.fractions()
    | st.uuids()
    | st.builds(slice, st.integers(), st.none() | st.integers())
    | st.builds(range, st.integers(-9, 9), st.integers(-9, 9))
    | st.just(...)
    | st.text("ab/", min_size=1).map(Path)
)
KEYS = st.none() | st.booleans() | st.integers() | st.text() | st.floats(allow_nan=False) | st.binary()
PLAIN = st.recursive(
    ATOMS,
    lambda inner: (
        st.lists(inner)
        | st.lists(inner).map(tuple)
        | st.dictionaries(KEYS, inner)
        | st.sets(KEYS)
        | st.frozensets(KEYS)
        | st.binary().map(bytearray)
        | st.lists(st.integers(), min_size=8)
        | st.lists(st.floats(), min_size=8)
        | st.lists(st.text(), min_size=8).map(tuple)
    ),
    max_leaves=20,
)
QUICK = settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))


@QUICK
@given(PLAIN)
def test_plain_data_comes_back_exactly(value: Any) -> None:
    data = encode_plain(value)
    loaded = decode_plain(data)
    assert_same(value, loaded)
    assert encode_plain(loaded) == data


CLOSE = st.recursive(
    st.sampled_from((0, 1, False, True, 0.0, -0.0, 1.0, "", "a", b"", b"a", None)),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.lists(inner, max_size=2).map(tuple)
        | st.dictionaries(st.sampled_from((0, "", "a")), inner, max_size=2)
    ),
    max_leaves=2,
)
"""Values of which two are often alike, or nearly."""


@QUICK
@given(CLOSE, CLOSE)
def test_equal_digests_mean_equal_values(left: Any, right: Any) -> None:
    is_same = difference(left, right) is None
    assert (digest_plain(left) == digest_plain(right)) is is_same


NOON = datetime.fromisoformat("2020-02-03T12:00:00")
DIFFERENT = [
    pytest.param(1, True, id="int-and-bool"),
    pytest.param(1, 1.0, id="int-and-float"),
    pytest.param(0.0, -0.0, id="zeros"),
    pytest.param([], (), id="list-and-tuple"),
    pytest.param("a", b"a", id="text-and-bytes"),
    pytest.param(b"a", bytearray(b"a"), id="bytes-and-bytearray"),
    pytest.param({"a": 1, "b": 2}, {"b": 2, "a": 1}, id="insertion-order"),
    pytest.param({1}, frozenset({1}), id="set-and-frozenset"),
    pytest.param(["a", "b"], ["ab"], id="where-text-is-cut"),
    pytest.param(["ab", "c", *"......"], ["a", "bc", *"......"], id="where-packed-text-is-cut"),
    pytest.param([1] * 9, [1.0] * 9, id="packed-ints-and-floats"),
    pytest.param([1] * 9, (1,) * 9, id="packed-list-and-tuple"),
    pytest.param(Decimal("1.0"), Decimal("1.00"), id="decimal-exponents"),
    pytest.param(NOON, NOON.replace(fold=1), id="fold"),
    pytest.param(NOON, NOON.replace(tzinfo=UTC), id="naive-and-zoned"),
    pytest.param(date(2020, 2, 3), NOON, id="date-and-datetime"),
    pytest.param(Path("a"), PureWindowsPath("a"), id="path-kinds"),
    pytest.param(np.nan, float("nan"), id="the-nan-object"),
    pytest.param(range(3), range(0, 3, 1 + 1), id="range-step"),
]


@pytest.mark.parametrize(("left", "right"), DIFFERENT)
def test_different_values_have_different_digests(left: Any, right: Any) -> None:
    assert difference(left, right) is not None
    assert digest_plain(left) != digest_plain(right)


NOT_PLAIN = [
    pytest.param(lambda: Colour.RED, id="enum"),
    pytest.param(lambda: OrderedDict(a=1), id="ordered-dict"),
    pytest.param(lambda: [[1]] * 2, id="one-list-twice"),
    pytest.param(lambda: ({1},) * 2, id="one-set-twice"),
    pytest.param(lambda: _deep(200), id="nested-deep"),
    pytest.param(lambda: [object()], id="an-object"),
    pytest.param(lambda: _loop(), id="a-loop"),
    pytest.param(lambda: list(zip(range(200_000), range(200_000), strict=True)), id="very-large"),
]


@pytest.mark.parametrize("make", NOT_PLAIN)
def test_what_is_not_plain_is_refused(make: Callable[[], Any]) -> None:
    with pytest.raises(NotPlain):
        encode_plain(make())


def _deep(levels: int) -> Any:
    value: Any = 0
    for _ in range(levels):
        value = [value]
    return value


def _loop() -> Any:
    value: list[Any] = []
    value.append(value)
    return value


def test_nan_objects_keep_their_identity() -> None:
    loaded = decode_plain(encode_plain([np.nan, math.nan, float("nan")] * 4))
    assert loaded[0] is np.nan
    assert loaded[1] is math.nan
    assert np.nan in loaded
    assert loaded[2] not in (math.nan, np.nan)


def test_utc_and_zones_keep_their_identity() -> None:
    zone = ZoneInfo("Europe/Berlin")
    loaded = decode_plain(encode_plain((datetime(2020, 1, 1, tzinfo=UTC), time(1, tzinfo=zone))))
    assert loaded[0].tzinfo is UTC
    assert loaded[1].tzinfo is zone


def test_digests_are_a_contract() -> None:
    value = {
        "none": None,
        "numbers": [1, -1, 2**70, 0.5, float("inf"), 1j, True],
        "text": ("é", "\ud800", b"\0", bytearray(b"x")),
        "sets": [{3}, frozenset({"a"})],
        "times": [
            date(2020, 2, 3),
            datetime(2020, 2, 3, 4, 5, 6, 7, timezone(timedelta(hours=1), "X")),
            time(1, 2),
        ],
        "exact": (Decimal("1.10"), Fraction(1, 3), UUID(int=5), PurePosixPath("a/b"), timedelta(1, 2, 3)),
        "other": (range(1, 9, 2), slice(None, 3), ...),
        "packed": ([1] * 8, (0.5,) * 8, ["ab"] * 8),
    }
    assert digest_bytes(b"abc") == "6437b3ac38465133ffb63b75273a8db548c558465d79db03fd359c6cd5bd9d85"
    assert digest_plain(value) == "ed454ec640d49b6b834c7f3290929a13bb2fe776ddc6d3d3dc818b98e786d2e6"
