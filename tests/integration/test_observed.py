"""Never a stale hit: whatever a step came to depend on, a change of it makes the step run again.

One step depends on all of it, so that the whole table takes two kernels.
"""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from integration.notebooks import reason, statuses

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from integration.notebooks import Workplace

pytestmark = pytest.mark.kernel

OLD, NEW = "1", "2"
IS = ": line 1 is `V = 2`, was `V = 1`"


def text(path: str) -> Callable[[Path, str], None]:
    """Return what writes a version of the file, always in the same size and with the same time of change."""

    def write(folder: Path, version: str) -> None:
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(f"V = {version}\n", encoding="utf-8")
        os.utime(target, ns=(1, 1))

    return write


def presence(path: str) -> Callable[[Path, str], None]:
    """Return what has the file there only in the new version."""

    def make(folder: Path, version: str) -> None:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        if version == NEW:
            (folder / path).touch()
        else:
            (folder / path).unlink(missing_ok=True)

    return make


def variable(name: str) -> Callable[[Path, str], None]:
    def put(_: Path, version: str) -> None:
        os.environ[name] = version

    return put


def frame(path: str) -> Callable[[Path, str], None]:
    def write(folder: Path, version: str) -> None:
        import pyarrow as pa
        from pyarrow import feather, parquet

        table = pa.table({"a": [int(version)]})
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        if path.endswith(".parquet"):
            parquet.write_table(table, folder / path)
        else:
            feather.write_feather(table, folder / path, compression="uncompressed")

    return write


def link(folder: Path, version: str) -> None:
    for number in (OLD, NEW):
        (folder / f"target{number}").touch()
    (folder / "link").unlink(missing_ok=True)
    (folder / "link").symlink_to(f"target{version}")


def touched(folder: Path, version: str) -> None:
    (folder / "asked.txt").touch()
    os.utime(folder / "asked.txt", (int(version), int(version)))


@dataclass(frozen=True)
class Case:
    """Code whose value goes into the list `seen`, what it depends on, and the reason when that is new."""

    code: str
    world: Callable[[Path, str], None]
    reason: str


CASES = {
    "local module": Case("import direct; put(direct.V)", text("direct.py"), f"direct.py changed{IS}"),
    "module behind a module": Case("import front; put(front.V)", text("behind.py"), f"behind.py changed{IS}"),
    "namespace in a namespace": Case("import a.b.c; put(a.b.c.V)", text("a/b/c.py"), f"a/b/c.py changed{IS}"),
    "import in a function": Case(
        "def late():\n    import lazy\n    return lazy.V\nput(late())", text("lazy.py"),
        f"lazy.py changed{IS}"
    ),
    "import by a computed name": Case(
        "import importlib; put(importlib.import_module('by' + 'name').V)",
        text("byname.py"), f"byname.py changed{IS}"
    ),
    "module loaded from its file": Case(
        "import importlib.util as u; spec = u.spec_from_file_location('m', 'plain' + '.py')\n"
        "loaded = u.module_from_spec(spec); spec.loader.exec_module(loaded); put(loaded.V); del spec, loaded",
        text("plain.py"),
        "plain.py changed",
    ),
    "file read by a helper": Case(
        "import front; put(front.read())", text("helped.txt"), "file helped.txt changed"
    ),
    "file read while setup code is imported": Case(
        "put(setting.V)", text("setting.txt"), "file setting.txt changed"
    ),
    "file beside a package": Case(
        "import pkgutil; put(pkgutil.get_data('kit', 'data.txt'))", text("kit/data.txt"),
        "file kit/data.txt changed",
    ),
    "absent file": Case(
        "try:\n    put(open('later.txt').read())\nexcept FileNotFoundError:\n    put(None)",
        presence("later.txt"), "file later.txt appeared",
    ),
    "question whether it is there": Case(
        "import os.path; put(os.path.exists('wanted.txt'))",
        presence("wanted.txt"), "file wanted.txt appeared"
    ),
    "question by pathlib": Case(
        "from pathlib import Path; put(Path('flag').is_file())", presence("flag"), "file flag appeared"
    ),
    "time of change": Case(
        "import os; put(os.stat('asked.txt').st_mtime_ns)", touched,
        "file asked.txt, whose time of change it reads, was written again",
    ),
    "where a link leads": Case("import os; put(os.readlink('link'))", link, "link link leads elsewhere"),
    "listing": Case(
        "import os; put(sorted(os.listdir('listed')))",
        presence("listed/b"), "folder listed lists other files"
    ),
    "glob": Case(
        "import glob; put(sorted(glob.glob('globbed/*.txt')))", presence("globbed/b.txt"),
        "folder globbed lists other files",
    ),
    "variable": Case(
        "import os; put(os.environ.get('STEP_TEST_A'))", variable("STEP_TEST_A"),
        "environment variable STEP_TEST_A changed",
    ),
    "variable with a computed name": Case(
        "import os; put([os.environ[f'STEP_TEST_{x}'] for x in 'B'])", variable("STEP_TEST_B"),
        "environment variable STEP_TEST_B changed",
    ),
    "variable read by a helper": Case(
        "import front; put(front.variable())",
        variable("STEP_TEST_C"), "environment variable STEP_TEST_C changed"
    ),
    "parquet": Case(
        "import pyarrow.parquet as pq; put(pq.read_table('t.parquet').to_pydict())", frame("t.parquet"),
        "file t.parquet changed",
    ),
    "data set": Case(
        "import pyarrow.dataset as ds; put(ds.dataset('parts').to_table().to_pydict())",
        frame("parts/a.parquet"), "file parts/a.parquet changed",
    ),
    "feather": Case(
        "from pyarrow import feather; put(feather.read_table('t' + '.feather').to_pydict())",
        frame("t.feather"),
        "file t.feather changed",
    ),
    "Arrow's csv": Case(
        "from pyarrow import csv; put(csv.read_csv('x' + '.csv').to_pydict())", text("x.csv"),
        "file x.csv changed",
    ),
    "memory map of Arrow": Case(
        "import pyarrow as pa; put(pa.memory_map('mapped' + '.bin').read())", text("mapped.bin"),
        "file mapped.bin changed",
    ),
    "file of Arrow": Case(
        "import pyarrow as pa; put(pa.OSFile('os' + '.bin').read())", text("os.bin"), "file os.bin changed"
    ),
    "memory map of numpy": Case(
        "import numpy as np; put(bytes(np.memmap('np.bin', mode='r')))", text("np.bin"), "file np.bin changed"
    ),
    "read by a forked process": Case(
        "import front, multiprocessing as mp\nwith mp.get_context('fork').Pool(1) as pool:\n"
        "    put(pool.map(front.of, ['forked.txt']))\ndel pool",
        text("forked.txt"), "file forked.txt changed",
    ),
    "read by a spawned process": Case(
        "import front, joblib\n"
        "put(joblib.Parallel(n_jobs=2)(joblib.delayed(front.of)(p + '.txt') for p in ['w', 'v']))",
        text("w.txt"), "file w.txt changed",
    ),
    "read by code that nobody sees": Case(
        "import ctypes\nc = ctypes.CDLL(None)\nc.fopen.restype = ctypes.c_void_p\n"
        "stream = ctypes.c_void_p(c.fopen(b'unseen.txt', b'r'))\nhere = 'unseen.txt'\n"
        "raw = ctypes.create_string_buffer(6)\nc.fread(raw, 1, 6, stream)\n"
        "put(raw.value)\ndel c, stream, raw",
        text("unseen.txt"), "file unseen.txt changed",
    ),
}  # fmt: skip

FRONT = """\
import ast
import os
from behind import V
def read():
    return of("helped.txt")
def of(name):
    with open(name) as file:
        return file.read()
def variable():
    return os.environ["STEP_TEST_C"]
"""
HEAD = "seen = []\nput = seen.append\n"


@pytest.fixture
def filled(place: Workplace, monkeypatch: pytest.MonkeyPatch) -> Workplace:
    """A notebook with one step that depends on all of it, and the old version of everything."""
    for name in "ABC":
        monkeypatch.setenv(f"STEP_TEST_{name}", OLD)
    (place.folder / "front.py").write_text(FRONT, encoding="utf-8")
    (place.folder / "setting.py").write_text("V = open('setting.txt').read()\n", encoding="utf-8")
    for path in ("v.txt", "kit/__init__.py"):
        text(path)(place.folder, OLD)
    for case in CASES.values():
        case.world(place.folder, OLD)
    body = HEAD + "\n".join(case.code for case in CASES.values()) + "\ndel put"
    place.write("import setting", f"%%step all\n{body}")
    return place


def planned(place: Workplace) -> tuple[str, str]:
    step = place.plan().step("all")
    return step.status.value, step.reason


def run_all(folder: Path) -> list[Any]:
    """Return `seen` of the same code in one process."""
    code = "import setting\n" + HEAD + "\n".join(case.code for case in CASES.values()) + "\nprint(repr(seen))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    found: list[Any] = ast.literal_eval(done.stdout)
    return found


def test_whatever_a_step_depends_on_makes_it_run_again(filled: Workplace) -> None:
    first = filled.run()
    assert statuses(first) == {"all": "executed"}, first.steps["all"].reason
    assert planned(filled) == ("cached", f"nothing changed since run {first.run_id}")
    told = {}
    for name, case in CASES.items():
        case.world(filled.folder, NEW)
        told[name] = planned(filled)
        case.world(filled.folder, OLD)
        assert planned(filled)[0] == "cached", (name, planned(filled))
    assert told == {name: ("stale", case.reason) for name, case in CASES.items()}

    for case in CASES.values():
        case.world(filled.folder, NEW)
    again = filled.run()
    assert again.load("all", "seen") == run_all(filled.folder)
    assert again.load("all", "seen") != first.load("all", "seen")
    assert "; " in reason(again, "all")
