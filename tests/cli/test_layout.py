"""Columns, wrapping and rails: what must hold for any text."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.samples import PIPELINE
from stepmill.cli.render.diagnostics import Excerpt, excerpt_lines
from stepmill.cli.render.layout import columns, styled, wrapped
from stepmill.cli.render.mermaid import mermaid_text
from stepmill.cli.render.rails import continuation, draw_rails
from stepmill.cli.render.step_text import options_text
from stepmill.model.cell import StepOptions
from stepmill.model.quantities import seconds_text, size_text, value_text

WORDS = st.text(st.characters(exclude_categories=("Cs",)), max_size=20)


def test_wide_characters_keep_columns_in_line() -> None:
    lines = columns([("評価", "x"), ("load", "y")], header=("step", "why"))
    assert [line[: line.plain.index(c)].cell_len for line, c in zip(lines, "wxy", strict=True)] == [6, 6, 6]


def test_last_column_wraps_under_itself() -> None:
    lines = columns([("a", "one two three four five six")], width=25)
    assert [line.plain for line in lines] == ["a  one two three four", "   five six"]


def test_nothing_is_cut_where_no_room_is_left() -> None:
    lines = columns([("a" * 30, "reason " * 5 + "end")], width=40)
    assert lines[0].plain.endswith("end")


@given(st.lists(st.tuples(WORDS, WORDS, WORDS), min_size=1, max_size=5), st.integers(40, 120))
def test_every_row_is_there_whatever_the_text(rows: list[tuple[str, str, str]], width: int) -> None:
    printed = squeezed("".join(line.plain for line in columns(rows, width=width)))
    assert all(squeezed(styled(word).plain) in printed for row in rows for word in row)


def squeezed(text: str) -> str:
    return "".join(text.split())


@given(WORDS)
def test_control_characters_never_reach_the_terminal(text: str) -> None:
    assert not any(ord(c) < 32 or 127 <= ord(c) < 160 for c in styled(text).plain)


def test_wrapped_lines_keep_to_the_width() -> None:
    lines = wrapped(styled("word " * 40), 30, first="  - ", indent=4)
    assert max(line.cell_len for line in lines) <= 30
    assert lines[0].plain.startswith("  - word")
    assert lines[1].plain.startswith("    word")


CARETS = [
    pytest.param("x = foo(1)", 4, "foo", id="marks-the-whole-name"),
    pytest.param("x = (1)", 4, "(", id="marks-one-sign"),
    pytest.param("\tx = y", 5, "y", id="tabs-are-four-cells"),
    pytest.param("名 = 値段", 4, "値段", id="wide-characters-are-two-cells"),
    pytest.param("x" * 300 + " = bad" + "y" * 300, 303, "bad" + "y" * 300, id="a-long-line-is-cut-around-it"),
    pytest.param("x = 1", 5, "", id="after-the-end-of-the-line"),
]


@pytest.mark.parametrize(("source", "column", "marked"), CARETS)
def test_caret_stands_below_what_it_marks(source: str, column: int, marked: str) -> None:
    _, line, carets = excerpt_lines(Excerpt(source, 7, column))
    start = carets.plain.index("^")
    size = carets.plain.count("^")
    above = line.copy()
    above.expand_tabs(4)
    cells = "".join(c * max(styled(c).cell_len, 1) for c in above.plain)
    expected = "".join(c * max(styled(c).cell_len, 1) for c in marked) or ""
    assert expected.startswith(cells[start : start + size].rstrip("…"))
    assert size >= 1


def test_a_place_outside_the_line_shows_the_line_alone() -> None:
    assert len(excerpt_lines(Excerpt("x = 1", 1, 99))) == 2


DURATIONS = [
    (None, ""),
    (0.004, "0.00 s"),
    (1.26, "1.3 s"),
    (9.96, "10 s"),
    (59.7, "1 min 00 s"),
    (3725, "1 h 02 min"),
]


@pytest.mark.parametrize(("seconds", "text"), DURATIONS)
def test_seconds_text(seconds: float | None, text: str) -> None:
    assert seconds_text(seconds) == text


@pytest.mark.parametrize(
    ("size", "text"), [(0, "0 B"), (1200, "1.2 kB"), (999_700, "1.0 MB"), (34 * 10**6, "34 MB")]
)
def test_size_text(size: int, text: str) -> None:
    assert size_text(size) == text


def test_long_values_are_cut() -> None:
    assert value_text([1.0] * 50, longest=10) == "[1.0, 1.0…"


GRAPHS = [
    pytest.param({"a": "", "b": "a", "c": "a", "d": "bc"}, ["●", "●", "│ ●", "●"], id="diamond"),
    pytest.param({"a": "", "b": "a", "c": "ab"}, ["●", "●", "●"], id="implied-edge-is-left-out"),
    pytest.param({"a": "", "b": ""}, ["●", "●"], id="unconnected-steps-share-a-lane"),
]


@pytest.mark.parametrize(("upstream", "nodes"), GRAPHS)
def test_rails(upstream: dict[str, str], nodes: list[str]) -> None:
    rails = draw_rails(list(upstream), {name: frozenset(steps) for name, steps in upstream.items()})
    assert rails is not None
    assert [rail.node.replace("● │", "●") for rail in rails.values()] == nodes


@st.composite
def acyclic(draw: st.DrawFn) -> dict[str, frozenset[str]]:
    names = [f"s{i}" for i in range(draw(st.integers(1, 9)))]
    return {
        n: frozenset(draw(st.lists(st.sampled_from(names[:i])))) if i else frozenset()
        for i, n in enumerate(names)
    }


@given(acyclic())
def test_rails_join_up_and_end_where_the_graph_ends(upstream: dict[str, frozenset[str]]) -> None:
    rails = draw_rails(list(upstream), upstream)
    assert rails is not None
    rows = list(rails.values())
    assert all(row.node.count("●") == 1 for row in rows)
    assert continuation(rows[-1].below) == ""
    for row in rows:  # a lane that comes out of one row goes into the next
        for upper, lower in [*zip(row.above, (row.node,), strict=True)] if row.above else []:
            lanes = continuation(upper)
            assert len(lower) <= len(upper)
            assert lanes


def test_a_graph_too_wide_for_rails_is_drawn_without() -> None:
    names = ["a", *(f"s{i}" for i in range(30))]
    assert draw_rails(names, {name: frozenset("a") if name != "a" else frozenset() for name in names}) is None


def test_mermaid_labels_cannot_break_out() -> None:
    from dataclasses import replace

    step = replace(PIPELINE.steps[0], name='a"]; click x "javascript:1')
    text = mermaid_text(replace(PIPELINE, steps=(step,), edges=()))
    assert text.count('"') == 2
    assert "#34;" in text


OPTIONS = [
    pytest.param({"cache": False, "after": ("a", "b")}, "--after a,b --no-cache", id="flags-and-lists"),
    pytest.param({"timeout_s": 600.0, "cpus": 2.0}, "--timeout 10min00s --cpus 2", id="times-and-numbers"),
    pytest.param({"memory_bytes": 4 * 10**9, "retries": 2}, "--retries 2 --memory 4.0GB", id="sizes"),
    pytest.param({}, "", id="nothing-given"),
]


@pytest.mark.parametrize(("given", "text"), OPTIONS)
def test_options_are_shown_as_they_are_typed(given: dict[str, Any], text: str) -> None:
    assert options_text(StepOptions(**given)) == text
