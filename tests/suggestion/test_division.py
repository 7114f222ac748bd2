"""Cutting a row of cells."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from stepmill.suggestion.division import LARGEST, LEAST, MOST, divide


def free(start: int, end: int) -> float:
    return 0.0


def test_the_best_places_are_taken() -> None:
    assert divide([0, 0, 5, 0, 0, 5, 0, 0, 5, 0], (), free) == (0, 2, 5, 8)


def test_what_is_barred_is_never_cut() -> None:
    assert divide([0, 5, 5, 5, 5, 5], {1, 2}, free) == (0, 3, 4, 5)
    assert divide([0, 5, 5, 5], {1, 2}, free) is None
    assert divide([0, 5], (), free) is None


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(-5, 5), min_size=1, max_size=40), st.sets(st.integers(1, 40)))
def test_parts_keep_to_the_limits(scores: list[float], barred: set[int]) -> None:
    begins = divide(scores, barred, free)
    if begins is None:
        return
    sizes = [end - start for start, end in zip(begins, (*begins[1:], len(scores)), strict=True)]
    assert begins[0] == 0
    assert LEAST <= len(sizes) <= MOST
    assert max(sizes) <= LARGEST * len(scores)
    assert not barred & set(begins)


def test_a_long_notebook_is_cut_at_its_best_places() -> None:
    scores = [9.0 if number % 150 == 0 else 0.0 for number in range(900)]
    assert divide(scores, (), free) == (0, 150, 300, 450, 600, 750)
