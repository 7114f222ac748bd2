"""Which of the loaded modules may be the project's own."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

_FORKED = "importlib.stepmill_hiding"


def possibly_own() -> Iterator[tuple[str, Any, str]]:
    """Yield name, module and file of each loaded module that has a file, but those known to be installed.

    Known are those that a fork server had loaded: most of a thousand and more, and each that is asked for
    its file costs the copy of a page.
    """
    finders: tuple[Any, ...] = tuple(sys.meta_path)
    known: dict[str, Any] = next((one.packaged for one in finders if type(one).__module__ == _FORKED), {})
    for name, module in list(sys.modules.items()):
        if known.get(name) is not module or module is None:
            path = getattr(module, "__file__", None)
            if isinstance(path, str):
                yield name, module, path
