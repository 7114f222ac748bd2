"""The purity tables are data; these tests read them as the analyzer does."""

from __future__ import annotations

import re
from collections import Counter
from importlib.resources import files

import pytest

from stepmill.analysis import purity
from stepmill.analysis.purity import (
    function_entry,
    is_literal_call,
    is_read_only,
    magic_kind,
    method_entry,
)

TABLES = ("functions", "methods", "magics", "commands", "literals")
FLAGS = {
    "functions": r"pure|immutable|calls|consumes|element|elements|container|alias|iterator|part|object|handle"
    r"|holds|stores|deep|session|session-free|process|environment|folder|linked|strings|frame|array|figure"
    r"|mutates:\d|volatile:(input|clock|entropy|process|subprocess|database|network)"
    r"|(seeds|draws|fit-draws):(numpy|random|torch|tensorflow)|unless:\w+|(reads|writes):[\w]+|(reads|writes)-any"
    r"|writes-folder:\d|fills|names|tables|copies|pickles|unpickles|formula|examines|methods",
    "methods": r"pure|immutable|calls|consumes|container|alias|iterator|part|self|handle|stores|deep|inplace"
    r"|renews|holds|fits|fresh-fit|strings|frame|array|figure|mutates(:\d)?|mutates-not|volatile:database|draws:numpy"
    r"|unless:\w+|writes:\d|(reads|writes)-guess|path-(read|write|folder|open)|session|tables",
    "magics": r"session|quiet|dynamic|script|names",
    "commands": r"(?!)",
    "literals": r"(?!)",
}
TWICE = {"methods": {"split", "partition", "rename"}}
"""Names that stand twice; the later line counts. Nothing may be added here."""


def entries(table: str) -> list[list[str]]:
    text = files(purity).joinpath(f"{table}.txt").read_text("utf-8")
    return [words for line in text.splitlines() if (words := line.split("#", 1)[0].split())]


@pytest.mark.parametrize("table", TABLES)
def test_each_table_has_entries(table: str) -> None:
    assert entries(table)


@pytest.mark.parametrize("table", TABLES)
def test_each_entry_has_only_known_flags(table: str) -> None:
    known = re.compile(FLAGS[table])
    assert [(w[0], flag) for w in entries(table) for flag in w[1:] if not known.fullmatch(flag)] == []


@pytest.mark.parametrize("table", TABLES)
def test_no_name_stands_twice(table: str) -> None:
    count = Counter(words[0] for words in entries(table))
    assert {name for name, times in count.items() if times > 1} <= TWICE.get(table, set())


@pytest.mark.parametrize("table", TABLES)
def test_no_entry_has_a_flag_twice(table: str) -> None:
    assert [words for words in entries(table) if len(words[1:]) != len(set(words[1:]))] == []


@pytest.mark.parametrize("table", ["functions", "methods"])
def test_nothing_is_both_pure_and_changing(table: str) -> None:
    changing = re.compile(r"mutates(:\d)?|session|seeds:.*")
    both = [w for w in entries(table) if "pure" in w and any(changing.fullmatch(flag) for flag in w)]
    assert both == []


def test_each_magic_has_one_kind() -> None:
    assert [words for words in entries("magics") if len(words) != 2] == []


@pytest.mark.parametrize(
    ("dotted", "flag", "expected"),
    [
        pytest.param("len", "pure", True, id="len is pure"),
        pytest.param("heapq.heappush", "mutates:0", True, id="heappush changes its first argument"),
        pytest.param("random.seed", "seeds:random", True, id="random.seed seeds"),
        pytest.param("numpy.random.rand", "draws:numpy", True, id="rand draws"),
        pytest.param("time.time", "volatile:clock", True, id="time reads the clock"),
        pytest.param("mlflow.any.depth.below", "object", True, id="a prefix covers all below it"),
    ],
)
def test_functions(dotted: str, flag: str, expected: bool) -> None:
    entry = function_entry(dotted)
    assert entry is not None
    assert entry.has(flag) is expected


@pytest.mark.parametrize("dotted", ["nowhere.f", "f", "", "mlflowx.log"])
def test_functions_that_nobody_knows_have_no_entry(dotted: str) -> None:
    assert function_entry(dotted) is None


def test_a_method_of_a_kind_goes_before_the_bare_name() -> None:
    special = [words[0] for words in entries("methods") if "." in words[0].rstrip("*")]
    assert special
    for key in special:
        kind, name = key.split(".", 1)
        assert method_entry(name, kind) == purity._table("methods")[key]


def test_unknown_methods_have_no_entry() -> None:
    assert (method_entry("frobnicate"), method_entry("append", "frobnicator")) == (
        None,
        method_entry("append"),
    )


@pytest.mark.parametrize(
    ("name", "kind"),
    [("%matplotlib", "session"), ("%run", "dynamic"), ("%%bash", "script"), ("%frobnicate", "")],
)
def test_magics(name: str, kind: str) -> None:
    assert magic_kind(name) == kind


def test_commands_and_literals() -> None:
    assert [is_read_only(c) for c in ("ls", "rm", "touch", "tee")] == [True, False, False, False]
    assert [is_literal_call(c) for c in ("dict", "datetime.date", "open", "print")] == [
        True,
        True,
        False,
        False,
    ]
