"""Every edge knows the line that gives and the line that takes."""

from __future__ import annotations

import re

import pytest

from analysis.notebooks import notebook, pipeline
from oracle.table import all_cases
from stepmill.analysis import analyze
from stepmill.model.facts import Fact, FactKind
from stepmill.model.pipeline import SETUP_STEP, EdgeKind
from stepmill.notebook.reading import parse_document

DOES_SOMETHING = re.compile(r"[(=<\[]|\bdel\b|\bimport\b|\bclass\b|\bdef\b|@|^%")


def test_over_the_oracle() -> None:
    """The places are lines of the two steps; most name the variable, the others call or store something."""
    named = others = 0
    for case in all_cases()[::4]:
        read = parse_document(case.document(), "n")
        made = analyze(read)
        for edge in made.edges:
            assert len(edge.evidence) == 2, (case.name, edge)
            for step, place in zip((edge.producer, edge.consumer), edge.evidence, strict=True):
                assert place.cell in made.step(step).cells or step == SETUP_STEP, (case.name, edge)
                line = read.cells[place.cell].source.split("\n")[place.line - 1]
                if edge.kind is EdgeKind.DATA and re.search(rf"(?<!\w){re.escape(edge.name)}(?!\w)", line):
                    named += 1
                else:
                    others += edge.kind is EdgeKind.DATA
                    assert DOES_SOMETHING.search(line) or edge.kind is not EdgeKind.DATA, (case.name, edge)
    assert named > 7 * others  # 9 in all cases, 8 to 10.5 in each fourth of them


@pytest.mark.parametrize(
    ("cells", "name", "kind", "places"),
    [
        pytest.param(
            ("def put(v):\n    log.append(v)", "%%step a\nlog = []\n\nput(1)", "%%step b\nn = 1\nput(n)"),
            "log",
            EdgeKind.DATA,
            ((1, 4), (2, 3)),
            id="in a helper: where it is called",
        ),
        pytest.param(
            ("%%step a\nx = [1]\ny = x", "%%step b\ny.append(2)", "%%step c\nprint(x)"),
            "x",
            EdgeKind.DATA,
            ((1, 2), (2, 2)),
            id="by another name: where that is changed",
        ),
        pytest.param(
            ("%%step a\nx = 1", "# then\n%%step b --retries 1 --after a\ny = 1"),
            "",
            EdgeKind.ORDER,
            ((0, 1), (1, 2)),
            id="order: where it is asked for",
        ),
        pytest.param(
            ("import numpy as np", "%%step a\nnp.random.seed(1)", "%%step b\nx = 1\ny = np.random.rand()"),
            "numpy",
            EdgeKind.RANDOM,
            ((1, 2), (2, 3)),
            id="random state: the seed and the draw",
        ),
        pytest.param(
            ("%%step a\nopen('f', 'w').write('')", "%%step b\nwith open('f') as f:\n    pass"),
            "f",
            EdgeKind.FILE,
            ((0, 2), (1, 2)),
            id="a file: writer and reader",
        ),
        pytest.param(
            ("import os\nbase = os.getpid()", "%%step a\nx = (\n    1,\n    base,\n)"),
            "base",
            EdgeKind.DATA,
            ((0, 2), (1, 4)),
            id="the line of the name, not of its statement",
        ),
    ],
)
def test_places(
    cells: tuple[str, ...], name: str, kind: EdgeKind, places: tuple[tuple[int, int], tuple[int, int]]
) -> None:
    (edge,) = [e for e in pipeline(*cells).edges if (e.name, e.kind) == (name, kind)][-1:]
    assert tuple((place.cell, place.line) for place in edge.evidence) == places


def test_order_that_a_run_found_out_points_at_the_steps() -> None:
    fact = Fact(kind=FactKind.ORDER, step="b", names=("a", "data.csv"))
    made = analyze(notebook("%%step a\nx = 1", "# c\n%%step b\ny = 1"), facts=[fact])
    assert [(p.cell, p.line) for p in made.edges[0].evidence] == [(0, 1), (1, 2)]
