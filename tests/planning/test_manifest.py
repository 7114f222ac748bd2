from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from planning.pipelines import FIT, LOAD, chain, record, step
from stepmill.model.artifact import ABSENT, ArtifactRef
from stepmill.model.cell import Cell, Notebook, Role
from stepmill.model.pipeline import Definition, EdgeKind, Input, Output, Pipeline, Step
from stepmill.planning.manifest import (
    bound_elsewhere,
    build_manifest,
    names_labels_later,
    read_elsewhere,
    taken_values,
)

if TYPE_CHECKING:
    from stepmill.model.exchange import StepManifest

NUMPY_IN = Input(name="numpy", producer="seed", kind=EdgeKind.RANDOM)
NUMPY_OUT = Output(name="numpy", kind=EdgeKind.RANDOM)
DF = ArtifactRef(digest="d" * 64)
STATE = ArtifactRef(digest="s" * 64)


def notebook(*sources: str, role: Role = Role.STEP) -> Notebook:
    cells = (Cell(index=i, role=role, source=s, python=s) for i, s in enumerate(sources))
    return Notebook(name="n", cells=tuple(cells))


def manifest(made: Step, pipeline: Pipeline, **fields: object) -> StepManifest:
    inputs = {"df": DF}
    known = {
        "run_id": "r1",
        "store": "/store",
        "result": Path("/run/result.json"),
        "folder": Path("/project"),
        "inputs": inputs,
        "random": {},
        "seed": None,
        "lenient": False,
    }
    return build_manifest(made, pipeline, notebook("df = 1", "fit(df)", "print(z)"), **{**known, **fields})  # type: ignore[arg-type]


def test_values_come_from_the_records_of_their_producers() -> None:
    fit = replace(FIT, inputs=(*FIT.inputs, NUMPY_IN, Input(name="unbound", producer="load")))
    records = {"load": record(outputs={"df": DF}), "seed": record("seed", random={"numpy": STATE})}
    assert taken_values(fit, records) == (
        {"df": DF, "unbound": ArtifactRef(digest=ABSENT)},
        {"numpy": STATE},
    )
    assert taken_values(fit, {}) == ({}, {})


def test_a_manifest_says_what_may_be_bound_and_what_others_read() -> None:
    fit = replace(
        FIT,
        binds=frozenset({"model"}),
        definitions=(Definition(name="scale", digest="s"),),
        outputs=(Output(name="score"),),
        constants=("NAMES",),
    )
    made = manifest(fit, chain(LOAD, fit))
    assert made.foreseen == {"model", "score"}
    assert made.constants == ("NAMES",)
    assert made.wanted == {"print", "z"}


def test_generators_that_other_steps_seed_are_watched() -> None:
    seeding = step("seed", outputs=(NUMPY_OUT,))
    drawing = step("draw", 1, inputs=(NUMPY_IN,), outputs=(NUMPY_OUT,), draws=("numpy",))
    pipeline = replace(chain(seeding, drawing, FIT), seeded=("numpy",))
    assert manifest(FIT, pipeline).random_watch == ("numpy",)
    made = manifest(drawing, pipeline, inputs={}, random={"numpy": STATE})
    assert (made.random_watch, made.random_restore, made.random_capture) == ((), {"numpy": STATE}, ("numpy",))


def test_names_of_other_cells() -> None:
    cells = notebook("df = load()", "def f(x):\n    y = x\nimport a.b", "%%not python")
    assert read_elsewhere(step("s", 1), cells) == {"load"}
    assert bound_elsewhere(step("s", 2), cells) == {"df", "f", "y", "a"}
    assert bound_elsewhere(step("s", 0), cells) == frozenset()  # only what stands above explains a NameError
    assert read_elsewhere(step("s", 1), notebook("df", "x", role=Role.SKIPPED)) == frozenset()


_NAMINGS = [
    pytest.param(("x = 1", "df.index.name = 'x'"), True, id="index"),
    pytest.param(("x = 1", "df.columns.names = ['x']"), True, id="columns"),
    pytest.param(("x = 1", "labels = df.index\nlabels.name = 'x'"), True, id="a-variable"),
    pytest.param(("x = 1", "df.index.rename('x', inplace=True)"), True, id="rename-in-place"),
    pytest.param(("x = 1", "df.index = df.index.rename('x')"), False, id="a-new-index"),
    pytest.param(("x = 1", "s.name = 'x'; y = df.index.name"), False, id="another-name"),
    pytest.param(("df.index.name = 'x'", "y = 1"), False, id="in-the-step-itself"),
]


@pytest.mark.parametrize(("sources", "expected"), _NAMINGS)
def test_whether_an_index_is_named_later(sources: tuple[str, ...], expected: bool) -> None:
    assert names_labels_later(step("a", 0), notebook(*sources)) is expected


def test_an_index_named_by_a_helper_may_be_named_later() -> None:
    helper = notebook("def f(d): d.index.name = 'x'", role=Role.UNTAGGED)
    assert names_labels_later(step("a", 1), helper)
