"""How the values of secret parameters are kept out of what is logged."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from stepmill.model.secrets import MASK, is_secret_name

_SHORTEST_FREE = 4  # shorter values are masked only between quotes: "a" stands in every text


class Mask:
    """Replaces the values of secrets wherever they stand: short ones only between quotes.

    None, "" and truth values are no secrets.
    """

    def __init__(self, secrets: Iterable[Any]) -> None:
        forms: set[str] = set()
        for secret in secrets:
            forms.update(_forms(secret))
        ordered = sorted(forms, key=lambda form: (-len(form), form))
        self._pattern = re.compile("|".join(map(re.escape, ordered))) if ordered else None

    def text(self, text: str) -> str:
        return self._pattern.sub(_replacement, text) if self._pattern else text

    def document(self, value: Any) -> Any:
        """Return a copy of JSON types; values under a secret's name are masked whatever they are."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return {key: self._entry(str(key), item) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return [self.document(item) for item in value]
        return value

    def _entry(self, key: str, item: Any) -> Any:
        if not is_secret_name(key) or item is None or isinstance(item, (list, tuple)):
            return self.document(item)
        if isinstance(item, Mapping):  # a graph has {"api_key": {"type": …, "default": …}}
            return {k: MASK if k == "default" and v else self._entry(str(k), v) for k, v in item.items()}
        return MASK


def _forms(secret: Any) -> set[str]:
    if secret is None or secret == "" or isinstance(secret, bool):
        return set()
    if isinstance(secret, Mapping):
        return {form for item in secret.values() for form in _forms(item)}
    if isinstance(secret, (list, tuple)):
        return {form for item in secret for form in _forms(item)}
    text = str(secret)
    spellings = {text, repr(text)[1:-1], json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1]}
    if len(text) >= _SHORTEST_FREE:
        return spellings
    return {f"{quote}{spelling}{quote}" for spelling in spellings for quote in "'\""}


def _replacement(match: re.Match[str]) -> str:
    found = match.group()
    quoted = len(found) > 1 and found[0] in "'\"" and found[0] == found[-1]
    return f"{found[0]}{MASK}{found[-1]}" if quoted else MASK
