"""The purity tables against the libraries themselves: what a call is said to do is what it does."""

from __future__ import annotations

import re
from importlib.resources import files
from typing import TYPE_CHECKING

import pytest

from reality.table import Call, lay_files, read_calls
from stepmill.analysis import purity

if TYPE_CHECKING:
    from pathlib import Path

CALLS = read_calls()
CHUNK = 60
PARTS = [CALLS[start : start + CHUNK] for start in range(0, len(CALLS), CHUNK)]


@pytest.mark.parametrize("calls", PARTS, ids=lambda calls: calls[0].source)
def test_calls_do_what_the_tables_say(
    calls: list[Call], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MPLBACKEND", "agg")
    lay_files(tmp_path)
    found = {call.source: call.difference(tmp_path) for call in calls}
    assert found == {call.source: (call.over, call.under) for call in calls}


def test_each_entry_of_the_tables_has_a_call() -> None:
    text = " ".join(call.source for call in CALLS)
    for short, package in (("np", "numpy"), ("pd", "pandas"), ("plt", "matplotlib.pyplot")):
        text = re.sub(rf"\b{short}\.", f"{package}.", text)
    functions = [re.escape(name).replace(r"\*", r"[\w.()]*") for name in _entries("functions")]
    methods = [re.escape(name.rpartition(".")[2]).replace(r"\*", r"\w*") for name in _entries("methods")]
    assert len(functions) > 600
    assert [name for name in functions if not re.search(rf"(?<![\w.]){name}", text)] == []
    assert [name for name in methods if not re.search(rf"\.{name}\(", text)] == []


def _entries(table: str) -> list[str]:
    lines = files(purity).joinpath(f"{table}.txt").read_text("utf-8").splitlines()
    return [line.split()[0] for line in lines if line.partition("#")[0].strip()]


def test_most_calls_are_run() -> None:
    assert sum(call.runs for call in CALLS) >= 750
