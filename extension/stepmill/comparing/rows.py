"""One fact of several runs as a row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stepmill.model.comparison import Row
from stepmill.model.quantities import listed
from stepmill.model.statistics import number_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

LETTERS = "ABCDEFGHIJ"
_MOST_DIGITS = 17


def rows(
    facts: Sequence[Mapping[str, Any]], text: Callable[[Any], str] = str, *, step: str = ""
) -> tuple[Row, ...]:
    """Return a row for each name that any run has, in the order of the runs."""
    return tuple(row(name, [each.get(name) for each in facts], text, step=step) for name in merged(facts))


def row(
    name: str, values: Sequence[Any], text: Callable[[Any], str] = str, *, step: str = "", missing: Any = None
) -> Row:
    """Return the row of one fact; `missing` stands for runs that do not have it."""
    return Row(
        name=name,
        values=tuple(None if value is missing else text(value) for value in values),
        is_equal=all_equal(values),
        step=step,
    )


def merged(names: Sequence[Iterable[str]]) -> list[str]:
    """Return all names once, each after those that stand before it where it occurs first."""
    return list(dict.fromkeys(name for each in names for name in each))


def all_equal(values: Sequence[Any]) -> bool:
    """Tell whether all are the first one, in type as well: 1 is not 1.0, and True is neither."""
    first = values[0]
    return all(type(value) is type(first) and value == first for value in values)


def telling(numbers: Sequence[Any]) -> list[str | None]:
    """Return numbers as short as they can be without hiding that they differ; None stays."""
    known = [number for number in numbers if number is not None]
    texts = [number_text(number) for number in known]
    if len(set(texts)) < len({*map(repr, known)}):
        for digits in range(5, _MOST_DIGITS + 1):
            texts = [f"{n:.{digits}g}" if isinstance(n, float) else str(n) for n in known]
            if len(set(texts)) == len({*map(repr, known)}):
                break
    found = iter(texts)
    return [None if number is None else next(found) for number in numbers]


def per_run(values: Sequence[str | None], missing: str = "not there") -> str:
    """Return "0.1 in A and 0.3 in B, C"."""
    groups: dict[str, list[str]] = {}
    for letter, value in zip(LETTERS, values, strict=False):
        groups.setdefault(missing if value is None else value, []).append(letter)
    return listed((f"{value} in {', '.join(letters)}" for value, letters in groups.items()), last=" and ")
