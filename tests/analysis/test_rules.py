"""Rules: each has in its file a notebook that breaks it at one place, and a twin that does not."""

from __future__ import annotations

import re
from importlib.resources import files
from typing import TYPE_CHECKING

import pytest

from analysis.notebooks import pipeline
from stepmill import analysis
from stepmill.analysis.rules.catalogue import MODULES, RULES
from stepmill.notebook import codes

if TYPE_CHECKING:
    from stepmill.model.diagnostic import Diagnostic
    from stepmill.model.rule import Rule


def findings(rule: Rule, cells: tuple[str, ...]) -> list[Diagnostic]:
    made = pipeline(*cells, facts=rule.facts if cells == rule.bad else (), sources=rule.source)
    return [found for found in (*made.diagnostics, *made.silenced) if found.code == rule.code]


SHOWN = {code: rule for code, rule in RULES.items() if rule.bad}
"""Those with examples."""


@pytest.mark.parametrize("rule", SHOWN.values(), ids=SHOWN)
def test_a_rules_own_examples(rule: Rule) -> None:
    (found,) = findings(rule, rule.bad)
    assert (found.cell, found.line, found.severity) == (*rule.at, rule.severity)
    assert all([found.message, found.hint, found.why])
    said = " ".join([found.message, found.hint, found.why, found.label, *(o.message for o in found.others)])
    assert not re.search(r"[{}]|\[\?\]|line \?", said)
    assert findings(rule, rule.good) == []


def test_all_rules_but_one_have_examples() -> None:
    assert RULES.keys() - SHOWN == {"SM334"}  # `test_memory.py` has one, with another limit


@pytest.mark.parametrize("rule", SHOWN.values(), ids=SHOWN)
def test_the_mark_is_below_what_it_is_about(rule: Rule) -> None:
    (found,) = findings(rule, rule.bad)
    if found.cell is None:
        return
    for place in (found, *found.others):
        line = rule.bad[place.cell or 0].split("\n")[(place.line or 1) - 1]
        assert place.column is not None
        assert place.end_column is not None
        marked = line[place.column : place.end_column]
        assert marked.strip() == marked != ""


def test_each_code_that_the_analysis_uses_is_a_rule_and_each_rule_is_used() -> None:
    sources = [path.read_text("utf-8") for path in files(analysis).iterdir() if path.name.endswith(".py")]
    used = {code for source in sources for code in re.findall(r'"(SM[2-9]\d{2})"', source)}
    checked = {module.RULE.code for module in MODULES if hasattr(module, "check")}
    assert used | checked | {"SM207"} == set(RULES)


def test_each_file_is_in_the_catalogue() -> None:
    folder = files(analysis).joinpath("rules")
    with_rule = {
        p.name for p in folder.iterdir() if p.name.endswith(".py") and "RULE = Rule(" in p.read_text()
    }
    assert with_rule == {f"{module.__name__.rpartition('.')[2]}.py" for module in MODULES}


def test_no_code_means_two_things() -> None:
    ours = [value for name, value in vars(codes).items() if name.isupper()]
    assert len(set(ours)) == len(ours)
    assert not set(ours) & set(RULES)


@pytest.mark.parametrize("code", sorted(RULES))
def test_a_rule_says_what_why_and_what_to_do(code: str) -> None:
    rule = RULES[code]
    assert rule.code == code
    assert all([rule.title, rule.message, rule.hint, rule.why])
    assert not any(text.endswith(".") for text in (rule.message, rule.hint, rule.title, rule.label))
    assert rule.why.endswith(".")


@pytest.mark.parametrize(
    ("comment", "expected"),
    [
        pytest.param("# stepmill: ignore[SM201]", [], id="its own code silences a doubt"),
        pytest.param("# why  # stepmill:ignore[SM205, SM201]", ["SM207"], id="several codes, one idle"),
        pytest.param("# stepmill: ignore[SM205]", ["SM201", "SM207"], id="another code does not"),
        pytest.param("# stepmill: ignore", ["SM201", "SM207"], id="no code does not"),
        pytest.param("# ignore[SM201]", ["SM201"], id="a comment of somebody else's does not"),
    ],
)
def test_a_comment_silences_doubts(comment: str, expected: list[str]) -> None:
    made = pipeline(f"%%step a\nx = nope  {comment}")
    assert [d.code for d in made.diagnostics] == expected
    assert [d.code for d in made.silenced] == ["SM201"] * ("SM201" not in expected)


def test_a_comment_silences_only_its_own_line() -> None:
    made = pipeline("%%step a\n# stepmill: ignore[SM201]\nx = nope")
    assert [(d.code, d.line) for d in made.diagnostics] == [("SM207", 2), ("SM201", 3)]


def test_no_comment_silences_an_error() -> None:
    found = pipeline("%%step a\nx = Out[1]  # stepmill: ignore[SM330]").diagnostics
    assert [d.code for d in found] == ["SM330", "SM207"]
    assert "errors cannot be silenced" in found[1].message


def test_diagnostics_come_in_notebook_order_those_of_the_whole_first() -> None:
    found = pipeline("x = 1", "y = (")
    assert [(d.code, d.cell) for d in found.diagnostics] == [("SM309", None), ("SM110", 1)]


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (("%%step a\nx = 1", "y = 2\n%%step b\nz = y"), ["SM111"]),
        (("%%step\nx = 1",), ["SM101"]),
        (("x = (",), ["SM309", "SM110"]),
    ],
    ids=["a-tag-below-code", "a-tag-without-a-name", "no-tag-at-all"],
)
def test_one_mistake_is_one_problem(cells: tuple[str, ...], expected: list[str]) -> None:
    assert [found.code for found in pipeline(*cells).diagnostics] == expected


def test_a_magic_that_is_nearly_ours_is_asked_about() -> None:
    nearly, other = pipeline("%%stp a\nx = 1", "%%step b\ny = 1", "%%frobnicate\nx").diagnostics
    assert nearly.hint == "did you mean `%%step`? Jupyter knows no `%%stp` either"
    assert other.hint == RULES["SM210"].hint


@pytest.mark.parametrize(
    ("cells", "hint"),
    [
        pytest.param(
            ("%%step a\nx = late", "late = 1"),
            "cell [1] further down defines it: move that cell up",
            id="below",
        ),
        pytest.param(
            ("%%step a\nx = nope",), "check the spelling, or define `nope` in a cell above", id="nowhere"
        ),
    ],
)
def test_a_missing_name_is_looked_for(cells: tuple[str, ...], hint: str) -> None:
    assert [d.hint for d in pipeline(*cells).diagnostics] == [hint]


@pytest.mark.parametrize("line", ["%pipeline", "%pipeline run n.ipynb -p a=1", "%pipeline restore"])
def test_our_own_magic_is_no_problem_where_it_belongs(line: str) -> None:
    assert pipeline("%load_ext stepmill", "%%step a\nx = 1", line, "%%step b\nprint(x)").diagnostics == ()


def test_our_own_magic_inside_of_a_step_is_refused() -> None:
    made = pipeline("%%step a\nx = 1\n%pipeline restore")
    assert [d.code for d in made.errors] == ["SM333"]


def test_what_changes_the_process_inside_a_function_is_named() -> None:
    configure = "import logging\nimport sys\ndef configure(name):\n    logging.basicConfig(filename=name)"
    found = pipeline(configure, "%%step a\nconfigure(sys.argv[0])", "%%step b\nlogging.info('x')").diagnostics
    assert [(d.code, d.cell, d.line) for d in found] == [("SM320", 1, 2)]
    assert ", by `logging.basicConfig`, in a way" in found[0].message
