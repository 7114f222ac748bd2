"""stepmill turns the notebook that a data scientist already has into a reproducible pipeline.

Importing this package imports nothing else; public names are loaded when first used (PEP 562).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stepmill.api import Run, analyze, compare, open_run, plan, run, suggest, verify
    from stepmill.errors import StepmillError

__version__ = "0.1.0"

__all__ = ["Run", "StepmillError", "analyze", "compare", "open_run", "plan", "run", "suggest", "verify"]

_HOMES = {
    "Run": "stepmill.api",
    "StepmillError": "stepmill.errors",
    "analyze": "stepmill.api",
    "compare": "stepmill.api",
    "open_run": "stepmill.api",
    "plan": "stepmill.api",
    "run": "stepmill.api",
    "suggest": "stepmill.api",
    "verify": "stepmill.api",
}


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'stepmill' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(home), name)


def __dir__() -> list[str]:
    return sorted(set(globals()) | set(__all__))


def load_ipython_extension(ipython: Any) -> None:
    """Make `%load_ext stepmill` work: hand over to the kernel's half."""
    from stepmill_magics import load_ipython_extension as load

    load(ipython)


def unload_ipython_extension(ipython: Any) -> None:
    """Make `%unload_ext stepmill` work."""
    from stepmill_magics import unload_ipython_extension as unload

    unload(ipython)


def _jupyter_server_extension_points() -> list[dict[str, Any]]:
    """Tell Jupyter's server, where it is installed, what to load."""
    from importlib import import_module

    home = "stepmill.server.app"
    return [{"module": home, "app": import_module(home).StepmillApp}]


def _jupyter_labextension_paths() -> list[dict[str, str]]:
    """Tell `jupyter labextension develop` where the panel's bundle is built."""
    return [{"src": "labextension", "dest": "stepmill"}]
