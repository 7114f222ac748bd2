"""Values as short text without secrets: every text of a preview is made here."""

from __future__ import annotations

import os
import reprlib
from dataclasses import dataclass
from typing import Any

from stepmill.artifacts.refusals import type_name
from stepmill.artifacts.scope import module_of
from stepmill.model.secrets import MASK, is_secret_name

CELL_CHARACTERS = 60
TEXT_CHARACTERS = 500
_MOST_ITEMS = 20
_SHORTEST_SECRET = 6
# A repr may be slow, may run the user's code, and may change what it shows: only these are asked.
_PURE_REPRS = frozenset(
    {"collections", "datetime", "decimal", "fractions", "numpy", "pandas", "pathlib", "uuid"}
)


@dataclass(frozen=True, slots=True)
class TextMaker:
    """Makes text of values. `secrets` are texts that may stand in no preview, whatever their name."""

    secrets: tuple[str, ...] = ()

    @classmethod
    def of_this_process(cls) -> TextMaker:
        """Return one that knows the secrets among the environment variables."""
        found = {
            value
            for name, value in os.environ.items()
            if len(value) >= _SHORTEST_SECRET and is_secret_name(name)
        }
        return cls(tuple(sorted(found, key=len, reverse=True)))

    def cut(self, text: str, size: int = CELL_CHARACTERS) -> str:
        """Return at most `size` characters of `text`, secrets masked first: half of one is one still."""
        if self.secrets:
            text = text[: size + 2 * len(self.secrets[0])]
            for secret in self.secrets:
                text = text.replace(secret, MASK)
        # Lone surrogates have no place in JSON files that others read.
        text = text[: size + 1].encode("utf-8", "replace").decode()
        return text if len(text) <= size else text[: size - 1] + "…"

    def cell(self, value: Any) -> str:
        """Return what stands in one cell of a table."""
        kind = type(value)
        if kind is str:
            return self.cut(value)
        if (
            kind in (bool, int, float, complex, type(None))
            or module_of(kind).partition(".")[0] in _PURE_REPRS
        ):
            return self.cut(str(value))
        return self.plain(value, CELL_CHARACTERS)

    def plain(self, value: Any, size: int = TEXT_CHARACTERS) -> str:
        """Return the `repr` of plain data, shortened inside; of other objects only their type."""
        return self.cut(_Repr(self).repr(value), size)


class _Repr(reprlib.Repr):
    """A `repr` that asks no unknown object for its own, and masks what stands under a secret's name."""

    def __init__(self, texts: TextMaker) -> None:
        super().__init__()
        self._texts = texts
        self.maxlist = self.maxtuple = self.maxdict = self.maxset = self.maxfrozenset = _MOST_ITEMS
        self.maxstring = 2 * CELL_CHARACTERS

    def repr_str(self, x: str, level: int) -> str:  # noqa: ARG002
        return repr(self._texts.cut(x, 2 * CELL_CHARACTERS))

    def repr_bytes(self, x: bytes, level: int) -> str:  # noqa: ARG002
        return f"<{len(x)} bytes>"

    repr_bytearray = repr_bytes

    def repr_dict(self, x: dict[Any, Any], level: int) -> str:
        if level <= 0:
            return "{...}"
        items = [
            f"{self.repr1(key, level - 1)}: {self._item(key, item, level - 1)}"
            for key, item in list(x.items())[:_MOST_ITEMS]
        ]
        return f"{{{', '.join(items)}{', ...' if len(x) > _MOST_ITEMS else ''}}}"

    def _item(self, key: Any, item: Any, level: int) -> str:
        return MASK if type(key) is str and is_secret_name(key) else self.repr1(item, level)

    def repr_instance(self, x: Any, level: int) -> str:  # noqa: ARG002
        kind = type(x)
        if kind in (bool, float, complex, type(None), type, range) or kind.__module__ in _PURE_REPRS:
            return self._texts.cut(repr(x), 2 * CELL_CHARACTERS)
        return f"<{type_name(kind)}>"
