"""How stored values differ, as far as what was noted down of them tells."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from stepmill.comparing.rows import LETTERS, all_equal, merged, row, telling
from stepmill.model.comparison import OutputRow, Row
from stepmill.model.statistics import sketch

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from stepmill.model.artifact import StoredValue

_FLOAT = re.compile(r"-?\d+\.\d+(e[+-]\d+)?")
_NUMBERS = ("min", "max", "mean", "std")
_WORDS = {"std": "deviation", "min": "smallest", "max": "largest"}
_OUTER = ("dtype", "text", "length", "mode", "stored", "axes", "titles")
_NAMES = {"text": "value", "stored": "stored entries"}


def output_row(step: str, name: str, values: Sequence[StoredValue | None]) -> OutputRow:
    """Return how a value differs between runs; None for runs that do not have it."""
    digests = tuple(None if value is None else value.ref.digest for value in values)
    is_equal = all_equal(digests)
    removed = [
        letter
        for letter, value in zip(LETTERS, values, strict=False)
        if value is not None and not value.is_stored
    ]
    types = tuple("" if value is None else value.ref.type_name for value in values)
    comparable = not is_equal and not removed
    return OutputRow(
        step=step,
        name=name,
        digests=digests,
        is_equal=is_equal,
        type_names=types,
        details=_details_of_known(values) if comparable else (),
        removed=tuple(removed),
        pictures=tuple("" if value is None else value.picture for value in values),
    )


def _details_of_known(values: Sequence[StoredValue | None]) -> tuple[Row, ...]:
    """Return the details that differ between the runs that have the value."""
    known = [value for value in values if value is not None]
    found = []
    for each in _details(known):
        texts = iter(each.values)
        found.append(replace(each, values=tuple(None if value is None else next(texts) for value in values)))
    return tuple(found)


def _details(values: Sequence[StoredValue]) -> tuple[Row, ...]:
    shown = [value.preview for value in values]
    found = [row("type", [value.ref.type_name for value in values])]
    hidden = {"text"} if all("parameters" in each for each in shown) else set()
    if all(value.ref.type_name == "str" for value in values):
        hidden |= {"shape"} | ({"length"} if not all_equal([each.get("text") for each in shown]) else set())
    if "shape" not in hidden:
        found.append(row("shape", [value.shape for value in values]))
    found += [row(_NAMES.get(word, word), _outer(word, shown)) for word in _OUTER if word not in hidden]
    found += _pairs(shown, "parameters") + _pairs(shown, "fitted")
    found += _columns(shown)
    if not any("statistics" in each for each in shown):
        found.append(row("head", [_text(each.get("head")) for each in shown]))
    return tuple(each for each in found if not each.is_equal)


def _outer(word: str, shown: Sequence[Mapping[str, Any]]) -> list[str | None]:
    texts = [_text(each.get(word)) for each in shown]
    if word != "text" or not all(text is None or _FLOAT.fullmatch(text) for text in texts):
        return texts
    return telling([None if text is None else float(text) for text in texts])


def _text(value: Any) -> str | None:
    if value is None:
        return None
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _pairs(shown: Sequence[Mapping[str, Any]], key: str) -> list[Row]:
    pairs: list[Mapping[str, str]] = [each.get(key, {}) for each in shown]
    return [row(name, [each.get(name) for each in pairs]) for name in merged(pairs)]


def _columns(shown: Sequence[Mapping[str, Any]]) -> list[Row]:
    """Return rows for columns that not all runs have, and for the statistics of the others."""
    columns: list[dict[str, Mapping[str, Any]]] = [
        {str(about.get("name", "")): about for about in each.get("statistics", ())} for each in shown
    ]
    found: list[Row] = []
    for name in merged(columns):
        if all(name in each for each in columns):
            found += _statistics(name, [each[name] for each in columns])
        else:
            kinds = [str(each[name].get("dtype", "there")) if name in each else None for each in columns]
            found.append(row(f"column {name}" if name else "values", kinds))
    return found


def _statistics(name: str, columns: Sequence[Mapping[str, Any]]) -> list[Row]:
    prefix = f"{name}: " if name else ""
    found = [row(f"{prefix}dtype", [each.get("dtype") for each in columns])]
    found += [
        row(f"{prefix}{word}", [_text(each.get(word)) for each in columns])
        for word in ("missing", "infinite", "distinct")
    ]
    for word in _NUMBERS:
        numbers = [each.get(word) for each in columns]
        texts = telling(numbers) if not all_equal(numbers) else [_text(number) for number in numbers]
        found.append(row(f"{prefix}{_WORDS.get(word, word)}", texts))
    found.append(row(f"{prefix}most frequent", [_top(each.get("top")) for each in columns]))
    return [
        *found,
        row(f"{prefix}histogram", [sketch(each.get("histogram", ())) or None for each in columns]),
    ]


def _top(top: Sequence[tuple[str, int]] | None) -> str | None:
    return None if top is None else ", ".join(f"{word} ({number:,})" for word, number in top)
