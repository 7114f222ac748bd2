"""The same pipelines for other tools: each step a process, inputs and outputs handed on in files.

What a user of such a tool writes by hand (scripts, `dvc.yaml`, a flow) is written here from what stepmill
infers. Each tool runs with its defaults, in a folder of its own, with nothing cached.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING

from measure import write_notebook

from stepmill import api

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One step: what it takes from which step, what it gives, and its code with the imports it needs."""

    name: str
    inputs: tuple[tuple[str, str], ...]
    outputs: tuple[str, ...]
    code: str


def parts_of(cells: Sequence[str], folder: Path) -> list[Part]:
    """Return the steps of a notebook with these cells."""
    write_notebook(folder / "n.ipynb", cells)
    pipeline = api.analyze(folder / "n.ipynb", project=folder)
    return [
        Part(
            name=step.name,
            inputs=tuple((taken.name, taken.producer) for taken in step.inputs),
            outputs=tuple(given.name for given in step.outputs),
            code="\n".join(f.source for f in (*step.setup, *step.body)),
        )
        for step in pipeline.steps
    ]


def plain_script(parts: Sequence[Part], folder: Path, python: str) -> list[str]:
    (folder / "all.py").write_text("\n".join(part.code for part in parts))
    return [python, "all.py"]


def python_per_step(parts: Sequence[Part], folder: Path, python: str) -> list[str]:
    """One script per step, values in pickles: the least that separate processes can cost."""
    _write_scripts(parts, folder)
    lines = [f"{python} {part.name}.py" for part in parts]
    (folder / "all.sh").write_text("set -e\n" + "\n".join(lines) + "\n")
    return ["sh", "all.sh"]


def papermill_per_step(parts: Sequence[Part], folder: Path, python: str) -> list[str]:
    (folder / "values").mkdir()
    for part in parts:
        write_notebook(folder / f"{part.name}.ipynb", [_with_pickles(part)])
    lines = [f"{python} -m papermill --no-progress-bar {p.name}.ipynb out-{p.name}.ipynb" for p in parts]
    (folder / "all.sh").write_text("set -e\n" + "\n".join(lines) + "\n")
    return ["sh", "all.sh"]


def dvc(parts: Sequence[Part], folder: Path, python: str) -> list[str]:
    _write_scripts(parts, folder)
    stages = {
        part.name: {
            "cmd": f"{python} {part.name}.py",
            "deps": [f"{part.name}.py", *(_pickle(name, step) for name, step in part.inputs)],
            "outs": [_pickle(name, part.name) for name in part.outputs],
        }
        for part in parts
    }
    (folder / "dvc.yaml").write_text(json.dumps({"stages": stages}))
    environment = os.environ | {"DVC_NO_ANALYTICS": "1"}
    command = (python, "-m", "dvc", "init", "--no-scm", "-q")
    subprocess.run(command, cwd=folder, check=True, env=environment)
    return [python, "-m", "dvc", "repro", "-q"]


def metaflow(parts: Sequence[Part], folder: Path, python: str) -> list[str]:
    """A flow: in Metaflow every step is a process, and what is set on `self` is handed on."""
    names = [part.name for part in parts]
    lines = ["from metaflow import FlowSpec, step", "class TheFlow(FlowSpec):"]
    lines += _metaflow_step("start", "pass", names[0])
    for part, following in zip(parts, [*names[1:], "end"], strict=True):
        loads = [f"{name} = self.{name}" for name, _ in part.inputs]
        saves = [f"self.{name} = {name}" for name in part.outputs]
        lines += _metaflow_step(part.name, "\n".join([*loads, part.code, *saves]), following)
    lines += _metaflow_step("end", "pass", None)
    lines += ["if __name__ == '__main__':", "    TheFlow()"]
    (folder / "flow.py").write_text("\n".join(lines))
    return [python, "flow.py", "--quiet", "--no-pylint", "run"]


RIVALS: dict[str, tuple[str, Callable[[Sequence[Part], Path, str], list[str]]]] = {
    "python per step, pickles": ("pickle", python_per_step),
    "papermill per step, pickles": ("papermill", papermill_per_step),
    "DVC": ("dvc", dvc),
    "Metaflow": ("metaflow", metaflow),
}
"""What it is called in the table -> the module that has to be installed, what prepares it."""


def has(python: str, module: str) -> bool:
    """Tell whether the environment of `python` has `module`."""
    look = f"import importlib.util as u, sys; sys.exit(u.find_spec({module!r}) is None)"
    return subprocess.run([python, "-c", look], check=False).returncode == 0


def rivals_python() -> str:
    """Return the interpreter of the environment with the rivals: `RIVALS_PYTHON`, or this one."""
    return os.environ.get("RIVALS_PYTHON", sys.executable)


def _write_scripts(parts: Sequence[Part], folder: Path) -> None:
    (folder / "values").mkdir()
    for part in parts:
        (folder / f"{part.name}.py").write_text(_with_pickles(part))


def _with_pickles(part: Part) -> str:
    loads = [f"{name} = pickle.load(open({_pickle(name, step)!r}, 'rb'))" for name, step in part.inputs]
    saves = [
        f"with open({_pickle(name, part.name)!r}, 'wb') as f: pickle.dump({name}, f, protocol=5)"
        for name in part.outputs
    ]
    return "\n".join(["import pickle", *loads, part.code, *saves]) + "\n"


def _pickle(name: str, step: str) -> str:
    return f"values/{step}-{name}.pickle"


def _metaflow_step(name: str, code: str, following: str | None) -> list[str]:
    body = code if following is None else f"{code}\nself.next(self.{following})"
    return ["    @step", f"    def {name}(self):", textwrap.indent(body, " " * 8)]
