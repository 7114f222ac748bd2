"""What does handing a 200 MB mixed frame from one process to the next cost? The floor: one plain pickle.

Storing, digest and loading; no kernel is started. Run it with the pandas that you mean. Goals, beside one
plain pickle (without a digest) in the same run: 0.8 with pandas 2, 0.68 with pandas 3.

In memory (`/dev/shm`) where there is room, as what the system does to write 200 MB to a disk differs by half
from one time to the next; `--disk` in the folder for temporary files.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

MAKE = """
import json, pickle, sys, time
import numpy as np, pandas as pd
from stepmill.artifacts.store import open_store
from stepmill.artifacts.values import load_values, save_values
from stepmill.model.artifact import ArtifactRef

folder, how, what = sys.argv[1:]
store = open_store(folder)
if what == "save":
    rows = 1_450_000 if int(pd.__version__.split(".")[0]) > 2 else 880_000
    numbers = np.random.default_rng(0)
    frame = pd.DataFrame({f"x{i}": numbers.random(rows) for i in range(10)})
    frame["count"] = numbers.integers(0, 1000, rows)
    frame["when"] = pd.Timestamp("2024-01-01") + pd.to_timedelta(frame["count"], unit="h")
    frame["town"] = np.array([f"town {n}" for n in range(500)], object)[numbers.integers(0, 500, rows)]
    frame["code"] = [f"{n:08d}" for n in range(rows)]
    frame["kind"] = pd.Categorical.from_codes(frame["count"] % 7, list("abcdefg"))
    start = time.process_time()
    if how == "pickle":
        with open(folder + "/frame.pickle", "wb") as file:
            pickle.dump(frame, file, protocol=5)
    else:
        saved = save_values(store, {"frame": frame}, definitions={}, namespace={})
        assert not saved.problems
        refs = {name: [ref.digest, ref.member] for name, ref in saved.refs.items()}
        store.write_document("refs.json", refs)
else:
    if how == "pickle":
        start = time.process_time()
        with open(folder + "/frame.pickle", "rb") as file:
            frame = pickle.load(file)
    else:
        refs = {n: ArtifactRef(digest=d, member=m) for n, (d, m) in store.read_document("refs.json").items()}
        start = time.process_time()
        frame = load_values(store, refs, definitions={}, namespace={})["frame"]
spent_s = time.process_time() - start
size_mb = float(frame.memory_usage(deep=True).sum() / 1e6)
print(json.dumps({"cpu_s": spent_s, "size_mb": size_mb, "pandas": pd.__version__}))
"""


TIMES = 7
"""The two ways take turns, so that both see the same machine."""

MEMORY = Path("/dev/shm")
ROOM_BYTES = 2e9


def main() -> int:
    """Measure both ways, in a process each."""
    print(f"{'':<12}{'saving':>10}{'loading':>10}{'sum, CPU s':>12}{'ratio':>8}")
    measured: dict[str, list[tuple[float, float]]] = {"pickle": [], "stepmill": []}
    place = _place()
    for _ in range(TIMES):
        for how, found in measured.items():
            with tempfile.TemporaryDirectory(dir=place) as folder:
                saving, loading = (_once(how, what, folder) for what in ("save", "load"))
            found.append((_cpu(saving), _cpu(loading)))
    floor_s = sum(map(min, zip(*measured["pickle"], strict=True)))
    for how, found in measured.items():
        saving_s, loading_s = map(min, zip(*found, strict=True))
        sum_s = saving_s + loading_s
        print(f"{how:<12}{saving_s:>10.3f}{loading_s:>10.3f}{sum_s:>12.3f}{sum_s / floor_s:>8.2f}")
        most_s = max(map(sum, found))
        print(f"{'':<32}{f'at most {most_s:.3f}':>12}")
    print(f"pandas {saving['pandas']}, a frame of {saving['size_mb']:.0f} MB, {place or 'on disk'}")
    return 0


def _place() -> Path | None:
    """Return the folder in which both ways write; None: where temporary files are."""
    has_room = MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ROOM_BYTES
    return MEMORY if has_room and "--disk" not in sys.argv[1:] else None


def _once(how: str, what: str, folder: str) -> dict[str, float]:
    command = [sys.executable, "-c", MAKE, folder, how, what]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    if answer.returncode:
        raise SystemExit(answer.stderr[-2000:])
    found: dict[str, float] = json.loads(answer.stdout)
    return found


def _cpu(measured: dict[str, float]) -> float:
    return measured["cpu_s"]


if __name__ == "__main__":
    sys.exit(main())
