"""Writers that die: by real signals, and in-process before each single operation on the file system."""

from __future__ import annotations

import contextlib
import errno
import itertools
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pytest

from stepmill.artifacts.hashing import digest_bytes
from stepmill.artifacts.store import Store, open_store
from stepmill.artifacts.values import load_values, save_values
from stepmill.model.artifact import ArtifactRef

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

KILLS = 2_000
PIECES = 3


class Killed(BaseException):
    """The process is gone: nothing that it does afterwards reaches the disk."""


class Machine:
    """Stands between the store and the disk; with `dies_at` set everything fails from that operation on."""

    def __init__(self) -> None:
        self.dies_at = sys.maxsize
        self._count = itertools.count()
        self._lock = threading.Lock()

    def start(self, dies_at: int) -> None:
        self.dies_at, self._count = dies_at, itertools.count()

    def step(self) -> None:
        with self._lock:
            if next(self._count) >= self.dies_at:
                raise Killed

    def watched(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            self.step()
            return function(*arguments, **options)

        return call

    def opened(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(path: Path, mode: str = "r", *arguments: Any, **options: Any) -> Any:
            if mode != "xb":
                return function(path, mode, *arguments, **options)
            self.step()
            return WatchedFile(function(path, mode, *arguments, **options), self)

        return call


class WatchedFile:
    """A file whose every write may be the last, and may end in its middle."""

    def __init__(self, file: Any, machine: Machine) -> None:
        self.file = file
        self.machine = machine

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.file.close()

    def fileno(self) -> int:
        return int(self.file.fileno())

    def write(self, data: Any) -> int:
        written = 0
        size = max(1, -(-len(data) // PIECES))
        for start in range(0, len(data), size):
            self.machine.step()
            written += self.file.write(data[start : start + size])
        return written


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Iterator[Machine]:
    made = Machine()
    monkeypatch.setattr(Path, "open", made.opened(Path.open))
    for name in ("replace", "unlink", "mkdir"):
        monkeypatch.setattr(Path, name, made.watched(getattr(Path, name)))
    monkeypatch.setattr(os, "fsync", made.watched(lambda _: None))
    if hasattr(os, "posix_fallocate"):
        monkeypatch.setattr(os, "posix_fallocate", made.watched(os.posix_fallocate))
    yield made
    made.start(sys.maxsize)


def _write(store: Store, number: int) -> None:
    """Store values and publish a document that names them; every fourth time one is deleted, too."""
    size = 140_000 if number % 20 == 0 else 3_000
    values = {"a": np.full(size, number), "b": {"n": [number] * 200}, "c": number % 7}
    if number % 3 == 0:
        del values["c"]
    refs = save_values(store, values, definitions={}, namespace={}).refs
    document = {name: ref.digest for name, ref in refs.items()} | {"n": number}
    if number % 4 == 0:
        store.delete_document(f"records/{(number + 1) % 3}.json")
    store.write_document(f"records/{number % 3}.json", document)


def _check(store: Store, document: dict[str, Any]) -> None:
    refs = {name: ArtifactRef(digest=document[name]) for name in ("a", "b", "c") if name in document}
    loaded = load_values(store, refs, definitions={}, namespace={})
    number = document["n"]
    assert loaded["b"] == {"n": [number] * 200}
    assert (loaded["a"] == number).all()
    assert loaded.get("c", number % 7) == number % 7


def _check_whole(folder: Path) -> None:
    """All that has a name is what it is named, and every artifact can be loaded."""
    for path in (folder / "objects").rglob("*"):
        if path.is_file():
            assert digest_bytes(path.read_bytes()) == path.name
    store = open_store(folder)
    for digest in store.artifacts():
        assert store.has_artifact(digest)


def test_a_writer_that_dies_anywhere_leaves_only_whole_values(tmp_path: Path, machine: Machine) -> None:
    chance = random.Random(7)
    killed, checked = 0, set()
    for number in range(KILLS):
        machine.start(chance.randrange(50))
        try:
            _write(open_store(tmp_path), number)
        except Killed:
            killed += 1
        machine.start(sys.maxsize)
        store = open_store(tmp_path)
        for path in store.list_documents("records"):
            document = store.read_document(path)
            if (path, document["n"]) not in checked:
                _check(store, document)
                checked.add((path, document["n"]))
    assert killed > KILLS // 2
    assert len(checked) > KILLS // 10
    _check_whole(tmp_path)
    left = len(list((tmp_path / "tmp").iterdir()))
    assert left > KILLS // 10
    _write(store, KILLS)
    _check(store, store.read_document(f"records/{KILLS % 3}.json"))
    assert store.remove_leftovers(older_than_s=-1.0) == left
    assert not list((tmp_path / "tmp").iterdir())


def test_a_full_disk_leaves_nothing_half(tmp_path: Path, machine: Machine) -> None:
    """As `ENOSPC` comes: an error, after which the process goes on and cleans up."""
    store = open_store(tmp_path)
    for at in range(60):
        failing = machine.step
        count = itertools.count()

        def full(at: int = at, count: Iterator[int] = count) -> None:
            if next(count) == at:
                raise OSError(28, "No space left on device")

        machine.step = full  # type: ignore[method-assign]
        with contextlib.suppress(OSError):
            _write(store, at)
        machine.step = failing  # type: ignore[method-assign]
        assert not any(path.is_file() for path in (tmp_path / "tmp").rglob("*"))
        for path in store.list_documents("records"):
            _check(store, store.read_document(path))
    _check_whole(tmp_path)


FILLER = """
import resource, signal, sys
import numpy as np
from pathlib import Path
from stepmill.artifacts.store import open_store
from stepmill.artifacts.values import load_values, save_values

if sys.argv[2] == "limited":
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_500_000, 1_500_000))
store = open_store(sys.argv[1])
before = save_values(store, {"small": [1] * 9_000}, definitions={}, namespace={}).refs
for values in ({"wide": np.zeros(400_000)}, {"long": np.arange(300_000).astype(str).astype(object)}):
    try:
        save_values(store, values, definitions={}, namespace={})
    except OSError as error:
        print(type(error).__name__, error.errno)
after = save_values(store, {"next": [2] * 9_000}, definitions={}, namespace={}).refs
for fresh in (store, open_store(sys.argv[1])):
    print(len(load_values(fresh, {**before, **after}, definitions={}, namespace={})))
print(*(path.name for path in Path(sys.argv[1]).glob("tmp/*")))
"""


@pytest.mark.parametrize("kind", ["limited", "mounted"])
def test_no_room_on_a_real_disk_leaves_nothing_half(tmp_path: Path, kind: str) -> None:
    folder = tmp_path / "disk"
    folder.mkdir()
    if kind == "mounted":
        mount = ["mount", "-t", "tmpfs", "-o", "size=1500k", "tmpfs", str(folder)]
        if sys.platform != "linux" or subprocess.run(mount, capture_output=True, check=False).returncode:
            pytest.skip("a small disk cannot be mounted here")
    try:
        script = [sys.executable, "-c", FILLER, str(folder), kind]
        done = subprocess.run(script, capture_output=True, text=True, check=False)
        said = f"OSError {errno.EFBIG if kind == 'limited' else errno.ENOSPC}"
        assert (done.stderr, done.stdout.splitlines()) == ("", [said, said, "2", "2", ""])
        _check_whole(folder)
    finally:
        if kind == "mounted":
            subprocess.run(["umount", str(folder)], capture_output=True, check=False)


WRITER = """
import itertools, json, os, sys
import numpy as np
from stepmill.artifacts.store import open_store
from stepmill.artifacts.values import save_values

store = open_store(sys.argv[1])
save_values(store, {"a": np.arange(3), "b": {"n": [1]}}, definitions={}, namespace={})  # all is imported now
sys.stdout.write("ready\\n")
sys.stdout.flush()
sys.stdin.readline()
# One process per round is forked here, so that a round costs no imports.
while True:
    child = os.fork()
    if child == 0:
        seed = os.getpid()
        for n in itertools.count():
            values = {"a": np.full(200_000, (seed, n)[n % 2], float), "b": {"n": [n] * 3_000}, "c": n % 7}
            refs = save_values(store, values, definitions={}, namespace={}).refs
            document = {name: ref.digest for name, ref in refs.items()} | {"n": n, "seed": seed}
            store.write_document(f"records/{n % 5}.json", document)
    sys.stdout.write(f"{child}\\n")
    sys.stdout.flush()
    if not sys.stdin.readline():
        break
    os.waitpid(child, 0)
"""

ROUNDS = 60


def _seconds_until_published(folder: Path) -> float:
    started_s = time.monotonic()
    while not any((folder / "records").glob("*.json")):
        time.sleep(0.001)
    return time.monotonic() - started_s


@pytest.mark.slow
def test_writers_killed_at_random_points_leave_the_store_usable(tmp_path: Path) -> None:
    folder = tmp_path / "store"
    chance = random.Random(5)
    starters = [
        subprocess.Popen(
            [sys.executable, "-W", "ignore", "-c", WRITER, str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    published = 0
    for starter in starters:
        assert starter.stdout.readline() == "ready\n"
    longest_s = 0.0  # of the first round: until something is published, however slow the machine
    for _ in range(ROUNDS // 2):
        children = []
        for starter in starters:
            starter.stdin.write("go\n")
            starter.stdin.flush()
            children.append(int(starter.stdout.readline()))
        longest_s = longest_s or 2 * _seconds_until_published(folder)
        time.sleep(chance.uniform(0, longest_s))
        for child in children:
            os.kill(child, signal.SIGKILL)
        store = open_store(folder)
        for path in store.list_documents("records"):
            document = store.read_document(path)
            refs = {name: ArtifactRef(digest=document[name]) for name in ("a", "b", "c")}
            loaded = load_values(store, refs, definitions={}, namespace={})
            assert loaded["b"] == {"n": [document["n"]] * 3_000}
            assert set(loaded["a"]) == {(document["seed"], document["n"])[document["n"] % 2]}
            published += 1
    for starter in starters:
        starter.stdin.close()
        starter.stdout.close()
        starter.wait()
    assert published > ROUNDS // 4
    for path in (folder / "objects").rglob("*"):
        if path.is_file():
            assert digest_bytes(path.read_bytes()) == path.name
    for path in (folder / "artifacts").rglob("*.json"):
        assert json.loads(path.read_text())["schema"] == 1
