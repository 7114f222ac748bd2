"""What no other case needs of a rule: without it, who takes a name from whom would come out otherwise."""

from __future__ import annotations

from textwrap import indent

import pytest

from analysis.notebooks import notebook
from stepmill.analysis import analyze

CHAIN = "\n".join(f"def f{n}(x):\n    f{n + 1}(x)\n" for n in range(30)) + "def f30(x):\n    x.append(1)\n"
TO_ITS_CALLER = "\n".join(f"def g{n}(f):\n    g{n + 1}(f)\n" for n in range(14)) + "def g14(f):\n    f()\n"

CASES = [
    pytest.param(
        (
            "%%step a\nit = iter([1, 2, 3])",
            "%%step b\nkept = []\nkept.extend(it)",
            "%%step c\nprint(list(it))",
        ),
        "it",
        id="a list that takes from an iterator uses it up",
    ),
    pytest.param(
        (
            "%%step a\nx = []\nz = x",
            "%%step b\ndef f():\n    global x\n    y = x\n    x = [0]\n    y.append(1)\nf()",
            "%%step c\nprint(z)",
        ),
        "z",
        id="a local name stays bound to what a global one was",
    ),
    pytest.param(
        (CHAIN, "%%step a\nx = []", "%%step b\nf0(x)", "%%step c\nprint(x)"),
        "x",
        id="calls too deep to follow may change their arguments",
    ),
    pytest.param(
        (
            "%%step a\ncount = [0]\ndef gen():\n    yield count.append(1)",
            "%%step b\nlist(gen())",
            "%%step c\nprint(count)",
        ),
        "count",
        id="what a generator yields is evaluated",
    ),
    *(
        pytest.param(
            (f"%%step a\n{made}", f"%%step b\n{call}.append(0)", "%%step c\nprint(x)"),
            "x",
            id=f"{call} is one of what it is given",
        )
        for made, call in (
            ("x = [[1], [2, 3]]", "max(x, key=len)"),
            ("x, y = [1], [2]", "max(x, y, key=len)"),
        )
    ),
    pytest.param(
        (
            "from threading import Thread",
            "%%step a\nlog = []\nclass T(Thread):\n    def run(self):\n        log.append(1)",
            "%%step b\nt = T()\nt.start()\nt.join()\ndel t",
            "%%step c\nprint(log)",
        ),
        "log",
        id="an inherited method may call any of the class",
    ),
    pytest.param(
        (
            (
                "from functools import singledispatch\n@singledispatch\ndef f(x):\n    pass\n"
                "@f.register(list)\ndef f_list(x):\n    x.append(1)"
            ),
            "%%step a\nxs = []",
            "%%step b\nf(xs)",
            "%%step c\nprint(xs)",
        ),
        "xs",
        id="what was registered for a type may be called",
    ),
    pytest.param(
        (
            (
                "%%step a\nlog = []\nclass K:\n    @property\n    def v(self):\n        return 1\n"
                "    @v.setter\n    def v(self, x):\n        log.append(x)\nk = K()"
            ),
            "%%step b\nsetattr(k, chr(118), 3)",
            "%%step c\nprint(log)",
        ),
        "log",
        id="an attribute of an unknown name may be any property",
    ),
    pytest.param(
        (
            "from sklearn.pipeline import Pipeline\nfrom sklearn.linear_model import LinearRegression",
            "%%step a\nmodel = LinearRegression()\npipe = Pipeline([('m', model)])",
            "%%step b\npipe.fit([[1], [2]], [1, 2])",
            "%%step c\nprint(model)",
        ),
        "model",
        id="what is fitted fits the estimators in it",
    ),
    pytest.param(
        (
            "%%step a\nx = []",
            "%%step b\nfor i in range(2):\n    pass\nelse:\n    x.append(1)",
            "%%step c\nprint(x)",
        ),
        "x",
        id="a loop's else counts",
    ),
    pytest.param(
        (
            "%%step a\nlog = []",
            "%%step b\ndef gen():\n    yield from [log]\nfor one in gen():\n    one.append(1)",
            "%%step c\nprint(log)",
        ),
        "log",
        id="a generator gives what it takes from another one",
    ),
    *(
        pytest.param(
            (
                "%%step a\nx = []",
                f"%%step b\ndef f(v):\n    return {names}()\nf(x)['v'].append(1)",
                "%%step c\nprint(x)",
            ),
            "x",
            id=f"{names}() of a function has the values of its names",
        )
        for names in ("locals", "vars")
    ),
    pytest.param(
        (
            TO_ITS_CALLER,
            "%%step a\nlog = []",
            "%%step b\nr = g14(int), g0(lambda: log.append(1))",
            "%%step c\nprint(log)",
        ),
        "log",
        id="a body that was gone through may call what it is given this time",
    ),
]


@pytest.mark.parametrize(("cells", "name"), CASES)
def test_the_last_step_takes_it_from_the_one_that_changed_it(cells: tuple[str, ...], name: str) -> None:
    found = analyze(notebook(*cells), anew=True)
    assert [e.producer for e in found.edges if e.consumer == "c" and e.name == name] == ["b"], (
        found.diagnostics
    )


QUERIES = [
    "import duckdb\nduckdb.sql('select a From df')",
    "import duckdb\nduckdb.query('select * from x JOIN df using (k)')",
    "import polars\npolars.sql('select a from df')",
    "import numexpr\nnumexpr.evaluate('df * 2')",
    "import duckdb\nduckdb.execute('from df where a = ?', [1])",
    "import duckdb\ncon = duckdb.connect()\ncon.sql('from df')",
    "import duckdb\ncon = duckdb.connect()\ncon.execute('insert into t select * from df')",
]


@pytest.mark.parametrize("query", QUERIES)
def test_a_query_reads_the_variables_that_are_its_tables(query: str) -> None:
    cells = ("%%step a\ndf, other = make(), 'from'", f"%%step b\n{query}\nprint(\"'from other'\")")
    found = analyze(notebook(*cells), anew=True)
    assert [(edge.name, edge.consumer) for edge in found.edges] == [("df", "b")]


REVERSED = "names = ['x', 'y']\nnames.reverse()\nglobals()[names[0]].append(1)"


@pytest.mark.parametrize(
    "code",
    [REVERSED, f"def f():\n{indent(REVERSED, '    ')}\nf()"],
    ids=["names of the notebook", "local names"],
)
def test_a_list_that_was_reversed_has_elements_that_are_not_known(code: str) -> None:
    cells = ("%%step a\nx, y = [], []", f"%%step b\n{code}", "%%step c\nprint(y)")
    assert "SM331" in {found.code for found in analyze(notebook(*cells), anew=True).diagnostics}


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("def f():\n    x = 2\n    return locals()['x']\nf()", "x"),
        ("def f(x):\n    locals()['x'] = 3\nf(1)", "x"),
    ],
    ids=["read", "bound"],
)
def test_locals_of_a_function_are_not_names_of_the_notebook(code: str, name: str) -> None:
    found = analyze(notebook("%%step a\nx = [1]", f"%%step b\n{code}", "%%step c\nprint(x)"), anew=True)
    assert [(e.producer, e.consumer) for e in found.edges if e.name == name] == [("a", "c")]


@pytest.mark.parametrize(
    ("made", "use"),
    [
        ("y = -pd.DataFrame({'a': [1]})\nz = y['a']", "z[0] = 1"),
        ("y = -np.ones(3)", "y.foo()"),
    ],
    ids=["a column of a frame is no part of it", "methods of arrays change nothing"],
)
def test_what_an_operator_makes_of_a_frame_or_an_array_is_one(made: str, use: str) -> None:
    first = f"%%step a\nimport numpy as np\nimport pandas as pd\n{made}"
    found = analyze(notebook(first, f"%%step b\n{use}", "%%step c\nprint(y)"), anew=True)
    assert [e.producer for e in found.edges if (e.name, e.consumer) == ("y", "c")] == ["a"]


@pytest.mark.parametrize("word", ["break", "continue"])
def test_what_is_never_reached_does_not_count(word: str) -> None:
    loop = f"%%step b\nfor i in range(3):\n    {word}\n    x.append(1)"
    assert not analyze(notebook("%%step a\nx = []", loop, "%%step c\npass"), anew=True).edges


def test_looking_at_all_names_is_said_with_the_whole_call() -> None:
    found = analyze(notebook("%%step a\nx = 1", "%%step b\nn = len(globals())"), anew=True)
    assert [d.message.split("`")[1] for d in found.diagnostics if d.code == "SM331"] == ["len(globals())"]
