"""Programs nobody wrote: each kind of effect across each kind of boundary, thousands per run.

`STEPMILL_GENERATED=200` draws that many per kind and boundary, at random, instead of the few that are
always the same.
"""

from __future__ import annotations

import os
from collections import Counter
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from generated.programs import BOUNDARIES, KINDS, programs
from generated.quick import quick_judge
from oracle.judge import Verdict

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from oracle.case import Case

MANY = int(os.environ.get("STEPMILL_GENERATED", "0"))
EXAMPLES = MANY or 6
REFUSED_AT_MOST = 0.1


@pytest.mark.parametrize("kind", KINDS)
def test_generated_programs(
    kind: str, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    found: Counter[tuple[str, str]] = Counter()
    for boundary in BOUNDARIES:

        @settings(
            max_examples=EXAMPLES,
            derandomize=not MANY,
            database=None,
            deadline=None,
            phases=(Phase.generate, Phase.shrink),
            suppress_health_check=list(HealthCheck),
        )
        @given(case=programs(kind, boundary))
        def judged(case: Case) -> None:
            finding = quick_judge(case, tmp_path / "program")
            found[case.name, finding.verdict] += 1
            text = "\n---\n".join(cell.source for cell in case.cells)
            assert finding.verdict in (Verdict.EQUAL, Verdict.REFUSED), f"{finding.evidence}\n\n{text}"

        judged()
    for (name, verdict), count in found.items():
        record_property("generated", [kind, name.rpartition("/")[2], verdict.value, count])
    per_boundary = Counter(name.rpartition("/")[2] for name, _ in found.elements())
    assert min(per_boundary[boundary] for boundary in BOUNDARIES) > 0
    refused = sum(count for (_, verdict), count in found.items() if verdict == Verdict.REFUSED)
    assert refused <= REFUSED_AT_MOST * found.total()
