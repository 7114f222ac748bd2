from __future__ import annotations

import sys
from importlib.metadata import version
from typing import TYPE_CHECKING

from planning.pipelines import NOW_S, step, world
from stepmill.model.artifact import ABSENT, ArtifactRef
from stepmill.model.exchange import StepResult
from stepmill.model.pipeline import Fragment
from stepmill.planning.publication import body_outputs, make_record, outputs_by_cell

if TYPE_CHECKING:
    from pathlib import Path

ONE = [{"output_type": "stream", "name": "stdout", "text": "1"}]
TWO = [{"output_type": "stream", "name": "stdout", "text": "2"}]


def test_a_record_keeps_what_a_later_decision_needs(tmp_path: Path) -> None:
    around = world(tmp_path, environment={"MODE": "fast"})
    result = StepResult(
        step="fit",
        outputs={"m": ArtifactRef(digest="d")},
        modules=("numpy", "os"),
        sys_path=(*sys.path, str(tmp_path)),
        volatile=("network: example.org",),
    )
    made = make_record(
        step("fit", environment=("MODE", "UNSET")),
        result,
        around,
        key="k",
        components={"code": "c"},
        own_code={},
        run_id="r1",
        created_s=NOW_S,
        seconds=1.5,
        cells="cells",
        parameters={"alpha": "0.1"},
        seed=7,
        memory=tmp_path / "cache",
    )
    assert made.distributions == {"numpy": version("numpy")}
    assert made.environment == {"MODE": around.keyed_hash("fast"), "UNSET": ABSENT}
    assert (made.outputs, made.seed, made.seconds) == (result.outputs, 7, 1.5)
    assert made.extra["parameters"] == {"alpha": "0.1"}
    assert made.extra["volatile"] == ["network: example.org"]
    assert str(tmp_path) not in made.extra["sys_path"]


def test_outputs_of_the_users_cells_are_found() -> None:
    def cell(role: str, index: int | None, outputs: list[dict[str, str]]) -> dict[str, object]:
        return {"metadata": {"stepmill": {"role": role, "cell": index}}, "outputs": outputs}

    executed = {
        "cells": [cell("inputs", None, ONE), cell("body", 4, ONE), {"metadata": {}}, cell("body", 7, [])]
    }
    assert body_outputs(executed) == {4: ONE, 7: []}


def test_recorded_outputs_follow_the_cells() -> None:
    fragments = (Fragment(cell=5, line=1, source="a"), Fragment(cell=9, line=1, source="b"))
    moved = step("fit", 5, body=fragments)
    assert outputs_by_cell(moved, [ONE, TWO]) == {5: ONE, 9: TWO}
    assert outputs_by_cell(moved, [ONE]) == {5: ONE}
    assert outputs_by_cell(step("fit", 5), [ONE, TWO]) == {5: [*ONE, *TWO]}
