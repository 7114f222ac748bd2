"""Proposals: the steps that a person would have chosen, without an error, or a refusal that says why."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stepmill.errors import PipelineError, StepmillError, SuggestionRefused
from stepmill.notebook.tagging import Form, untagged
from suggestion.notebooks import document, look, names, suggested

IMPORTS = """import pandas as pd
import matplotlib.pyplot as plt
from sklearn.linear_model import Ridge
from sklearn.metrics import mean_squared_error"""
LOAD = "df = pd.read_csv('in.csv')"
CLEAN = "df = df.dropna()"
FEATURES = "df['ratio'] = df.a / df.b\nX, y = df[['ratio']], df.c"
TRAIN = "model = Ridge(alpha=alpha).fit(X, y)"
EVALUATE = "error = mean_squared_error(y, model.predict(X))\nerror"
PLOT = "plt.scatter(X.ratio, y)\nplt.plot(X.ratio, model.predict(X))"
WHOLE = [IMPORTS, "alpha = 0.5", LOAD, "df.head()", CLEAN, "df.describe()", FEATURES, TRAIN, EVALUATE, PLOT]


def test_without_headings_the_work_decides() -> None:
    found = suggested(*WHOLE)
    assert names(found) == ["load", "clean", "features", "train", "plot"]
    assert found.steps[0].cells == (2, 3)  # looking stays with what it looks at
    assert found.parameters == ("alpha",)
    assert found.untagged == (0,)
    assert found.pipeline.parameters[0].name == "alpha"


def test_headings_part_and_name() -> None:
    found = suggested(
        "md:# Churn", "md:## Imports", IMPORTS, "alpha = 1", "md:## 1. Read the data", LOAD, "df.head()",
        "md:## 2. Cleaning", CLEAN, FEATURES, "md:## 3. Model", TRAIN, EVALUATE, "md:## 4. Pictures", PLOT,
    )  # fmt: skip
    assert names(found) == ["read_data", "cleaning", "model", "pictures"]
    assert found.steps[0].why == "heading “1. Read the data”; reads data"
    assert found.steps[2].inputs == ("X", "y")
    assert found.steps[2].outputs == ("model",)


def test_of_headings_in_a_row_the_one_above_the_code_names() -> None:
    found = suggested(
        "md:# A course\n\nBy Ann Example", IMPORTS, "md:# Sales by month", LOAD, "md:# Cleaning",
        "md:# Prices", CLEAN, FEATURES, "md:# Model", TRAIN, EVALUATE,
    )  # fmt: skip
    assert names(found) == ["sales_month", "prices", "model"]


def test_parts_of_one_kind_are_told_apart_by_what_they_are_about() -> None:
    cells = (
        "import pandas as pd", "a = pd.read_csv('data/titanic-2.csv')", "a = a.dropna()",
        "ports = pd.read_csv('https://example.org/harbours.csv.gz')", "ports = ports.dropna()",
        "model = Ridge().fit(a, ports)", "model.predict(ports)", "model = LogisticRegression().fit(a, ports)",
        "model.predict(ports)", "a.hist()", "print(model)", "ports.plot.scatter('x', 'y')",
    )  # fmt: skip
    apart = [text for cell in cells for text in ("md:# Setup", cell)]
    assert names(suggested(*apart)) == [
        "load", "clean", "load_harbours", "clean_ports", "train", "evaluate", "evaluate_model", "plot",
    ]  # fmt: skip


def test_the_copy_loads_stepmill_where_that_changes_nothing() -> None:
    sources = [cell["source"] for cell in suggested(*WHOLE).document["cells"]]
    assert sources[0] == f"%load_ext stepmill\n{IMPORTS}"
    assert sources[1] == "%%parameters\nalpha = 0.5"
    assert sources[2] == f"%%step load\n{LOAD}"


def test_a_first_cell_that_is_a_step_is_tagged_by_metadata() -> None:
    cells = suggested(f"{IMPORTS}\nalpha = 1\n{LOAD}", CLEAN, FEATURES, TRAIN, EVALUATE, PLOT).document[
        "cells"
    ]
    assert cells[0]["source"].startswith("%load_ext stepmill\nimport pandas")
    assert cells[0]["metadata"] == {"tags": ["step:load"]}
    assert cells[1]["source"].startswith("%%step ")


def test_metadata_form_leaves_all_sources_alone() -> None:
    found = suggested(*WHOLE, form=Form.METADATA)
    assert [cell["source"] for cell in found.document["cells"]] == WHOLE
    assert found.document["cells"][2]["metadata"] == {"tags": ["step:load"]}
    assert found.document["cells"][1]["metadata"] == {"tags": ["parameters"]}


def test_what_cannot_leave_its_process_stays_in_one_step() -> None:
    found = suggested(
        "md:# A", "file = open('in.txt')", "md:# B", "lines = file.readlines()", "md:# C", "n = len(lines)",
        "md:# D", "total = n + 1", "md:# E", "print(total)",
    )  # fmt: skip
    assert found.steps[0].cells == (1, 3)
    assert len(found.steps) >= 3


def test_settings_below_the_first_work_are_run_in_their_place() -> None:
    option = "pd.set_option('display.precision', 2)"
    found = suggested(
        "import pandas as pd", LOAD, "df.head()", option, "df.tail()", CLEAN, "df.plot()", "print(df)"
    )
    assert found.untagged == (0,)
    assert any(3 in step.cells for step in found.steps)


def test_a_function_that_is_defined_twice_is_run_in_its_place() -> None:
    first, second = "def f():\n    return 1", "def f():\n    return 2"
    found = suggested(first, "x = f()", second, "y = f()", "z = x + y", "print(z)")
    assert any(2 in step.cells for step in found.steps)


def test_more_than_twelve_sections_are_joined() -> None:
    cells = [
        text for n in range(20) for text in (f"md:# Topic {n} of all", f"v{n} = [{n}, len('a')]\nprint(v{n})")
    ]
    found = suggested(*cells)
    assert 3 <= len(found.steps) <= 12
    assert len(set(names(found))) == len(found.steps)


GIANT = f"{LOAD}\n{CLEAN}\n{FEATURES}\nprint(X, y)"
STATE = ("import os", "x = [open('n').read()]", "os.environ['X'] = x[0]", "y = x + x", "print(y, os.environ)")
GENERATOR = ("g = (n for n in [1, 2])", "a = next(g)", "b = next(g)", "c = next(g, a + b)", "print(c)")
REFUSED = {
    "one giant cell": ((GIANT,), SuggestionRefused, 0, 3, "one cell does all"),
    "only definitions": ((IMPORTS, "def f():\n    pass"), SuggestionRefused, None, None, "no cell does"),
    "tagged": (("%%step a\nx = 1", "y = x"), SuggestionRefused, 0, 1, "1 step already"),
    "a syntax error": (("x = [1]", "y = (", "z = x", "print(z)"), PipelineError, 1, 1, "however"),
    "code made at run time": (("x = [1]", "exec(input())", "z = [x]", "z"), PipelineError, 1, 1, "however"),
    "process state": (STATE, SuggestionRefused, 2, 1, "cells [2] to [4] must stay in one step"),
    "a generator throughout": (GENERATOR, SuggestionRefused, 2, 1, "cells [0] to [3] must stay in one step"),
}


@pytest.mark.parametrize(("cells", "kind", "cell", "line", "said"), REFUSED.values(), ids=REFUSED)
def test_a_refusal_names_the_place_and_a_way_out(
    cells: tuple[str, ...], kind: type[StepmillError], cell: int | None, line: int | None, said: str
) -> None:
    with pytest.raises(kind) as caught:
        suggested(*cells)
    assert (caught.value.cell, caught.value.line) == (cell, line)
    assert said in caught.value.message
    assert caught.value.hint


PIECES = st.sampled_from(
    [
        "a = [1]", "a.append(2)", "b = a", "b = [len(a)]", "a = a + [3]", "print(a)", "c = b[0] if b else 0",
        "def f(x):\n    return x", "def f(x):\n    return [x]", "a = f(a)", "import random",
        "b = [random.random()]", "random.seed(1)", "g = (n for n in a)", "a = list(g)", "del b",
        "for i in range(2):\n    a.append(i)",
        "K = 3", "N = 'x'", "md:# One", "md:## Two", "md:text", "# only a comment", "%matplotlib inline",
        "%%time\na = [4]", "class C:\n    n = 0", "C.n += 1", "d = C()", "d.items = a", "_", "!ls", "a",
        "with open('o.txt', 'w') as out:\n    out.write('x')", "e = open('o.txt').read()", "a = (", "",
    ]
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.lists(PIECES, max_size=14))
def test_any_notebook_gets_a_sound_proposal_or_a_reason(cells: list[str]) -> None:
    given_document = document(*cells)
    try:
        found = suggested(*cells)
    except StepmillError as error:
        refusal = error
    else:
        refusal = None
    if refusal is not None:
        assert refusal.message
        assert refusal.hint
        return
    assert untagged(found.document) == given_document
    assert not look(found.document).errors
    assert [step.name for step in found.pipeline.steps if step.implicit] == []
    assert 3 <= len(found.pipeline.steps) <= 12
    assert {step.name for step in found.pipeline.steps} == set(names(found))
    work = [cell for step in found.steps for cell in step.cells]
    assert len(set(work)) == len(work)
    assert max(len(step.cells) for step in found.steps) <= 0.7 * len(work)
    assert work == sorted(work)
