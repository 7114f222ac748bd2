"""A store in a temporary folder, and what every test of this room does with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from stepmill.artifacts.store import Store, open_store
from stepmill.artifacts.values import load_values, save_values

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(tmp_path / "store")


@pytest.fixture(scope="module")
def long_store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return open_store(tmp_path_factory.mktemp("store"))


@pytest.fixture(scope="module")
def round_trip(long_store: Store) -> Callable[[Any], Any]:
    """Store a value, load it, and hold the digest of the loaded one to be that of the stored one."""

    def go(value: Any) -> Any:
        saved = save_values(long_store, {"value": value}, definitions={}, namespace={})
        assert not saved.problems, saved.problems
        loaded = load_values(long_store, saved.refs, definitions={}, namespace={})["value"]
        again = save_values(long_store, {"value": loaded}, definitions={}, namespace={})
        assert again.refs["value"].digest == saved.refs["value"].digest
        return loaded

    return go
