"""Run All against the pipeline, from outputs and borders made by hand."""

from __future__ import annotations

from typing import Any

from stepmill.model.artifact import ArtifactRef
from stepmill.model.diagnostic import Place
from stepmill.model.pipeline import Edge, Output, Pipeline, Step, Volatile
from stepmill.model.verification import Aspect, BorderResult, Compared
from stepmill.running.verifying.comparison import (
    Findings,
    Linear,
    Split,
    blamed,
    compare,
    is_in_one_piece,
)

REF = ArtifactRef(digest="d")
LOAD = Step(name="load", cells=(1,), outputs=(Output(name="x", place=Place(cell=1, line=2)),))
USE = Step(
    name="use", cells=(3,), volatile=(Volatile(what="clock (time.time)", place=Place(cell=3, line=1)),)
)
PIPELINE = Pipeline(name="nb", steps=(LOAD, USE), edges=(Edge(producer="load", consumer="use", name="x"),))


def printed(text: str) -> list[dict[str, Any]]:
    return [{"output_type": "stream", "name": "stdout", "text": text}]


def linear(load: str = "1", use: str = "2", *, x: Compared | None = None, **ending: Any) -> Linear:
    compared = Compared(name="x") if x is None else x
    borders = {"load": BorderResult(step="load", compared=(compared,))}
    return Linear(
        outputs={0: printed("scratch"), 1: printed(load), 3: printed(use)}, borders=borders, **ending
    )


def split(load: str = "1", use: str = "2", **ending: Any) -> Split:
    good = frozenset({"load", "use"} - set(ending.get("failures", ())))
    outputs = {0: [], 1: printed(load), 3: printed(use)}
    return Split(pipeline=PIPELINE, outputs=outputs, good=good, **ending)


def aspects(found: Findings) -> list[tuple[Aspect, int]]:
    return [(one.aspect, one.cell) for one in found.differences]


def test_equal_runs_are_equal_and_untagged_cells_do_not_count() -> None:
    found = compare(linear(), split())
    assert (found.values, found.outputs, found.differences) == (1, 2, ())


def test_the_first_differing_line_is_named() -> None:
    (one,) = compare(linear(use="a\nb\nc"), split(use="a\nB\nc")).differences
    assert (one.aspect, one.cell, one.where, one.run_all, one.pipeline) == (
        Aspect.OUTPUT,
        3,
        "line 2",
        "b",
        "B",
    )


def test_a_value_is_placed_where_it_is_given_and_comes_before_what_shows_it() -> None:
    x = Compared(name="x", same=False, here="1", there="2", where="[0]")
    found = compare(linear(load="1", x=x), split(load="2"))
    assert aspects(found) == [(Aspect.VALUE, 1), (Aspect.OUTPUT, 1)]
    assert (found.differences[0].line, found.differences[0].where) == (2, "[0]")


def test_what_could_not_be_compared_is_said_and_not_counted() -> None:
    found = compare(linear(x=Compared(name="x", problem="an opaque thing")), split())
    assert (found.values, found.differences) == (0, ())
    assert "opaque" in found.remarks[0]


def test_what_differs_between_two_run_alls_is_nobodys_fault() -> None:
    x = Compared(name="x", same=False, here="1", there="2", ref=REF)
    first, again = (
        linear(load="1", x=x),
        linear(load="7", x=Compared(name="x", same=False, here="7", there="1")),
    )
    found = compare(first, split(load="2"))
    ours, nobodys = blamed(found.differences, first, again, split(load="2"))
    assert ours == ()
    assert [(one.aspect, one.again) for one in nobodys] == [(Aspect.VALUE, "7"), (Aspect.OUTPUT, "7")]


def test_a_line_that_the_split_changed_is_found_beside_one_that_never_repeats() -> None:
    first, again, ours = linear(use="t 1\nscore 5"), linear(use="t 2\nscore 5"), split(use="t 3\nscore 4")
    faults, nobodys = blamed(compare(first, ours).differences, first, again, ours)
    assert [one.aspect for one in faults] == [Aspect.OUTPUT]
    assert nobodys == ()


def test_what_came_out_the_same_twice_by_chance_is_told_by_a_third_run() -> None:
    first, ours = linear(use="t 1\nscore 5"), split(use="t 3\nscore 4")
    by_chance, _ = blamed(compare(first, ours).differences, first, linear(use="t 2\nscore 5"), ours)
    faults, nobodys = blamed(by_chance, first, linear(use="t 4\nscore 7"), ours)
    assert (faults, len(nobodys)) == ((), 1)


def test_a_time_that_happens_to_repeat_is_not_blamed_where_the_clock_is_read() -> None:
    first, ours = linear(use="took 3 s"), split(use="took 4 s")
    found = compare(first, ours)
    faults, nobodys = blamed(found.differences, first, first, ours)
    assert (faults, len(nobodys)) == ((), 1)
    assert "clock" in nobodys[0].cause
    first, ours = linear(load="took 3 s"), split(load="took 4 s")
    assert blamed(compare(first, ours).differences, first, first, ours)[1] == ()


def test_the_same_failure_at_the_same_cell_is_equal() -> None:
    found = compare(
        linear(failed_cell=3, failure="ValueError: no"), split(failures={"use": (3, "ValueError: no")})
    )
    assert found.differences == ()


def test_other_failures_differ() -> None:
    wrong = compare(linear(), split(failures={"use": (3, "NameError: x")}))
    assert aspects(wrong) == [(Aspect.ERROR, 3)]
    lost = compare(linear(failed_cell=3, failure="ValueError: no"), split())
    assert aspects(lost) == [(Aspect.ERROR, 3)]
    other = compare(
        linear(failed_cell=3, failure="ValueError: no"), split(failures={"use": (3, "ValueError: oh")})
    )
    assert aspects(other) == [(Aspect.ERROR, 3)]


def test_an_untagged_cell_that_fails_ends_the_comparison() -> None:
    found = compare(linear(failed_cell=2, failure="ValueError: no"), split(use="other"))
    assert (found.differences, found.failure) == ((), None)
    assert "cell [2] raises ValueError: no" in found.remarks[0]


def test_what_run_all_never_came_to_is_not_compared() -> None:
    found = compare(
        linear(failed_cell=1, failure="ValueError: no"),
        split(use="other", failures={"load": (1, "ValueError: no")}),
    )
    assert found.differences == ()
    repeats_the_import = compare(
        linear(failed_cell=1, failure="ImportError: no"),
        split(failures={"load": (1, "ImportError: no"), "use": (1, "ImportError: no")}),
    )
    assert repeats_the_import.differences == ()


def test_a_value_that_another_step_makes_in_between_has_no_end_of_its_own() -> None:
    around = Step(name="a", cells=(0, 2), outputs=(Output(name="x"), Output(name="y")))
    within = Step(name="b", cells=(1,), outputs=(Output(name="x"),))
    pipeline = Pipeline(name="nb", steps=(around, within))
    assert [is_in_one_piece(around, pipeline, name) for name in "xy"] == [False, True]
