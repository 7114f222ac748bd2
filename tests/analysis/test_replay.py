"""Replay: which statements can be executed again in each step."""

from __future__ import annotations

import pytest

from analysis.notebooks import notebook
from stepmill.analysis.interpreter import interpret
from stepmill.analysis.replay import shape_of
from stepmill.analysis.units import units_of

BEFORE = """\
import os, math, collections
import foo
import numpy as np
import pandas as pd
class K: pass
xs = [1]
n = 1"""


@pytest.mark.parametrize(
    ("source", "shape"),
    [
        pytest.param("import sys", "import", id="import"),
        pytest.param("from os import path", "import", id="from import"),
        pytest.param(
            "try:\n    import a\nexcept ImportError:\n    a = None", "import", id="an optional import"
        ),
        pytest.param("if n:\n    import a", "import", id="a conditional import"),
        pytest.param("if n:\n    a = foo.make()", "", id="a conditional call"),
        pytest.param("def f(): return n", "definition", id="def"),
        pytest.param("async def f(): return n", "definition", id="async def"),
        pytest.param("class C(K): x = 1", "definition", id="class"),
        pytest.param("f = lambda x: x + n", "definition", id="a named lambda"),
        pytest.param("Row = collections.namedtuple('Row', 'a b')", "definition", id="a class made by a call"),
        pytest.param("x = 1", "constant", id="a number"),
        pytest.param("x: int = 1", "constant", id="an annotated number"),
        pytest.param("x = [n, {'a': (1, 2)}]", "constant", id="literals in each other"),
        pytest.param("x = n * 2 if n else -n", "constant", id="arithmetic"),
        pytest.param("x = [i for i in range(3)]", "constant", id="a comprehension of literals"),
        pytest.param("x = dict(a=1)", "constant", id="a call as good as a literal"),
        pytest.param("x = math.sqrt(2)", "constant", id="mathematics"),
        pytest.param("x = 'a b'.split()", "constant", id="a method of a literal text"),
        pytest.param("x = foo.make()", "", id="a library call is work"),
        pytest.param("x = open('f').read()", "", id="reading a file is work"),
        pytest.param("xs.append(1)", "", id="a change is work"),
        pytest.param("x += 1", "", id="an augmented assignment is work"),
        pytest.param("del n", "", id="deleting is work"),
        pytest.param("print(n)", "", id="an expression is work"),
        pytest.param("for i in xs: pass", "", id="a loop is work"),
        pytest.param("x = np.random.rand()", "", id="a draw is work"),
        pytest.param("np.random.seed(1)", "", id="seeding is work"),
        pytest.param("os.environ['A'] = '1'", "session", id="an environment variable"),
        pytest.param("pd.set_option('display.width', 80)", "session", id="a setting"),
        pytest.param("%matplotlib inline", "session", id="a magic of the session"),
        pytest.param("K.total = 0", "patch", id="an attribute of a class"),
        pytest.param("K.total = foo.make()", "", id="an attribute of a class from work"),
        pytest.param("xs.attr = 0", "", id="an attribute of data"),
    ],
)
def test_shape(source: str, shape: str) -> None:
    interpreter, observed = interpret(units_of(notebook(f"{BEFORE}\n{source}")))
    assert shape_of(list(observed.values())[-1], interpreter.env) == shape
