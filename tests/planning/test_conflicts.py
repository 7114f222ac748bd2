from __future__ import annotations

import pytest

from planning.pipelines import chain, step
from stepmill.model.artifact import FileAccess
from stepmill.model.facts import Fact, FactKind
from stepmill.planning.conflicts import Conflict, find_conflicts, missed_files

A, B, C = step("a", 0), step("b", 1), step("c", 2)


def used(*accesses: str) -> tuple[FileAccess, ...]:
    """Return the accesses written as "mode path"."""
    pairs = [access.split(" ", 1) for access in accesses]
    return tuple(FileAccess(path=path, mode=mode, digest="d") for mode, path in pairs)


CASES = [
    pytest.param(("read x",), ("write x",), True, id="read-and-write"),
    pytest.param(("write x",), ("write x",), True, id="two-writes"),
    pytest.param(("read x",), ("read x",), False, id="two-reads"),
    pytest.param(("read x",), ("write y",), False, id="different-files"),
    pytest.param(("list data",), ("write data/new.csv",), True, id="a-file-appears-in-a-listed-folder"),
    pytest.param(("list .",), ("write new.csv",), True, id="the-listed-folder-is-the-notebooks"),
    pytest.param(("list data",), ("write new.csv",), False, id="a-file-appears-elsewhere"),
    pytest.param(("write /dev/null",), ("write /dev/null",), False, id="devices-are-no-files"),
]


@pytest.mark.parametrize(("mine", "theirs", "conflict"), CASES)
def test_conflicts_of_unordered_steps(mine: tuple[str, ...], theirs: tuple[str, ...], conflict: bool) -> None:
    pipeline = chain(A, B)
    for name, other in (("a", "b"), ("b", "a")):
        found = find_conflicts(pipeline, name, used(*mine), {other: used(*theirs)})
        assert bool(found) is conflict
        assert all((c.earlier, c.later) == ("a", "b") for c in found)


@pytest.mark.parametrize("name", ["a", "c"])
def test_ordered_steps_may_share_files_at_any_distance(name: str) -> None:
    pipeline = chain(A, B, C, order=(("a", "b"), ("b", "c")))
    other = {"a": "c", "c": "a"}[name]
    assert find_conflicts(pipeline, name, used("write x"), {other: used("write x")}) == ()


MISSED = [
    pytest.param("[Errno 2] No such file or directory: 'data/x.csv'", True, id="the-file-that-was-missing"),
    pytest.param("[Errno 2] No such file or directory: '/p/data/x.csv'", True, id="by-another-path"),
    pytest.param("[Errno 2] No such file or directory: 'y.csv'", False, id="another-file"),
]


@pytest.mark.parametrize(("error", "missed"), MISSED)
def test_a_file_missed_by_a_later_step(error: str, missed: bool) -> None:
    others = {"a": used("write data/x.csv")}
    expected = (Conflict("a", "b", "data/x.csv"),) if missed else ()
    assert missed_files(chain(A, B), "b", error, others) == expected
    assert missed_files(chain(A, B, order=(("a", "b"),)), "b", error, others) == ()
    assert missed_files(chain(A, B), "a", error, {"b": used("write data/x.csv")}) == ()


def test_a_conflict_becomes_a_fact_about_the_later_step() -> None:
    assert Conflict("a", "b", "x.csv").as_fact(chain(A, B)) == Fact(
        kind=FactKind.ORDER,
        step="b",
        names=("a", "x.csv"),
        code_digest="body of b",
        message="steps a and b both use the file x.csv",
    )
