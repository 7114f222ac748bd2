"""The analysis as a whole: it never raises, runs nothing, says the same twice, and stays small."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

import stepmill.api
from analysis.notebooks import document, notebook, pipeline
from stepmill.analysis import analyze
from stepmill.analysis.interpreter import interpret
from stepmill.analysis.units import units_of

if TYPE_CHECKING:
    from stepmill.analysis.heap import Heap

STATEMENTS = (
    "import numpy as np",
    "import os",
    "from m import *",
    "x = 1",
    "y = [x, y]",
    "x, *y = y",
    "x += 1",
    "del x",
    "y.append(x)",
    "y[0] = x",
    "z = y",
    "x.frob(y)",
    "def f(a, *b, c=x, **d):\n    y.append(a)\n    return f(a)",
    "f(x)",
    "x = f",
    "class K(K):\n    y = x\n    def __eq__(self, o): return f(o)",
    "k = K()",
    "k.a = k",
    "K.t = x",
    "for x in y: y = x",
    "while x: break",
    "try:\n    x = 1\nexcept E as e:\n    y = e\nfinally:\n    z = 1",
    "with open(x) as y: z = y",
    "x = lambda q: (y := q)",
    "x = {a: b for a, b in y if f(a)}",
    "global x",
    "match x:\n    case {'a': y, **z}: pass\n    case [K(a=x), *_]: pass\n    case _: z = 2",
    "exec(x)",
    "x = globals()",
    "!ls {x}",
    "%run x",
    "%time y = x",
    "y = !ls",
    "x?",
    "%%bash\necho",
    "await x",
    "return",
    "np.random.seed(x)",
    "x = np.random.rand()",
    "open('f', 'w').write(x)",
    "print(_)",
    "type T = int",
    "async def g(): yield x",
    "os.environ[x] = y",
    "x = y = z = [[]]",
    "x.y.z = y",
    "assert x, y",
    "raise x from y",
    "x: int",
    "lambda: x",
    "from __future__ import annotations",
    "x = *y, *z",
    "def x(): nonlocal y",
    "f = f(f)",
    "y.sort(key=f)",
)
HEADS = (
    "",
    "%%step a\n",
    "%%step b --after a\n",
    "%%step b --inputs x --outputs y\n",
    "%%parameters\n",
    "%%scratch\n",
)
CELLS = st.lists(
    st.builds(
        lambda head, lines: head + "\n".join(lines),
        st.sampled_from(HEADS),
        st.lists(st.sampled_from(STATEMENTS), max_size=6),
    ),
    max_size=6,
)
SLOW = settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])


@SLOW
@given(CELLS)
def test_no_program_makes_the_analysis_raise_and_it_says_the_same_twice(cells: list[str]) -> None:
    first, second = pipeline(*cells), pipeline(*cells)
    assert first == second
    names = [step.name for step in first.steps]
    assert len(names) == len(set(names))
    assert all(edge.producer in names and edge.consumer in names for edge in first.edges)


# of cells of the statements above one in seven lists is without errors, and most of these without an edge
FLOWING = ("x = 1", "y = [x]", "x += 1", "y.append(x)", "z = y", "z = f(y)", "def f(q):\n    return q + [x]")
BODIES = st.lists(
    st.tuples(st.integers(0, 9), st.lists(st.sampled_from(FLOWING), min_size=1, max_size=3)),
    min_size=2,
    max_size=6,
)


@SLOW
@given(BODIES)
def test_without_errors_all_steps_come_after_what_they_need(bodies: list[tuple[int, list[str]]]) -> None:
    cells = ["x, y, z = 0, [], []\ndef f(q):\n    return q"]
    for number, (after, lines) in enumerate(bodies):
        option = f" --after s{after}" if after < number else ""
        cells.append("\n".join([f"%%step s{number}{option}", *lines]))
    found = pipeline(*cells)
    assume(not found.errors and found.edges)
    order = {step.name: index for index, step in enumerate(found.steps)}
    assert all(order[edge.producer] < order[edge.consumer] for edge in found.edges)


@SLOW
@given(st.lists(st.builds(str.__add__, st.sampled_from(HEADS), st.text()), max_size=4))
def test_no_text_makes_the_analysis_raise(cells: list[str]) -> None:
    assert pipeline(*cells) == pipeline(*cells)


@pytest.mark.parametrize(
    "source",
    [
        pytest.param("x = " + "-" * 3000 + "1", id="deep operators"),
        pytest.param("x = " + "[" * 90 + "]" * 90, id="deep lists"),
        pytest.param("x = " + " + ".join(["y"] * 3000), id="a long sum"),
        pytest.param("def f(): return f()\nf()", id="endless recursion"),
        pytest.param("def f(): return g()\ndef g(): return f()\nx = f()", id="mutual recursion"),
        pytest.param("x = []\nx.append(x)\nx[0][0].append(x)", id="a list in itself"),
        pytest.param("class K(K): pass", id="a class of itself"),
        pytest.param("x\0 = 1", id="a null byte"),
        pytest.param("x = '\ud800'", id="a lone surrogate"),
        pytest.param("\ufeffx = 1", id="a byte order mark"),
        pytest.param("x = 1\r\ny = 2\ry = 3\x0c", id="all line ends"),
    ],
)
def test_odd_source_is_analysed(source: str) -> None:
    assert [step.name for step in pipeline(f"%%step a\n{source}").steps] == ["a"]


@pytest.mark.parametrize(
    "source",
    [
        pytest.param("x = " + " + ".join(["y"] * 800), id="a sum"),
        pytest.param("x = y" + ".add(1)" * 800, id="calls of calls"),
        pytest.param(
            "if y == 0: x = 0" + "".join(f"\nelif y == {i}: x = {i}" for i in range(1, 800)), id="a long elif"
        ),
    ],
)
def test_code_that_is_too_deep_to_follow_is_refused_at_its_line(source: str) -> None:
    found = pipeline("y = 1", f"%%step a\nz = y\n{source}", "%%step b\nprint(z)")
    assert [step.name for step in found.steps] == ["a", "b"]
    assert [(d.code, d.cell, d.line) for d in found.errors][:1] == [("SM110", 1, 3)]
    assert "too deeply" in found.errors[0].message


def test_a_hundred_levels_are_followed() -> None:
    chain = "if y == 0: x = 0" + "".join(f"\nelif y == {i}: x = {i}" for i in range(1, 95))
    found = pipeline("y = 1", f"%%step a\n{chain}", "%%step b\nprint(x)")
    assert not found.errors
    assert [(edge.name, edge.producer, edge.consumer) for edge in found.edges] == [("x", "a", "b")]


HOSTILE = "from pathlib import Path\nPath({path!r}).write_text('x')\n"


def test_opening_a_hostile_notebook_executes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    mark = tmp_path / "mark"
    evil = HOSTILE.format(path=str(mark))
    (tmp_path / "evil_local_module.py").write_text(f"{evil}value = 1\n")
    cells = (
        "from evil_local_module import *",
        "import evil_local_module",
        f"%%step a\n{evil}",
        f"!touch {mark}",
        f"%%bash\ntouch {mark}",
        f"%%parameters\nx = open({str(mark)!r}, 'w')",
        (
            f"%%step b\nclass K:\n    open({str(mark)!r}, 'w')\ndef f(a=open({str(mark)!r}, 'w')): ..."
            "\ny = value"
        ),
        f"%%step c\neval('open({str(mark)!r}, \"w\")')\nx = f'{{open({str(mark)!r}, \"w\")}}'",
    )
    found = stepmill.api.analyze(document(*cells))
    assert [step.name for step in found.steps if not step.implicit] == ["a", "b", "c"]
    assert "SM332" not in {d.code for d in found.diagnostics}  # the star import was read
    assert sorted(path.name for path in tmp_path.iterdir()) == ["evil_local_module.py"]


def links_of(heap: Heap) -> list[int]:
    """Return how many others each node reaches, of those that reach any."""
    found = [heap.value_of(number)[0].bit_count() - 1 for number in range(len(heap.numbering.names))]
    return [count for count in found if count]


def test_the_heap_grows_with_the_names_and_not_with_the_work() -> None:
    cells = [
        f"%%step s{i}\nx{i} = [x{i - 1}, {{'a': []}}]\nfor v in x{i}: y = [v, [v]]\nx{i}.append(y)"
        for i in range(1, 101)
    ]
    few, many = (interpret(units_of(notebook("x0 = []", *cells[:n])))[0].heap for n in (50, 100))
    assert len(links_of(many)) <= 3 * len(links_of(few))


def test_three_hundred_cells_keep_few_nodes() -> None:
    cells = [
        f"%%step s{i}\ndf{i} = df{i - 1}.assign(a={i}).dropna()\nt = df{i}.head()" for i in range(1, 301)
    ]
    found = notebook("import pandas as pd\ndf0 = pd.read_csv('f.csv')", *cells)
    heap = interpret(units_of(found))[0].heap
    assert len(links_of(heap)) < 2000
    assert sum(links_of(heap)) < 20_000
    assert len(analyze(found).steps) == 301
