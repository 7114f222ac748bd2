"""What all rooms' tests share."""

from __future__ import annotations

import os
import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from _pytest.terminal import TerminalReporter
    from xdist.remote import Producer
    from xdist.scheduler import LoadScopeScheduling

VERDICTS = ("equal", "refused", "silently wrong", "crashed")
MADE_ONCE = frozenset({"test_mlflow_hook", "test_mlflow_tracker", "test_restoring", "test_verify"})
"""Modules whose fixture takes long to make: with xdist one worker runs each, so that it is made once."""
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")
TABLES = {"oracle": "oracle: pipeline against Run All", "export": "oracle: exported module against Run All"}


def pytest_configure() -> None:
    """Sign with a key of the tests: not with that of whoever runs them, nor in their home.

    And leave no fork server behind, where a test does not want one.
    """
    os.environ["STEPMILL_KEEP_S"] = "0"
    os.environ.setdefault("STEPMILL_SIGNING_KEY", str(Path(tempfile.mkdtemp("-stepmill")) / "key"))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling:
    """Deal out tests one by one, but the modules of `MADE_ONCE` whole."""
    from xdist.scheduler import LoadScopeScheduling

    class ByFixture(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            module = nodeid.partition("::")[0]
            return module if Path(module).stem in MADE_ONCE else nodeid

    return ByFixture(config, log)


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter: TerminalReporter) -> None:
    """Print the oracle's verdicts per category; with xdist, of all workers together."""
    for name, title in TABLES.items():
        found = _verdicts(terminalreporter, name)
        if found:
            terminalreporter.section(title)
            for line in _table(found):
                terminalreporter.write_line(line)
    counts = _generated(terminalreporter)
    if counts:
        terminalreporter.section("generated programs by effect and boundary")
        for line in _generated_table(counts):
            terminalreporter.write_line(line)


def _generated(terminalreporter: TerminalReporter) -> Counter[tuple[str, str, str]]:
    """Count the programs that were judged: (effect, boundary, verdict)."""
    found: Counter[tuple[str, str, str]] = Counter()
    for reports in terminalreporter.stats.values():
        for report in reports:
            if getattr(report, "when", "") == "call":
                for key, value in report.user_properties:
                    if key == "generated":
                        kind, boundary, verdict, count = value
                        found[kind, boundary, verdict] += count
    return found


def _generated_table(counts: Counter[tuple[str, str, str]]) -> list[str]:
    boundaries = list(dict.fromkeys(boundary for _, boundary, _ in counts))
    kinds = list(dict.fromkeys(kind for kind, _, _ in counts))
    lines = [f"{'effect':<20}" + "".join(f"{boundary:>16}" for boundary in (*boundaries, "refused"))]
    for kind in (*kinds, ""):
        rows = {key: count for key, count in counts.items() if kind in ("", key[0])}
        cells = [sum(n for (_, b, _), n in rows.items() if b == boundary) for boundary in boundaries]
        refused = sum(n for (_, _, verdict), n in rows.items() if verdict == "refused")
        share = f"{100 * refused / sum(cells):.1f} %"
        lines.append(f"{kind or 'all':<20}" + "".join(f"{cell:>16}" for cell in (*cells, share)))
    return lines


def _verdicts(terminalreporter: TerminalReporter, name: str) -> Counter[tuple[str, str]]:
    """Count what the tests have recorded under this name: (category, verdict)."""
    found: Counter[tuple[str, str]] = Counter()
    for reports in terminalreporter.stats.values():
        for report in reports:
            if getattr(report, "when", "") == "call":
                values = [value for key, value in report.user_properties if key == name]
                found.update((category, verdict) for category, verdict in values)
    return found


def _table(found: Counter[tuple[str, str]]) -> list[str]:
    categories = sorted({category for category, _ in found})
    lines = [f"{'category':<16}" + "".join(f"{verdict:>16}" for verdict in VERDICTS)]
    rows: list[tuple[str, Any]] = [(c, [found[c, verdict] for verdict in VERDICTS]) for c in categories]
    rows.append(("all", [sum(found[c, verdict] for c in categories) for verdict in VERDICTS]))
    return lines + [f"{name:<16}" + "".join(f"{count:>16}" for count in counts) for name, counts in rows]
