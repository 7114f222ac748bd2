"""What one step leaves in its process and a later one would have found is refused."""

from __future__ import annotations

import pytest

from planning.pipelines import chain, record, step
from stepmill.model.artifact import StepRecord
from stepmill.model.pipeline import Fragment
from stepmill.planning.open_figures import uses_open_figures
from stepmill.planning.process_state import find_lost_change

PIPELINE = chain(step("a", 0), step("b", 1))
LEAVES = record("a", extra={"left": ["module:m"], "uses": ["module:m"]})


def test_a_change_that_a_later_step_would_have_seen_is_lost() -> None:
    user = record("b", extra={"left": [], "uses": ["module:m"]})
    for name, its, other in (("b", user, {"a": LEAVES}), ("a", LEAVES, {"b": user})):
        error = find_lost_change(PIPELINE, name, its, other)
        assert error is not None
        assert (error.step, error.cell) == ("b", 1)
        assert "step 'a' changes the data of module m, and step 'b' uses that too" in error.message


USES = record("b", extra={"uses": ["module:m"]})
SEEN = [
    pytest.param(LEAVES, record("b", extra={"uses": ["module:n"]}), id="another-module"),
    pytest.param(LEAVES, record("b"), id="an-old-record"),
    pytest.param(
        record("a", extra={"uses": ["module:m"]}), record("b", extra=LEAVES.extra), id="changed-later"
    ),
    pytest.param(record("a"), USES, id="nothing-left"),
]


@pytest.mark.parametrize(("earlier", "later"), SEEN)
def test_what_nobody_would_have_seen_is_not_lost(earlier: StepRecord, later: StepRecord) -> None:
    assert find_lost_change(PIPELINE, "b", later, {"a": earlier}) is None


FIGURES = [
    pytest.param("plt.plot([1])", True, id="draws-at-once"),
    pytest.param("plt.figure()\nplt.plot([1])", False, id="makes-a-figure"),
    pytest.param("fig, ax = plt.subplots(2)\nplt.title('x')", False, id="makes-axes"),
    pytest.param("plt.plot([1])\nplt.figure()", True, id="draws-first"),
    pytest.param("plt.figure(1)", True, id="goes-back-to-a-figure"),
    pytest.param("plt.subplots(num='x')", True, id="goes-back-by-name"),
    pytest.param("plt.figure()\nprint(plt.get_fignums())", True, id="asks-for-all"),
    pytest.param("plt.close('all')\nplt.plot([1])", False, id="closes-all"),
    pytest.param("plt.rc('font', size=3)\nplt.style.use('x')", False, id="settings"),
    pytest.param("gca().plot([1])", True, id="imported-function"),
    pytest.param("ax.plot([1])", False, id="draws-on-axes"),
]


@pytest.mark.parametrize(("source", "expected"), FIGURES)
def test_who_uses_open_figures(source: str, expected: bool) -> None:
    setup = (
        Fragment(
            cell=0, line=1, source="from matplotlib import pyplot as plt\nfrom matplotlib.pyplot import gca"
        ),
    )
    body = (Fragment(cell=1, line=1, source=source),)
    assert uses_open_figures(step("a", 1, setup=setup, body=body)) is expected
