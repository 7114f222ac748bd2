"""The collector is off during an analysis, and afterwards what it was."""

from __future__ import annotations

import gc

import pytest

from stepmill.analysis.collector import paused_collector


def test_it_is_on_again_when_the_last_one_leaves() -> None:
    assert gc.isenabled()
    with paused_collector():
        with pytest.raises(KeyError), paused_collector():
            raise KeyError
        assert not gc.isenabled()
    assert gc.isenabled()


def test_who_has_it_off_finds_it_off() -> None:
    gc.disable()
    try:
        with paused_collector():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()
