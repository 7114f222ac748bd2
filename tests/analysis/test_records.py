"""Records: what the steps of a pipeline take and give, why, and in which order they run."""

from __future__ import annotations

import pytest

from analysis.notebooks import pipeline
from stepmill.model.pipeline import Pipeline

CHAIN = ("import numpy as np\nSIZE = 3", "%%step load\nxs = [SIZE]", "%%step fit\ny = np.sum(xs)")
ALIASES = ("%%step a\nxs = [1]\nalias = xs", "%%step b\nxs.append(2)", "%%step c\ny = alias")
UNKNOWN = ("import foo", "%%step a\nm = foo.make()", "%%step b\nm.frob()", "%%step c\nx = m")
SEEDED = (
    "import numpy as np",
    "%%step a\nnp.random.seed(1)",
    "%%step b\nx = np.random.rand()",
    "%%step c\nz = np.random.rand()",
)
FILES = (
    "%%step a\nopen('o.txt', 'w').write('1')",
    "%%step b\nx = open('o.txt').read()",
    "%%step c --after a\ny = 1",
)
UNTAGGED = ("import os\nbase = len(os.listdir('.'))\nother = 1", "%%step a\ny = base")
GROWN = ("names = ['a']", "%%step a\nnames.append('b')", "%%step b\nx = names")
DEFINED = (
    "def f(x):\n    return g(x)\ndef g(x):\n    return x\ndef h(x): return x\nclass K: pass",
    "%%step a\ny = f(1)\nk = K()",
    "%%step b\nz = k",
)
PARTED = ("%%step a\nx = [1]", "%%step b\nif x: y = 1", "%%step a\nz = 3", "%%step c\nw = z")


def inputs(found: Pipeline) -> set[tuple[str, str, str, str, bool, bool]]:
    return {
        (s.name, i.name, i.producer, str(i.kind), i.unchanged, i.doubtful)
        for s in found.steps
        for i in s.inputs
    }


def outputs(found: Pipeline) -> set[tuple[str, str, bool]]:
    return {(s.name, o.name, o.required) for s in found.steps for o in s.outputs}


def edges(found: Pipeline) -> set[tuple[str, str, str, str, bool, tuple[tuple[int, int], ...]]]:
    return {
        (e.producer, e.consumer, e.name, str(e.kind), e.doubtful, tuple((p.cell, p.line) for p in e.evidence))
        for e in found.edges
    }


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        pytest.param(
            CHAIN, {("fit", "xs", "load", "data", True, False)}, id="constants and modules are no inputs"
        ),
        pytest.param(
            ALIASES,
            {
                ("b", "alias", "a", "data", False, False),
                ("b", "xs", "a", "data", False, False),
                ("c", "alias", "b", "data", True, False),
            },
            id="a step that changes an object takes all its names",
        ),
        pytest.param(
            UNKNOWN,
            {("b", "m", "a", "data", False, True), ("c", "m", "b", "data", True, False)},
            id="an unknown method makes the input doubtful",
        ),
        pytest.param(
            SEEDED,
            {("b", "numpy", "a", "random", False, False), ("c", "numpy", "b", "random", False, False)},
            id="the state of a seeded generator is handed on",
        ),
        pytest.param(FILES, set(), id="files are no inputs"),
        pytest.param(
            UNTAGGED, {("a", "base", "setup", "data", True, False)}, id="untagged work comes from setup"
        ),
        pytest.param(
            GROWN,
            {("a", "names", "setup", "data", False, False), ("b", "names", "a", "data", True, False)},
            id="a constant that somebody changes is data",
        ),
        pytest.param(
            PARTED,
            {("b", "x", "a", "data", True, False), ("c", "z", "a", "data", True, False)},
            id="a step in two parts gives from both",
        ),
    ],
)
def test_inputs(cells: tuple[str, ...], expected: set[tuple[str, str, str, str, bool, bool]]) -> None:
    assert inputs(pipeline(*cells)) == expected


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        pytest.param(
            CHAIN, {("load", "xs", True), ("fit", "y", False)}, id="what nobody takes is kept if it can be"
        ),
        pytest.param(
            ALIASES,
            {
                ("a", "alias", True),
                ("a", "xs", True),
                ("b", "alias", True),
                ("b", "xs", False),
                ("c", "y", False),
            },
            id="the last giver keeps the name",
        ),
        pytest.param(
            ("%%step a\nx = 1\ndel x\ny = 2",), {("a", "y", False)}, id="a deleted name is not given"
        ),
        pytest.param(
            ("%%step a\ndef f(): ...\nimport os",), set(), id="definitions and modules are not given"
        ),
        pytest.param(("%%step a\ng = (i for i in [1])",), set(), id="a generator is not kept"),
        pytest.param(UNTAGGED, {("setup", "base", True), ("a", "y", False)}, id="setup gives what is taken"),
        pytest.param(
            ("%%step a\nx = 1", "%%step b\nx = 2"), {("b", "x", False)}, id="a name bound again is kept once"
        ),
        pytest.param(
            ("%%step a\nx = 1", "x = 2"), set(), id="a name that untagged code binds again is not kept"
        ),
    ],
)
def test_outputs(cells: tuple[str, ...], expected: set[tuple[str, str, bool]]) -> None:
    assert outputs(pipeline(*cells)) == expected


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        pytest.param(
            CHAIN, {("load", "fit", "xs", "data", False, ((1, 2), (2, 2)))}, id="the lines of both ends"
        ),
        pytest.param(
            ALIASES,
            {
                ("a", "b", "alias", "data", False, ((0, 3), (1, 2))),
                ("a", "b", "xs", "data", False, ((0, 2), (1, 2))),
                ("b", "c", "alias", "data", False, ((1, 2), (2, 2))),
            },
            id="a change is the evidence of its giver",
        ),
        pytest.param(
            UNKNOWN,
            {
                ("a", "b", "m", "data", False, ((1, 2), (2, 2))),
                ("b", "c", "m", "data", True, ((2, 2), (3, 2))),
            },
            id="an unknown method makes the edge behind it doubtful",
        ),
        pytest.param(
            FILES,
            {
                ("a", "b", "o.txt", "file", False, ((0, 2), (1, 2))),
                ("a", "c", "", "order", False, ((0, 1), (2, 1))),
            },
            id="files and --after order",
        ),
        pytest.param(
            SEEDED,
            {
                ("a", "b", "numpy", "random", False, ((1, 2), (2, 2))),
                ("b", "c", "numpy", "random", False, ((2, 2), (3, 2))),
            },
            id="draws follow each other",
        ),
        pytest.param(
            ("%%step a\nx = 1", "%%step b\ny = 2"), set(), id="steps that share nothing have no edge"
        ),
    ],
)
def test_edges(
    cells: tuple[str, ...], expected: set[tuple[str, str, str, str, bool, tuple[tuple[int, int], ...]]]
) -> None:
    assert edges(pipeline(*cells)) == expected


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        pytest.param(
            CHAIN, {"load": ["SIZE = 3"], "fit": ["import numpy as np"]}, id="each step gets what it needs"
        ),
        pytest.param(
            DEFINED,
            {
                "a": ["def f(x):\n    return g(x)", "def g(x):\n    return x", "class K: pass"],
                "b": ["class K: pass"],
            },
            id="what definitions need comes too, and classes of inputs",
        ),
        pytest.param(UNTAGGED, {"setup": ["import os"], "a": []}, id="work is not replayed"),
        pytest.param(GROWN, {"setup": [], "a": [], "b": []}, id="a changed constant is not replayed"),
        pytest.param(
            ("%%step a\nimport math\ndef f(): return math.pi", "%%step b\nx = f()"),
            {"a": [], "b": ["import math", "def f(): return math.pi"]},
            id="definitions of a step are replayed in others",
        ),
    ],
)
def test_setup(cells: tuple[str, ...], expected: dict[str, list[str]]) -> None:
    assert {s.name: [f.source for f in s.setup] for s in pipeline(*cells).steps} == expected


def test_definitions_say_whether_the_code_can_come_to_call_them() -> None:
    found = {s.name: [(d.name, d.step, d.reached) for d in s.definitions] for s in pipeline(*DEFINED).steps}
    assert found == {
        "a": [("K", None, True), ("f", None, True), ("g", None, True)],
        "b": [("K", None, False)],
    }


def test_mutable_constants_are_watched() -> None:
    found = pipeline("names = ['a']\nsize = 1", "%%step a\nx = names[0] * size", "%%step b\ny = size")
    assert {s.name: s.constants for s in found.steps} == {"a": ("names",), "b": ()}


def test_names_that_may_share_objects_have_one_group() -> None:
    found = pipeline("%%step a\nxs = [1]\nalias = xs\nother = [2]", "%%step b\ny = [xs, alias, other]").step(
        "a"
    )
    group = {output.name: output.group for output in found.outputs}
    assert (group["xs"] == group["alias"], group["xs"] is None, group["other"]) == (True, False, None)


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        pytest.param(CHAIN, ["load", "fit"], id="notebook order where it can be"),
        pytest.param(
            ("%%step one --after two\nx = 1", "%%step two\ny = 2", "%%step three\nz = x + y"),
            ["two", "one", "three"],
            id="--after turns it round",
        ),
        pytest.param(UNTAGGED, ["setup", "a"], id="setup comes first"),
        pytest.param(PARTED, ["a", "b", "c"], id="a step stands where its first cell is"),
    ],
)
def test_order(cells: tuple[str, ...], expected: list[str]) -> None:
    assert [step.name for step in pipeline(*cells).steps] == expected


def test_what_a_step_touches_in_the_world() -> None:
    step = pipeline(
        "%%step a\nimport os, json as j\nx = open('i.txt').read()\n"
        "open('o.txt', 'w').write(x)\ny = os.environ['V']"
    ).step("a")
    assert (step.imports, step.files_read, step.files_written, step.environment) == (
        ("json", "os"),
        ("i.txt",),
        ("o.txt",),
        ("V",),
    )


def test_options_of_all_cells_of_a_step_are_merged() -> None:
    step = pipeline("%%step a --retries 2\nx = 1", "%%step a --metrics x\ny = 2").step("a")
    assert (step.cells, step.options.retries, step.options.metrics) == ((0, 1), 2, ("x",))
