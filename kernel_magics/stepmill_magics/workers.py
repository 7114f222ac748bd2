"""Processes that a step starts by `multiprocessing`, joblib and their like: what they touch counts too.

A process of these is told to watch itself and to write what it sees, at once and line by line, for
it may be ended at any time. What it writes is read when the step ends.
"""

from __future__ import annotations

import json
import os
from functools import partial
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Workers:
    """Has every process started between `start` and `stop` watch itself; `report` is their common file."""

    def __init__(self, folder: Path, report: Path) -> None:
        self._folder = str(folder)
        self._report = report
        self._original: Any = None

    def start(self) -> None:
        self._report.unlink(missing_ok=True)
        original = self._original = BaseProcess.start
        folder, report = self._folder, str(self._report)

        def start(process: Any) -> None:
            if type(process).run is BaseProcess.run and process._target is not None:
                process._target = partial(observed, process._target, folder, report)
            original(process)

        BaseProcess.start = start  # type: ignore[method-assign, assignment]

    def stop(self) -> None:
        if self._original is not None:
            BaseProcess.start = self._original  # type: ignore[method-assign]
            self._original = None

    def reported(self) -> Iterator[list[Any]]:
        """Yield what the processes saw, as `Observer` told it; a last line that was cut off is left out."""
        try:
            text = self._report.read_text(encoding="utf-8")
        except FileNotFoundError:
            return
        for line in text.split("\n")[:-1]:
            yield json.loads(line)


def observed(target: Callable[..., Any], folder: str, report: str, *arguments: Any, **options: Any) -> Any:
    """Run `target` in a process of its own, watched."""
    from stepmill_magics.observation import Observer

    descriptor = os.open(report, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def tell(*sight: Any) -> None:
        os.write(descriptor, (json.dumps(sight) + "\n").encode("utf-8", "surrogateescape"))

    Observer(Path(folder), tell=tell).start()
    return target(*arguments, **options)
