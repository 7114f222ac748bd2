"""Where `%pipeline` shows things: a notebook, or IPython in a terminal."""

from __future__ import annotations

import shutil
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from stepmill_magics.pipeline.run_view import as_html, as_text, headline, plain_changes, rows

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stepmill_magics.pipeline.following import Watched

NOTEBOOK_WIDTH = 100
"""Characters to a line in a notebook's output."""


def is_notebook(shell: Any) -> bool:
    """Tell whether a kernel runs us, so that someone may show pictures."""
    return getattr(shell, "kernel", None) is not None


def width_of(shell: Any) -> int | None:
    """Return how wide text may be; None where it goes to a file and needs no colours."""
    if is_notebook(shell):
        return NOTEBOOK_WIDTH
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def say(text: str) -> None:
    """Print, colours as they are."""
    if text:
        print(text.rstrip("\n"), flush=True)  # noqa: T201 - what a magic says


def show_bundle(bundle: Mapping[str, str], shell: Any) -> None:
    """Show a MIME bundle; in a terminal its plain text."""
    if is_notebook(shell):
        _display(dict(bundle))
    else:
        say(bundle["text/plain"])


@dataclass(slots=True)
class RunScreen:
    """Draws a run: in a notebook again and again at one place, else a line for each change."""

    shell: Any
    _handle: Any = None
    _text: str = ""
    _known: dict[str, str] = field(default_factory=dict)
    _notices: int = 0

    def draw(self, watched: Watched) -> None:
        if is_notebook(self.shell):
            self._draw_in_place(watched)
        else:
            self._print_changes(watched)

    def close(self, watched: Watched) -> None:
        """Show how it ended."""
        if is_notebook(self.shell):
            self._draw_in_place(watched)
        else:
            say(f"\n{as_text(watched)}")

    def _draw_in_place(self, watched: Watched) -> None:
        text = as_text(watched)
        if text == self._text:
            return
        self._text = text
        bundle = {"text/plain": text, "text/html": as_html(watched)}
        if self._handle is None:
            self._handle = _display(bundle, display_id=True)
        else:
            self._handle.update(bundle, raw=True)

    def _print_changes(self, watched: Watched) -> None:
        if not self._text:
            self._text = headline(watched)
            say(self._text)
        for line in plain_changes(self._known, rows(watched)):
            say(f"  {line}")
        for notice in watched.state.notices[self._notices :]:
            say(f"  note: {notice}")
        self._notices = len(watched.state.notices)


def _display(bundle: dict[str, str], **options: Any) -> Any:
    from IPython.core.display_functions import display

    show: Any = display
    return show(bundle, raw=True, **options)
