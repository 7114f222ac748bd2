"""matplotlib figures: the pickle, and a small picture beside it for people."""

from __future__ import annotations

import dataclasses
import io
from typing import TYPE_CHECKING, Any

from stepmill.artifacts.materializers.pickled import PickleMaterializer

if TYPE_CHECKING:
    from stepmill.artifacts.materializers.base import Encoded
    from stepmill.artifacts.pickling import Scope

_PREVIEW_DPI = 60


class FigureMaterializer(PickleMaterializer):
    """`matplotlib.figure.Figure`, exactly."""

    priority = 40

    def accepts(self, value: Any) -> bool:
        kind = type(value)
        return kind.__module__ == "matplotlib.figure" and kind.__name__ == "Figure"

    def encode(self, value: Any, scope: Scope) -> Encoded:
        # Pickled first: drawing changes a figure's caches.
        return dataclasses.replace(super().encode(value, scope), picture=_draw(value))


def _draw(figure: Any) -> bytes | None:
    """Return the figure as PNG, None where it cannot be drawn: a picture is worth no failed step."""
    import warnings

    picture = io.BytesIO()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            figure.savefig(picture, format="png", dpi=_PREVIEW_DPI)
    except Exception:  # noqa: BLE001
        return None
    return picture.getvalue()
