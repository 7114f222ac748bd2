"""A step that was asked for by name."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from stepmill.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def missing_step(name: str, known: Sequence[str], notebook: Path) -> UsageError:
    """Return the error for a step that `notebook` does not have; close names come first."""
    close = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean {close[0]!r}?" if close else f"its steps: {', '.join(known) or 'none'}"
    return UsageError(f"{notebook} has no step {name!r}", hint=hint)
