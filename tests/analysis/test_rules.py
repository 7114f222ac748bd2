"""Rules: each has a notebook that breaks it at one place, and an innocent twin that does not."""

from __future__ import annotations

import re
from importlib.resources import files

import pytest

from analysis.notebooks import pipeline
from stepmill import analysis
from stepmill.analysis.rules.catalogue import RULES
from stepmill.model.facts import Fact, FactKind
from stepmill.notebook import codes

CASES = [
    # code, cells, (cell, line), name, cells of the twin
    pytest.param(
        "SM201",
        ("%%step a\nx = 1\ny = nope",),
        (0, 3),
        "nope",
        ("nope = 1", "%%step a\ny = nope"),
        id="SM201",
    ),
    pytest.param(
        "SM202",
        ("import os\nbase = compute = len(os.listdir('.'))", "%%step a\ny = base"),
        (0, 2),
        "base",
        ("base = 3", "%%step a\ny = base"),
        id="SM202",
    ),
    pytest.param(
        "SM203",
        ("import numpy as np", "%%step a\nx = np.random.rand(3)"),
        (1, 1),
        "a",
        ("import numpy as np", "%%step a\nnp.random.seed(1)\nx = np.random.rand(3)"),
        id="SM203",
    ),
    pytest.param(
        "SM204",
        ("import time", "%%step a\nx = time.time()"),
        (1, 1),
        "a",
        ("import time", "%%step a --cache-for 1d\nx = time.time()"),
        id="SM204",
    ),
    pytest.param(
        "SM205",
        ("import foo\nm = 1", "%%step a\nxs = foo.make()", "xs.frobnicate()", "%%step b\ny = xs"),
        (2, 1),
        "xs",
        ("import foo\nm = 1", "%%step a\nxs = foo.make()", "%%scratch\nxs.frobnicate()", "%%step b\ny = xs"),
        id="SM205",
    ),
    pytest.param(
        "SM210",
        ("%%step a\nx = 1\n%frobnicate x",),
        (0, 3),
        "%frobnicate",
        ("%%step a\nx = 1\n%matplotlib inline",),
        id="SM210",
    ),
    pytest.param(
        "SM213",
        (
            "import pandas as pd",
            "%%step a\ndf = pd.DataFrame({'a': [1]})",
            "%%step b\ncol = input()\ny = df.query(col)",
        ),
        (2, 3),
        None,
        ("import pandas as pd", "%%step a\ndf = pd.DataFrame({'a': [1]})", "%%step b\ny = df.query('a > 1')"),
        id="SM213",
    ),
    pytest.param(
        "SM301",
        ("%%step a\nx = [1]", "%%step b\ny = x[0]", "%%step a\nx = [2]"),
        (1, 2),
        "x",
        ("%%step a\nx = [1]", "%%step b\ny = x[0]", "%%step a\nz = [2]"),
        id="SM301",
    ),
    pytest.param(
        "SM302",
        ("%%step a\nx = [1]", "%%step b\ny = x[0]", "%%step c\nx = [2]", "%%step b\nz = x[0]"),
        (3, 2),
        "x",
        ("%%step a\nx = [1]", "%%step b\ny = x[0]", "%%step c\nw = [2]", "%%step b\nz = x[0]"),
        id="SM302",
    ),
    pytest.param(
        "SM304",
        ("%%step a\nx = [1]", "y = x + [2]", "%%step b\nz = y"),
        (2, 2),
        "y",
        ("%%step a\nx = [1]", "y = [2]", "%%step b\nz = x"),
        id="SM304",
    ),
    pytest.param(
        "SM305",
        ("%%step a\nx = 'text'", "open('f.txt', 'w').write(x)", "%%step b\nz = open('f.txt').read()"),
        (2, 2),
        "f.txt",
        ("%%step a\nx = 'text'", "open('f.txt', 'w').write(x)", "%%step b\nz = open('g.txt').read()"),
        id="SM305",
    ),
    pytest.param(
        "SM306",
        ("%%step a\nx = [1]", "%%step b\ny = x + [1]", "%%step a\nz = y"),
        (1, 2),
        "x",
        ("%%step a\nx = [1]", "%%step b\ny = x + [1]", "%%step c\nz = y"),
        id="SM306",
    ),
    pytest.param(
        "SM307",
        ("%%step load\nx = 1", "%%step b --after laod\ny = 1"),
        (1, 1),
        "laod",
        ("%%step load\nx = 1", "%%step b --after load\ny = 1"),
        id="SM307",
    ),
    pytest.param(
        "SM308",
        ("%%step a --after a\nx = 1",),
        (0, 1),
        "a",
        ("%%step b\nx = 1", "%%step a --after b\nx = 1"),
        id="SM308",
    ),
    pytest.param("SM309", ("x = 1",), (None, None), None, ("%%step a\nx = 1",), id="SM309"),
    pytest.param("SM310", ("%%step a\n# nothing",), (0, 1), "a", ("%%step a\npass",), id="SM310"),
    pytest.param(
        "SM311",
        ("class K:\n    total = 0", "%%step a\nK.total = len(open('f').read())", "%%step b\ny = K.total"),
        (2, 2),
        "K",
        ("class K:\n    total = 0", "%%step a\nx = len(open('f').read())", "%%step b\ny = K.total"),
        id="SM311",
    ),
    pytest.param(
        "SM312",
        ("%%step a\nn = len(open('f').read())\nclass K:\n    size = n", "%%step b\ny = K()"),
        (1, 2),
        "K",
        ("%%step a\nclass K:\n    size = 1", "%%step b\ny = K()"),
        id="SM312",
    ),
    pytest.param(
        "SM320",
        ("import os", "%%step a\nn = str(len(open('f').read()))\nos.environ['N'] = n", "%%step b\ny = 1"),
        (1, 3),
        None,
        ("import os", "%%step a\nos.environ['N'] = '1'", "%%step b\ny = 1"),
        id="SM320",
    ),
    pytest.param(
        "SM330",
        ("%%step a\nx = 1\ny = Out[1]",),
        (0, 3),
        "Out",
        ("%%step a\nOut = {1: 2}\ny = Out[1]",),
        id="SM330",
    ),
    pytest.param(
        "SM331",
        ("%%step a\nx = input()\nexec(x)",),
        (0, 3),
        "exec()",
        ("%%step a\nexec('x = 1')",),
        id="SM331",
    ),
    pytest.param(
        "SM332",
        ("from nowhere import *", "%%step a\nx = 1"),
        (0, 1),
        "nowhere",
        ("from nowhere import f", "%%step a\nx = 1"),
        id="SM332",
    ),
    pytest.param(
        "SM333",
        ("%%step a\nx = 1\n%run other.py",),
        (0, 3),
        "%run",
        ("%%step a\nx = 1\n%time y = 2",),
        id="SM333",
    ),
    pytest.param(
        "SM340",
        ("%%step a\ng = (i for i in [1])", "%%step b\ny = list(g)"),
        (1, 2),
        "g",
        ("%%step a\ng = [i for i in [1]]", "%%step b\ny = list(g)"),
        id="SM340",
    ),
    pytest.param(
        "SM341",
        (
            "import pandas as pd",
            "%%step a\ndf = pd.DataFrame({'a': [1]})\nv = df.to_numpy()",
            "%%step b\nv[0] = 5\ny = df.sum()",
        ),
        (2, 2),
        "df",
        (
            "import pandas as pd",
            "%%step a\ndf = pd.DataFrame({'a': [1]})\nv = df.to_numpy().copy()",
            "%%step b\nv[0] = 5\ny = df.sum()",
        ),
        id="SM341",
    ),
    pytest.param(
        "SM360",
        ("%%parameters\nalpha = open('f').read()", "%%step a\nx = alpha"),
        (0, 2),
        None,
        ("%%parameters\nalpha = 1", "%%step a\nx = alpha"),
        id="SM360",
    ),
    pytest.param(
        "SM361",
        ("%%step a --outputs nope\nx = 1",),
        (0, 1),
        "nope",
        ("%%step a --outputs x\nx = 1",),
        id="SM361",
    ),
    pytest.param(
        "SM362",
        ("%%parameters\nalpha = 1\nalpha = 2", "%%step a\nx = alpha"),
        (0, 3),
        "alpha",
        ("%%parameters\nalpha = 1\nbeta = 2", "%%step a\nx = alpha"),
        id="SM362",
    ),
]
ONLY_BY_FACTS = {"SM321"}


@pytest.mark.parametrize(("code", "cells", "place", "name", "twin"), CASES)
def test_rule(
    code: str, cells: tuple[str, ...], place: tuple[int, int], name: str | None, twin: tuple[str, ...]
) -> None:
    (found,) = [d for d in pipeline(*cells).diagnostics if d.code == code]
    assert ((found.cell, found.line), found.name, found.severity) == (place, name, RULES[code].severity)
    assert found.message
    assert found.hint
    assert not re.search(r"[{}?]", found.message + found.hint.replace("did you mean `load`?", ""))
    assert code not in {d.code for d in pipeline(*twin).diagnostics}


def test_process_state_that_a_run_saw_changing() -> None:
    cells = ("%%step a\nx = 1", "%%step b\ny = x")
    fact = Fact(kind=FactKind.SESSION, step="a", names=("locale", "environ:LANG"))
    (found,) = pipeline(*cells, facts=[fact]).diagnostics
    assert (found.code, found.cell, found.line, bool(found.hint)) == ("SM321", 0, 2, True)
    assert "locale, environ LANG" in found.message
    assert pipeline(*cells).diagnostics == ()


def test_each_rule_has_its_case() -> None:
    assert {case.values[0] for case in CASES} | ONLY_BY_FACTS == set(RULES)


def test_each_code_that_the_analysis_uses_is_a_rule_and_each_rule_is_used() -> None:
    sources = [path.read_text("utf-8") for path in files(analysis).iterdir() if path.name.endswith(".py")]
    sources += [files(analysis).joinpath("rules", "report.py").read_text("utf-8")]
    used = {code for source in sources for code in re.findall(r'"(SM\d{3})"', source)}
    assert used == set(RULES)


def test_no_code_means_two_things() -> None:
    ours = [value for name, value in vars(codes).items() if name.isupper()]
    assert len(set(ours)) == len(ours)
    assert not set(ours) & set(RULES)


@pytest.mark.parametrize("code", sorted(RULES))
def test_a_rule_says_what_why_and_what_to_do(code: str) -> None:
    rule = RULES[code]
    assert rule.code == code
    assert all([rule.title, rule.message, rule.hint, rule.why])
    fields = set(re.findall(r"{(\w*)}", rule.message + rule.hint))
    assert fields <= {"name", "detail", "step", "cell2", "line2"}


@pytest.mark.parametrize(
    ("comment", "expected"),
    [
        pytest.param("# stepmill: ignore[SM201]", [], id="its own code silences a doubt"),
        pytest.param("# stepmill: ignore[SM205]", ["SM201"], id="another code does not"),
        pytest.param("# stepmill: ignore", ["SM201"], id="no code does not"),
    ],
)
def test_a_comment_silences_doubts(comment: str, expected: list[str]) -> None:
    assert [d.code for d in pipeline(f"%%step a\nx = nope  {comment}").diagnostics] == expected


def test_no_comment_silences_an_error() -> None:
    found = pipeline("%%step a\nx = Out[1]  # stepmill: ignore[SM330]").diagnostics
    assert [d.code for d in found] == ["SM330"]


def test_diagnostics_come_in_notebook_order_those_of_the_whole_first() -> None:
    found = pipeline("x = 1", "y = (")
    assert [(d.code, d.cell) for d in found.diagnostics] == [("SM309", None), ("SM110", 1)]


@pytest.mark.parametrize(
    ("cells", "hint"),
    [
        pytest.param(
            ("%%step a\nx = late", "late = 1"),
            "cell [1] further down defines it: move that cell up",
            id="below",
        ),
        pytest.param(
            ("%%step a\nx = nope",), "check the spelling, or define `nope` in a cell above", id="nowhere"
        ),
    ],
)
def test_a_missing_name_is_looked_for(cells: tuple[str, ...], hint: str) -> None:
    assert [d.hint for d in pipeline(*cells).diagnostics] == [hint]
