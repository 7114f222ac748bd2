"""pandas objects: pickle 5 with their memory beside it, mapped. It keeps what Arrow formats lose."""

from __future__ import annotations

from typing import Any

from stepmill.artifacts.materializers.pickled import PickleMaterializer
from stepmill.artifacts.scope import module_of

_TABLES = frozenset({"DataFrame", "Series"})


class FrameMaterializer(PickleMaterializer):
    """DataFrame, Series and every kind of Index, by exact type."""

    priority = 30

    def accepts(self, value: Any) -> bool:
        kind = type(value)
        if kind.__module__ == "pandas" or module_of(kind).startswith("pandas.core."):
            return kind.__name__ in _TABLES or kind.__name__.endswith("Index")
        return False
