from __future__ import annotations

from pathlib import Path

import nbformat
import pytest

import stepmill
from stepmill.execution.executors.base import CellError
from stepmill.planning.kernels import Kernel
from stepmill.planning.keys import derived_seed
from stepmill.running.advice import GONE, PACKAGES, advice

KERNEL = Kernel(
    name="work",
    title="Work (Python 3.12)",
    executable=str(Path.home() / "envs/work/bin/python"),
    python_version="3.12.1",
)


def said(ename: str, evalue: str, *cells: str) -> str:
    """Return the advice for an error in the last step of a notebook of these cells."""
    cells = cells or ("%%step only\nx = 1",)
    document = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in cells])
    pipeline = stepmill.analyze(document)
    error = CellError(cell=0, ename=ename, evalue=evalue)
    return advice(pipeline.steps[-1], error, pipeline, KERNEL, run_seed=7)


@pytest.mark.parametrize(
    ("evalue", "package"),
    [
        pytest.param("No module named 'sklearn'", "scikit-learn", id="package-of-another-name"),
        pytest.param("No module named 'cv2'", "opencv-python", id="another"),
        pytest.param("No module named 'seaborn'", "seaborn", id="same-name"),
    ],
)
def test_a_missing_module_says_what_to_install_where(evalue: str, package: str) -> None:
    hint = said("ModuleNotFoundError", evalue)
    short = Path("~/envs/work/bin/python")
    assert hint.startswith(f"the kernel Work (Python 3.12) ({short}) has no `")
    assert f"`%pip install {package}`" in hint
    assert ("module of your own" in hint) == (package == "seaborn")


def test_an_optional_dependency_counts() -> None:
    hint = said("ImportError", "Missing optional dependency 'openpyxl'.  Use pip or conda.")
    assert "`%pip install openpyxl`" in hint


@pytest.mark.parametrize(
    "evalue", ["No module named 'sklearn.cross_validation'", "No module named 'a'; 'b' is not a package"]
)
def test_a_part_that_a_package_does_not_have_is_not_installed(evalue: str) -> None:
    assert said("ModuleNotFoundError", evalue) == ""


def test_what_python_once_had_is_not_installed_from_strangers() -> None:
    hint = said("ModuleNotFoundError", "No module named 'imp'")
    assert "pip" not in hint
    assert "Python 3.12.1" in hint
    assert not GONE & set(PACKAGES)


def test_seeds_of_what_the_step_takes_are_told() -> None:
    draw = "%%step draw\nimport numpy as np\nrow = np.random.rand(3)"
    hint = said("ValueError", "no", draw, "%%step use\ntotal = sum(row)")
    assert f"`draw` drew after `np.random.seed({derived_seed(7, 'draw')})`" in hint
    assert said("ValueError", "no", draw, "%%step use\ntotal = 1") == ""
    assert said("ValueError", "no", "import numpy as np\nnp.random.seed(0)", draw) == ""
