"""Runs a case both ways and says what came of it.

The truth is the linear run of all cells in one process. The pipeline is what `stepmill` makes of
the same notebook, each step in a process of its own. Equal means: every step cell printed the same,
raised the same, and every value that a step received is the one Run All had at that point.
"""

from __future__ import annotations

import atexit
import json
import os
import re
import select
import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from oracle.case import Case

JOB_TIMEOUT_S = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class CellRun:
    """What one cell did: what it showed, how it ended, and the user's names afterwards."""

    shown: tuple[str, ...] = ()
    error: str = ""
    values: Mapping[str, str] = field(default_factory=dict)
    sharing: frozenset[tuple[str, str]] = frozenset()


class ForkServer:
    """Runs jobs of cells, each in a fresh process forked from one that has the libraries loaded."""

    def __init__(self) -> None:
        environment = os.environ | step_environment()
        script = Path(__file__).with_name("forkserver.py")
        self._log = tempfile.TemporaryFile("w+")  # noqa: SIM115 - lives as long as the server
        self._process = subprocess.Popen(
            [sys.executable, "-P", str(script)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            env=environment,
            start_new_session=True,
        )
        self._lock = threading.Lock()
        atexit.register(self.close)
        self._expect(b"ready")

    def run(
        self,
        cells: Sequence[Mapping[str, Any]],
        folder: Path,
        *,
        stop: bool,
        environment: Mapping[str, str] | None = None,
        before: str = "",
    ) -> list[dict[str, Any]]:
        """Run `cells` in `folder`; return one record per cell that ran (see `forkserver`)."""
        return self._run(folder, environment or {}, cells=list(cells), stop=stop, before=before)

    def run_printed(self, cells: Sequence[Mapping[str, Any]], folder: Path) -> list[dict[str, Any]]:
        """Run `cells` up to the first error; results have what `print` would write of them too."""
        return self._run(folder, {}, cells=list(cells), stop=True, printed=True)

    def run_module(
        self, path: Path, arguments: Sequence[str], functions: Mapping[str, Sequence[str]]
    ) -> dict[str, Any]:
        """Run a plain module as a script in its folder; return its one record (see `forkserver`)."""
        module = {"path": str(path), "arguments": list(arguments), "functions": dict(functions)}
        return self._run(path.parent, {}, module=module)[0]

    def _run(self, folder: Path, environment: Mapping[str, str], **job: Any) -> list[dict[str, Any]]:
        with tempfile.TemporaryDirectory() as exchange, self._lock:
            job_path, result = Path(exchange, "job.json"), Path(exchange, "result.json")
            order = {"folder": str(folder), "result": str(result), "environment": dict(environment)}
            job_path.write_text(json.dumps(order | job))
            assert self._process.stdin is not None
            self._process.stdin.write(f"{job_path}\n".encode())
            self._process.stdin.flush()
            self._expect(b"done 0")
            records: list[dict[str, Any]] = json.loads(result.read_text())
            return records

    def close(self) -> None:
        if self._process.poll() is None:
            os.killpg(self._process.pid, 9)
            self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                stream.close()
        self._log.close()

    def _expect(self, answer: bytes) -> None:
        assert self._process.stdout is not None
        ready, _, _ = select.select([self._process.stdout], [], [], JOB_TIMEOUT_S)
        line = self._process.stdout.readline().strip() if ready else b"nothing in time"
        if line != answer:
            self._log.seek(0)
            text = self._log.read()[-3000:]
            raise RuntimeError(f"the fork server answered {line!r}\n{text}")


def step_environment() -> dict[str, str]:
    """What a step kernel and the linear run have in common, as DESIGN section 6 fixes it."""
    threads = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    return {
        "PYTHONHASHSEED": "0",
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
        **dict.fromkeys(threads, "1"),
    }


def lay_out(case: Case, folder: Path) -> Path:
    """Write the case's notebook and files into `folder`; return the notebook's path."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in case.files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    notebook = folder / "case.ipynb"
    notebook.write_text(json.dumps(case.document(), indent=1))
    return notebook


def linear_run(case: Case, server: ForkServer, folder: Path) -> list[CellRun]:
    """Run All: every cell in one process, up to the first error. One record per cell that ran."""
    lay_out(case, folder)
    cells = [
        {"source": source, "snapshot": True, "may_raise": "raises-exception" in cell.tags}
        for source, cell in zip(case.linear_sources(), case.cells, strict=True)
    ]
    return [cell_run(record, folder) for record in server.run(cells, folder, stop=True)]


def cell_run(record: Mapping[str, Any], folder: Path) -> CellRun:
    """Read one record of the fork server; paths of `folder` are blanked."""
    found = record["snapshot"] or {"values": {}, "sharing": []}
    error = record["error"]
    return CellRun(
        shown=shown(record["outputs"], folder),
        error=f"{error['ename']}: {_blank(error['evalue'], folder)}" if error else "",
        values={name: _blank(text, folder) for name, text in found["values"].items()},
        sharing=frozenset((a, b) for a, b in found["sharing"]),
    )


def shown(outputs: Sequence[Mapping[str, Any]], folder: Path) -> tuple[str, ...]:
    """Return what a reader sees: text printed, results, displays, errors. stderr does not count."""
    texts = []
    for output in outputs:
        kind = output["output_type"]
        if kind == "stream" and output["name"] == "stdout":
            text = "".join(output["text"])
            if texts and texts[-1].startswith("stdout|"):
                texts[-1] += _blank(text, folder)
            else:
                texts.append("stdout|" + _blank(text, folder))
        elif kind in ("execute_result", "display_data"):
            text = "".join(output["data"].get("text/plain", ""))
            texts.append(f"{kind}|{_blank(text, folder)}")
        elif kind == "error":
            texts.append(f"error|{output['ename']}: {_blank(output['evalue'], folder)}")
    return tuple(texts)


_TIMINGS = re.compile(r"(?m)^(CPU times: |Wall time: |.* per loop \(mean).*$")


def _blank(text: str, folder: Path) -> str:
    text = _TIMINGS.sub("<timing>", text)
    text = re.sub(r"<ipython-input-\d+-", "<ipython-input-", text)  # how many cells a process has run
    text = text.replace(str(folder.resolve()), "<folder>").replace(str(folder), "<folder>")
    return re.sub(r"0x[0-9a-f]{6,}", "0x…", text).replace("\r\n", "\n")
