"""Errors of `%pipeline`: shown in a few lines, without a Python traceback of ours."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stepmill.errors import StepmillError


class PipelineFailed(Exception):  # noqa: N818 - the words that the user reads
    """What `%pipeline` was asked for did not come about; the cell counts as failed."""

    def _render_traceback_(self) -> list[str]:
        """Called by IPython in place of a traceback."""
        return str(self).splitlines()


def failure_of(error: StepmillError) -> PipelineFailed:
    """Return the error as the user sees it: code, message, place, hint."""
    place = ""
    if error.cell is not None:
        place = f"\n --> cell [{error.cell}]" + (f", line {error.line}" if error.line is not None else "")
    hint = f"\nhint: {error.hint}" if error.hint else ""
    return PipelineFailed(f"error[{error.code}]: {error.message}{place}{hint}")
