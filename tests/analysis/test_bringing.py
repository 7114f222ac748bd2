"""Imports that no code names are there for what they do: they are made in every later step."""

from __future__ import annotations

import pytest

from analysis.notebooks import pipeline

STEPS = ("%%step a\nx = [1]", "%%step b\ny = table(x)", "%%step c\nz = used.f(x)")


def setups(*imports: str) -> dict[str, str]:
    found = pipeline("import used\nfrom tables import table", *imports, *STEPS)
    assert found.errors == ()
    return {step.name: "\n".join(fragment.source for fragment in step.setup) for step in found.steps}


@pytest.mark.parametrize(
    ("line", "where"),
    [
        pytest.param("import accessors", "abc", id="a library"),
        pytest.param("import accessors as unseen", "abc", id="under another name"),
        pytest.param("from sklearn.experimental import enable_it", "abc", id="a part of a known library"),
        pytest.param("from accessors import one, two", "abc", id="names out of it"),
        pytest.param("import used, accessors", "abc", id="beside a module that is named"),
        pytest.param("try:\n    import accessors\nexcept ImportError:\n    pass", "abc", id="that may fail"),
        pytest.param("from accessors import one, used", "c", id="a name out of it is read"),
        pytest.param("import pandas as pd", "", id="a library that leaves others alone"),
        pytest.param("from sklearn.impute import SimpleImputer", "", id="another part of it"),
        pytest.param("import os, json", "", id="of the standard library"),
    ],
)
def test_which_steps_make_an_import_that_they_do_not_name(line: str, where: str) -> None:
    assert "".join(name for name, setup in setups(line).items() if line in setup) == where


def test_code_that_no_step_runs_does_not_count() -> None:
    found = setups("import accessors", "print(accessors.__version__)")
    assert all("import accessors" in found[name] for name in "abc")


def test_only_steps_below_make_it() -> None:
    found = pipeline("%%step a\nx = [1]", "%%step b\nimport accessors\ny = x", "%%step c\nz = y.mine")
    made = [step.name for step in found.steps if any("accessors" in f.source for f in step.setup)]
    assert made == ["c"]


def test_it_counts_in_the_digests_of_all_steps_that_make_it() -> None:
    with_it = pipeline("import used\nimport accessors", *STEPS)
    without = pipeline("import used", *STEPS)
    same = [one.name for one, two in zip(with_it.steps, without.steps, strict=True)
            if one.code_digest == two.code_digest]  # fmt: skip
    assert same == []
