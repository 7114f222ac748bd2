"""Can a step's code come to log with MLflow? Answered by reading; in doubt, yes."""

from __future__ import annotations

import re
from pathlib import Path

from stepmill.model.pipeline import Step

_WORD = re.compile(r"\bmlflow\b")
_CALLS_IT = frozenset({"lightning", "pytorch_lightning", "transformers", "ultralytics", "pycaret", "flaml"})
_FILES_READ = 200


def may_use_mlflow(step: Step, *search: Path) -> bool:
    """Tell whether the step's code, or a module beside the notebook that it imports, names mlflow.

    `search` are the folders in which such modules are looked for.
    """
    if any(_WORD.search(fragment.source) for fragment in (*step.setup, *step.body)):
        return True
    tops = {name.partition(".")[0] for name in step.imports}
    if tops & (_CALLS_IT | {"mlflow"}):
        return True
    return any(_local_module_does(folder, top) for folder in search for top in sorted(tops))


def _local_module_does(folder: Path, top: str) -> bool:
    files = [folder / f"{top}.py"]
    if (folder / top).is_dir():
        files += sorted((folder / top).rglob("*.py"))
    if len(files) > _FILES_READ:
        return True
    return any(file.is_file() and b"mlflow" in file.read_bytes() for file in files)
