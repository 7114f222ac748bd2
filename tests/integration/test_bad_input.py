"""Everything a user can get wrong: a clear error, nothing lost, nothing half-written."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from integration.notebooks import Workplace, statuses, write_notebook
from stepmill import api
from stepmill.errors import (
    ConfigError,
    KernelError,
    NotebookError,
    ParameterError,
    PipelineError,
    ProjectLocked,
    StepmillError,
    UsageError,
)

GOOD = ("%%parameters\nalpha = 0.1\nname = 'x'", "%%step a\ny = alpha", "%%step b\nz = y, name")


def assert_refused(
    place: Workplace, kind: type[StepmillError], *words: str, **options: object
) -> StepmillError:
    """Run, expect `kind`, and check that the notebook is as it was and no run is left behind."""
    before = place.notebook.read_bytes() if place.notebook.exists() else None
    with pytest.raises(kind) as caught:
        place.run(**options)
    text = str(caught.value)
    assert all(word in text for word in words), text
    assert (place.notebook.read_bytes() if place.notebook.exists() else None) == before
    assert api.list_runs(place.folder) == []
    return caught.value


PARAMETERS = [
    pytest.param({"alhpa": 1.0}, ("alhpa", "alpha"), id="unknown"),
    pytest.param({"alpha": "0.3"}, ("alpha", "float"), id="text-for-a-number"),
    pytest.param({"alpha": True}, ("alpha", "float"), id="bool-for-a-number"),
    pytest.param({"name": 3}, ("name", "str"), id="number-for-text"),
    pytest.param({"alpha": [0.1]}, ("alpha", "float"), id="list-for-a-number"),
]


@pytest.mark.parametrize(("given", "words"), PARAMETERS)
def test_parameters(place: Workplace, given: dict[str, object], words: tuple[str, ...]) -> None:
    place.write(*GOOD)
    error = assert_refused(place, ParameterError, *words, parameters=given)
    assert error.exit_code == 2


NOTEBOOKS = [
    pytest.param("", id="empty-file"),
    pytest.param("{ torn", id="broken-json"),
    pytest.param("[]", id="no-object"),
    pytest.param('{"cells": 3, "nbformat": 4}', id="no-cells"),
    pytest.param("{}", id="no-notebook"),
]


@pytest.mark.parametrize("text", NOTEBOOKS)
def test_broken_notebooks(place: Workplace, text: str) -> None:
    place.notebook.write_text(text)
    assert_refused(place, NotebookError)


def test_a_missing_notebook(place: Workplace) -> None:
    assert_refused(place, NotebookError, "notebook.ipynb")


def test_a_notebook_of_another_language(place: Workplace) -> None:
    document = {"cells": [], "metadata": {"kernelspec": {"name": "ir", "language": "R"}}, "nbformat": 4}
    place.notebook.write_text(json.dumps({**document, "nbformat_minor": 4}))
    assert_refused(place, NotebookError)


def test_a_missing_kernel(place: Workplace) -> None:
    write_notebook(place.notebook, *GOOD, kernel="no-such-kernel")
    assert_refused(place, KernelError, "no-such-kernel", "python3")
    assert [step.name for step in api.analyze(place.notebook).steps] == ["a", "b"]


CODE = [
    pytest.param(("%%step a\nx = 1", "%%step b\nif x\n    y"), (1, 2), id="syntax-error"),
    pytest.param(("%%step a --after b\nx = 1", "%%step b --after a\ny = 1"), (1, 1), id="cycle"),
    pytest.param(("%%step\nx = 1",), (0, 1), id="step-without-a-name"),
    pytest.param(("%%step a --wrong\nx = 1",), (0, 1), id="unknown-option"),
    pytest.param(("%%step a\nx = 1\n%%step b\ny = 1",), (0, 3), id="two-steps-in-a-cell"),
    pytest.param(("%%step a --after nowhere\nx = 1",), (0, 1), id="after-an-unknown-step"),
]


@pytest.mark.parametrize(("cells", "place_in_notebook"), CODE)
def test_code_that_is_no_pipeline(
    place: Workplace, cells: tuple[str, ...], place_in_notebook: tuple[int, int]
) -> None:
    place.write(*cells)
    error = assert_refused(place, PipelineError)
    assert isinstance(error, PipelineError)
    assert error.diagnostics
    assert (error.cell, error.line) == place_in_notebook


def test_a_notebook_without_steps(place: Workplace) -> None:
    place.write("x = 1")
    assert_refused(place, PipelineError, "tagged as a step", "%%step NAME")


def test_strict_takes_warnings_for_errors(place: Workplace) -> None:
    place.write("%%step a\nx = 1", "%%step b\n")
    assert [d.severity.value for d in api.analyze(place.notebook).diagnostics] == ["warning"]
    assert_refused(place, PipelineError, strict=True)


OPTIONS = [
    pytest.param({"jobs": 0}, id="no-jobs"),
    pytest.param({"jobs": -3}, id="negative-jobs"),
    pytest.param({"steps": ["zz"]}, id="unknown-step-to-run"),
    pytest.param({"refresh": ["zz"]}, id="unknown-step-to-refresh"),
    pytest.param({"project": "/no/such/folder"}, id="missing-project"),
]


@pytest.mark.parametrize("options", OPTIONS)
def test_options(place: Workplace, options: dict[str, object]) -> None:
    place.write(*GOOD)
    assert assert_refused(place, UsageError, **options).exit_code == 2


@pytest.mark.kernel
def test_two_runs_at_once(place: Workplace) -> None:
    place.write(
        "import os, time",
        "%%step a\nopen('started', 'w')\nwhile not os.path.exists('go'):\n    time.sleep(0.05)",
    )
    finished: list[api.Run] = []
    thread = threading.Thread(target=lambda: finished.append(api.run(place.notebook, tracking=False)))
    thread.start()
    try:
        while not (place.folder / "started").exists() and thread.is_alive():
            threading.Event().wait(0.05)
        with pytest.raises(ProjectLocked, match="is using this project"):
            place.run()
        assert len(api.list_runs(place.folder)) == 1
        assert api.list_runs(place.folder)[0].status.value == "running"
        assert place.plan().step("a").status.value == "stale"
    finally:
        (place.folder / "go").touch()
        thread.join()
    assert statuses(finished[0]) == {"a": "executed"}


READ_ONLY = """
import os, sys
from stepmill import api
from stepmill.errors import StepmillError

api.plan(sys.argv[1])  # imports what it needs
if os.geteuid() == 0:  # root writes everywhere: become nobody
    os.setegid(65534)
    os.seteuid(65534)
print([step.step for step in api.plan(sys.argv[1]).steps])
try:
    api.run(sys.argv[1], tracking=False)
except StepmillError as error:
    print(type(error).__name__, error)
"""


ENVIRONMENT_IS_PRIVATE = any(not folder.stat().st_mode & 0o001 for folder in Path(sys.prefix).parents)


@pytest.mark.skipif(ENVIRONMENT_IS_PRIVATE, reason="another user cannot start this Python")
def test_a_read_only_folder(tmp_path: Path) -> None:
    notebook = write_notebook(tmp_path / "n.ipynb", *GOOD)
    for folder in tmp_path.parents:
        if folder.stat().st_mode & 0o005 != 0o005:
            folder.chmod(folder.stat().st_mode | 0o055)
    tmp_path.chmod(0o555)
    done = subprocess.run(
        [sys.executable, "-c", READ_ONLY, str(notebook)], capture_output=True, text=True, check=False
    )
    tmp_path.chmod(0o755)
    lines = done.stdout.splitlines()
    assert done.stderr == ""
    assert lines[0] == "['a', 'b']"
    assert lines[1].startswith(ConfigError.__name__)
    assert "--project" in done.stdout
    assert sorted(path.name for path in tmp_path.iterdir()) == ["n.ipynb"]


@pytest.mark.kernel
def test_a_huge_notebook(place: Workplace) -> None:
    text = [f"# markdown {number}" for number in range(300)]
    scratch = [f"unused_{number} = {number}" for number in range(300)]
    place.write("%%step a\nx = 1", *text, *scratch, "%%step b\ny = x + 1")
    document = json.loads(place.notebook.read_text())
    document["cells"][1]["attachments"] = {"a.png": {"image/png": "A" * 5_000_000}}
    place.notebook.write_text(json.dumps(document))
    run = place.run()
    assert run.load("b", "y") == 2


@pytest.mark.kernel
@pytest.mark.parametrize("name", ["a/b", "..", "con", "x" * 120, "step with spaces", "🙂"])
def test_odd_step_names_work_or_are_refused(place: Workplace, name: str) -> None:
    place.write(f'%%step "{name}"\nx = 1')
    if api.analyze(place.notebook).errors:
        assert_refused(place, PipelineError)
        return
    run = place.run()
    assert run.load(name, "x") == 1
    assert run.folder.step_files(name).executed.is_relative_to(run.folder.path / "steps")
