"""What all rooms' tests share."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from _pytest.terminal import TerminalReporter

VERDICTS = ("equal", "refused", "silently wrong", "crashed")


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter: TerminalReporter) -> None:
    """Print the oracle's verdicts per category; with xdist, of all workers together."""
    found: Counter[tuple[str, str]] = Counter()
    for reports in terminalreporter.stats.values():
        for report in reports:
            for name, value in getattr(report, "user_properties", ()):
                if name == "oracle" and getattr(report, "when", "") == "call":
                    found[value[0], value[1]] += 1
    if found:
        terminalreporter.section("oracle: pipeline against Run All")
        for line in _table(found):
            terminalreporter.write_line(line)


def _table(found: Counter[tuple[str, str]]) -> list[str]:
    categories = sorted({category for category, _ in found})
    lines = [f"{'category':<16}" + "".join(f"{verdict:>16}" for verdict in VERDICTS)]
    rows: list[tuple[str, Any]] = [(c, [found[c, verdict] for verdict in VERDICTS]) for c in categories]
    rows.append(("all", [sum(found[c, verdict] for c in categories) for verdict in VERDICTS]))
    return lines + [f"{name:<16}" + "".join(f"{count:>16}" for count in counts) for name, counts in rows]
