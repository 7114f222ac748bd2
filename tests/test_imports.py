"""What importing us costs: each claim is tried in a fresh interpreter."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

import stepmill

HEAVY = frozenset(
    {
        "IPython", "click", "fsspec", "ipykernel", "jupyter_client", "jupyter_server", "matplotlib", "mlflow",
        "nbclient", "nbconvert", "nbformat", "numpy", "pandas", "papermill", "pyarrow", "ray", "rich",
        "sklearn", "traitlets", "zmq",
    }
)  # fmt: skip


def modules_after(statement: str) -> set[str]:
    """Return the names in `sys.modules` that `statement` adds in a fresh interpreter."""
    code = f"""
import json, sys
before = set(sys.modules)
{statement}
print(json.dumps(sorted(set(sys.modules) - before)))
"""
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(json.loads(answer.stdout.splitlines()[-1]))


def roots(modules: set[str]) -> set[str]:
    return {name.partition(".")[0] for name in modules}


def test_importing_stepmill_imports_nothing_else_of_ours() -> None:
    assert {name for name in modules_after("import stepmill") if name.startswith("stepmill")} == {"stepmill"}


def test_importing_stepmill_imports_nothing_of_others() -> None:
    assert roots(modules_after("import stepmill")) - sys.stdlib_module_names == {"stepmill"}


@pytest.mark.parametrize("name", ["stepmill_magics", "stepmill_magics.magics"])
def test_the_kernel_half_is_light(name: str) -> None:
    assert not roots(modules_after(f"import {name}")) & (HEAVY - {"IPython", "traitlets"})


def test_the_kernel_half_reaches_only_the_light_rooms() -> None:
    ours = {name for name in modules_after("import stepmill_magics") if name.startswith("stepmill.")}
    rooms = ("notebook", "analysis", "artifacts", "model", "plugins", "errors")
    allowed = tuple(f"stepmill.{room}" for room in rooms)
    assert not {name for name in ours if not name.startswith(allowed)}


@pytest.mark.parametrize(
    "statement",
    [
        pytest.param("import stepmill.model.pipeline, stepmill.model.codec, stepmill.plugins", id="model"),
        pytest.param("import stepmill.notebook.reading", id="notebook"),
        pytest.param("import stepmill.artifacts.store, stepmill.artifacts.values", id="artifacts"),
        pytest.param(
            "from stepmill.plugins import Registry; Registry('stepmill.trackers').names()", id="listing"
        ),
    ],
)
def test_a_room_imports_no_heavy_library(statement: str) -> None:
    assert not roots(modules_after(statement)) & (HEAVY - {"fsspec"})


def test_planning_and_help_never_import_mlflow() -> None:
    statement = "import stepmill.api, stepmill.cli.main"
    assert not roots(modules_after(statement)) & {
        "mlflow",
        "pandas",
        "numpy",
        "papermill",
        "nbconvert",
        "sklearn",
    }


@pytest.mark.parametrize("name", stepmill.__all__)
def test_a_public_name_is_there(name: str) -> None:
    assert getattr(stepmill, name).__module__.startswith("stepmill.")


def test_public_names_are_listed() -> None:
    assert set(stepmill.__all__) <= set(dir(stepmill))
    assert stepmill.__all__ == sorted(stepmill.__all__)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'pipelines'"):
        stepmill.pipelines  # noqa: B018


def test_the_package_is_typed() -> None:
    from importlib.resources import files

    assert files("stepmill").joinpath("py.typed").is_file()
    assert files("stepmill_magics").joinpath("py.typed").is_file()
