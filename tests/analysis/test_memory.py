"""An analysis after an edit gives what an analysis from nothing gives."""

from __future__ import annotations

import random
import re
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from oracle.table import all_cases
from stepmill.analysis import analyze, build, memory
from stepmill.analysis.interpreter import Interpreter, Observed
from stepmill.analysis.labels import LEAST
from stepmill.analysis.rows import Numbering, Rows
from stepmill.analysis.state import State
from stepmill.analysis.touches import Touches
from stepmill.analysis.values import all_of
from stepmill.model.codec import to_json
from stepmill.notebook.reading import parse_document

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stepmill.analysis.units import Unit
    from stepmill.model.cell import Notebook

LINES = (
    "x = 1", "x = [1]", "y = x", "y = [x]", "z = y", "x.append(2)", "y[0] = z", "x += [3]", "del x", "x = 2",
    "def f(a=[]):\n    a.append(x)\n    return a", "z = f()", "z = f(x)", "f = lambda v=x: v", "import f",
    "class K:\n    n = []\n    def put(self, v):\n        self.n.append(v)\n        self.v = v", "k = K()",
    "k.put(x)", "K.n = y", "z = k.v", "x = k", "y = k.n", "for x in y: z = x", "while x: x = y; y = z",
    "def make():\n    n = [0]\n    def inner(v):\n        nonlocal n\n        n = v\n    return inner",
    "g = make()", "z = g(x)", "g(y)", "from os import *", "from nowhere import *", "import numpy as np",
    "import random", "random.seed(1)", "z = random.random()", "np.random.seed(0)", "y = np.random.rand(3)",
    "import pandas as pd", "x = pd.DataFrame({'a': [1]})", "y = x['a']", "y['b'] = 2", "z = x.values",
    "open('a.txt', 'w').write('x')", "z = open('a.txt').read()", "import os", "os.chdir('d')", "unknown(x)",
    "import local_module", "local_module.fill(x)", "z = local_module.get(y)", "pd.options.display.width = 1",
    "if x: y = z", "try:\n    y = x\nexcept E as e:\n    z = e", "with open('b') as h: z = h", "x, y = y, x",
    "globals()['x'] = y", "exec('x = y')", "import functools", "p = functools.partial(f, x)", "z = p()",
    "open('f.py', 'w').write('a = 1')",
    "!ls", "%cd d", "ls", "z = [v for v in x]", "z = (v for v in y)", "next(z)", "z = zip(x, y)", "_",
    "d = {'f': x.append}", "d['f'](y)", "print(x)", "y", "def", "@f\ndef h(): return x", "z = h()",
)  # fmt: skip
TAGS = (
    "", "", "%%step a", "%%step b", "%%step c", "%%step a --outputs x", "%%step b --inputs x", "%%scratch",
    "%%parameters",
)  # fmt: skip

KINDS = ("replace", "insert", "copy", "delete", "move", "swap", "retag", "add", "cut", "line", "line")


@st.composite
def histories(draw: st.DrawFn) -> list[list[str]]:
    """Versions of a notebook of few different lines, so that they have to do with each other."""
    pool = draw(st.lists(st.sampled_from(LINES), min_size=3, max_size=8))
    lines = st.lists(st.sampled_from(pool), max_size=4)
    sources = st.builds(
        lambda tag, body: "\n".join([*filter(None, [tag]), *body]), st.sampled_from(TAGS), lines
    )
    versions = [draw(st.lists(sources, min_size=1, max_size=6))]
    for kind in draw(st.lists(st.sampled_from(KINDS), min_size=1, max_size=4)):
        number, source, line = draw(st.integers(0, 99)), draw(sources), draw(st.sampled_from(pool))
        versions.append(edited(versions[-1], kind, number, line if kind in ("add", "line") else source))
    return versions


@pytest.fixture(autouse=True)
def _nothing_known() -> Iterator[None]:
    build.forget()
    yield
    build.forget()


def edited(cells: list[str], kind: str, number: int, source: str) -> list[str]:
    """Return the cells after one edit."""
    at = number % (len(cells) + 1)
    here = min(at, len(cells) - 1)
    if kind == "insert" or not cells:
        return [*cells[:at], source, *cells[at:]]
    old, rest = cells[here], [*cells[:here], *cells[here + 1 :]]
    if kind == "delete":
        return rest
    if kind == "move":
        return [*rest[: number % 3], old, *rest[number % 3 :]]
    if kind == "copy":
        return [*cells[: number % 4], old, *cells[number % 4 :]]
    if kind == "swap":
        return [*cells[:here][::-1], old, *cells[here + 1 :][::-1]]
    lines = old.split("\n")
    body = old.partition("\n")[2] if old.startswith("%%") else old
    new = {
        "replace": source,
        "retag": "\n".join([*filter(None, [TAGS[number % len(TAGS)]]), body]),
        "add": f"{old}\n{source}",
        "line": "\n".join([*lines[: number % len(lines)], source, *lines[number % len(lines) + 1 :]]),
        "cut": "\n".join([*lines[: number % len(lines)], *lines[number % len(lines) + 1 :]]),
    }[kind]
    return [*cells[:here], new, *cells[here + 1 :]]


def parsed(cells: list[str]) -> Notebook:
    made = [{"cell_type": "code", "id": "", "metadata": {}, "source": source} for source in cells]
    return parse_document({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": made}, "n")


def analysed(cells: list[str]) -> Any:
    found = to_json(analyze(parsed(cells), is_local=lambda name: name == "local_module"))
    labels = [number for number in re.findall(r"\b\d+\b", str(found)) if int(number) >= LEAST]
    assert not labels, "what leaves the room has positions"
    return found


def check(versions: list[list[str]]) -> None:
    warm = []
    for cells in versions:
        warm.append(analysed(cells))
        check_what_is_kept()
    for cells, found in zip(versions, warm, strict=True):
        build.forget()
        assert found == analysed(cells), cells


def check_what_is_kept() -> None:
    """What an edit has brought up to date is as if it had been made from all that there is."""
    for look in [look for kept in build._recent._memories for look in kept.looks.values()]:
        row, owned, touches = look.remembered, dict[str | None, list[int]](), Touches()
        for unit, trace in zip(row.units, row.traces, strict=True):
            assert trace is not None
            assert trace.unit is unit
            owned.setdefault(unit.owner, []).append(unit.index)
            touches.replace(None, trace)
        assert (row.indices, row.owned) == ([unit.index for unit in row.units], owned)
        assert row.seen == [trace.observed for trace in row.traces if trace is not None]
        assert (sum(row.entries), row.calls) == (look.entries, [seen.calls for seen in row.seen if seen])
        assert _as_sets(look.touches) == _as_sets(touches)


def _as_sets(touches: Touches) -> dict[tuple[int, Any], set[int]]:
    tables = touches._units.items()
    found = {(number, entry): set(touches.of(number, entry)) for number, known in tables for entry in known}
    return {about: units for about, units in found.items() if units}


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(histories())
def test_after_edits_it_is_as_if_analysed_from_nothing(versions: list[list[str]]) -> None:
    check(versions)


def test_oracle_cases_after_edits_are_as_if_analysed_from_nothing() -> None:
    chance = random.Random(1)
    for case in chance.sample(list(all_cases()), 40):
        cells = ["".join(cell["source"]) for cell in case.document()["cells"] if cell["cell_type"] == "code"]
        versions = [cells]
        for _ in range(3):
            kind = chance.choice(KINDS)
            line = chance.choice(LINES)
            versions.append(edited(versions[-1], kind, chance.randrange(100), line))
        check([*versions, cells])


TREE = """
class Node:
    def __init__(self, value, children=()):
        self.value, self.children, self.parent = value, list(children), None
        for child in self.children:
            child.parent = self
        self.undo = lambda: None
    def __add__(self, other):
        out = Node(self.value, (self, other))
        def undo():
            self.value, other.value = other.value, out.value
        out.undo = undo
        return out
    def walk(self, seen):
        if self not in seen:
            seen.append(self)
            for child in self.children:
                child.walk(seen)
                child.undo()
        return seen
"""


def test_recursion_after_edits_is_as_if_analysed_from_nothing() -> None:
    """Sets of hundreds of nodes, of which an edit makes new ones."""
    cells = [TREE, "%%step a\nx = Node([1])\ny = Node(x) + x", "%%step b\nz = (y + x) + Node(y)"]
    cells += ["%%step c\nfor node in z.walk([]):\n    node.value = y", "%%step d\nprint(x.value, z)"]
    versions = [cells]
    for at, line in ((1, "w = y + Node(w)"), (2, "z = z + y"), (0, "k = Node"), (4, "x.parent = y")):
        versions.append([*cells[:at], f"{cells[at]}\n{line}", *cells[at + 1 :]])
    check([*versions, ["limit = 1", *cells], cells])


def plainly_analysed(cells: list[str]) -> Any:
    """Analyse from nothing, and within that look all up anew, with a number of its own for each object."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(State, "find_attribute", State._find_attribute)
        patch.setattr(Numbering, "give_back", lambda _self, _nodes: None)
        patch.setattr(
            Rows, "union", lambda self, nodes: all_of([nodes, *(row for _, row in self.groups(nodes))])
        )
        build.forget()
        return analysed(cells)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(histories())
def test_what_an_analysis_remembers_of_itself_changes_nothing(versions: list[list[str]]) -> None:
    warm = [analysed(cells) for cells in versions]
    assert warm == [plainly_analysed(cells) for cells in versions]


def test_what_an_analysis_remembers_of_itself_changes_nothing_in_notebooks_with_classes() -> None:
    chance, uses = random.Random(2), ["z = Node(x) + y", "x = y.walk([])", "x.undo()", "y = Node([z], [x])"]
    uses += [
        "Node.undo = print",
        "y.children[0].value.append(x)",
        "x = [z, y]",
        "z = x",
        "print(max(x, key=y))",
    ]
    for _ in range(6):
        steps = [f"%%step s{i}\n" + "\n".join(chance.sample(uses, 3)) for i in range(5)]
        cells = [TREE, "%%step a\nx = Node([1])\ny = z = x", *steps]
        assert analysed(cells) == plainly_analysed(cells)


def test_calls_that_are_too_many_are_refused_where_they_begin(monkeypatch: pytest.MonkeyPatch) -> None:
    """An analysis after edits stops at the same call, also where the edit is far above it."""
    monkeypatch.setattr(build, "MOST_CALLS", 5)
    cells = ["def f(v):\n    v.append(1)", "%%step a\nx = []\nf(x)", "f(x)\nf(x)", "%%step b\nf(x)\nf(x)"]
    longer = [*cells[:1], "%%step c\ny = []\nf(y)", *cells[1:]]
    longest = [*longer, "%%step d\nf(y)"]
    check([cells, longer, longest, longer, cells, longest])
    found = [
        [d for d in analyze(parsed(v)).diagnostics if d.code == "SM334"] for v in (cells, longer, longest)
    ]
    assert found[0] == []
    assert [[(d.cell, d.line, d.is_error) for d in one] for one in found[1:]] == [[(4, 3, True)]] * 2


def test_nodes_of_statements_long_gone_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "SPARE_NODES", 10)
    cells = ["%%step a\nx = [[1], [2]]", "%%step b\ny = [x, x[0]]\nz = y[0]"]
    versions = [
        [f"new_{number} = [x for x in y]", *cells[:1], f"v_{number} = []", *cells[1:]] for number in range(60)
    ]
    check(versions)
    for version in versions:
        analysed(version)
    (look,) = build._recent.take(parsed(versions[-1]), ()).looks.values()
    assert len(look.numbering.names) < 60


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> list[str | None]:
    """The steps of the statements that are interpreted, one by one."""
    found: list[str | None] = []
    observe = Interpreter.observe

    def counted(self: Interpreter, unit: Unit, *about: Any) -> Observed:
        found.append(unit.owner)
        return observe(self, unit, *about)

    monkeypatch.setattr(Interpreter, "observe", counted)
    return found


def test_an_edit_of_a_large_notebook_interprets_few_statements(seen: list[str | None]) -> None:
    """More nodes than `SPARE_NODES`, edited more often than that many nodes would last."""
    number = memory.SPARE_NODES // 4
    cells = [f"%%step s{i}\nx{i} = [[{i}], [v for v in 'ab']]\ny{i} = x{i}[0]" for i in range(number)]
    analysed(cells)
    (look,) = build._recent._memories[-1].looks.values()
    assert len(look.numbering.names) > memory.SPARE_NODES / 2
    assert len(seen) == 2 * number
    for edit in range(40):
        seen.clear()
        at = 7 * edit % number
        cells[at] += f"\nz{at} = [[[w] for w in v] for v in (y{at}, [], {edit})]"
        analysed(cells)
        assert set(seen) == {f"s{at}"}, edit


def test_an_edit_leaves_alone_what_does_not_depend_on_it(seen: list[str | None]) -> None:
    cells = ["import pandas as pd", *(f"%%step s{i}\nx{i} = [{i}]\ny{i} = len(x{i})" for i in range(1, 9))]
    cells.append("%%step last\nz = x3 + x5")
    analysed(cells)
    assert set(seen) == {None, *(f"s{i}" for i in range(1, 9)), "last"}
    seen.clear()
    analysed(cells)
    assert seen == []
    analysed([*cells[:3], "%%step s3\nx3 = {3}\nnew = 1", *cells[4:]])
    assert set(seen) == {"s3", "last"}
    seen.clear()
    analysed(["# above", *cells[:2], "%%step new\nx9 = x5", *cells[2:4], *cells[5:8], cells[4], *cells[8:]])
    assert set(seen) == {"new", "s3", "s4", "last"}  # s3 is as it was before, s4 stands further down


def test_statements_above_one_that_is_gone_are_repeated_together(monkeypatch: pytest.MonkeyPatch) -> None:
    looked_at: list[str | None] = []
    run = memory.Replay.run

    def counted(self: memory.Replay, at: int, *about: Any) -> Observed:
        looked_at.append(self.remembered.units[at].owner)
        return run(self, at, *about)

    monkeypatch.setattr(memory.Replay, "run", counted)
    cells = [f"%%step s{i}\nx{i} = [{i}]\ny{i} = len(x{i})" for i in range(9)]
    analysed(cells)
    looked_at.clear()
    analysed([*cells[:7], "%%step s7\nx7 = [7]", cells[8]])
    assert set(looked_at) <= {"s7", "s8"}


def test_what_is_to_run_is_analysed_from_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    cell = {"cell_type": "code", "id": "", "metadata": {}, "source": "%%step a\nx = 1"}
    document = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [cell]}
    notebook = parse_document(document, "n")
    build.analyze(notebook)
    monkeypatch.setattr(build._recent, "take", lambda *_: pytest.fail("the memory was asked"))
    assert build.analyze(notebook, anew=True).step("a").outputs


def test_what_is_known_of_modules_is_asked_again() -> None:
    cells = ["%%step a\nx = [1]", "import mine\nmine.clean(x)", "%%step b\nprint(x)"]
    made = [{"cell_type": "code", "id": "", "metadata": {}, "source": source} for source in cells]
    notebook = parse_document({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": made}, "n")
    found = [
        {d.code for d in analyze(notebook, is_local=lambda _: local).diagnostics}  # noqa: B023
        for local in (False, True, False)
    ]
    assert found[0] == found[2] != found[1]


@pytest.mark.parametrize(
    ("cells", "at", "edit"),
    [
        pytest.param(
            ["import math", "x = math.sqrt(2)", "%%step a\ny = x", "%%step b\nz = 1"],
            3, "%%step b\nmath = 1", id="a name ends as something else, so no constant is made of it",
        ),
        pytest.param(
            ["C = [1]", "%%step a\ny = C", "%%step b\nz = 1"],
            2, "%%step b\nC = 5", id="a constant's name ends as a number",
        ),
        pytest.param(
            ["A = 1", "B = A", "C = B", "%%step a\ny = C"],
            0, "A = open('f').read()", id="what cannot be repeated reaches through others",
        ),
        pytest.param(
            ["class K: pass", "%%step a\nbox = []", "%%step a\nq = 1", "%%step b\nprint(box)"],
            1, "%%step a\nbox = []\nk = K()\nk.box = box", id="an earlier cell of a step carries a class",
        ),
        pytest.param(
            ["%%step a\nx = [1]\ny = [2]", "%%step b\nx.append(y)", "%%step c\nz = x, y"],
            1, "%%step b\nx.append(2)", id="two names do not share objects any more",
        ),
        pytest.param(
            ["n = len(open('f').read())", "m = len(open('g').read())", "%%step a\ny = n", "%%step b\nz = 1"],
            3, "%%step b\nz = m", id="the implicit step gets another statement",
        ),
        pytest.param(
            ["%%step a\nx = 1", "%%step b\ny = 1", "%%step a\nz = x"],
            1, "%%step b\nx = 2", id="another step between two cells of one binds its name",
        ),
        pytest.param(
            ["%%step a --outputs x\nx = 1", "x = 1", "del x"],
            0, "%%step a --outputs x\ndel x", id="a name that is gone at the end was there in between",
        ),
        pytest.param(
            ["%%parameters\na = [1]", "%%step s\nx = a", "b = a\nb.append(2)\nb.append(3)",
             "n = len(open('f').read())", "%%step t\ny = 1"],
            4, "%%step t\ny = n", id="there is an implicit step where there was none",
        ),
        pytest.param(
            ["C = [1]", "%%step a\ny = C", "%%step b\nprint(C)", "%%step c\nz = 1"],
            3, "%%step c\nC = 1", id="a constant that two steps repeat ends as a number",
        ),
        pytest.param(
            ["class K: pass", "%%step a\nw = 1", "%%step a\nq = 1", "%%step b\nprint(box)"],
            1, "%%step a\nw = 1\nbox = []\nk = K()\nk.box = box", id="an earlier cell makes more names",
        ),
        pytest.param(
            ["%%step a\nx = [1]\ny = [2]", "%%step b\nx.append(y)", "%%step c\nz = x, y"],
            1, "%%step b\nx.append(y[0])", id="all is as it was but that two names share no objects",
        ),
        pytest.param(
            ["A = len(open('f').read())", "B = (A, A)", "%%step a\nprint(B)"],
            0, "A = 'x'.upper()", id="what can be repeated now reaches through another statement",
        ),
        pytest.param(
            ["import numpy as np", "import random", "%%step a\ny = np.random.rand(3)"],
            1, "import numpy as xp", id="the module has an earlier name",
        ),
        pytest.param(
            ["%%step a\nx = [1]\ny = [x]", "%%step b\nz = 1", "%%step c\nw = x, y\nw[0].append(1)"],
            1, "%%step b\ny.append(x)", id="what a step takes is changed above it",
        ),
    ],
)  # fmt: skip
def test_an_edit_reaches_what_depends_on_it(cells: list[str], at: int, edit: str) -> None:
    check([cells, [*cells[:at], edit, *cells[at + 1 :]], cells])


def test_an_import_sees_that_its_module_is_written_above() -> None:
    cells = ["%%step b\nimport mod\ny = mod.f()"]
    check([["x = 1", *cells], ["%%step a\n%%writefile mod.py\ndef f(): pass", *cells], ["x = 1", *cells]])


def test_a_scope_that_a_later_statement_changes_is_not_remembered() -> None:
    """Nothing notes what a function's own scope was before."""
    maker = "def make():\n  n = [0]\n  def put(v):\n    nonlocal n\n    n = v\n    return n\n  return put"
    cells = ["row = 1", maker, "%%step a\nf = make()", "%%step b\nf([])", "%%step c\nx = f([2])\ny = row"]
    check([[*cells, f"%%step d\n{last}"] for last in ("z = x", "row = open", "z = x\nz.append(1)")])


def test_a_scope_in_which_all_stays_as_it_was_is_remembered(seen: list[str | None]) -> None:
    """A function puts an object of a class into a list of its own that has such objects already."""
    maker = "def make():\n  kept = []\n  kept.append(K())\n  def put(v):\n    kept.append(v)\n  return put"
    cells = ["class K: pass", maker, "%%step a\nf = make()", "%%step b\nf(K())", "%%step c\nz = 1"]
    analysed(cells)
    seen.clear()
    analysed([*cells[:4], "%%step c\nz = 2"])
    assert set(seen) == {"c"}
    check([cells, [*cells[:3], "%%step b\nf(K())\nf(make)", cells[4]], cells])


def test_threads_do_not_get_into_each_others_way() -> None:
    chance = random.Random(2)
    cases = chance.sample(list(all_cases()), 6)
    versions = []
    for case in cases:
        cells = ["".join(cell["source"]) for cell in case.document()["cells"] if cell["cell_type"] == "code"]
        versions += [cells, edited(cells, "add", 1, "x = 1"), edited(cells, "insert", 0, "y = 2"), cells]
    with ThreadPoolExecutor(4) as threads:
        warm = list(threads.map(analysed, versions))
    for cells, found in zip(versions, warm, strict=True):
        build.forget()
        assert found == analysed(cells), cells
