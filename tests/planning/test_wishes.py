from __future__ import annotations

from dataclasses import replace

import pytest

from planning.pipelines import FIT, LOAD, chain, step
from stepmill.errors import UsageError
from stepmill.model.pipeline import Input, Output
from stepmill.planning.wishes import ALL, ONE, Asked, check_asked, wishes
from stepmill.running.bench import restricted

LATER = "you asked for all steps from {} on to run"
FIT_ON = replace(FIT, outputs=(Output(name="model"),))
REPORT = step("report", 2, inputs=(Input(name="model", producer="fit"),))
COUNT = step("count", 3, inputs=(Input(name="df", producer="load"),))
PIPELINE = chain(LOAD, FIT_ON, REPORT, COUNT)

REQUESTED = [
    pytest.param(Asked(), {}, id="nothing"),
    pytest.param(Asked(refresh=("fit",)), {"fit": ONE}, id="refresh-is-one-step"),
    pytest.param(Asked(refresh=True), dict.fromkeys(("load", "fit", "report", "count"), ALL), id="no-cache"),
    pytest.param(Asked(start=("fit",)), {"fit": ONE, "report": LATER.format("fit")}, id="from-is-all-below"),
    pytest.param(
        Asked(start=("fit",), refresh=("count",)),
        {"fit": ONE, "report": LATER.format("fit"), "count": ONE},
        id="from-and-refresh",
    ),
    pytest.param(
        Asked(start=("load", "fit")),
        {"load": ONE, "fit": ONE, "report": LATER.format("load"), "count": LATER.format("load")},
        id="from-two",
    ),
    pytest.param(
        Asked(start=("fit",), refresh=True),
        {"load": ALL, "fit": ONE, "report": ALL, "count": ALL},
        id="no-cache-includes-from",
    ),
]


@pytest.mark.parametrize(("asked", "requested"), REQUESTED)
def test_what_is_asked_of_steps(asked: Asked, requested: dict[str, str]) -> None:
    check_asked(asked, PIPELINE, PIPELINE)
    assert wishes(asked, PIPELINE).requested == requested


def test_only_ends_what_from_begins() -> None:
    asked = Asked(start=("load",), only=("fit",))
    part = restricted(PIPELINE, ("fit",))
    check_asked(asked, PIPELINE, part)
    assert wishes(asked, part).requested == {"load": ONE, "fit": LATER.format("load")}


REFUSED = [
    pytest.param(
        Asked(refresh=("reprot",)),
        "the notebook has no step 'reprot'",
        "did you mean 'report'? its steps: load, fit, report, count",
        id="refresh-of-a-misspelt-step",
    ),
    pytest.param(
        Asked(start=("zzz",)), "the notebook has no step 'zzz'", "its steps: load, fit, report, count",
        id="from-nowhere",
    ),
    pytest.param(
        Asked(refresh=("report",), only=("fit",)),
        "--refresh report: fit does not need that step, and --only runs nothing else",
        "leave --refresh out, or add --only report",
        id="refresh-outside-of-only",
    ),
    pytest.param(
        Asked(start=("count",), only=("fit",)),
        "--from count: fit does not need that step, and --only runs nothing else",
        "leave --from out, or add --only count",
        id="from-outside-of-only",
    ),
    pytest.param(
        Asked(refresh=True, cache_for_s=60.0),
        "--cache-for lets results be reused, and --no-cache forbids it",
        "leave one of them out",
        id="cache-for-against-no-cache",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("asked", "message", "hint"), REFUSED)
def test_what_cannot_be_asked(asked: Asked, message: str, hint: str) -> None:
    part = PIPELINE if asked.only is None else restricted(PIPELINE, asked.only)
    with pytest.raises(UsageError) as caught:
        check_asked(asked, PIPELINE, part)
    assert (caught.value.message, caught.value.hint) == (message, hint)
