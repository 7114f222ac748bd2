"""What Python programs call: analyse a notebook, plan it, run it, look at past runs.

The rooms are wired in `stepmill.running`; here are only the doors.
"""

from __future__ import annotations

from stepmill.api.notebooks import Export, analyze, export, fix, project_root, suggest, tag
from stepmill.api.running import open_step, plan, restoration, run, verify
from stepmill.api.runs import (
    Run,
    cancel_run,
    changes_of,
    clean,
    compare,
    delete_run,
    keep,
    list_runs,
    open_run,
    restore_run,
)

__all__ = [
    "Export", "Run", "analyze", "cancel_run", "changes_of", "clean", "compare", "delete_run",
    "export", "fix", "keep", "list_runs", "open_run", "open_step", "plan", "project_root",
    "restoration", "restore_run", "run", "suggest", "tag", "verify",
]  # fmt: skip
