"""A notebook given as a list of cells, run linearly without IPython, and as the exported module.

As a script this file is the server that runs both, each job in a fresh process: one line of JSON in, one out.
"""

from __future__ import annotations

import ast
import asyncio
import atexit
import contextlib
import functools
import importlib
import io
import json
import os
import subprocess
import sys
import tokenize
import traceback
import types
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

OUR_LINES = ("%%step", "%%parameters", "%%scratch")


@dataclass(frozen=True, slots=True)
class Text:
    """A cell of text."""

    source: str


@dataclass(frozen=True, slots=True)
class Tagged:
    """A code cell with cell tags."""

    source: str
    tags: tuple[str, ...]


Cells = Sequence[str | Text | Tagged]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """What came of running code. `values` are texts; those that show an address are left out.

    An unbound local of a function is a NameError here: in a cell the name would be a global.
    """

    printed: str
    values: Mapping[str, str] = field(default_factory=dict)
    error: str = ""


def write_cells(path: Path, cells: Cells) -> Path:
    """Write a notebook with these cells."""
    document = {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
        "cells": [_cell(number, cell) for number, cell in enumerate(cells)],
    }
    path.write_text(json.dumps(document), "utf-8")
    return path


def _cell(number: int, cell: str | Text | Tagged) -> dict[str, Any]:
    source = cell if isinstance(cell, str) else cell.source
    made = {"cell_type": "code", "id": f"c{number}", "metadata": {}, "source": source}
    if isinstance(cell, Text):
        return made | {"cell_type": "markdown"}
    tags = list(cell.tags) if isinstance(cell, Tagged) else []
    return made | {"metadata": {"tags": tags} if tags else {}, "outputs": [], "execution_count": None}


def linear_cells(
    cells: Cells, instead: Mapping[int, str] | None = None, silent: Sequence[int] = ()
) -> list[dict[str, Any]]:
    """Return the code cells that Run All executes, our first lines dropped.

    `instead` has the plain Python of cells with magics; what `silent` cells print does not count.
    """
    found = []
    for index, cell in enumerate(cells):
        tags = cell.tags if isinstance(cell, Tagged) else ()
        if isinstance(cell, Text) or "skip-execution" in tags:
            continue
        source = cell if isinstance(cell, str) else cell.source
        if source.startswith(OUR_LINES):
            source = "\n" + source.partition("\n")[2]
        source = (instead or {}).get(index, source)
        found.append(
            {"source": source, "may_raise": "raises-exception" in tags, "is_silent": index in silent}
        )
    return found


def run_linear(cells: Sequence[Mapping[str, Any]], folder: Path) -> Ran:
    """Execute the cells in one namespace of a fresh process; what a cell shows is printed."""
    return _run({"cells": list(cells)}, folder)


def run_module(path: Path, arguments: Mapping[str, Any] | None = None) -> Ran:
    """Run `main` of a module in a fresh process: as a script, then imported, twice more.

    Raises AssertionError if importing it prints, or the runs differ.
    """
    return _run({"module": str(path), "arguments": dict(arguments or {})}, path.parent)


@functools.cache
def _server() -> subprocess.Popen[str]:
    """Return the process that forks one fresh process per job; it ends with this one."""
    environment = {**os.environ, "PYTHONHASHSEED": "0", "MPLBACKEND": "agg"}
    environment.pop("PYTHONPATH", None)
    server = subprocess.Popen(
        [sys.executable, __file__],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    atexit.register(_end, server)
    return server


def _end(server: subprocess.Popen[str]) -> None:
    assert server.stdin is not None
    assert server.stdout is not None
    server.stdin.close()
    server.wait()
    server.stdout.close()


def _run(job: Mapping[str, Any], folder: Path) -> Ran:
    server = _server()
    assert server.stdin is not None
    assert server.stdout is not None
    server.stdin.write(json.dumps({"folder": str(folder), **job}) + "\n")
    server.stdin.flush()
    answer = json.loads(server.stdout.readline())
    assert "failed" not in answer, answer["failed"]
    return Ran(**answer)


# -- in the child process --------------------------------------------------------------------------


def execute_cells(cells: Sequence[Mapping[str, Any]], namespace: dict[str, Any]) -> Ran:
    """Execute cells as a kernel does, except for IPython's syntax."""
    printed, error, flags = io.StringIO(), "", 0
    loop = asyncio.new_event_loop()
    shown = "show value "  # no identifier, so that no cell can see it
    namespace[shown] = None
    for number, cell in enumerate(cells):
        tree = _showing(cell["source"], shown)
        with contextlib.redirect_stdout(io.StringIO() if cell["is_silent"] else printed):
            namespace[shown] = _show
            try:
                mode = flags | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
                code = compile(tree, f"<cell {number}>", "exec", mode, dont_inherit=True)
                flags |= code.co_flags & _FUTURES
                waiting = eval(code, namespace)
                if asyncio.iscoroutine(waiting):
                    loop.run_until_complete(waiting)
            except Exception as raised:
                if not cell["may_raise"]:
                    error = _name(raised)
                    break
    del namespace[shown]
    loop.close()
    return Ran(printed=printed.getvalue(), values=_texts(namespace), error=error)


def _futures() -> int:
    import __future__

    return sum(getattr(__future__, name).compiler_flag for name in ("annotations",))


_FUTURES = _futures()


def _showing(source: str, shown: str) -> ast.Module:
    tree = ast.parse(source)
    if tree.body and isinstance(last := tree.body[-1], ast.Expr) and not _is_quiet(source):
        name = ast.copy_location(ast.Name(shown, ast.Load()), last)
        last.value = ast.copy_location(ast.Call(name, [last.value], []), last)
    return tree


def _is_quiet(source: str) -> bool:
    skipped = (tokenize.ENDMARKER, tokenize.NL, tokenize.NEWLINE, tokenize.COMMENT)
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return [token.string for token in tokens if token.type not in skipped][-1:] == [";"]


def _name(error: Exception) -> str:
    return "NameError" if isinstance(error, NameError) else type(error).__name__


def _show(value: object) -> None:
    if value is not None:
        print(value)


def _texts(values: Mapping[str, Any]) -> dict[str, str]:
    texts = {name: repr(value) for name, value in values.items() if not name.startswith("__")}
    return {name: text for name, text in texts.items() if " at 0x" not in text}


def execute_main(namespace: Mapping[str, Any], arguments: Mapping[str, Any]) -> Ran:
    """Call `main` of a module, which is called `main_steps` if the notebook has a `main`."""
    printed, error, values = io.StringIO(), "", None
    with contextlib.redirect_stdout(printed):
        try:
            values = namespace["main_steps" if "main_steps" in namespace else "main"](**arguments)
            if asyncio.iscoroutine(values):
                values = asyncio.run(values)
        except Exception as raised:
            error = _name(raised)
    return Ran(printed=printed.getvalue(), values=_texts(values or {}), error=error)


def _as_main(path: Path) -> dict[str, Any]:
    module = types.ModuleType("__main__")
    module.__file__ = str(path)
    sys.modules["__main__"] = module
    return module.__dict__


def _run_cells(cells: Sequence[Mapping[str, Any]]) -> Ran:
    sys.path[0] = str(Path.cwd())
    namespace = _as_main(Path("none"))
    del namespace["__file__"]
    return execute_cells(cells, namespace)


def _run_module(path: Path, arguments: Mapping[str, Any]) -> Ran:
    sys.path[0], sys.argv = str(path.parent), [str(path)]
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        module = importlib.import_module(path.stem)
    assert printed.getvalue() == "", f"importing it printed {printed.getvalue()!r}"
    first, second = (execute_main(vars(module), arguments) for _ in range(2))
    assert (first.printed, first.error) == (second.printed, second.error), (first, second)
    assert first.values == second.values, (first, second)
    if not arguments:
        script = _run_script(path)
        assert (script.printed, script.error) == (first.printed, first.error), (script, first)
    return first


def _run_script(path: Path) -> Ran:
    printed, error = io.StringIO(), ""
    with contextlib.redirect_stdout(printed):
        try:
            exec(compile(path.read_text("utf-8"), str(path), "exec", dont_inherit=True), _as_main(path))
        except Exception as raised:
            error = _name(raised)
    return Ran(printed=printed.getvalue(), error=error)


def _serve() -> None:
    """Do each job in a fork, which is as fresh as a new process: here only the imports above have run."""
    for line in sys.stdin:
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(reading)
            os.dup2(2, 1)
            with os.fdopen(writing, "w") as answer:
                answer.write(json.dumps(_work(json.loads(line))))
            os._exit(0)
        os.close(writing)
        with os.fdopen(reading) as answer:
            text = answer.read()
        os.waitpid(child, 0)
        sys.stdout.write((text or json.dumps({"failed": "the process died"})) + "\n")
        sys.stdout.flush()


def _work(job: Mapping[str, Any]) -> dict[str, Any]:
    os.chdir(job["folder"])
    try:
        if "cells" in job:
            return asdict(_run_cells(job["cells"]))
        return asdict(_run_module(Path(job["module"]), job["arguments"]))
    except BaseException:
        return {"failed": traceback.format_exc()}


if __name__ == "__main__":
    _serve()
