"""The calls of `calls.txt`, each with what the analyzer is known to get other than it is.

`CALL  # over: W, W | under: W` : it says the words after `over` though they do not happen (or cannot be
seen), and does not say those after `under`. `! CALL` is not run: all that it says stands after `over`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from reality.observing import claimed, observed

PATH = Path(__file__).with_name("calls.txt")


@dataclass(frozen=True, slots=True)
class Call:
    """One line."""

    source: str
    runs: bool = True
    over: frozenset[str] = frozenset()
    under: frozenset[str] = frozenset()

    def difference(self, folder: Path) -> tuple[frozenset[str], frozenset[str]]:
        """Return what the analyzer says too much, and too little."""
        said = claimed(self.source)
        done = observed(self.source, folder) if self.runs else set()
        return frozenset(said - done), frozenset(done - said)


def read_calls() -> list[Call]:
    """Return the calls in the order of the file."""
    return [_call(line) for line in PATH.read_text("utf-8").splitlines() if line and not line.startswith("#")]


def _call(line: str) -> Call:
    source, _, marks = line.partition("  # ")
    found = {"over": frozenset[str](), "under": frozenset[str]()}
    for part in marks.split(" | ") if marks else ():
        key, _, words = part.partition(": ")
        found[key] = frozenset(words.split(", "))
    return Call(source.removeprefix("! "), not source.startswith("! "), **found)


def lay_files(folder: Path) -> None:
    """Write the files that calls read."""
    (folder / "in.txt").write_text("1 2\n")
    (folder / "in.csv").write_text("a,b\n1,2\n")
    (folder / "in.json").write_text('{"a": {"0": 1}}')
    np.save(folder / "in.npy", np.arange(3.0))
    frame = pd.DataFrame({"a": [1]})
    frame.to_pickle(folder / "in.pkl")
    frame.to_parquet(folder / "in.parquet")
    frame.to_feather(folder / "in.feather")
