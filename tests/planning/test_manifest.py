from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from planning.pipelines import FIT, LOAD, chain, record, step
from stepmill.model.artifact import ABSENT, ArtifactRef
from stepmill.model.cell import Cell, Notebook, Role
from stepmill.model.pipeline import Definition, EdgeKind, Input, Output, Pipeline, Step
from stepmill.planning.manifest import (
    bound_elsewhere,
    build_manifest,
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
