"""What the analyzer says of each case, pinned: that it is right, `test_oracle` shows by running it.

Write `graphs.txt` anew with STEPMILL_UPDATE_GOLDEN=1 (and `-n 0`), and read the difference.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from oracle.graphs import PATH, graph_of
from oracle.table import all_cases

if TYPE_CHECKING:
    from pathlib import Path

    from oracle.case import Case

CASES = all_cases()
PARTS = [CASES[start : start + 100] for start in range(0, len(CASES), 100)]


@pytest.mark.parametrize("cases", PARTS, ids=lambda cases: cases[0].name)
def test_graphs_are_what_they_were(cases: tuple[Case, ...], tmp_path: Path) -> None:
    found = {}
    for number, case in enumerate(cases):
        folder = tmp_path / str(number)
        folder.mkdir()
        found[case.name] = graph_of(case, folder)
    pinned = dict(line.split(": ", 1) for line in PATH.read_text("utf-8").splitlines())
    if os.environ.get("STEPMILL_UPDATE_GOLDEN"):
        pinned = {case.name: {**pinned, **found}.get(case.name, "") for case in CASES}
        PATH.write_text("".join(f"{name}: {graph}\n" for name, graph in pinned.items()), "utf-8")
    assert found == {name: pinned.get(name) for name in found}
    assert pinned.keys() <= {case.name for case in CASES}
