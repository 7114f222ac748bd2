"""Large values are streamed out and mapped in: neither needs their size in memory once more."""

from __future__ import annotations

import tracemalloc
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from artifacts.strict import assert_same
from stepmill.artifacts import memory
from stepmill.artifacts.values import load_values, save_values

if TYPE_CHECKING:
    from collections.abc import Callable

    from stepmill.artifacts.store import Store

SIZE = 16_000_000  # bytes of memory that each value takes
N = SIZE // 8


def _shared() -> dict[str, Any]:
    whole = np.arange(float(N))
    return {"whole": whole, "half": whole[: N // 2]}


STREAMED: dict[str, Callable[[], Any]] = {
    "array": lambda: np.arange(float(N)),
    "fortran": lambda: np.asfortranarray(np.arange(float(N)).reshape(-1, 10)),
    "strided": lambda: np.arange(2.0 * N).reshape(-1, 10)[::2],
    "reversed": lambda: np.arange(float(N))[::-1],
    "transposed": lambda: np.arange(float(N)).reshape(20, -1, 10).transpose(2, 0, 1),
    "big-endian": lambda: np.arange(2.0 * N).astype(">f8")[::2],
    "moments": lambda: np.arange(2 * N).astype("M8[s]")[::2],
    "frame": lambda: pd.DataFrame(np.arange(float(N)).reshape(-1, 10)),
    "bytes": lambda: b"x" * SIZE,
    "shared": _shared,
}
MAPPED = ("array", "fortran", "frame", "shared")


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "_BLOCK_BYTES", 1 << 18)


def _peak(function: Callable[[], Any]) -> tuple[Any, int]:
    tracemalloc.start()
    try:
        return function(), tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("kind", STREAMED)
def test_a_large_value_is_streamed_and_mapped(kind: str, store: Store) -> None:
    value = STREAMED[kind]()
    values = value if kind == "shared" else {"value": value}
    save_values(store, {"small": values[min(values)][:3]}, definitions={}, namespace={})  # imports
    saved, peak = _peak(lambda: save_values(store, values, definitions={}, namespace={}))
    assert not saved.problems
    assert peak < 0.3 * SIZE
    loaded, peak = _peak(lambda: load_values(store, saved.refs, definitions={}, namespace={}))
    for name in values:
        if kind == "frame":  # the strict comparison looks at each number
            assert loaded[name].equals(values[name])
        else:
            assert_same(values[name], loaded[name])
    if kind in MAPPED:
        assert peak < 0.05 * SIZE


def test_what_is_mapped_and_shared_may_be_written_and_the_store_stays(store: Store) -> None:
    saved = save_values(store, _shared(), definitions={}, namespace={})
    for _ in range(2):
        loaded = load_values(store, saved.refs, definitions={}, namespace={})
        assert loaded["half"][7] == 7
        loaded["whole"][7] = -1
        assert loaded["half"][7] == -1
