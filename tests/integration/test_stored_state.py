"""What lies in `.stepmill`: damaged, somebody else's, and what must never get there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from integration.notebooks import digests, reason, statuses
from stepmill import api
from stepmill.errors import UntrustedArtifact

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from integration.notebooks import Workplace

pytestmark = pytest.mark.kernel

MAKE = "%%step make\nimport numpy as np\nx = np.arange(9_000.0)\nwords = ['a', {1: 2}]\nprint('made')"
USE = "%%step use\nn = len(words) + x.sum()"


def _flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    if data:
        data[len(data) // 2] ^= 1
        path.write_bytes(data)


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


DAMAGES: tuple[Callable[[Path], None], ...] = (_flip, _cut, lambda path: path.unlink())


def test_damage_anywhere_is_healed_by_running_again(place: Workplace) -> None:
    place.write(MAKE, USE)
    first = place.run()
    state = place.folder / ".stepmill"
    folders = ("objects", "artifacts", "records", "latest", "facts", "cache")
    for turn in range(2):
        files = sorted(path for name in folders for path in (state / name).rglob("*") if path.is_file())
        assert len({path.relative_to(state).parts[0] for path in files}) >= 5
        for number, path in enumerate(files):
            DAMAGES[(number + turn) % len(DAMAGES)](path)
        again = place.run()
        assert set(statuses(again).values()) == {"executed"}
        assert digests(again) == digests(first)
    assert set(statuses(place.run()).values()) == {"cached"}


def test_a_damaged_history_stops_nothing(place: Workplace) -> None:
    place.write(MAKE, USE)
    first = place.run()
    for path in first.folder.path.rglob("*"):
        if path.is_file():
            _flip(path)
    assert set(statuses(place.run()).values()) == {"cached"}
    assert api.list_runs(place.folder)


def test_lost_outputs_of_cells_are_said(place: Workplace) -> None:
    place.write(MAKE, USE)
    first = place.run()
    cells = first.folder.read_records()["make"].cells
    _cut(place.folder / ".stepmill" / "objects" / cells[:2] / cells)
    place.events.clear()
    assert set(statuses(place.run()).values()) == {"cached"}
    (said,) = [event for event in place.events if event.kind == "run-warning"]
    assert said.step == "make"
    assert "--refresh make" in said.data["message"]


def test_results_of_somebody_else_count_only_if_they_are_trusted(
    place: Workplace, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    place.write(MAKE, USE)
    theirs = place.run()
    monkeypatch.setenv("STEPMILL_SIGNING_KEY", str(tmp_path / "my key"))
    assert [cause.cause.value for step in place.plan().steps for cause in step.reasons][:1] == ["untrusted"]
    with pytest.raises(UntrustedArtifact):
        api.open_run(theirs.run_id, place.folder).load("make", "words")
    place.write(MAKE, USE, "%%step more\nm = len(words) + n")
    planned = {step.step: step.status.value for step in place.plan(trust=True).steps}
    assert planned == {"make": "cached", "use": "cached", "more": "stale"}
    mine = place.run(trust=True)
    assert statuses(mine) == {"make": "cached", "use": "cached", "more": "executed"}
    said = [event.data["message"] for event in place.events if event.kind == "run-warning"]
    assert said == [
        f"the stored result of {step} was made by somebody else; now it counts as yours"
        for step in ("make", "use")
    ]
    assert mine.load("make", "words") == ["a", {1: 2}]
    monkeypatch.setenv("STEPMILL_SIGNING_KEY", str(tmp_path / "a third key"))
    own = place.run()
    assert set(statuses(own).values()) == {"executed"}
    assert "made by somebody else" in reason(own, "make")
    assert set(statuses(place.run()).values()) == {"cached"}


SECRETS = {"API_TOKEN": "env-hunter2-ä", "api_key": "param-hunter2-'q'"}
USES = """%%step use
import os
token = os.environ["API_TOKEN"]
n = len(token) + len(api_key)
del token
"""


AFTER = """%%step after
import mlflow
mlflow.log_metric("m", n + 1)
print(n)
"""


@pytest.mark.slow
def test_secrets_of_environment_and_parameters_are_written_nowhere(
    place: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("API_TOKEN", SECRETS["API_TOKEN"])
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    place.write("%%parameters\napi_key = 'nobody'", USES, AFTER)
    run = place.run(parameters={"api_key": SECRETS["api_key"]}, tracking=True)
    assert run.status.value == "succeeded"
    assert run.summary.mlflow_run_id
    assert run.summary.metrics == {"m": sum(len(SECRETS[name]) for name in ("API_TOKEN", "api_key")) + 1}
    files = [path for path in place.folder.rglob("*") if path.is_file()]
    assert any("mlflow" in path.name for path in files)
    forms = [
        form for secret in SECRETS.values() for form in (secret, repr(secret)[1:-1], ascii(secret)[1:-1])
    ]
    holders = [
        f"{path.relative_to(place.folder)}: {form}"
        for path in files
        for form in forms
        if form.encode() in path.read_bytes()
    ]
    assert holders == []
    assert any(b"nobody" in path.read_bytes() for path in files)  # the search itself finds things
