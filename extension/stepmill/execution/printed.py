"""What a cell prints, taken down as a front end shows it, and no more of it than a notebook can hold."""

from __future__ import annotations

import re
from collections import deque
from typing import Any

KEPT_CHARACTERS = 1_000_000
"""Of one output at its beginning, and as much again at its end."""

_LINE_CHARACTERS = 10_000  # a longer line is cut inside
_OVERWRITTEN = re.compile(r"[^\n]*\r(?=[^\n])")
_BACKSPACE = re.compile(r"[^\n\b]\x08")


class PrintedText:
    r"""The text of one stream while it grows; what `\r` and backspaces overwrote is not there any more.

    The same characters give the same text, in whatever pieces they come.
    """

    def __init__(self, kept: int = KEPT_CHARACTERS) -> None:
        self._kept = kept
        self._head: str | None = None  # once there is too much
        self._pieces: deque[str] = deque()
        self._characters = 0
        self._looked_at = 2 * kept
        self._left_out = 0

    def add(self, text: str) -> None:
        self._pieces.append(text)
        self._characters += len(text)
        if self._characters > self._looked_at:
            self._shorten()
            self._looked_at = max(2 * self._kept, self._characters + self._kept // 4)

    def text(self) -> tuple[str, int]:
        """Return what is shown, and how many characters are left out in its middle."""
        self._shorten()
        tail = "".join(self._pieces)
        if self._head is None:
            return tail, 0
        head_end = self._head.rfind("\n", max(0, self._kept - _LINE_CHARACTERS)) + 1 or len(self._head)
        tail_start = tail.find("\n", 0, _LINE_CHARACTERS) + 1
        left_out = self._left_out + len(self._head) - head_end + tail_start
        head = self._head[:head_end]
        notice = f"[stepmill: {left_out:,} characters are left out here; they are in the step's log.txt]\n"
        return f"{head}{'' if head.endswith(chr(10)) else chr(10)}{notice}{tail[tail_start:]}", left_out

    def _shorten(self) -> None:
        text = as_displayed("".join(self._pieces))
        if self._head is None and len(text) > 2 * self._kept:
            self._head, text = text[: self._kept], text[self._kept :]
        if self._head is not None and len(text) > self._kept:
            self._left_out += len(text) - self._kept
            text = text[-self._kept :]
        self._pieces = deque([text])
        self._characters = len(text)


class Streams:
    """Joins neighbouring pieces of one stream among the outputs of a cell, as they come.

    nbclient's own `coalesce_streams` moves text across other outputs and leaves the indices of
    updatable displays behind.
    """

    def __init__(self) -> None:
        self._output: Any = None  # the one that grows
        self._text = PrintedText()
        self.left_out = 0

    def take(self, outputs: list[Any]) -> None:
        """Look at the last of `outputs`, which is new; take it away if it goes on with the one before."""
        new = outputs[-1]
        if new["output_type"] != "stream":
            return
        before = outputs[-2] if len(outputs) > 1 else None
        if before is not None and before is self._output and before["name"] == new["name"]:
            outputs.pop()
        else:
            self.settle()
            self._output, self._text = new, PrintedText()
        self._text.add(new["text"])

    def settle(self) -> None:
        """Write down what was printed so far."""
        if self._output is not None:
            self._output["text"], left_out = self._text.text()
            self.left_out += left_out
            self._output = None

    def show(self) -> None:
        """Write down what was printed so far, and go on: somebody saves the notebook."""
        if self._output is not None:
            self._output["text"] = self._text.text()[0]


def as_displayed(text: str) -> str:
    r"""Return `text` without what was overwritten."""
    while "\b" in text:
        shorter = _BACKSPACE.sub("", text)
        if shorter == text:
            break
        text = shorter
    return _OVERWRITTEN.sub("", text) if "\r" in text else text
