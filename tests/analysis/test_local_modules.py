"""Untagged code that calls the project's own modules, which may change whatever they are given."""

from __future__ import annotations

import pytest

from analysis.notebooks import pipeline

STEP = "%%step a\ndf = [1]"
TAKER = "%%step b\nprint(df)"


@pytest.mark.parametrize(
    ("setup", "call", "warned"),
    [
        pytest.param("import mine", "mine.clean(df)", True, id="own-module"),
        pytest.param("import mine as m", "m.clean(df)", True, id="renamed"),
        pytest.param("from mine import clean", "clean(df)", True, id="from-import"),
        pytest.param("from mine.deep import clean", "clean(df)", True, id="submodule"),
        pytest.param("from . import mine", "mine.clean(df)", True, id="relative"),
        pytest.param("import mine", "mine.clean(len(df))", False, id="given-a-number"),
        pytest.param("import theirs", "theirs.show(df)", False, id="installed-module"),
    ],
)
def test_untagged_call_of_an_own_module_is_doubtful(setup: str, call: str, warned: bool) -> None:
    made = pipeline(setup, STEP, call, TAKER, is_local=lambda name: name in ("mine", ""))
    assert [d.code for d in made.diagnostics] == (["SM205"] if warned else [])


def test_in_a_step_the_run_checks_it() -> None:
    made = pipeline("import mine", STEP, "%%step c\nmine.clean(df)", TAKER, is_local=lambda _name: True)
    assert made.diagnostics == ()
