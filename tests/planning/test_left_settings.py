"""Settings that a step changes in its process: which of them the next step repeats, or nobody notices."""

from __future__ import annotations

from typing import Any

import pytest

from planning.pipelines import chain, step
from stepmill.model.pipeline import Fragment
from stepmill.planning.left_settings import LeftSettings, left_settings


def pieces(cell: int, *sources: str) -> tuple[Fragment, ...]:
    return tuple(Fragment(cell=cell, line=line, source=source) for line, source in enumerate(sources, 1))


CASES = [
    pytest.param("pandas:display.width", {}, LeftSettings(lost=("pandas:display.width",)), True, id="pandas"),
    pytest.param("environment:A", {}, LeftSettings(lost=("environment:A",)), False, id="nobody-reads-it"),
    pytest.param(
        "environment:A",
        {"environment": ("A",)},
        LeftSettings(lost=("environment:A",)),
        True,
        id="a-later-step-reads-it",
    ),
    pytest.param(
        "matplotlib:lines.color", {}, LeftSettings(lost=("matplotlib:lines.color",)), False, id="nobody-draws"
    ),
    pytest.param(
        "matplotlib:lines.color",
        {"imports": ("seaborn.objects",)},
        LeftSettings(lost=("matplotlib:lines.color",)),
        True,
        id="a-later-step-draws",
    ),
    pytest.param("directory", {"setup": pieces(0, "%cd data")}, LeftSettings(), False, id="repeated"),
    pytest.param(
        "directory",
        {"setup": pieces(7, "%cd data")},
        LeftSettings(lost=("directory",)),
        True,
        id="repeated-of-another-cell",
    ),
    pytest.param(
        "logging:mine",
        {"setup": pieces(0, "import logging", "logging.getLogger('mine').setLevel(10)")},
        LeftSettings(),
        False,
        id="a-logger-that-is-set-again",
    ),
    pytest.param(
        "logging:mine",
        {"setup": pieces(0, "x = make()"), "imports": ("logging",)},
        LeftSettings(lost=("logging:mine",)),
        True,
        id="a-logger-that-an-object-sets",
    ),
    pytest.param(
        "figures:pyplot",
        {"setup": pieces(0, "plt.figure()")},
        LeftSettings(seen_later=("figures:pyplot",)),
        False,
        id="figures-are-never-made-again",
    ),
    pytest.param(
        "module:tools", {}, LeftSettings(seen_later=("module:tools",)), False, id="data-of-an-own-module"
    ),
]


@pytest.mark.parametrize(("setting", "later", "expected", "grave"), CASES)
def test_what_is_lost_of_a_setting(
    setting: str, later: dict[str, Any], expected: LeftSettings, grave: bool
) -> None:
    first = step("first", 0)
    found = left_settings(first, chain(first, step("later", 3, **later)), [setting])
    assert found == LeftSettings(expected.seen_later, expected.lost, expected.lost if grave else ())


def test_behind_the_last_step_nothing_is_lost() -> None:
    last = step("last", 5)
    assert left_settings(last, chain(step("first", 0), last), ["directory"]) == LeftSettings()
