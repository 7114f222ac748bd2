"""Where text for people goes: colours on a terminal, plain elsewhere, never an encoding error."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.text import Text


class Screen:
    """One output stream. `width` is None where lines may be as long as they like."""

    def __init__(self, rich_console: Console) -> None:
        self.rich = rich_console
        self.is_live = (
            rich_console.is_terminal and not rich_console.is_dumb_terminal and rich_console.file.isatty()
        )
        self.width: int | None = rich_console.width if rich_console.is_terminal else None

    @property
    def has_unicode(self) -> bool:
        """Whether lines and dots beyond ASCII can be drawn."""
        return self.rich.encoding.lower().startswith("utf")

    def write(self, *lines: Text | str) -> None:
        """Print lines as they are: wrapping is done by whoever made them, markup is never read."""
        for line in lines:
            self.rich.print(line, soft_wrap=True)

    def draw(self, renderable: RenderableType) -> None:
        """Print anything that rich can lay out by itself."""
        self.rich.print(renderable)


def open_console(*, stderr: bool = False) -> Screen:
    """Return the screen on standard output, or on standard error."""
    from rich.console import Console

    stream: Any = sys.stderr if stderr else sys.stdout
    encoding = (getattr(stream, "encoding", None) or "").lower()
    if not encoding.startswith("utf") and hasattr(stream, "reconfigure"):
        stream.reconfigure(errors="replace")
    return Screen(Console(file=stream, markup=False, highlight=False, emoji=False))
