"""What distinguishes runs: the first step that diverged and why, then row by row."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import pytest

from stepmill.comparing.compare import compare
from stepmill.comparing.labels import changes
from stepmill.model.artifact import ABSENT, ArtifactRef, FileAccess, StoredValue
from stepmill.model.cell import StepOptions
from stepmill.model.codec import from_json, to_json
from stepmill.model.comparison import Comparison, Divergence, Picture, Printed, RunFacts, StepFacts
from stepmill.model.run import RunStatus, StepStatus


def value(name: str, digest: str, **facts: Any) -> StoredValue:
    return StoredValue(step="", name=name, ref=ArtifactRef(digest=digest, type_name="float"), **facts)


LOAD = StepFacts(
    name="load",
    status=StepStatus.EXECUTED,
    seconds=1.0,
    cells={1: "%%step load\nraw = read('a.csv')"},
    code_digest="c-load",
    body_digest="b-load",
    components={"code": "c-load", "python": "3.12.1"},
    files=(FileAccess(path="a.csv", mode="read", digest="f1"),),
    distributions={"pandas": "2.1.0", "numpy": "2.0.0"},
    environment={"HOME": "h1"},
    values=(value("raw", "v-raw"),),
)
FIT = StepFacts(
    name="fit",
    status=StepStatus.EXECUTED,
    seconds=2.0,
    cells={3: "%%step fit\nmodel = fit(raw, alpha)"},
    replayed=((2, 1, "def fit(raw, alpha):\n    return raw"),),
    code_digest="c-fit",
    body_digest="b-fit",
    definitions={"fit": "d1"},
    parameters=("alpha",),
    components={"code": "c-fit", "python": "3.12.1", "parameter:alpha": "p1", "input:raw": "v-raw"},
    distributions={"pandas": "2.1.0"},
    values=(value("model", "v-model"),),
)
RUN = RunFacts(
    run_id="run-1",
    status=RunStatus.SUCCEEDED,
    notebook="/p/n.ipynb",
    started_s=0.0,
    seconds=3.0,
    parameters={"alpha": 0.1, "unused": 1},
    metrics={"f1": 0.5},
    steps=(LOAD, FIT),
)


def changed(load: dict[str, Any] | None = None, fit: dict[str, Any] | None = None, **run: Any) -> RunFacts:
    steps = (replace(LOAD, **(load or {})), replace(FIT, **(fit or {})))
    return replace(RUN, run_id="run-2", **{"steps": steps, **run})


def made(step: StepFacts, **parts: str) -> dict[str, str]:
    return {**step.components, **{name.replace("__", ":"): text for name, text in parts.items()}}


OTHER_MODEL = (value("model", "w-model"),)
OTHER_RAW = (value("raw", "w-raw"),)

CAUSES = [
    pytest.param(
        changed(parameters={"alpha": 0.3, "unused": 1}, fit={"values": OTHER_MODEL}),
        "fit is the first step that diverged: alpha is 0.1 in A and 0.3 in B."
        " 1 of 2 steps gave other values.",
        id="parameter",
    ),
    pytest.param(
        changed(fit={"components": made(FIT, parameter__alpha="p2"), "values": OTHER_MODEL}),
        "fit is the first step that diverged: alpha, a secret, has another value."
        " 1 of 2 steps gave other values.",
        id="masked-parameter",
    ),
    pytest.param(
        changed(fit={"code_digest": "c2", "body_digest": "b2"}),
        "fit is the first step that diverged: its code is another (cell [3])."
        " All values are the same nevertheless.",
        id="code-without-effect",
    ),
    pytest.param(
        changed(fit={"code_digest": "c2", "definitions": {"fit": "d2"}, "values": OTHER_MODEL}),
        "fit is the first step that diverged: fit(), which it uses, is another."
        " 1 of 2 steps gave other values.",
        id="helper",
    ),
    pytest.param(
        changed(fit={"code_digest": "c2", "replayed": ((2, 1, "x = 1"),), "values": OTHER_MODEL}),
        "fit is the first step that diverged: the code that is replayed before it is another."
        " 1 of 2 steps gave other values.",
        id="replayed-code",
    ),
    pytest.param(
        changed(fit={"code_digest": "c2", "options": StepOptions(metrics=("f1",))}),
        "fit is the first step that diverged: its options are others. All values are the same nevertheless.",
        id="options",
    ),
    pytest.param(
        changed(fit={"code_digest": "c2"}),
        "fit is the first step that diverged: another version of stepmill read its code."
        " All values are the same nevertheless.",
        id="read-by-another-version",
    ),
    pytest.param(
        changed(
            load={"files": (FileAccess(path="a.csv", mode="read", digest="f2"),), "values": OTHER_RAW},
            fit={"components": made(FIT, input__raw="w-raw"), "values": OTHER_MODEL},
        ),
        "load is the first step that diverged: the file a.csv that it reads has other content."
        " 2 of 2 steps gave other values.",
        id="file-and-what-follows",
    ),
    pytest.param(
        changed(load={"files": (FileAccess(path="a.csv", mode="list", digest="l2"),)}),
        "load is the first step that diverged: the folder a.csv that it lists has other files."
        " All values are the same nevertheless.",
        id="listing",
    ),
    pytest.param(
        changed(load={"files": (FileAccess(path="a.csv", mode="read", digest=ABSENT),)}),
        "load is the first step that diverged: the file a.csv is there in A and missing in B."
        " All values are the same nevertheless.",
        id="absent-file",
    ),
    pytest.param(
        changed(load={"distributions": {"pandas": "2.2.0", "numpy": "2.0.0"}, "values": OTHER_RAW}),
        "load is the first step that diverged: pandas is 2.1.0 in A and 2.2.0 in B."
        " 1 of 2 steps gave other values.",
        id="library",
    ),
    pytest.param(
        changed(load={"components": made(LOAD, python="3.13.0"), "values": OTHER_RAW}),
        "load is the first step that diverged: Python is 3.12.1 in A and 3.13.0 in B."
        " 1 of 2 steps gave other values.",
        id="python",
    ),
    pytest.param(
        changed(load={"components": made(LOAD, **{"module__helpers.py": "m1"})}),
        "load is the first step that diverged: helpers.py is another. All values are the same nevertheless.",
        id="module",
    ),
    pytest.param(
        changed(load={"environment": {"HOME": "h2"}}),
        "load is the first step that diverged: the environment variable HOME has another value."
        " All values are the same nevertheless.",
        id="environment-variable",
    ),
    pytest.param(
        changed(load={"values": OTHER_RAW, "volatile": ("the clock",)}),
        "load is the first step that diverged: its raw came out otherwise though nothing it is made from"
        " differs (it uses the clock). 1 of 2 steps gave other values.",
        id="not-reproducible",
    ),
    pytest.param(
        changed(fit={"status": StepStatus.FAILED, "error": "ValueError: no", "values": (), "components": {}}),
        "fit is the first step that diverged: it failed in B: ValueError: no.",
        id="failure",
    ),
    pytest.param(
        changed(
            parameters={"alpha": 9, "unused": 1},
            fit={"status": StepStatus.FAILED, "error": "ValueError: no", "values": (), "components": {}},
        ),
        "fit is the first step that diverged: alpha is 0.1 in A and 9 in B; it failed in B: ValueError: no.",
        id="failure-and-its-cause",
    ),
    pytest.param(
        changed(steps=(LOAD,)),
        "fit is the first step that diverged: only A has it.",
        id="step-that-is-gone",
    ),
    pytest.param(
        changed(parameters={"alpha": 0.1, "unused": 2}, load={"seconds": 99.0}),
        "No step diverged: code, parameters, inputs and results are the same.",
        id="only-what-no-step-uses",
    ),
]


@pytest.mark.parametrize(("other", "expected"), CAUSES)
def test_the_sentence_names_the_first_cause(other: RunFacts, expected: str) -> None:
    assert compare([RUN, other]).sentence == expected


def test_a_run_equals_itself() -> None:
    found = compare([RUN, RUN])
    assert found.is_equal
    only = found.only_differences()
    groups = (only.parameters, only.code, only.environment, only.files, only.metrics, only.outputs)
    assert all(group == () for group in (*groups, only.pictures, only.durations))
    assert len(found.outputs) == 2


def test_three_runs_are_compared_with_the_first() -> None:
    second = changed(parameters={"alpha": 0.3, "unused": 1})
    third = changed(
        fit={"cells": {3: "%%step fit\nmodel = other(raw)"}, "body_digest": "b2", "code_digest": "c2"}
    )
    found = compare([RUN, second, third])
    assert [run.letter for run in found.runs] == ["A", "B", "C"]
    assert "its code is another (cell [3]); alpha is 0.1 in A, C and 0.3 in B" in found.sentence
    row = next(row for row in found.code if row.steps == ("fit",) and row.title.startswith("fit"))
    assert [bool(diff) for diff in row.diffs] == [False, False, True]
    assert "+model = other(raw)" in row.diffs[2]


def test_a_changed_comment_is_layout() -> None:
    found = compare([RUN, changed(fit={"cells": {3: "%%step fit\n# why\nmodel = fit(raw, alpha)"}})])
    assert found.is_equal
    [row] = found.only_differences().code
    assert (row.is_layout, row.diffs[1][-2]) == (True, "+# why")


def test_values_differ_by_what_was_noted_down() -> None:
    about = {"shape": [10, 2], "columns": ["a", "b"]}
    first = {
        **about,
        "statistics": [
            {
                "name": "a",
                "dtype": "float64",
                "kind": "numbers",
                "missing": 0,
                "min": 0.1,
                "max": 1.0,
                "mean": 0.5,
            },
            {
                "name": "gone",
                "dtype": "str",
                "kind": "words",
                "missing": 0,
                "distinct": 1,
                "top": [["x", 10]],
            },
        ],
    }
    second = {
        **about,
        "shape": [9, 2],
        "statistics": [
            {
                "name": "a",
                "dtype": "float64",
                "kind": "numbers",
                "missing": 2,
                "min": 0.1,
                "max": 1.00001,
                "mean": 0.5,
            }
        ],
    }
    found = compare(
        [
            changed(load={"values": (value("raw", "1", preview=first),)}),
            changed(load={"values": (value("raw", "2", preview=second),)}),
        ]
    )
    details = {row.name: row.values for row in found.outputs[0].details}
    assert details == {
        "shape": ("10 \N{MULTIPLICATION SIGN} 2", "9 \N{MULTIPLICATION SIGN} 2"),
        "a: missing": ("0", "2"),
        "a: largest": ("1", "1.00001"),
        "column gone": ("str", None),
    }


def test_what_a_step_hands_on_as_it_took_it_is_the_makers_row() -> None:
    runs = [
        changed(
            load={"values": (value("raw", raw),)},
            fit={"values": (value("raw", raw), value("model", raw)), "components": made(FIT, input__raw=raw)},
        )
        for raw in ("v1", "v2")
    ]
    assert [(row.step, row.name) for row in compare(runs).outputs] == [("load", "raw"), ("fit", "model")]
    rest = replace(runs[1].steps[1], values=(value("raw", "v3"),))
    changed_it = replace(runs[1], steps=(runs[1].steps[0], rest))
    assert ("fit", "raw") in [(row.step, row.name) for row in compare([runs[0], changed_it]).outputs]


def test_values_that_are_shown_say_it_themselves() -> None:
    def words(type_name: str, text: str, **about: Any) -> RunFacts:
        ref = ArtifactRef(digest=text, type_name=type_name)
        shown = StoredValue(step="", name="raw", ref=ref, preview={"text": text, **about})
        return changed(load={"values": (shown,)})

    [row] = compare([words("float", "7.771078104380889"), words("float", "9.142753193720123")]).outputs[:1]
    assert [(each.name, each.values) for each in row.details] == [("value", ("7.771", "9.143"))]
    [row] = compare([words("str", "'holt'", length=4), words("str", "'naive'", length=5)]).outputs[:1]
    assert [(each.name, each.values) for each in row.details] == [("value", ("'holt'", "'naive'"))]


def test_steps_with_the_same_cause_share_a_remark() -> None:
    third = replace(FIT, name="third")
    runs = [
        replace(run, steps=(*run.steps, third))
        for run in (RUN, changed(parameters={"alpha": 0.3, "unused": 1}))
    ]
    other = [replace(run, steps=(*run.steps, replace(third, name="fourth"))) for run in runs]
    assert compare(runs).remarks == ("third diverged by itself as well: alpha is 0.1 in A and 0.3 in B",)
    assert compare(other).remarks == (
        "third and fourth diverged by themselves as well: alpha is 0.1 in A and 0.3 in B",
    )


def test_steps_that_only_one_run_has_are_named_together() -> None:
    more = replace(RUN, steps=(*RUN.steps, *(replace(FIT, name=name) for name in ("x", "y", "z"))))
    assert compare([RUN, more]).remarks == ("y and z: only B has them",)
    two = replace(RUN, steps=more.steps[:4])
    assert compare([RUN, two]).remarks == ("y: only B has it",)


def test_removed_values_are_compared_by_digest() -> None:
    gone = (value("model", "w", is_stored=False),)
    found = compare([RUN, changed(fit={"values": gone})])
    [row] = found.only_differences().outputs
    assert (row.removed, row.details) == (("B",), ())
    assert any("removed from the store" in remark for remark in found.remarks)
    same = compare([RUN, changed(fit={"values": (value("model", "v-model", is_stored=False),)})])
    assert same.only_differences().outputs == ()


def test_metrics_never_look_equal_when_they_differ() -> None:
    found = compare([RUN, changed(metrics={"f1": 0.500000001, "new": 1.0})])
    assert [(row.name, row.values) for row in found.metrics] == [
        ("f1", ("0.5", "0.500000001")),
        ("new", (None, "1")),
    ]


def test_notebooks_and_failures_are_remarked() -> None:
    other = changed(notebook="/p/other.ipynb", status=RunStatus.FAILED)
    remarks = " ".join(compare([RUN, other]).remarks)
    assert "different notebooks (A of n.ipynb, B of other.ipynb)" in remarks
    assert "B failed" in remarks


def test_a_step_that_was_not_asked_for_is_no_cause() -> None:
    idle = {
        "status": None,
        "components": {},
        "files": (),
        "distributions": {},
        "environment": {},
        "values": (),
    }
    found = compare([RUN, changed(fit=idle)])
    assert (found.is_equal, found.remarks) == (True, ())


def test_what_is_not_known_is_no_difference() -> None:
    old = {"components": {}, "files": (), "distributions": {}, "environment": {}, "code_digest": ""}
    found = compare([RUN, changed(load=old, fit=old)])
    assert found.is_equal
    assert "older version" in found.remarks[0]
    assert found.only_differences().environment == ()


def test_hashes_of_environment_variables_are_shown_as_words() -> None:
    found = compare([RUN, changed(load={"environment": {"HOME": "h2"}})]).only_differences()
    assert [(row.name, row.values) for row in found.environment] == [
        ("variable HOME", ("value 1", "value 2"))
    ]


def test_durations_within_the_unrest_of_a_machine_are_equal() -> None:
    quiet = compare([RUN, changed(load={"seconds": 1.1}, fit={"seconds": 2.4})])
    assert quiet.only_differences().durations == ()
    loud = compare([RUN, changed(fit={"seconds": 9.0})])
    assert [row.name for row in loud.only_differences().durations] == ["fit"]


def test_pictures_are_paired_in_their_order() -> None:
    first = changed(fit={"pictures": (Picture(cell=3, digest="p"), Picture(cell=3, digest="q"))})
    second = changed(fit={"pictures": (Picture(cell=4, digest="p"),)})
    found = compare([first, second]).pictures
    assert [(row.digests, row.is_equal) for row in found] == [(("p", "p"), True), (("q", None), False)]


def test_texts_are_paired_by_the_place_of_their_cell_in_the_step() -> None:
    first = changed(fit={"texts": (Printed(cell=3), Printed(cell=4, text="a\nb", digest="1"))})
    second = changed(fit={"texts": (Printed(cell=5), Printed(cell=6, text="a\nc", digest="2"))})
    [row] = compare([first, second]).texts
    assert (row.step, row.cell, row.is_equal, row.diffs[0]) == ("fit", 4, False, ())
    assert row.diffs[1][-2:] == ("-b", "+c")
    assert compare([first, first]).only_differences().texts == ()
    [lacking] = compare([first, changed(fit={"texts": ()})]).texts
    assert (lacking.is_equal, lacking.diffs[1][-2:]) == (False, ("-a", "-b"))


def test_a_text_that_differs_where_it_is_cut_is_not_called_equal() -> None:
    runs = [changed(fit={"texts": (Printed(cell=3, text="same", digest=digest),)}) for digest in "12"]
    [row] = compare(runs).texts
    assert (row.is_equal, row.diffs) == (False, ((), ()))


def test_steps_say_whether_they_diverged_by_themselves() -> None:
    other = changed(
        load={"files": (FileAccess(path="a.csv", mode="read", digest="f2"),), "values": OTHER_RAW},
        fit={"components": made(FIT, input__raw="w-raw"), "values": OTHER_MODEL, "inputs": {"raw": "load"}},
    )
    found = compare([other, RUN]).steps
    assert [step.divergence for step in found] == [Divergence.DIVERGED, Divergence.FOLLOWED]
    assert (found[1].inputs, found[1].causes) == ({"raw": "load"}, ())
    assert {step.divergence for step in compare([RUN, RUN]).steps} == {Divergence.SAME}


def test_the_record_survives_json_and_any_mixture_of_runs() -> None:
    pool = [case.values[0] for case in CAUSES]
    draw = random.Random(1)
    for _ in range(50):
        runs = [draw.choice(pool) for _ in range(draw.randint(2, 10))]
        found = compare(runs)
        assert from_json(Comparison, to_json(found)) == found
        assert found.is_equal == (found.diverged == "")
        assert all(
            len(row.values) == len(runs) for row in (*found.parameters, *found.files, *found.durations)
        )


def test_the_label_of_a_run_tells_options_from_code_that_is_replayed() -> None:
    told = {"code_digest": "c2", "options": StepOptions(outputs=("m",))}
    assert changes(RUN, changed(fit=told)) == ("options of fit",)
    assert changes(RUN, changed(fit={"code_digest": "c2"})) == ()
    replayed = changed(fit={"code_digest": "c2", "replayed": ((2, 1, "x = 1"),)})
    assert changes(RUN, replayed) == ("setup code",)
