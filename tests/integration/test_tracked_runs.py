"""Which runs come to MLflow: real runs, a real store."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from integration.notebooks import Workplace, statuses
from tracking.stores import all_runs

if TYPE_CHECKING:
    from stepmill import api

pytestmark = pytest.mark.slow

PARAMETERS = "%%parameters\na = 1\nb = 2"
LEFT = "%%step left --metrics x\nx = a * 10"
RIGHT = "%%step right --metrics y\ny = b * 100"


def go(place: Workplace, **options: object) -> api.Run:
    return place.run(**{"tracking": True, **options})


@pytest.fixture(autouse=True)
def own_store(place: Workplace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    place.write(PARAMETERS, LEFT, RIGHT)


def test_what_was_all_cached_is_tracked_if_it_is_new_there(
    place: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    untracked = go(place, tracking=False)
    first = go(place)
    assert set(statuses(first).values()) == {"cached"}
    assert (first.summary.same_as, untracked.summary.mlflow_run_id) == (untracked.run_id, None)
    uri = f"sqlite:///{place.folder}/.stepmill/mlflow.db"
    [run] = all_runs(uri, place.folder)
    assert (run["run_id"], run["status"]) == (first.summary.mlflow_run_id, "FINISHED")
    assert {name: run["metrics"][name] for name in ("x", "y")} == {"x": 10.0, "y": 200.0}
    assert run["tags"]["stepmill.cached.left"] == untracked.run_id
    assert run["tags"]["stepmill.same_as"] == untracked.run_id

    again = go(place)
    assert (again.summary.same_as, again.summary.mlflow_run_id) == (untracked.run_id, None)
    assert len(all_runs(uri, place.folder)) == 1

    other = f"sqlite:///{place.folder}/other.db"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", other)
    assert go(place).summary.mlflow_run_id is not None
    assert go(place).summary.mlflow_run_id is None
    assert len(all_runs(other, place.folder)) == 1


def test_another_combination_of_known_results_is_a_new_run(place: Workplace) -> None:
    go(place)
    go(place, parameters={"a": 5, "b": 6})
    mixed = go(place, parameters={"a": 5})
    assert set(statuses(mixed).values()) == {"cached"}
    assert mixed.summary.same_as is None
    assert mixed.summary.mlflow_run_id is not None
    assert go(place, parameters={"a": 5}).summary.mlflow_run_id is None


def test_a_blocked_run_is_not_tracked(place: Workplace) -> None:
    place.write("%%step save\nopen('out.txt', 'w').write('made')")
    go(place, tracking=False)
    (place.folder / "out.txt").write_text("by hand")
    blocked = go(place)
    assert (blocked.status.value, blocked.summary.mlflow_run_id) == ("failed", None)
