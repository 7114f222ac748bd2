"""Importing the notebook libraries without what they load and a run does not use."""

from __future__ import annotations

import importlib
import importlib.util
import sys
import threading
from types import ModuleType

_SLOW = "rfc3987_syntax"
_lock = threading.Lock()


def import_notebook_libraries() -> None:
    """Import nbformat and nbclient; jsonschema's check of international addresses is put off.

    It builds a parser when it is imported, which takes a second of CPU; everybody who has JupyterLab
    has it. Whoever uses the check gets it then.
    """
    with _lock:
        puts_off = not {_SLOW, "jsonschema"} & sys.modules.keys() and importlib.util.find_spec(_SLOW)
        if puts_off:
            sys.modules[_SLOW] = _stand_in()
        try:
            importlib.import_module("nbformat")
            importlib.import_module("nbclient")
        finally:
            if puts_off:
                del sys.modules[_SLOW]


def _stand_in() -> ModuleType:
    module = ModuleType(_SLOW)

    def is_valid_syntax(*arguments: object, **options: object) -> object:
        return importlib.import_module(_SLOW).is_valid_syntax(*arguments, **options)

    module.is_valid_syntax = is_valid_syntax  # type: ignore[attr-defined]
    return module
