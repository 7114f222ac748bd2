"""Real runs put side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from integration.notebooks import statuses
from stepmill import api

if TYPE_CHECKING:
    from integration.notebooks import Workplace

pytestmark = pytest.mark.kernel

CELLS = (
    "%%parameters\nalpha = 1.0",
    "def scaled(x, by):\n    return [item * by for item in x]",
    "%%step load\nx = [1.0, 2.0]",
    "%%step scale --metrics total\ny = scaled(x, alpha)\ntotal = sum(y)",
)


def test_cause_comes_before_effect(place: Workplace) -> None:
    place.write(*CELLS)
    first = place.run()
    second = place.run(parameters={"alpha": 3.0})
    found = api.compare(first, second)
    assert found.sentence == (
        "scale is the first step that diverged: alpha is 1.0 in A and 3.0 in B."
        " 1 of 2 steps gave other values."
    )
    only = found.only_differences()
    assert [(row.name, row.values) for row in only.metrics] == [("total", ("3", "9"))]
    assert (only.code, only.environment, only.files) == ((), (), ())
    [row] = [row for row in only.outputs if row.name == "y"]
    assert [(detail.name, detail.values) for detail in row.details] == [
        ("value", ("[1.0, 2.0]", "[3.0, 6.0]"))
    ]

    place.write(CELLS[0], CELLS[1].replace("item * by", "item / 0"), *CELLS[2:])
    failed = place.run()
    found = api.compare(first, failed)
    assert found.diverged == "scale"
    assert "scaled(), which it uses, is another; it failed in B: ZeroDivisionError" in found.sentence
    assert "+    return [item / 0 for item in x]" in found.code[0].diffs[1]


def test_a_deleted_run_leaves_its_results_behind(place: Workplace) -> None:
    place.write("%%step load\nx = [1.0, 2.0]\nprint(x)", "%%step total\ny = sum(x)")
    first = place.run()
    api.delete_run(first.run_id, place.folder)
    again = place.run()
    assert statuses(again) == {"load": "cached", "total": "cached"}
    assert again.load("load", "x") == [1.0, 2.0]
    assert place.cell_outputs(again, 0)[0]["text"] == ["[1.0, 2.0]\n"]
    found = api.compare(again, api.restore_run(first.run_id, place.folder))
    assert found.is_equal
