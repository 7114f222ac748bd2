"""numpy arrays and scalars: shape, dtype, head, statistics."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stepmill.artifacts.previews import statistics

if TYPE_CHECKING:
    from stepmill.artifacts.previews.text import TextMaker

_MOST_ITEMS = 20


def describe(value: Any, texts: TextMaker) -> dict[str, Any]:
    """Return what is shown of anything of numpy that has a dtype."""
    shown: dict[str, Any] = {"shape": list(value.shape), "dtype": texts.cut(str(value.dtype))}
    if not value.shape:
        return {**shown, "text": texts.cell(value.item())}
    shown["head"] = [texts.cell(item) for item in value.flat[:_MOST_ITEMS].tolist()]
    if value.dtype.kind in "biuf" and value.size:
        size = statistics.sample_size(value.size)
        sampled = (
            value.flat[statistics.sample_places(value.size, size)] if size < value.size else value.ravel()
        )
        shown["statistics"] = statistics.of_numbers(sampled.reshape(-1, 1))
        if size < value.size:
            shown["sampled"] = size
    return shown
