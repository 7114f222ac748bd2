"""Every notebook of the oracle that runs as a pipeline leaves as a module that does the same, or is refused.

Nothing may join the lists of `known` unseen, and what comes right must leave them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from oracle.exported import judge_export
from oracle.judge import Verdict
from oracle.known import EXPORT_REFUSED, NAMED_AFTER_THE_FILE
from oracle.table import all_cases

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from oracle.case import Case
    from oracle.harness import ForkServer


CASES = [case for case in all_cases() if case.expect != "refused"]


def allowed(case: Case) -> Verdict:
    """Return the verdict that is expected of the module of `case`."""
    if case.name in NAMED_AFTER_THE_FILE:
        return Verdict.SILENTLY_WRONG
    return Verdict.REFUSED if case.name in EXPORT_REFUSED else Verdict.EQUAL


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_case(
    case: Case, server: ForkServer, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    finding = judge_export(case, server, tmp_path)
    if finding is None:
        pytest.skip("refused as a pipeline already")
    record_property("export", [case.category, str(finding.verdict)])
    assert finding.verdict is allowed(case), f"{finding.verdict}: {finding.evidence}\nwhy: {case.why}"


def test_what_is_known_is_a_case() -> None:
    assert {case.name for case in CASES} >= EXPORT_REFUSED | NAMED_AFTER_THE_FILE


def test_few_are_refused() -> None:
    assert len(EXPORT_REFUSED) / len(CASES) < 0.035
