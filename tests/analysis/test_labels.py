"""Cells keep their labels while others are inserted, deleted or moved."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stepmill.analysis.labels import FIRST, GAP, LEAST, MOST, Labelled, labelled
from stepmill.analysis.units import MOST_IN_A_CELL
from stepmill.model.cell import Cell, Notebook, Role
from stepmill.model.diagnostic import Place


def notebook(sources: str) -> Notebook:
    """Return a notebook with a cell for each letter."""
    cells = [
        Cell(index=i, role=Role.UNTAGGED, source=s, python=s, cell_id=f"c{i}") for i, s in enumerate(sources)
    ]
    return Notebook(name="n", cells=tuple(cells))


def kept(before: str, after: str) -> str:
    """Return the texts of the cells that are the same objects under the same labels."""
    old = labelled(notebook(before))
    new = old.again(notebook(after))
    assert new is not None
    return "".join(c.source for c in new.notebook.cells if old.cells.get(c.index) is c)


@pytest.mark.parametrize(
    ("before", "after", "same"),
    [
        pytest.param("abcd", "abcd", "abcd", id="nothing has changed"),
        pytest.param("abcd", "xabcd", "abcd", id="above all"),
        pytest.param("abcd", "abxcd", "abcd", id="in between"),
        pytest.param("abcd", "abcdx", "abcd", id="below all"),
        pytest.param("abcd", "acd", "acd", id="deleted"),
        pytest.param("abcd", "abxd", "abd", id="edited"),
        pytest.param("abcd", "dabc", "abc", id="moved up"),
        pytest.param("abcd", "bcda", "bcd", id="moved down"),
        pytest.param("abcdef", "xbcyzf", "bcf", id="edited and inserted"),
        pytest.param("aaaa", "aaaaaa", "aaaa", id="all alike"),
        pytest.param("abcdefg", "gbcxdefa", "bcdef", id="ends swapped"),
    ],
)
def test_cells_that_are_as_they_were_stay_the_same_objects(before: str, after: str, same: str) -> None:
    assert kept(before, after) == same


@given(st.lists(st.text("abcdef", max_size=9), min_size=2, max_size=6))
def test_labels_have_the_order_of_the_cells(versions: list[str]) -> None:
    found: Labelled | None = labelled(notebook(versions[0]))
    for version in versions[1:]:
        found = found.again(notebook(version)) if found is not None else None
        found = found or labelled(notebook(version))
        labels = list(found.cells)
        assert labels == sorted(set(labels))
        assert all(LEAST < label < MOST for label in labels)
        assert [found.cells[label].source for label in labels] == list(version)
        assert [found.position(label) for label in labels] == list(range(len(version)))


def test_an_edit_leaves_the_positions_the_same_object() -> None:
    old = labelled(notebook("abc"))
    edited, longer = old.again(notebook("axc")), old.again(notebook("axbc"))
    assert edited is not None
    assert longer is not None
    assert edited.positions is old.positions
    assert longer.first_moved(old.positions) <= longer.notebook.cells[1].index
    assert longer.first_moved(longer.positions) > longer.notebook.cells[-1].index


def test_places_are_turned_into_positions_once() -> None:
    cells = labelled(notebook("abc"))
    placed = cells.placed(Place(cell=FIRST + GAP, line=3, column=4))
    assert placed == Place(cell=1, line=3, column=4)
    assert cells.placed(placed) == placed


@pytest.mark.parametrize("at", [0, 1, 2, 3])
@pytest.mark.parametrize(("count", "down"), [(18, 0), (80, 1)], ids=["above the last one", "below it"])
def test_many_cells_can_be_inserted_in_one_place(at: int, count: int, down: int) -> None:
    """In the end there is no room left, but not soon."""
    found, sources = labelled(notebook("abc")), "abc"
    for number in range(count):
        here = at + number * down
        sources = sources[:here] + chr(0x100 + number) + sources[here:]
        again = found.again(notebook(sources))
        assert again is not None
        found = again


def test_without_room_there_are_no_labels() -> None:
    found: Labelled | None = labelled(notebook("ab"))
    sources = "ab"
    for number in range(100):
        sources = f"a{chr(0x100 + number)}{sources[1:]}"
        found = found.again(notebook(sources)) if found is not None else None
    assert found is None


def test_numbers_of_statements_sort_alike_as_texts() -> None:
    numbers = [label * MOST_IN_A_CELL for label in (LEAST, FIRST, FIRST + GAP, MOST - 1)]
    assert all(str(one) < str(other) for one, other in pairwise(numbers))
    assert {len(str(number)) for number in numbers} == {25}
