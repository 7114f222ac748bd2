"""Which names say that their value is a secret: one rule for records, events, logs and tracking."""

from __future__ import annotations

import re

MASK = "********"
_ALWAYS = frozenset({"password", "passwd", "passphrase", "secret", "secrets"})
_LAST = frozenset({"token", "apikey", "credential", "credentials"})


def is_secret_name(name: str) -> bool:
    """Tell whether a parameter called `name` holds a secret: `*_key`, `*token`, `*password*`, `*secret*`.

    `max_tokens`, `tokenizer` and `key` hold none.
    """
    words = re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower().strip("_").split("_")
    return bool(_ALWAYS.intersection(words)) or words[-1] in _LAST or (len(words) > 1 and words[-1] == "key")
