"""matplotlib figures: the pickle, and a small picture beside it for people."""

from __future__ import annotations

import dataclasses
import io
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

from stepmill.artifacts.materializers.pickled import PickleMaterializer
from stepmill.artifacts.pickling import dump
from stepmill.artifacts.unpickling import load

if TYPE_CHECKING:
    from stepmill.artifacts.materializers.base import Encoded
    from stepmill.artifacts.scope import Scope

_PREVIEW_DPI = 60


class FigureMaterializer(PickleMaterializer):
    """`matplotlib.figure.Figure`, exactly."""

    priority = 40

    def accepts(self, value: Any) -> bool:
        kind = type(value)
        return kind.__module__ == "matplotlib.figure" and kind.__name__ == "Figure"

    def encode(self, value: Any, scope: Scope) -> Encoded:
        return dataclasses.replace(super().encode(value, scope), picture=lambda: _draw(value, scope))


def _draw(figure: Any, scope: Scope) -> bytes | None:
    """Return the figure as PNG, None where it cannot be drawn: a picture is worth no failed step.

    A copy is drawn, because drawing changes a figure.
    """
    import warnings

    picture = io.BytesIO()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            _copy(figure, scope).savefig(picture, format="png", dpi=_PREVIEW_DPI)
    except Exception:  # noqa: BLE001
        return None
    return picture.getvalue()


def _copy(figure: Any, scope: Scope) -> Any:
    """Return a copy of which pyplot does not know, though it may know `figure`."""
    from matplotlib._pylab_helpers import Gcf

    known, Gcf.figs = Gcf.figs, OrderedDict()
    try:
        pickled = dump(figure, scope)
        return load(pickled.stream, [bytearray(buffer) for buffer in pickled.buffers], scope)
    finally:
        Gcf.figs = known
