"""What does storing and loading a large value cost in memory, beside the value itself?

Goals: storing adds at most 0.3 times the value's size to what the user holds; loading an array or an Arrow
table maps it, so that next to nothing of it is memory of the process until it is touched. Needs Linux.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

SIZE_MB = 200
"""Or as the option `--mb 1000` says."""
STORE_GOAL, LOAD_GOAL = 0.3, 0.05

MAKERS = {
    "array": "np.random.default_rng(0).random(N // 8)",
    "array, Fortran order": "np.asfortranarray(np.random.default_rng(0).random((N // 80, 10)))",
    "array, every second row": "np.random.default_rng(0).random((N // 40, 10))[::2]",
    "array of records": "np.zeros(N // 16, [('a', 'i8'), ('b', 'f8')])",
    "masked array": "np.ma.array(np.random.default_rng(0).random(N // 9), mask=np.arange(N // 9) % 5 == 0)",
    "frame of numbers": "pd.DataFrame(np.random.default_rng(0).random((N // 80, 10)))",
    "frame of numbers and text": "frame(N)",
    "frame with categories": "pd.DataFrame({'c': pd.Categorical.from_codes(np.arange(N) % 100, range(100))})",
    "frame of texts as objects": "objects([f'text {n}' for n in range(N // 70)])",
    "frame of few texts as objects": "objects([f'text {n % 9}' for n in range(N // 70)])",
    "frame of texts and None": "objects([f'text {n}' if n % 5 else None for n in range(N // 60)])",
    "frame of dates as objects": "objects([date.fromordinal(n + 1) for n in range(N // 70)])",
    "Arrow table": "pa.table({'x': np.random.default_rng(0).random(N // 16), 'i': np.arange(N // 16)})",
    "Arrow table, a slice of a longer": "pa.table({'x': np.arange(N / 4)}).slice(5, N // 8)",
    "sparse matrix": "sp.random(N // 1200, 1000, 0.1, format='csr', random_state=0)",
    "dict of arrays": "{n: np.random.default_rng(n).random(N // 80) for n in range(10)}",
    "two names for one array": "twice(np.random.default_rng(0).random(N // 8))",
    "bytes": "bytes(np.random.default_rng(0).bytes(N))",
    "list of floats": "np.random.default_rng(0).random(N // 32).tolist()",
}

CHILD = """
import json, sys, time
from datetime import date
import numpy as np, pandas as pd, pyarrow as pa, scipy.sparse as sp
from stepmill.artifacts.store import open_store
from stepmill.artifacts.values import load_values, save_values

def frame(size):
    rows = size // 30
    numbers = np.random.default_rng(0).random(rows)
    return pd.DataFrame({"x": numbers, "n": np.arange(rows), "s": np.char.mod("%012d", np.arange(rows))})

def objects(items):
    return pd.DataFrame({"o": pd.Series(items, dtype=object)})

def twice(array):
    return {"whole": array, "half": array[: len(array) // 2]}

def memory_mb(name):
    for line in open("/proc/self/status"):
        if line.startswith(name + ":"):
            return int(line.split()[1]) / 1024

def forget_peak():
    open("/proc/self/clear_refs", "w").write("5")

name, maker, N, url, what = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4], sys.argv[5]
store = open_store(url)
small = {"a": np.arange(3), "d": pd.DataFrame({"a": ["x"]}), "t": pa.table({"x": [1]}), "o": object()}
load_values(store, save_values(store, small, definitions={}, namespace={}).refs, definitions={}, namespace={})
if what == "save":
    value = eval(maker)
    values = value if isinstance(value, dict) and "whole" in value else {"value": value}
    forget_peak()
    before, started = memory_mb("VmRSS"), time.process_time()
    refs = save_values(store, values, definitions={}, namespace={}).refs
    size = max(ref.size_bytes for ref in refs.values()) / 1e6
    if "objects(" in maker:
        size = max(size, value["o"].memory_usage(deep=True) / 1e6)
    store.write_document("refs.json", {n: [r.digest, r.member] for n, r in refs.items()})
    cpu = time.process_time() - started
    print(json.dumps({"size": size, "extra": memory_mb("VmHWM") - before, "cpu": cpu}))
else:
    from stepmill.model.artifact import ArtifactRef
    refs = {n: ArtifactRef(digest=d, member=m) for n, (d, m) in store.read_document("refs.json").items()}
    before, started = memory_mb("RssAnon"), time.process_time()
    values = load_values(store, refs, definitions={}, namespace={})
    print(json.dumps({"extra": memory_mb("RssAnon") - before, "cpu": time.process_time() - started}))
"""


def main() -> int:
    """Measure all kinds of values, or those whose names contain one of the arguments."""
    print(f"{'':<34}{'MB':>10}{'storing adds':>14}{'loading adds':>14}{'CPU s':>14}")
    wanted, size_mb = _arguments(sys.argv[1:])
    for name, maker in MAKERS.items():
        if wanted and not any(word in name for word in wanted):
            continue
        with tempfile.TemporaryDirectory() as folder:
            saved, loaded = (_measured(name, maker, Path(folder), what, size_mb) for what in ("save", "load"))
        ratios = [one["extra"] * 1.048576 / saved["size"] for one in (saved, loaded)]
        print(
            f"{name:<34}{saved['size']:>10.0f}{ratios[0]:>13.2f}x{ratios[1]:>13.2f}x"
            f"{saved['cpu']:>7.2f}{loaded['cpu']:>7.2f}"
        )
    print(
        f"goals: storing adds at most {STORE_GOAL}x, loading an array or an Arrow table at most {LOAD_GOAL}x"
    )
    return 0


def _arguments(given: list[str]) -> tuple[list[str], int]:
    """Return the words for which to look, and the size of the values in MB."""
    if "--mb" not in given:
        return given, SIZE_MB
    at = given.index("--mb")
    return given[:at] + given[at + 2 :], int(given[at + 1])


def _measured(name: str, maker: str, folder: Path, what: str, size_mb: int) -> dict[str, float]:
    command = [sys.executable, "-c", CHILD, name, maker, str(size_mb * 1_000_000), str(folder), what]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    if answer.returncode:
        raise SystemExit(f"{name}: {answer.stderr[-2000:]}")
    found: dict[str, float] = json.loads(answer.stdout)
    return found


if __name__ == "__main__":
    sys.exit(main())
