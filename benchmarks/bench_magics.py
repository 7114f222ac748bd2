"""What stepmill costs in the user's kernel: its imports, loading it, and a tagged cell over a plain one."""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from jupyter_client.manager import start_new_kernel
from measure import write_notebook

if TYPE_CHECKING:
    from jupyter_client.blocking import BlockingKernelClient

SAMPLES = 200
BODY = "\n".join(f"total_{i} = sum(range({i}))" for i in range(20)) + "\ntotal_19"
TAG = "%%step train --cpus 2 --retries 1 --metrics total_1"
TIMED = "import time as _t; _s = _t.perf_counter(); {}; print((_t.perf_counter() - _s) * 1000)"


def main() -> int:
    imports = [_in_fresh_kernel("import stepmill_magics") for _ in range(5)]
    loads = [
        _in_fresh_kernel("get_ipython().run_line_magic('load_ext', 'stepmill')", "import stepmill_magics")
        for _ in range(5)
    ]
    print(
        "\nin the user's kernel (goals: import at most 50 ms, a tagged cell at most 2 ms over the plain one)"
    )
    print(f"  {'import stepmill_magics':<34}{min(imports):>9.2f} ms")
    print(f"  {'%load_ext stepmill':<34}{min(loads):>9.2f} ms")
    plain, tagged, first = _cells()
    floor, ours = statistics.median(plain), statistics.median(tagged)
    print(f"  {'first tagged cell (imports)':<34}{first:>9.2f} ms")
    print(f"  {f'plain cell, median of {SAMPLES}':<34}{floor:>9.2f} ms")
    print(f"  {f'tagged cell, median of {SAMPLES}':<34}{ours:>9.2f} ms   {ours - floor:+.2f} ms")
    print(f"  {'%pipeline run, first update':<34}{_first_update():>9.2f} ms   (goal: at most 500 ms)")
    return 0 if min(imports) <= 50 and ours - floor <= 2 else 1


def _in_fresh_kernel(statement: str, before: str = "pass") -> float:
    """Return the milliseconds that `statement` takes in a kernel that has run `before` only."""
    manager, client = start_new_kernel(kernel_name="python3")
    try:
        _run(client, before)
        return float(_run(client, TIMED.format(statement)))
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def _cells() -> tuple[list[float], list[float], float]:
    """Return the round trips of plain and tagged cells, taken in turn, and that of the first tagged one."""
    manager, client = start_new_kernel(kernel_name="python3")
    try:
        _run(client, "%load_ext stepmill")
        first = _round_trip_ms(client, f"{TAG}\n{BODY}")
        pairs = [
            (_round_trip_ms(client, BODY), _round_trip_ms(client, f"{TAG}\n{BODY}")) for _ in range(SAMPLES)
        ]
        return [plain for plain, _ in pairs], [tagged for _, tagged in pairs], first
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def _first_update() -> float:
    """Return the milliseconds from the call of `%pipeline run` to the first thing that it shows."""
    with tempfile.TemporaryDirectory() as folder:
        write_notebook(Path(folder) / "one.ipynb", ["%%step one\nx = 1"])
        manager, client = start_new_kernel(kernel_name="python3", cwd=folder)
        try:
            _run(client, "%load_ext stepmill")
            found = []
            for _ in range(5):
                started = time.perf_counter()
                message = client.execute("%pipeline run one.ipynb --no-tracking")
                shown = _wait_for(client, message, "display_data")
                found.append((shown - started) * 1000)
                _wait_for(client, message, "idle")
            return min(found)
        finally:
            client.stop_channels()
            manager.shutdown_kernel(now=True)


def _wait_for(client: BlockingKernelClient, parent: str, kind: str) -> float:
    """Return when the message `kind` of an execution came; "idle" is its end."""
    while True:
        message = client.get_iopub_msg(timeout=60)
        if message["parent_header"].get("msg_id") == parent:
            state = message["content"].get("execution_state")
            if kind in (message["msg_type"], state):
                return time.perf_counter()


def _round_trip_ms(client: BlockingKernelClient, code: str) -> float:
    started = time.perf_counter()
    _run(client, code)
    return (time.perf_counter() - started) * 1000


def _run(client: BlockingKernelClient, code: str) -> str:
    printed: list[str] = []

    def hear(message: dict[str, object]) -> None:
        content = message["content"]
        if message["msg_type"] == "stream" and isinstance(content, dict):
            printed.append(content["text"])

    reply = client.execute_interactive(code, output_hook=hear, timeout=60)
    if reply["content"]["status"] != "ok":
        raise SystemExit(f"{code!r} failed: {reply['content']}")
    return "".join(printed)


if __name__ == "__main__":
    sys.exit(main())
