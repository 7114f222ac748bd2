"""Small JSON-safe descriptions of values, made when they are stored: looking never unpickles.

A preview is bounded in size, is made from a sample where the value is large, and leaves out what is
secret. Nothing here may raise, run the user's code or change the value.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from stepmill.artifacts.previews import arrays, frames, objects
from stepmill.artifacts.previews.text import TextMaker
from stepmill.artifacts.refusals import type_name
from stepmill.artifacts.scope import module_of

if TYPE_CHECKING:
    from collections.abc import Mapping

MOST_CHARACTERS = 24_000
_CUT_FIRST = (
    *("types", "feature_names", "rows", "index", "head", "statistics", "features", "parameters", "fitted"),
    *("columns", "dtypes"),
)
_MOST_PROBLEM = 200


def preview(value: Any, *, size_bytes: int = 0) -> dict[str, Any]:
    """Return what can be said of `value` in a few kilobytes of JSON: type, shape, head, statistics.

    `size_bytes` is its stored size: the `repr` of large unknown objects is not asked for. What cannot
    be shown is left out, and `problem` says why.
    """
    shown: dict[str, Any] = {"type": type_name(type(value))}
    try:
        shown.update(_details(value, size_bytes, TextMaker.of_this_process()))
        return _bounded(shown)
    except Exception as error:  # noqa: BLE001 - a preview must not cost the value
        return {"type": shown["type"], "problem": f"{type(error).__name__}: {error}"[:_MOST_PROBLEM]}


def masked_preview(value: Any) -> dict[str, Any]:
    """Return the preview of a value whose name says that it is a secret: its type, and that."""
    return {"type": type_name(type(value)), "masked": True}


def members_preview(members: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return the preview of values that are stored as one, by name; together no larger than two alone."""
    shown = {name: dict(each) for name, each in members.items()}
    sizes = {name: len(json.dumps(each)) for name, each in shown.items()}
    for name in sorted(sizes, key=lambda name: (-sizes[name], name)):
        if sum(sizes.values()) <= 2 * MOST_CHARACTERS:
            break
        shown[name] = {key: shown[name][key] for key in ("type", "shape") if key in shown[name]}
        shown[name]["shortened"] = True
        sizes[name] = len(json.dumps(shown[name]))
    return {"members": shown}


def _details(value: Any, size_bytes: int, texts: TextMaker) -> dict[str, Any]:
    kind = type(value)
    root = module_of(kind).partition(".")[0]
    if root == "numpy" and hasattr(value, "dtype"):
        return arrays.describe(value, texts)
    if root == "pandas" and hasattr(value, "ndim") and hasattr(value, "shape"):
        return frames.describe(value, texts)
    return objects.describe(value, root, size_bytes, texts)


def _bounded(shown: dict[str, Any]) -> dict[str, Any]:
    """Return the preview without its largest parts, if it is too large for a record."""
    for key in _CUT_FIRST:
        if len(json.dumps(shown)) <= MOST_CHARACTERS:
            break
        if shown.pop(key, None) is not None:
            shown["shortened"] = True
    return shown
