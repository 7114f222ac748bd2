"""The pipeline gives what Run All gives, or says why it cannot. Never a silently different value."""

from __future__ import annotations

import os
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from oracle.harness import ForkServer, linear_run
from oracle.judge import Verdict, judge, run_with_kernels
from oracle.known import REFUSED_TODAY, SHOWN_INLINE, TAUGHT, WRONG_TODAY
from oracle.table import all_cases

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from oracle.case import Case

CASES = all_cases()
WITH_KERNELS = (
    "mutation/list-append",
    "alias/container-of-aliases",
    "function/mutates-global",
    "class/dataclass-equality",
    "class/enum-identity",
    "library/sklearn-fit-mutates",
    "library/inplace-drop-and-fill",
    "random/numpy-seed-across-steps",
    "file/to-csv-read-csv",
    "parameter/derived-follows-override",
    "untagged/data-read-untagged",
    "ipython/display",
    "ipython/top-level-await",
    "script/data-made-by-a-script",
    "own module/path-at-import",
)
if os.environ.get("STEPMILL_ORACLE") == "kernels":  # all of them: minutes, an hour with STEPMILL_FORKED=no
    WITH_KERNELS = tuple(case.name for case in CASES if case.name not in SHOWN_INLINE)


def allowed(case: Case) -> set[Verdict]:
    """Return the verdicts that are expected of `case`."""
    if case.name in WRONG_TODAY:
        return {WRONG_TODAY[case.name]}
    if case.expect == "either":
        return {Verdict.EQUAL, Verdict.REFUSED}
    if case.name in REFUSED_TODAY:
        return {Verdict.REFUSED}
    return {Verdict(case.expect)}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_case(
    case: Case, server: ForkServer, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    finding = judge(case, server, tmp_path)
    record_property("oracle", [case.category, str(finding.verdict)])
    assert finding.verdict in allowed(case), f"{finding.verdict}: {finding.evidence}\nwhy: {case.why}"
    assert finding.taught == (case.name in TAUGHT), "what the analysis misses, only a run could say"


@pytest.mark.kernel
@pytest.mark.slow
@pytest.mark.parametrize("name", WITH_KERNELS)
def test_with_real_kernels(name: str, server: ForkServer, tmp_path: Path) -> None:
    case = next(case for case in CASES if case.name == name)
    truth = linear_run(case, server, tmp_path / "linear")
    finding = run_with_kernels(case, truth, tmp_path / "pipeline")
    # one run: what only the second one gets wrong is right here
    verdicts = {Verdict.EQUAL} if case.name in WRONG_TODAY else allowed(case)
    assert finding.verdict in verdicts, f"{finding.verdict}: {finding.evidence}\nwhy: {case.why}"


def test_the_collection_is_large_and_mostly_equal() -> None:
    expected = Counter("refused" if case.name in REFUSED_TODAY else case.expect for case in CASES)
    assert len(CASES) >= 130
    assert expected["equal"] >= 200
    assert expected["equal"] / len(CASES) > 0.6


def test_what_is_known_is_a_case() -> None:
    assert {case.name for case in CASES if case.expect == "equal"} >= REFUSED_TODAY
    assert {case.name for case in CASES} >= WRONG_TODAY.keys() | TAUGHT


def test_what_is_wrong_today_stays_rare() -> None:
    assert len(WRONG_TODAY) / len(CASES) < 0.02
