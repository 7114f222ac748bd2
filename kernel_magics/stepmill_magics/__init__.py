"""The kernel half of stepmill: `%load_ext stepmill` (or `stepmill_magics`) in a notebook.

Importing this package imports nothing else.
"""

from __future__ import annotations

from typing import Any


def load_ipython_extension(ipython: Any) -> None:
    """Make `%%step`, `%%parameters` and `%%scratch` known to the shell. Loading twice does no harm."""
    from stepmill_magics.magics import register

    register(ipython)


def unload_ipython_extension(ipython: Any) -> None:
    """Take out all that was put in."""
    from stepmill_magics.magics import unregister

    unregister(ipython)
