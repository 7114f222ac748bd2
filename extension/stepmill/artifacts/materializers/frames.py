"""pandas objects: pickle 5 with their memory beside it, mapped. It keeps what Arrow formats lose."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from stepmill.artifacts.materializers.pickled import PickleMaterializer
from stepmill.artifacts.previews import preview_table

if TYPE_CHECKING:
    from stepmill.artifacts.materializers.base import Encoded
    from stepmill.artifacts.scope import Scope

_TABLES = frozenset({"DataFrame", "Series"})


class FrameMaterializer(PickleMaterializer):
    """DataFrame, Series and every kind of Index, by exact type."""

    priority = 30

    def accepts(self, value: Any) -> bool:
        kind = type(value)
        if kind.__module__ == "pandas" or kind.__module__.startswith("pandas.core."):
            return kind.__name__ in _TABLES or kind.__name__.endswith("Index")
        return False

    def encode(self, value: Any, scope: Scope) -> Encoded:
        encoded = super().encode(value, scope)
        return dataclasses.replace(encoded, preview=preview_table(value))
