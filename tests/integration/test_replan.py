"""When a run contradicts the analysis, the run learns and goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from integration.notebooks import statuses

if TYPE_CHECKING:
    from integration.notebooks import Workplace

pytestmark = pytest.mark.kernel

HIDDEN = """
class Shared:
    def put(self, text):
        open("shared.txt", "w").write(text)

    def get(self):
        return open("shared.txt").read()

put, get = Shared().put, Shared().get
"""
"""A module whose methods use a file: the analysis reads functions of modules only."""


def kinds(place: Workplace) -> list[str]:
    return [event.kind for event in place.events]


def test_unforeseen_order_by_files_is_learned(place: Workplace) -> None:
    (place.folder / "hidden.py").write_text(HIDDEN)
    (place.folder / "shared.txt").write_text("old")
    place.write(
        "import hidden, time",
        "%%step put\ntime.sleep(1.5)\nhidden.put('new')",
        "%%step get\ntext = hidden.get()",
    )
    run = place.run(jobs=2)
    assert run.status.value == "succeeded"
    assert run.load("get", "text") == "new"
    assert "run-replanned" in kinds(place)

    again = place.run(jobs=2)
    assert statuses(again) == {"put": "cached", "get": "cached"}
    assert "run-replanned" not in kinds(place)


def test_a_hidden_change_of_an_input_is_learned(place: Workplace) -> None:
    (place.folder / "hidden.py").write_text(
        "def total(values):\n    values.append(0)\n    return sum(values)\n"
    )
    place.write(
        "import hidden",
        "%%step make\nx = [1, 2]",
        "%%step sum\ns = hidden.total(x)",
        "%%step count\nn = len(x)",
    )
    run = place.run()
    assert run.status.value == "succeeded"
    assert run.load("count", "n") == 3
    assert "planned anew" in run.summary.steps["sum"].reason
    assert set(statuses(place.run()).values()) == {"cached"}
    assert "run-replanned" not in kinds(place)


def test_a_file_that_is_not_there_yet_is_waited_for(place: Workplace) -> None:
    (place.folder / "hidden.py").write_text(HIDDEN)
    place.write(
        "import hidden, time",
        "%%step put\ntime.sleep(1.5)\nhidden.put('new')",
        "%%step get\ntext = hidden.get()",
    )
    run = place.run(jobs=2)
    assert run.status.value == "succeeded"
    assert run.load("get", "text") == "new"
    assert "run-replanned" in kinds(place)


def test_lenient_goes_on_with_a_warning_and_keeps_nothing(place: Workplace) -> None:
    (place.folder / "hidden.py").write_text(
        "import sys\ndef bind():\n    sys.modules['__main__'].__dict__['surprise'] = 7\n"
    )
    place.write(
        "import hidden", "surprise = 1", "%%step a\nhidden.bind()\nx = 1", "%%step b\ny = x + surprise"
    )
    run = place.run(lenient=True)
    if "run-warning" not in kinds(place):
        pytest.skip("the analysis foresaw it")
    assert run.status.value == "succeeded"
    assert place.plan().step("a").status.value == "stale"


def test_what_ran_in_this_run_is_not_run_twice_by_a_new_plan(place: Workplace) -> None:
    (place.folder / "hidden.py").write_text(HIDDEN)
    (place.folder / "shared.txt").write_text("old")
    place.write(
        "import hidden",
        "%%step first --no-cache\nopen('count.log', 'a').write('x')",
        "%%step put --after first\nhidden.put('new')",
        "%%step get --after first\ntext = hidden.get()",
    )
    run = place.run(jobs=1)
    assert "run-replanned" in kinds(place)
    assert set(statuses(run).values()) == {"executed"}
    assert (place.folder / "count.log").read_text() == "x"


def test_of_two_steps_that_share_hidden_data_the_later_one_fails(place: Workplace) -> None:
    (place.folder / "counting.py").write_text(
        "def f(x, seen=[]):\n    seen.append(x)\n    return list(seen)\n"
    )
    place.write(
        "import counting, time",
        "%%step slow\ntime.sleep(1.5)\nx = counting.f(1)",
        "%%step fast\ny = counting.f(2)",
        "%%step use\nz = y",
    )
    for ran in ("executed", "cached"):
        run = place.run(jobs=2)
        assert run.status.value == "failed"
        assert statuses(run) == {"slow": ran, "fast": "failed", "use": "skipped"}
        error = run.steps["fast"].error
        assert error is not None
        assert "step 'slow' changes the data of module counting" in error["message"]
