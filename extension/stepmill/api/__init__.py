"""What Python programs call: analyse a notebook, plan it, run it, look at past runs.

The rooms are wired in `stepmill.running`; here are only the doors. A name is loaded when it is first
used (PEP 562): who runs a notebook does not wait for what compares runs.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stepmill.api.by_hand import open_step, restoration
    from stepmill.api.kernels import stop_waiting_kernels, waiting_kernels
    from stepmill.api.notebooks import Export, analyze, export, fix, project_root, suggest, tag
    from stepmill.api.past_run import Run, open_run
    from stepmill.api.running import plan, run
    from stepmill.api.runs import (
        cancel_run,
        changes_of,
        clean,
        compare,
        delete_run,
        keep,
        list_runs,
        restore_run,
    )
    from stepmill.api.verifying import verify

_HOMES = {
    "by_hand": ("open_step", "restoration"),
    "kernels": ("stop_waiting_kernels", "waiting_kernels"),
    "notebooks": ("Export", "analyze", "export", "fix", "project_root", "suggest", "tag"),
    "past_run": ("Run", "open_run"),
    "running": ("plan", "run"),
    "runs": (
        *("cancel_run", "changes_of", "clean", "compare", "delete_run", "keep", "list_runs"),
        "restore_run",
    ),
    "verifying": ("verify",),
}

__all__ = [
    "Export", "Run", "analyze", "cancel_run", "changes_of", "clean", "compare", "delete_run",
    "export", "fix", "keep", "list_runs", "open_run", "open_step", "plan", "project_root",
    "restoration", "restore_run", "run", "stop_waiting_kernels", "suggest", "tag", "verify",
    "waiting_kernels",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    for home, names in _HOMES.items():
        if name in names:
            return getattr(import_module(f"{__name__}.{home}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
