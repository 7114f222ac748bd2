"""Fixes: each does away with its diagnostic and changes nothing but tags, options and seeds."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from stepmill.analysis import analyze
from stepmill.notebook.edits import edited
from stepmill.notebook.reading import parse_document
from stepmill.running.fixing import fix

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stepmill.model.diagnostic import Fix
    from stepmill.model.pipeline import Pipeline

FOREST = "from sklearn.ensemble import RandomForestClassifier as RF"


def document(*sources: str) -> dict[str, Any]:
    fixed: dict[str, Any] = {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None}
    cells = [{**fixed, "id": f"c{index}", "source": source} for index, source in enumerate(sources)]
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}


def look(notebook: Mapping[str, Any]) -> Pipeline:
    return analyze(parse_document(notebook, "n"))


def sources(notebook: Mapping[str, Any]) -> list[str]:
    return [cell["source"] for cell in notebook["cells"]]


FIXES = [
    # code, cells, cells after its first fix (None: as before)
    pytest.param(
        "SM202",
        ("%%step z\nw = 1", "import os\nbase = os.getpid()", "%%step a\ny = base"),
        (None, "%%step make_base\nimport os\nbase = os.getpid()", None),
        id="setup is tagged",
    ),
    pytest.param(
        "SM322",
        ("import pandas as pd", "%%step a\nx = pd.Series([1])", "pd.set_option('a', 2)", "%%step a\nx"),
        (None, None, "%%step a\npd.set_option('a', 2)", None),
        id="a setting joins the step around it",
    ),
    pytest.param(
        "SM203",
        ("import numpy as np", "%%step a\nif True:\n    x = np.random.rand(3)"),
        (None, "%%step a\nnp.random.seed(0)\nif True:\n    x = np.random.rand(3)"),
        id="a draw is seeded",
    ),
    pytest.param(
        "SM203",
        ("import random as r", "%%step a\n%time x = r.random()"),
        (None, "%%step a\nr.seed(0)\n%time x = r.random()"),
        id="Python's generator is seeded",
    ),
    pytest.param(
        "SM203",
        ("import pandas as pd", "%%step a\ndf = pd.DataFrame({'ä': [1]})\nx = df.sample(\n    1,\n).head(1)"),
        (None, "%%step a\ndf = pd.DataFrame({'ä': [1]})\nx = df.sample(\n    1,\nrandom_state=0).head(1)"),
        id="random_state of a method",
    ),
    pytest.param(
        "SM203",
        (FOREST, "%%step a\nmodel = RF(5)", "%%step b\nmodel.fit([[1]], [1])"),
        (None, "%%step a\nmodel = RF(5, random_state=0)", None),
        id="random_state where the estimator is made",
    ),
    pytest.param(
        "SM203", (FOREST, "%%step a\nm = RF().fit([[1]], [1])"),
        (None, "%%step a\nm = RF(random_state=0).fit([[1]], [1])"), id="random_state of an empty call",
    ),
    pytest.param(
        "SM204",
        ("import time", "%%step a  # now\nx = time.time()"),
        (None, "%%step a --cache-for 1d  # now\nx = time.time()"),
        id="a result that may be reused",
    ),
    pytest.param(
        "SM205",
        ("import foo", "%%step a\nxs = foo.make()", "xs.frobnicate()", "%%step b\ny = xs"),
        (None, None, "%%step update_xs\nxs.frobnicate()", None),
        id="a look is tagged",
    ),
    pytest.param(
        "SM206",
        ("%%step a\n!make data", "%%step b\nx = open('data.csv').read()"),
        (None, "%%step b --after a\nx = open('data.csv').read()"),
        id="an open order is kept",
    ),
    pytest.param(
        "SM301",
        (
            "%%step a --retries 2\nx = [1]",
            "%%step b\ny = x[0]",
            "%%step a\nx = [2]",
            "%%step c --after a\nz = 1",
        ),
        (None, None, "%%step a_2 --retries 2\nx = [2]", "%%step c --after a_2 --after a\nz = 1"),
        id="the giving step is split",
    ),
    pytest.param(
        "SM302",
        ("%%step a\nx = [1]", "%%step b\ny = x[0]", "%%step c\nx = [2]", "# more\n%%step b # of b\nz = x[0]"),
        (None, None, None, "# more\n%%step b_2 # of b\nz = x[0]"),
        id="the taking step is split",
    ),
    pytest.param(
        "SM304",
        ("%%step a\nx = [1]", "%%time\ny = x + [2]", "%%step b\nz = y"),
        (None, "%%step make_y\n%%time\ny = x + [2]", None),
        id="untagged code is tagged",
    ),
    pytest.param(
        "SM305",
        ("%%step a\nx = 't'", "open('f.txt', 'w').write(x)", "%%step b\nz = open('f.txt').read()"),
        (None, "%%step write_f_txt\nopen('f.txt', 'w').write(x)", None),
        id="a writing cell is tagged",
    ),
    pytest.param(
        "SM306",
        ("%%step a\nx = [1]", "%%step b\ny = x + [1]", "%%step a\nz = y"),
        (None, None, "%%step a_2\nz = y"),
        id="a circle is opened",
    ),
    pytest.param(
        "SM307",
        ("%%step load\nx = 1", "%%step b --after laod\ny = 1"),
        (None, "%%step b --after load\ny = 1"),
        id="a step's name is corrected",
    ),
    pytest.param(
        "SM308",
        ("%%step b\nx = 1", "%%step a --after a --retries 1\nx = 1"),
        (None, "%%step a --retries 1\nx = 1"),
        id="a step after itself",
    ),
]  # fmt: skip


def first_fix(notebook: Mapping[str, Any], code: str) -> Fix:
    return next(one for found in look(notebook).diagnostics if found.code == code for one in found.fixes)


@pytest.mark.parametrize(("code", "cells", "expected"), FIXES)
def test_a_fix_does_away_with_its_diagnostic(
    code: str, cells: tuple[str, ...], expected: tuple[str | None, ...]
) -> None:
    before = document(*cells)
    after = edited(before, first_fix(before, code).edits)
    assert sources(after) == [new or old for new, old in zip(expected, cells, strict=True)]
    assert code not in {found.code for found in look(after).diagnostics}
    assert sources(before) == list(cells)


@pytest.mark.parametrize(
    ("code", "cells"),
    [
        pytest.param("SM304", ("%load_ext stepmill", "x = 1"), id="nothing to fix"),
        pytest.param(
            "SM301",
            ("%%step a --outputs x\nx = [1]", "%%step b\ny = x[0]", "%%step a\nx = [2]"),
            id="outputs that only the user can divide",
        ),
        pytest.param(
            "SM301",
            ("%%step a --retries 1\nx = [1]", "%%step b\ny = x[0]", "%%step a --cpus 2\nx = [2]"),
            id="options on both lines",
        ),
        pytest.param(
            "SM202",
            ("import os\nbase = os.getpid()", "%load_ext stepmill", "%%step a\ny = base"),
            id="a cell above the one that loads the magic",
        ),
        pytest.param(
            "SM203",
            ("def draw():\n    from numpy import random\n    return random.rand()", "%%step a\nx = draw()"),
            id="no module at hand to seed",
        ),
    ],
)
def test_where_a_machine_cannot_know_there_is_no_fix(code: str, cells: tuple[str, ...]) -> None:
    assert [d.fixes for d in look(document(*cells)).diagnostics if d.code == code and d.fixes] == []


def test_a_notebook_without_the_magic_gets_none() -> None:
    """Its steps are tagged by metadata: a `%%step` line would be an error when somebody runs it."""
    notebook = document("x = [1]", "y = x + [2]", "z = y")
    for index, name in ((0, "a"), (2, "b")):
        notebook["cells"][index]["metadata"] = {"tags": [f"step:{name}"]}
    (found,) = look(notebook).errors
    assert (found.code, found.fixes) == ("SM304", ())


def test_a_chain_is_fixed_to_its_end_and_the_rest_is_left_alone() -> None:
    cells = ("%%step a\nx = [1]", "y = x + [2]", "w = y + [3]", "%%step b\nz = w", "%%step c\nv = Out[1]")
    fixed = fix(document(*cells), look)
    assert [one.diagnostic.code for one in fixed.applied] == ["SM304", "SM304"]
    assert [found.code for found in fixed.pipeline.errors] == ["SM330"]
    bare = [re.sub(r"^%%step \w+\n", "", source) for source in sources(fixed.document)]
    assert bare == [re.sub(r"^%%step \w+\n", "", source) for source in cells]


def test_what_only_the_user_knows_is_not_decided() -> None:
    cells = ("import time", "%%step a\nx = time.time()")
    fixed = fix(document(*cells), look)
    assert (fixed.applied, sources(fixed.document)) == ((), list(cells))
