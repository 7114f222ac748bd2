"""Which runs are listed, and in which order: options of `stepmill runs` to plain tests of a run."""

from __future__ import annotations

import json
import operator
import re
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from stepmill.errors import UsageError
from stepmill.notebook.quantities import parse_duration_s

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from stepmill.model.run import RunSummary

Test = Callable[["RunSummary"], bool]

_METRIC = re.compile(r"\s*([^\s<>=!]+)\s*(?:(<=|>=|!=|==|=|<|>)\s*(\S+)\s*)?")
_NAME = re.compile(r"\s*([^\s<>=!]+)")
_OPERATORS: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "=": operator.eq,
    "==": operator.eq,
    "!=": operator.ne,
}
_MISSING = object()


def parameter_test(text: str) -> Test:
    """Return the test of `alpha=0.1`, the value as `-p` takes it.

    Raises
    ------
    UsageError
        It is no NAME=VALUE.
    """
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise UsageError(f"-p {text}: not NAME=VALUE", hint="for example: stepmill runs -p alpha=0.1")
    wanted = (value, _json(value))
    return lambda run: any(
        type(held) is type(each) and held == each
        for held in (run.parameters.get(name, _MISSING),)
        for each in (*wanted, *(map(float, wanted[1:]) if type(wanted[1]) is int else ()))
    )


def metric_test(text: str) -> Test:
    """Return the test of `f1>0.8`, or of `f1`, which the run then must have.

    Raises
    ------
    UsageError
        It is neither.
    """
    found = _METRIC.fullmatch(text)
    try:
        number = float(found[3]) if found and found[3] else 0.0
    except ValueError:
        found = None
    if found is None:
        raise UsageError(
            f"--metric {text}: not NAME, NAME>NUMBER or the like", hint="quote it: --metric 'f1>0.8'"
        )
    name, compared = found[1], _OPERATORS.get(found[2] or "")
    return lambda run: name in run.metrics and (compared is None or compared(run.metrics[name], number))


def unknown_names(tests: Iterable[str], runs: Iterable[RunSummary]) -> list[str]:
    """Return the parameters and metrics named in `alpha=0.1` or `f1>0.8` that none of the runs has."""
    held = {name for run in runs for name in (*run.metrics, *run.parameters)}
    asked = (_NAME.match(test) for test in tests)
    return list(dict.fromkeys(found[1] for found in asked if found and found[1] not in held))


def since_test(text: str, now_s: float) -> Test:
    """Return the test of `2d` (before `now_s`), `2026-03-01` or `2026-03-01 10:00` (local time).

    Raises
    ------
    UsageError
        It is no such moment.
    """
    ago = parse_duration_s(text)
    try:
        start = (
            now_s - ago if ago is not None else datetime.fromisoformat(text.strip()).astimezone().timestamp()
        )
    except (ValueError, OverflowError):
        raise UsageError(
            f"--since {text}: neither a duration nor a date", hint="for example 3d, 12h, 2026-03-01"
        ) from None
    return lambda run: run.started_s >= start


def status_test(words: Sequence[str]) -> Test:
    """Return the test of a run's status."""
    wanted = frozenset(words)
    return lambda run: run.status.value in wanted


def ordered(runs: Iterable[RunSummary], by: str, *, reverse: bool) -> list[RunSummary]:
    """Return the runs by "started", "time", "status", "notebook", a metric or a parameter.

    The newest, longest and largest come first; runs without the value last.

    Raises
    ------
    UsageError
        No run has anything of that name.
    """
    found = list(runs)
    keys = [_key(run, by) for run in found]
    if found and all(key is None for key in keys):
        names = sorted({name for run in found for name in (*run.metrics, *run.parameters)})
        known = ", ".join(["started", "time", "status", "notebook", *names])
        raise UsageError(f"no run has {by!r} to sort by", hint=f"there are: {known}")
    having = [(key, run) for key, run in zip(keys, found, strict=True) if key is not None]
    having.sort(key=lambda entry: entry[0], reverse=not reverse)
    return [run for _, run in having] + [run for key, run in zip(keys, found, strict=True) if key is None]


def _key(run: RunSummary, by: str) -> tuple[int, float, str] | None:
    """Return what a run is ordered by: numbers before words."""
    own: dict[str, Any] = {
        "started": run.started_s,
        "time": run.seconds,
        "status": run.status.value,
        "notebook": run.notebook_source,
    }
    value = own[by] if by in own else run.metrics.get(by, run.parameters.get(by))
    if value is None:
        return None
    if isinstance(value, (int, float)):
        return (0, float(value), "")
    return (1, 0.0, value if isinstance(value, str) else json.dumps(value))


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return {"True": True, "False": False, "None": None}.get(text, text)
