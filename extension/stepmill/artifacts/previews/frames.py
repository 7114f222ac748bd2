"""pandas objects: shape, dtypes, the first rows, and a line of statistics for each column."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stepmill.artifacts.previews import statistics
from stepmill.model.secrets import MASK, is_secret_name

if TYPE_CHECKING:
    from stepmill.artifacts.previews.text import TextMaker

_MOST_ROWS = 10
_MOST_COLUMNS = 20
_MOST_STATISTICS = 40
_MOST_TYPED = 1000


def describe(value: Any, texts: TextMaker) -> dict[str, Any]:
    """Return what is shown of a DataFrame, a Series or an Index."""
    shown: dict[str, Any] = {"shape": list(value.shape)}
    size = statistics.sample_size(len(value), 1 if value.ndim == 1 else min(value.shape[1], _MOST_STATISTICS))
    sampled = value.take(statistics.sample_places(len(value), size)) if size < len(value) else value
    if size < len(value):
        shown["sampled"] = size
    if value.ndim == 1:
        return shown | _one_column(value, sampled, texts)
    corner = value.iloc[:_MOST_ROWS].iloc[:, :_MOST_COLUMNS]  # at once, pandas 2 copies the columns
    names = [texts.cell(name) for name in value.columns[:_MOST_STATISTICS]]
    secret = [is_secret_name(name) for name in names]
    dtypes = list(value.dtypes)
    shown["columns"] = names[:_MOST_COLUMNS]
    shown["dtypes"] = [texts.cut(str(dtype)) for dtype in dtypes[:_MOST_COLUMNS]]
    shown["index"] = [texts.cell(label) for label in corner.index]
    columns = [
        [MASK if secret[at] else texts.cell(item) for item in corner.iloc[:, at]]
        for at in range(corner.shape[1])
    ]
    shown["rows"] = [list(row) for row in zip(*columns, strict=True)]
    found = _of_columns(sampled, dtypes, secret, texts)
    shown["statistics"] = [
        {"name": name, "dtype": texts.cut(str(dtype)), **about}
        for name, dtype, about in zip(names, dtypes, found, strict=False)
    ]
    if len(names) < len(dtypes) <= _MOST_TYPED:
        shown["types"] = _types(value.columns, dtypes, texts)
    return shown


def _types(columns: Any, dtypes: list[Any], texts: TextMaker) -> list[list[Any]]:
    """Return the names of all columns in order, neighbours of one dtype together: `[dtype, [name…]]`."""
    runs: list[list[Any]] = []
    for name, dtype in zip(columns, dtypes, strict=True):
        text = texts.cut(str(dtype))
        if not runs or runs[-1][0] != text:
            runs.append([text, []])
        runs[-1][1].append(texts.cell(name))
    return runs


def _one_column(value: Any, sampled: Any, texts: TextMaker) -> dict[str, Any]:
    name = None if value.name is None else texts.cell(value.name)
    secret = name is not None and is_secret_name(name)
    dtype = texts.cut(str(value.dtype))
    shown: dict[str, Any] = {
        "dtype": dtype,
        "rows": [[MASK if secret else texts.cell(item)] for item in value[:_MOST_ROWS]],
    }
    if hasattr(value, "index"):
        shown["index"] = [texts.cell(label) for label in value.index[:_MOST_ROWS]]
    about = {"dtype": dtype} if name is None else {"name": name, "dtype": dtype}
    shown["statistics"] = [{**about, **_statistics(sampled, texts, is_secret=secret)}]
    return shown


def _of_columns(
    sampled: Any, dtypes: list[Any], secret: list[bool], texts: TextMaker
) -> list[dict[str, Any]]:
    """Return the statistics of the first columns; those of numbers are found all at once."""
    numeric = [at for at, hidden in enumerate(secret) if not hidden and _is_numeric(dtypes[at])]
    values = sampled.iloc[:, numeric].to_numpy(dtype="float64", na_value=float("nan"))
    found = dict(zip(numeric, statistics.of_numbers(values), strict=True)) if numeric else {}
    return [
        found[at] if at in found else _statistics(sampled.iloc[:, at], texts, is_secret=hidden)
        for at, hidden in enumerate(secret)
    ]


def _statistics(column: Any, texts: TextMaker, *, is_secret: bool) -> dict[str, Any]:
    """Return the statistics of a Series or an Index."""
    if column.ndim != 1 or hasattr(column, "levels"):
        return {"kind": "objects"}
    if _is_numeric(column.dtype) and not is_secret:
        return statistics.of_numbers(column.to_numpy(dtype="float64", na_value=float("nan"))[:, None])[0]
    missing = column.isna()
    found = {"missing": int(missing.sum())}
    if is_secret:
        return {**found, "kind": "masked"}
    known = column[~missing]
    kind = getattr(column.dtype, "kind", "O")
    if kind == "M" and len(known):
        return {**found, "kind": "times", "min": texts.cell(known.min()), "max": texts.cell(known.max())}
    if kind in "bO" and not hasattr(column.dtype, "subtype"):
        return {**found, **statistics.of_words(known.tolist(), texts)}
    return {**found, "kind": "objects"}


def _is_numeric(dtype: Any) -> bool:
    return getattr(dtype, "kind", "O") in "iuf" and not hasattr(dtype, "subtype")
