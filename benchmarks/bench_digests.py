"""Do two runs of the same notebook store the same digests? Goal: 95 % of the artifacts of the examples.

Each example runs twice, in a folder of its own, nothing cached. A value whose digest differs makes the steps
that take it run again where nothing changed.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from measure import STEPMILL, cost_of

EXAMPLES = Path(__file__).parent.parent / "examples"


def main() -> None:
    print(f"{'':<34}{'artifacts':>10}{'the same':>10}{'share':>8}")
    all_values = all_equal = 0
    for notebook in sorted(EXAMPLES.glob("*/*.ipynb")):
        first, second = _digests(notebook), _digests(notebook)
        equal = sum(second.get(name) == digest for name, digest in first.items())
        print(f"{notebook.stem:<34}{len(first):>10}{equal:>10}{equal / len(first):>8.0%}")
        for name in (name for name, digest in first.items() if second.get(name) != digest):
            print(f"  {name} differs", file=sys.stderr)
        all_values, all_equal = all_values + len(first), all_equal + equal
    print(f"{'all':<34}{all_values:>10}{all_equal:>10}{all_equal / all_values:>8.0%}")


def _digests(notebook: Path) -> dict[str, str]:
    """Run a copy of the notebook; return step.name -> digest of all that its steps gave."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "project"
        shutil.copytree(notebook.parent, folder, ignore=shutil.ignore_patterns(".stepmill"))
        (folder / ".git").mkdir()
        source = folder / notebook.name
        if not _has_steps(source):  # the example of `suggest`
            cost_of((*STEPMILL, "suggest", source.name, "-o", "tagged.ipynb"), folder=folder)
            source = folder / "tagged.ipynb"
        cost_of((*STEPMILL, "run", source.name, "--no-tracking"), folder=folder)
        (summary,) = folder.glob(".stepmill/runs/*/run.json")
        steps: dict[str, Any] = json.loads(summary.read_text())["steps"]
        return {f"{step}.{n}": d for step, outcome in steps.items() for n, d in outcome["outputs"].items()}


def _has_steps(notebook: Path) -> bool:
    text = notebook.read_text()
    return "%%step" in text or '"step"' in text or "step:" in text


if __name__ == "__main__":
    main()
