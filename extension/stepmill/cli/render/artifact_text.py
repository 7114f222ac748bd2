"""Stored values for people: the list of a run's, and one of them as it was noted down."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stepmill.cli.render.layout import GAP, columns, joined, styled, wrapped
from stepmill.model.quantities import count_text, listed, size_text
from stepmill.model.statistics import number_text, sketch

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rich.text import Text

    from stepmill.model.artifact import StoredValue

_SHORT_DIGEST = 12
_LABEL = 12


def artifacts_table(values: Sequence[StoredValue], *, width: int | None = None) -> list[Text]:
    """Return one row per value; values that are stored as one say so by their digest, if there is room."""
    rows: list[tuple[Text | str, ...]] = []
    for value in values:
        ref = value.ref
        kind = ref.type_name if value.is_stored else f"{ref.type_name} (removed from the store)"
        rows.append(
            (
                styled(value.step, "bold"),
                value.name,
                styled(ref.digest[:_SHORT_DIGEST], "dim"),
                value.shape,
                size_text(ref.size_bytes),
                kind,
            )
        )
    header = ("step", "name", "digest", "shape", "size", "type")
    lines = columns(rows, header=header, right=frozenset({3, 4}))
    if width is None or max((line.cell_len for line in lines), default=0) <= width:
        return lines
    rows = [(*row[:2], *row[3:]) for row in rows]  # the digest, which no eye reads, leaves its room
    return columns(rows, header=(*header[:2], *header[3:]), width=width, right=frozenset({2, 3}))


def render_artifact(
    value: StoredValue, *, picture: str = "", width: int | None = None, has_unicode: bool = True
) -> list[Text]:
    """Return everything that was noted down about a value; `picture` is the path of its PNG."""
    ref, shown = value.ref, value.preview
    facts = {
        "type": ref.type_name,
        "shape": value.shape,
        "dtype": str(shown.get("dtype", "")),
        "size": size_text(ref.size_bytes) + (" (stored as one with others)" if ref.member else ""),
        "digest": ref.digest,
        "picture": picture,
        "shown of it": _what_is_left(value),
        "value": str(shown.get("text", "")),
        "head": listed(shown.get("head", ())),
        "titles": listed(shown.get("titles", ())),
    }
    lines = [joined(styled(value.name, "bold green"), styled(f"  given by step {value.step}", "dim"))]
    for word, text in facts.items():
        if text:
            lines += wrapped(
                joined(styled(f"{word:<{_LABEL}}", "dim"), text), width, first="  ", indent=_LABEL + 2
            )
    lines += _pairs("parameters", shown.get("parameters", {}), width)
    lines += _pairs("fitted", shown.get("fitted", {}), width)
    lines += _statistics(shown, width, has_unicode=has_unicode)
    return lines + _rows(shown, width)


def _what_is_left(value: StoredValue) -> str:
    if not value.is_stored:
        return "nothing: it was removed from the store; run again to have it"
    if value.preview.get("masked"):
        return "nothing: its name says that it is a secret"
    return str(value.preview.get("problem", ""))


def _pairs(title: str, pairs: Mapping[str, str], width: int | None) -> list[Text]:
    if not pairs:
        return []
    rows = [(styled(name, "bold"), text) for name, text in pairs.items()]
    return [styled(""), styled(title, "bold dim"), *columns(rows, width=width, indent=2)]


def _statistics(shown: Mapping[str, Any], width: int | None, *, has_unicode: bool) -> list[Text]:
    found = shown.get("statistics", ())
    if not found:
        return []
    rows = [
        (
            styled(about.get("name", "values"), "bold"),
            str(about.get("dtype", shown.get("dtype", ""))),
            str(about.get("missing", "")),
            sketch(about.get("histogram", ()), has_unicode=has_unicode),
            statistics_text(about),
        )
        for about in found
    ]
    more = shown["shape"][1] - len(found) if len(shown["shape"]) == 2 and "columns" in shown else 0
    notes = [f"of {shown['sampled']:,} rows that were looked at"] if "sampled" in shown else []
    notes += [f"{count_text(more, 'more column')}"] if more > 0 else []
    table = columns(
        rows,
        header=("column", "dtype", "missing", "histogram", "values"),
        width=width,
        right=frozenset({2}),
        indent=2,
    )
    return [styled(""), *table, *(styled(f"  {note}", "dim") for note in notes)]


def statistics_text(about: Mapping[str, Any]) -> str:
    """Return the statistics of one column in words."""
    if "min" in about:
        text = f"{number_text(about['min'])} to {number_text(about['max'])}"
        if about.get("mean") is not None:
            text += f", mean {number_text(about['mean'])}, deviation {number_text(about['std'])}"
        return text
    if "distinct" in about:
        top = listed(f"{word} ({number:,})" for word, number in about["top"])
        if about["distinct"] <= len(about["top"]):
            return top
        is_telling = about["top"] and about["top"][0][1] > 1
        return f"{about['distinct']:,} different: {top}" if is_telling else f"{about['distinct']:,} different"
    return "not shown: its name says that it is a secret" if about.get("kind") == "masked" else ""


def _rows(shown: Mapping[str, Any], width: int | None) -> list[Text]:
    """Return the first rows, with as many columns as fit."""
    rows = shown.get("rows") or []
    if not rows:
        return []
    names = shown.get("columns") or [""]
    index = shown.get("index") or [""] * len(rows)
    table = [["", *names], *([label, *row] for label, row in zip(index, rows, strict=False))]
    kept = _fitting(table, width)
    laid = columns(
        [(styled(row[0], "dim"), *row[1:kept], "") for row in table[1:]],
        header=(*table[0][:kept], ""),
        width=None,
        right=frozenset(range(1, kept)),
        indent=2,
    )
    hidden = len(names) + 1 - kept
    note = [styled(f"  {count_text(hidden, 'more column')} of these rows", "dim")] if hidden else []
    return [styled(""), *laid, *note]


def _fitting(table: Sequence[Sequence[str]], width: int | None) -> int:
    used = 2
    for at in range(len(table[0])):
        used += max(styled(str(row[at])).cell_len for row in table) + GAP
        if width is not None and used > width and at > 1:
            return at
    return len(table[0])
