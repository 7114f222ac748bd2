"""The heap's laws, whatever was bound, held and dropped before."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stepmill.analysis.heap import Heap
from stepmill.analysis.history import History
from stepmill.analysis.rows import Numbering, Rows, indices
from stepmill.analysis.values import all_of

NAMES = ("a", "b", "c", "d", "e")
SOME = st.lists(st.sampled_from(NAMES), max_size=3)
ACTIONS = st.lists(
    st.one_of(
        st.tuples(st.just("bind"), st.sampled_from(NAMES), SOME, st.booleans()),
        st.tuples(st.just("hold"), SOME, SOME),
        st.tuples(st.just("drop"), st.sampled_from(NAMES)),
        st.tuples(st.just("new"), st.sampled_from(NAMES)),
        st.tuples(st.just("forget")),
    ),
    max_size=25,
)


def play(heap: Heap, actions: list[Any]) -> Heap:
    for action, *rest in actions:
        if action == "bind":
            heap.bind(rest[0], heap.nodes(rest[1]), weak=rest[2])
        elif action == "hold":
            heap.hold(heap.nodes(rest[0]), heap.nodes(rest[1]))
        elif action == "drop":
            heap.drop(rest[0])
        elif action == "new":
            heap.bind(rest[0], heap.new())
        else:
            heap.forget_temporaries()
    return heap


def inside(heap: Heap, *names: str) -> set[str]:
    return set(heap.names(heap.inside(heap.nodes(names))))


def shallow(heap: Heap, *names: str) -> set[str]:
    return set(heap.names(heap.shallow(heap.nodes(names))))


def deep(heap: Heap, *names: str) -> set[str]:
    return set(heap.names(heap.deep(heap.nodes(names))))


def picture(heap: Heap) -> dict[str, tuple[set[str], set[str]]]:
    """Return what each name reaches and what reaches it."""
    return {name: (inside(heap, name), shallow(heap, name)) for name in NAMES}


@given(ACTIONS, SOME)
def test_a_deep_change_is_seen_wherever_a_shallow_one_is(actions: list[Any], roots: list[str]) -> None:
    heap = play(Heap(), actions)
    assert set(roots) <= shallow(heap, *roots) <= deep(heap, *roots)


@given(ACTIONS)
def test_sharing_is_mutual(actions: list[Any]) -> None:
    heap = play(Heap(), actions)
    for left in NAMES:
        assert heap.may_share(left, left)
        for right in NAMES:
            assert heap.may_share(left, right) == heap.may_share(right, left)


@given(ACTIONS)
def test_the_two_directions_tell_the_same(actions: list[Any]) -> None:
    heap = play(Heap(), actions)
    for left in NAMES:
        for right in NAMES:
            assert (right in inside(heap, left)) == (left in shallow(heap, right))


@given(ACTIONS, st.sampled_from(NAMES))
def test_binding_to_something_new_forgets_all_that_the_name_shared(actions: list[Any], name: str) -> None:
    heap = play(Heap(), actions)
    heap.bind(name, heap.new())
    assert not any(heap.may_share(name, other) for other in NAMES if other != name)


@given(ACTIONS, st.sampled_from(NAMES))
def test_dropping_a_name_leaves_it_alone(actions: list[Any], name: str) -> None:
    heap = play(Heap(), actions)
    heap.drop(name)
    assert picture(heap)[name] == ({name}, {name})


@given(ACTIONS, st.sampled_from(NAMES), SOME)
def test_a_weak_binding_forgets_nothing(actions: list[Any], name: str, roots: list[str]) -> None:
    heap = play(Heap(), actions)
    before = picture(heap)
    heap.bind(name, heap.nodes(roots), weak=True)
    after = picture(heap)
    assert all(before[n][0] <= after[n][0] and before[n][1] <= after[n][1] for n in NAMES)


@given(st.lists(ACTIONS, min_size=1, max_size=4), st.integers(0, 3))
def test_what_the_heap_was_after_a_statement_is_known_whatever_came_later(
    rounds: list[list[Any]], again: int
) -> None:
    heap = Heap()
    history = History(heap.numbering)
    taken = []
    for unit, actions in enumerate(rounds):
        heap.begin()
        play(heap, actions)
        left = {number: heap.value_of(number) for number in heap.before}
        history.note(unit, left)
        if unit == again:
            history.forget(unit, left)
            history.note(unit, left)
        expected = {(a, b): not inside(heap, a).isdisjoint(inside(heap, b)) for a in NAMES for b in NAMES}
        taken.append((unit, expected))
        for number, then in taken:
            for snapshot in (history.after(number), history.before(number + 1)):
                assert {pair: snapshot.may_share(*pair) for pair in then} == then


@given(st.lists(st.tuples(ACTIONS, st.booleans()), min_size=1, max_size=4))
def test_what_is_put_is_there_when_it_is_asked_for(rounds: list[tuple[list[Any], bool]]) -> None:
    heap = Heap()
    other = Heap(heap.numbering)
    for actions, asked in (*rounds, ([], True)):
        play(heap, actions)
        other.put({number: heap.value_of(number) for number in range(len(heap.numbering.names))})
        if asked:
            assert picture(other) == picture(heap)


@given(ACTIONS, SOME, SOME)
def test_holders_reach_all_that_they_hold(actions: list[Any], holders: list[str], held: list[str]) -> None:
    heap = play(Heap(), actions)
    heap.hold(heap.nodes(holders), heap.nodes(held))
    for holder in holders:
        assert inside(heap, *held) <= inside(heap, holder)


@pytest.mark.parametrize(
    ("actions", "shallowly", "deeply"),
    [
        pytest.param([], {"a"}, {"a"}, id="a name alone sees only itself"),
        pytest.param([("bind", "b", ["a"], False)], {"a", "b"}, {"a", "b"}, id="an alias sees all changes"),
        pytest.param(
            [("hold", ["b"], ["a"])], {"a", "b"}, {"a", "b"}, id="a holder sees changes of its parts"
        ),
        pytest.param([("hold", ["a"], ["b"])], {"a"}, {"a", "b"}, id="a part sees only changes inside"),
        pytest.param(
            [("hold", ["a"], ["b"]), ("hold", ["c"], ["b"])],
            {"a"},
            {"a", "b", "c"},
            id="another holder of a part sees changes inside",
        ),
        pytest.param(
            [("hold", ["b"], ["a"]), ("hold", ["c"], ["b"])],
            {"a", "b", "c"},
            {"a", "b", "c"},
            id="holding chains",
        ),
        pytest.param(
            [("hold", ["b"], ["a"]), ("hold", ["c"], ["b"]), ("drop", "b")],
            {"a", "c"},
            {"a", "c"},
            id="dropping the middle of a chain keeps its ends together",
        ),
    ],
)
def test_who_sees_a_change_of_a(actions: list[Any], shallowly: set[str], deeply: set[str]) -> None:
    heap = play(Heap(), actions)
    assert (shallow(heap, "a"), deep(heap, "a")) == (shallowly, deeply)


def test_two_names_of_one_temporary_share_after_it_is_forgotten() -> None:
    heap = Heap()
    part = heap.new()
    heap.hold(heap.node("a"), part)
    heap.hold(heap.node("b"), part)
    heap.forget_temporaries()
    assert heap.may_share("a", "b")


def test_a_temporary_of_one_name_is_forgotten_but_the_name_is_not_empty() -> None:
    heap = Heap()
    part = heap.new()
    heap.hold(heap.node("a"), part)
    heap.forget_temporaries()
    a, b = heap.node("a"), heap.node("b")
    assert (part & heap.inside(a), heap.is_empty(a), heap.is_empty(b)) == (0, False, True)


def _share_a_part(heap: Heap) -> int:
    part = heap.new()
    heap.hold(heap.nodes("ab"), part)
    return part


def test_a_temporary_like_an_older_one_is_forgotten_unless_a_value_may_be_it() -> None:
    heap = Heap()
    parts = []
    for number, held in enumerate((False, False, True)):
        heap.name_after(number)
        parts.append(part := _share_a_part(heap))
        heap.forget_temporaries(part if held else 0)
    assert heap.inside(heap.node("a")) == heap.node("a") | parts[0] | parts[2]
    assert heap.may_share("a", "b")


def test_what_takes_in_a_loop_variable_in_each_cell_does_not_grow() -> None:
    """`for row in table_5` leaves what `row` was in the loops above, if `table_5` is empty."""
    heap = Heap()
    for number in range(50):
        heap.name_after(number)
        part = heap.new()
        heap.bind("row", part, weak=True)
        heap.bind("column", part, weak=True)
        heap.forget_temporaries(0)
    assert heap.inside(heap.node("row")).bit_count() < 10


def test_a_pinned_temporary_stays() -> None:
    heap = Heap()
    part = heap.new()
    heap.hold(heap.node("a"), part)
    heap.pin(part)
    heap.forget_temporaries()
    assert heap.inside(heap.node("a")) == heap.node("a") | part


def test_two_that_shared_by_a_name_share_after_it_is_bound_anew() -> None:
    heap = Heap()
    heap.hold(heap.nodes("ab"), heap.node("x"))
    heap.bind("x", 0)
    assert heap.may_share("a", "b")
    assert not heap.may_share("a", "x")


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 127)), max_size=30), st.integers(0, 127))
def test_rows_that_are_the_same_are_known_together(changes: list[tuple[int, int]], nodes: int) -> None:
    numbering = Numbering()
    for name in "abcdefg":
        numbering.number(name)
    rows, plain = Rows(numbering, 0), [1 << number for number in range(7)]
    for number, row in changes:
        rows[number] = plain[number] = row | 1 << number
        assert (
            rows.union(nodes) == rows.union(nodes) == all_of([nodes, *map(plain.__getitem__, indices(nodes))])
        )
    groups = list(rows.groups(nodes))
    assert [rows[number] for number in range(7)] == plain
    assert sorted(number for group, _ in groups for number in indices(group)) == list(indices(nodes))
    assert all(plain[number] == row for group, row in groups for number in indices(group))
    assert len({row for _, row in groups}) == len(groups)


def test_numbers_of_temporaries_that_nobody_knows_are_given_again() -> None:
    heap = Heap()
    for unit in range(5):
        heap.name_after(unit)
        known, held, pinned = heap.new(), heap.new(), heap.new()
        heap.pin(pinned)
        heap.hold(heap.nodes((f"x{unit}", f"y{unit}")), known)
        for _ in range(10):
            heap.new()
        heap.forget_temporaries(held)
        assert heap.names(known | held | pinned) == [f"#{unit}.1", f"#{unit}.2", f"#{unit}.3"]
    assert len(heap.numbering.names) <= 5 * (2 + 3) + 10


def test_a_number_that_is_given_again_is_not_among_what_a_unit_has_seen() -> None:
    heap = Heap()
    heap.name_after(1)
    heap.begin()
    gone = heap.new()
    heap.hold(heap.node("x"), gone)
    heap.forget_temporaries(0)
    assert not heap.read & set(indices(gone))
    heap.name_after(2)
    assert heap.new() == gone
    assert heap.inside(gone) == gone
