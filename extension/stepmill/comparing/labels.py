"""In a few words: what a run has otherwise than the run before it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stepmill.comparing.causes import is_replayed_code_changed
from stepmill.comparing.compare import compare
from stepmill.comparing.rows import merged

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stepmill.model.comparison import Comparison, Row, RunFacts

_LONGEST_VALUE = 24
_MOST_VERSIONS = 3


def changes(before: RunFacts, run: RunFacts) -> tuple[str, ...]:
    """Return what differs between two runs before anything is computed: "alpha 0.1 → 0.3", "code of fit".

    Results do not count, nor does what a run that ended early did not come to. Empty if nothing does.
    """
    found = compare((before, run)).only_differences()
    return tuple(dict.fromkeys([*_parameters(found), *_code(before, run), *_surroundings(found)]))


def _parameters(found: Comparison) -> Iterator[str]:
    for row in found.parameters:
        yield f"{row.name} {_change(row)}" if "secret" not in row.name else f"{row.name} has another value"


def _code(before: RunFacts, run: RunFacts) -> Iterator[str]:
    old, new = ({step.name: step for step in each.steps} for each in (before, run))
    if not old or not new:
        return  # one of them ended before it was planned
    yield from (f"step {name} is new" for name in new if name not in old)
    yield from (f"step {name} is gone" for name in old if name not in new)
    for name in (name for name in new if name in old):
        was, now = old[name], new[name]
        if was.code_digest == now.code_digest or not (was.code_digest and now.code_digest):
            continue
        helpers = merged([was.definitions, now.definitions])
        changed = [each for each in helpers if was.definitions.get(each) != now.definitions.get(each)]
        yield from (f"{each}()" for each in changed)
        if was.body_digest != now.body_digest:
            yield f"code of {name}"
        elif is_replayed_code_changed((was, now)):
            if not changed:
                yield "setup code"
        elif not changed and was.options != now.options:
            yield f"options of {name}"


def _surroundings(found: Comparison) -> Iterator[str]:
    yield from (f"{row.name} {_change(row)}" for row in found.environment[:_MOST_VERSIONS])
    if len(found.environment) > _MOST_VERSIONS:
        yield f"{len(found.environment) - _MOST_VERSIONS} more versions"
    yield from (
        f"file {row.name.partition(' ')[2]}" for row in found.files if not row.name.startswith("writes")
    )


def _change(row: Row) -> str:
    old, new = (("-" if value is None else _short(value)) for value in row.values)
    return f"{old} → {new}"


def _short(value: str) -> str:
    return value if len(value) <= _LONGEST_VALUE else f"{value[: _LONGEST_VALUE - 1]}…"
