"""What was removed from the store is computed again, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from integration.notebooks import digests, statuses
from stepmill import api
from stepmill.errors import DamagedArtifact

if TYPE_CHECKING:
    from integration.notebooks import Workplace

pytestmark = pytest.mark.kernel


def test_what_was_removed_is_computed_again(place: Workplace, monkeypatch: pytest.MonkeyPatch) -> None:
    place.write(
        "%%parameters\nsize = 90", "%%step make\ntext = 'x' * size * 1000", "%%step use\nn = len(text)"
    )
    first = place.run()
    monkeypatch.setenv("STEPMILL_BUDGET", "60kB")
    second = place.run(parameters={"size": 30})
    with pytest.raises(DamagedArtifact, match="missing"):
        first.load("make", "text")
    assert len(second.load("make", "text")) == 30_000
    done = api.clean(place.folder)
    assert (done.freed_files, done.over_budget_bytes, done.kept_runs) == (0, 0, (second.run_id,))
    assert set(statuses(place.run(parameters={"size": 30})).values()) == {"cached"}
    monkeypatch.delenv("STEPMILL_BUDGET")
    again = place.run()
    assert statuses(again) == {"make": "executed", "use": "cached"}
    assert digests(again) == digests(first)
    assert first.load("make", "text") == "x" * 90_000
