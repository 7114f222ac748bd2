from __future__ import annotations

from pathlib import Path

import pytest

from stepmill.model.pipeline import Fragment, Step
from stepmill.tracking.mlflow_use import may_use_mlflow

STEPS = [
    pytest.param("import mlflow", ("mlflow",), True, id="it-imports-mlflow"),
    pytest.param("importlib.import_module('mlflow')", (), True, id="it-names-mlflow"),
    pytest.param("import mlflower", ("mlflower",), False, id="a-whole-word"),
    pytest.param("trainer.fit()", ("lightning.pytorch",), True, id="a-library-that-calls-it"),
    pytest.param("import logs", ("logs",), True, id="a-module-beside-the-notebook"),
    pytest.param("import package.part", ("package.part",), True, id="a-package-beside-it"),
    pytest.param("import plain", ("plain",), False, id="a-module-without-it"),
    pytest.param("import pandas", ("pandas",), False, id="an-installed-library"),
]


@pytest.mark.parametrize(("source", "imports", "expected"), STEPS)
def test_may_use_mlflow(tmp_path: Path, source: str, imports: tuple[str, ...], expected: bool) -> None:
    (tmp_path / "logs.py").write_text("from mlflow import log_metric\n")
    (tmp_path / "plain.py").write_text("x = 1\n")
    (tmp_path / "package").mkdir()
    (tmp_path / "package/deep.py").write_text("import mlflow\n")
    step = Step(name="s", cells=(0,), body=(Fragment(cell=0, line=1, source=source),), imports=imports)
    assert may_use_mlflow(step, tmp_path) is expected
