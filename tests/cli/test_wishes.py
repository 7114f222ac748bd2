"""What `--no-cache`, `--refresh` and their like come to."""

from __future__ import annotations

from typing import Any

import pytest

from stepmill.cli.command import wishes_in

GIVEN: dict[str, Any] = {
    "no_cache": False,
    "refresh": (),
    "start": (),
    "only": (),
    "cache_for": None,
    "overwrite": False,
}

CASES = [
    pytest.param({"no_cache": True}, True, id="no-cache"),
    pytest.param({"refresh": ("a",)}, ("a",), id="refresh"),
    pytest.param({"no_cache": True, "refresh": ("a",)}, True, id="both"),
    pytest.param({}, (), id="neither"),
]


@pytest.mark.parametrize(("options", "refresh"), CASES)
def test_nothing_is_left_that_would_win_over_it(options: dict[str, Any], refresh: Any) -> None:
    given = GIVEN | options | {"jobs": 2}
    assert wishes_in(given)["refresh"] == refresh
    assert given == {"jobs": 2}
