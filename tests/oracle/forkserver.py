"""A process that has imported the libraries and forks a fresh IPython shell for every job.

Run as a script by `harness.ForkServer`, never imported by tests: it is single-threaded, so forking
is safe. One line in is the path of a job file, one line out says that its result file is written.

A job is JSON: `{"folder", "result", "environment", "cells": [{"source", "snapshot", "may_raise"}…],
"stop"}`. With `"printed"` results have what `print` would write as `text/x-printed` too.
A job may have `{"module": {"path", "arguments", "functions"}}` instead of cells: a plain module, run as a
script. Its result is a list with one record, whose snapshot has the module's globals and the names that the
`functions` (function -> names) had set when they returned.

A result is a list with one `{"outputs": [nbformat output…], "error": {…} or null, "snapshot"}` per
cell that ran; `stop` ends the job at the first error, as Run All does.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import sys
import traceback
import types
from pathlib import Path
from typing import Any, TextIO

PRELOAD = (
    "IPython.core.interactiveshell",
    "IPython.core.logger",
    "IPython.core.magics.execution",
    "IPython.core.magics.extension",
    "IPython.core.magics.pylab",
    "IPython.core.pylabtools",
    "blake3",
    "matplotlib.pyplot",
    "matplotlib_inline.backend_inline",
    "numpy",
    "pandas",
    "sklearn.ensemble",
    "sklearn.linear_model",
    "sklearn.preprocessing",
    "stepmill.artifacts.materializers.arrays",
    "stepmill.artifacts.materializers.figures",
    "stepmill.artifacts.materializers.frames",
    "stepmill.artifacts.materializers.pickled",
    "stepmill.artifacts.materializers.plain",
    "stepmill_magics.magics",
    "stepmill_magics.runtime",
)


def main() -> None:
    sys.path.insert(0, str(Path(__file__).parent))
    import canonical

    sys.path.pop(0)
    for name in PRELOAD:
        importlib.import_module(name)
    importlib.import_module("stepmill.artifacts.materializers.base").materializers()  # reads metadata of all
    gc.freeze()  # the children do not copy what no one frees
    orders, answers = _start_shell_server(canonical.snapshot)
    print("ready", flush=True)
    for line in sys.stdin:
        job = json.loads(Path(line.strip()).read_text())
        if "module" in job:
            print(f"done {_run_in_child(job, canonical.snapshot)}", flush=True)
            continue
        orders.write(line)
        orders.flush()
        print(answers.readline().strip(), flush=True)


def _start_shell_server(snapshot: Any) -> tuple[TextIO, TextIO]:
    """Fork a process that makes a shell once; its children start with it. A plain module sees none of it."""
    order_read, order_write = os.pipe()
    answer_read, answer_write = os.pipe()
    if os.fork() == 0:
        os.close(order_write)
        os.close(answer_read)
        _make_shell()
        gc.freeze()
        with os.fdopen(order_read) as orders, os.fdopen(answer_write, "w") as answers:
            for line in orders:
                job = json.loads(Path(line.strip()).read_text())
                answers.write(f"done {_run_in_child(job, snapshot)}\n")
                answers.flush()
        os._exit(0)
    os.close(order_read)
    os.close(answer_write)
    return os.fdopen(order_write, "w"), os.fdopen(answer_read)


def _run_in_child(job: dict[str, Any], snapshot: Any) -> int:
    child = os.fork()
    if child == 0:
        _run_and_leave(job, snapshot)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)


def _run_and_leave(job: dict[str, Any], snapshot: Any) -> None:
    status = 1
    try:
        null = os.open(os.devnull, os.O_RDWR)
        os.dup2(null, 0)
        os.dup2(2, 1)  # what bypasses sys.stdout must not look like our answer
        os.environ.update(job["environment"])
        os.chdir(job["folder"])
        results = [_run_module(job["module"], snapshot)] if "module" in job else _run_cells(job, snapshot)
        Path(job["result"]).write_text(json.dumps(results))
        status = 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(status)


def _run_cells(job: dict[str, Any], snapshot: Any) -> list[dict[str, Any]]:
    from IPython.core.interactiveshell import InteractiveShell

    shell = InteractiveShell.instance()
    shell.user_ns["_dh"][:] = [str(Path.cwd())]
    exec(job.get("before", ""), {})
    if job.get("printed"):
        shell.display_formatter.active_types.append("text/x-printed")
    results = []
    for cell in job["cells"]:
        result = _run_cell(shell, cell["source"])
        if cell.get("snapshot"):
            result["snapshot"] = snapshot(shell.user_ns, shell.user_ns_hidden)
        results.append(result)
        if result["error"] and job.get("stop") and not cell.get("may_raise"):
            break
    return results


def _run_module(order: dict[str, Any], snapshot: Any) -> dict[str, Any]:
    import matplotlib as mpl

    mpl.use("agg")
    module = types.ModuleType("__main__")
    module.__file__ = order["path"]
    sys.modules["__main__"] = module
    sys.argv = [order["path"], *order["arguments"]]
    sys.path.insert(0, str(Path(order["path"]).parent))
    outputs: list[dict[str, Any]] = []
    sys.stdout, sys.stderr = _Stream("stdout", outputs), _Stream("stderr", outputs)
    left: dict[str, Any] = {}
    error = None
    try:
        code = compile(Path(order["path"]).read_text("utf-8"), order["path"], "exec")
        sys.setprofile(_watch(order["path"], order["functions"], left))
        exec(code, module.__dict__)
    except BaseException as raised:
        error = raised
    finally:
        sys.setprofile(None)
        sys.stdout, sys.stderr = sys.__stdout__, sys.__stderr__
    record = None
    if error is not None:
        text = "".join(traceback.format_exception(error)).splitlines()
        record = {"ename": type(error).__name__, "evalue": str(error), "traceback": text}
    names = {name: value for name, value in vars(module).items() if not name.startswith("__")} | left
    return {"outputs": outputs, "error": record, "snapshot": snapshot(names, ())}


def _watch(path: str, functions: dict[str, list[str]], left: dict[str, Any]) -> Any:
    """Return a profiler that keeps the local names of functions as they are when they return."""

    def watch(frame: Any, event: str, argument: Any) -> None:
        code = frame.f_code
        if event != "return" or code.co_filename != path or code.co_name not in functions:
            return
        now = frame.f_locals
        for name in functions[code.co_name]:
            if name in now:
                left[name] = now[name]
            elif name in code.co_varnames[: code.co_argcount]:
                left.pop(name, None)

    return watch


def _make_shell() -> Any:
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    class OracleShell(InteractiveShell):  # type: ignore[misc]
        __module__ = "IPython.oracle"

        def enable_gui(self, gui: Any = None) -> None:
            """No event loop to integrate with: the kernel's own does nothing either for `inline`."""

    config = Config()
    config.HistoryManager.enabled = False
    config.InteractiveShell.colors = "nocolor"
    config.InteractiveShell.cache_size = 1000
    if "" not in sys.path:
        sys.path.insert(0, "")
    shell = OracleShell.instance(config=config)
    shell.display_formatter.active_types = ["text/plain", "image/png"]
    return shell


def _run_cell(shell: Any, source: str) -> dict[str, Any]:
    outputs: list[dict[str, Any]] = []
    replaced = (sys.stdout, sys.stderr, shell.display_pub.publish, shell.displayhook.write_format_data)
    # as in a kernel the same streams for all cells: handlers of loggers keep them
    sys.stdout, sys.stderr = STREAMS
    for stream in STREAMS:
        stream.show_in(outputs)
    showtraceback = shell._showtraceback
    shell._showtraceback = lambda kind, value, text: None
    shell.display_pub.publish = _publisher(outputs)
    shell.displayhook.write_format_data = _result_writer(shell, outputs)
    shell.displayhook.write_output_prompt = lambda: None
    shell.displayhook.finish_displayhook = lambda: None
    try:
        outcome = shell.run_cell(source, store_history=True)
    finally:
        sys.stdout, sys.stderr, shell.display_pub.publish, shell.displayhook.write_format_data = replaced
        shell._showtraceback = showtraceback
    error = outcome.error_before_exec or outcome.error_in_exec
    record = None
    if error is not None:
        text = "".join(traceback.format_exception(error)).splitlines()
        record = {"ename": type(error).__name__, "evalue": str(error), "traceback": text}
        outputs.append({"output_type": "error", **record})
    return {"outputs": outputs, "error": record, "snapshot": None}


def _publisher(outputs: list[dict[str, Any]]) -> Any:
    def publish(data: Any, metadata: Any = None, **options: Any) -> None:
        shown = {kind: value for kind, value in data.items() if isinstance(value, str)}
        outputs.append({"output_type": "display_data", "data": shown, "metadata": {}})

    return publish


def _result_writer(shell: Any, outputs: list[dict[str, Any]]) -> Any:
    def write(data: Any, metadata: Any = None) -> None:
        shown = {kind: value for kind, value in data.items() if isinstance(value, str)}
        if "text/x-printed" in shell.display_formatter.active_types:
            shown["text/x-printed"] = str(shell.displayhook.exec_result.result)
        count = shell.execution_count
        outputs.append(
            {"output_type": "execute_result", "data": shown, "metadata": {}, "execution_count": count}
        )

    return write


class _Stream:
    """A text stream that records what is written, joined as a front end joins it."""

    encoding = "utf-8"
    errors = "strict"

    def __init__(self, name: str, outputs: list[dict[str, Any]]) -> None:
        self.name = name
        self._outputs = outputs

    def show_in(self, outputs: list[dict[str, Any]]) -> None:
        """Let what is written from now on appear there."""
        self._outputs = outputs

    def write(self, text: str) -> int:
        last = self._outputs[-1] if self._outputs else {}
        if last.get("output_type") == "stream" and last["name"] == self.name:
            last["text"] += text
        elif text:
            self._outputs.append({"output_type": "stream", "name": self.name, "text": text})
        return len(text)

    def flush(self) -> None: ...

    def isatty(self) -> bool:
        return False

    def fileno(self) -> int:
        return 2


STREAMS = (_Stream("stdout", []), _Stream("stderr", []))


if __name__ == "__main__":
    main()
