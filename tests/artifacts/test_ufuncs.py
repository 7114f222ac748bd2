"""Universal functions: equal bytes whatever was imported first; no stranger's module comes back with one."""

from __future__ import annotations

import functools
import pickle
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from scipy.special import gamma

from stepmill.artifacts.store import open_store
from stepmill.artifacts.values import load_values, save_values
from stepmill_magics.module_data import held_data

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def helpers() -> Iterator[ModuleType]:
    """A module with `gamma` in it that was imported before SciPy."""
    module, loaded = ModuleType("helpers"), dict(sys.modules)
    vars(module)["gamma"] = gamma
    sys.modules.clear()
    sys.modules.update({"helpers": module, **loaded})
    yield module
    sys.modules.pop("helpers", None)


_VALUES = [
    pytest.param(gamma, id="alone"),
    pytest.param(functools.partial(gamma, 3.0), id="inside"),
    pytest.param(np.vectorize(gamma), id="inside-an-object-of-numpy"),
]


@pytest.mark.parametrize("value", _VALUES)
def test_it_is_told_by_the_module_that_made_it(value: Any, tmp_path: Path, helpers: ModuleType) -> None:
    assert b"helpers" in pickle.dumps(value)  # else there is nothing to see here
    store = open_store(str(tmp_path))
    first = save_values(store, {"f": value}, definitions={}, namespace={}).refs
    vars(helpers)["value"] = value
    told = held_data(helpers)
    del sys.modules["helpers"]
    assert save_values(store, {"f": value}, definitions={}, namespace={}).refs == first
    assert held_data(helpers) == told
    arguments = () if isinstance(value, functools.partial) else (4.0,)
    loaded = load_values(store, first, definitions={}, namespace={})["f"]
    assert loaded(*arguments) == value(*arguments)


def test_numpys_own_and_made_up_ones_are_as_they_were(tmp_path: Path) -> None:
    store = open_store(str(tmp_path))
    saved = save_values(store, {"add": np.add}, definitions={}, namespace={})
    assert load_values(store, saved.refs, definitions={}, namespace={})["add"] is np.add
    made_up = save_values(store, {"f": np.frompyfunc(abs, 1, 1)}, definitions={}, namespace={})
    assert not made_up.refs
    assert made_up.problems
