from __future__ import annotations

import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import tempfile
import zipfile
from contextlib import contextmanager
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import matplotlib.figure  # noqa: F401 - what it looks for when it is imported is no part of a test
import pytest

from stepmill import errors
from stepmill.artifacts.file_digests import file_digest, listing_digest
from stepmill.artifacts.signing import KEY_VARIABLE, Signer
from stepmill.model.artifact import ABSENT, FileAccess
from stepmill_magics import seen_files
from stepmill_magics.observation import Observer
from stepmill_magics.seen_files import UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def _parquet() -> bytes:
    import pandas as pd

    return bytes(pd.DataFrame({"a": [1]}).to_parquet())


_PARQUET = _parquet()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The notebook's folder in a project with data beside it; also the working directory."""
    (tmp_path / "pyproject.toml").touch()
    folder = tmp_path / "notebooks"
    folder.mkdir()
    (folder / "x.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    (tmp_path / "parts").mkdir()
    for name in ("x.parquet", "parts/a.parquet"):
        (tmp_path / name).write_bytes(_PARQUET)
    monkeypatch.chdir(folder)
    return folder


@contextmanager
def _observed(folder: Path) -> Iterator[Observer]:
    observer = Observer(folder)
    observer.start()
    try:
        yield observer
    finally:
        observer.stop()


def _seen(action: Callable[[], Any], folder: Path) -> list[tuple[str, str]]:
    with _observed(folder) as observer:
        action()
    return [(access.mode, access.path) for access in observer.accesses()]


def _read_csv() -> None:
    import pandas as pd

    pd.read_csv("x.csv")


def _to_csv() -> None:
    import pandas as pd

    pd.DataFrame({"a": [1]}).to_csv("y.csv")


def _pickle_frame() -> None:
    import pandas as pd

    pd.DataFrame({"a": [1]}).to_pickle("y.pkl")


def _parquet_by_pandas() -> None:
    import pandas as pd

    pd.DataFrame({"a": [1]}).to_parquet("y.parquet")
    assert pd.read_parquet("../x.parquet").shape == (1, 1)


def _parquet_by_arrow() -> None:
    import pyarrow.parquet as pq

    pq.write_table(pq.read_table(Path("../x.parquet")), Path("y.parquet"))


def _parquet_folder() -> None:
    import pandas as pd

    pd.read_parquet("../parts")


def _numpy_save() -> None:
    import numpy as np

    np.save("y.npy", np.arange(3))


def _joblib_dump() -> None:
    import joblib

    joblib.dump({"a": 1}, "y.joblib")


def _zip_archive() -> None:
    with zipfile.ZipFile("y.zip", "w") as archive:
        archive.write("x.csv")


def _savefig() -> None:
    from matplotlib.figure import Figure

    Figure().savefig("y.png")


def _replace() -> None:
    Path("y.tmp").write_text("new", encoding="utf-8")
    Path("y.tmp").replace("x.csv")


def _temporary_file() -> None:
    with tempfile.TemporaryDirectory() as name, (Path(name) / "a").open("w"):
        pass
    Path("scratch").write_text("x", encoding="utf-8")
    Path("scratch").unlink()


def _probe() -> None:
    with pytest.raises(FileNotFoundError):
        Path("missing.csv").read_text(encoding="utf-8")


def _failed_write() -> None:
    with pytest.raises(IsADirectoryError):
        Path().write_text("x", encoding="utf-8")
    with pytest.raises(FileNotFoundError):
        Path("no/such/folder").write_text("x", encoding="utf-8")


def _append() -> None:
    with Path("x.csv").open("a") as file:
        file.write("3,4\n")


def _own_file() -> None:
    Path("y").write_text("x", encoding="utf-8")
    Path("y").read_text(encoding="utf-8")


def _make_folder() -> None:
    Path("new").mkdir()
    (Path("new") / "y").write_text("x", encoding="utf-8")
    list(Path("new").iterdir())


def _tree() -> None:
    Path("tree/deep").mkdir(parents=True)
    Path("tree/deep/y").write_text("x", encoding="utf-8")


ACCESSES: list[Any] = [
    pytest.param(lambda: Path("x.csv").open().close(), [("read", "x.csv")], id="open"),
    pytest.param(lambda: Path("x.csv").read_text(encoding="utf-8"), [("read", "x.csv")], id="path-read-text"),
    pytest.param(lambda: Path("x.csv").resolve().read_bytes(), [("read", "x.csv")], id="by-absolute-path"),
    pytest.param(lambda: os.close(os.open(b"x.csv", os.O_RDONLY)), [("read", "x.csv")], id="bytes-path"),
    pytest.param(_read_csv, [("read", "x.csv")], id="pandas-read-csv"),
    pytest.param(_to_csv, [("write", "y.csv")], id="pandas-to-csv"),
    pytest.param(_pickle_frame, [("write", "y.pkl")], id="pandas-to-pickle"),
    pytest.param(
        _parquet_by_pandas, [("read", "@/x.parquet"), ("write", "y.parquet")], id="parquet-by-pandas"
    ),
    pytest.param(_parquet_by_arrow, [("read", "@/x.parquet"), ("write", "y.parquet")], id="parquet-by-arrow"),
    pytest.param(
        _parquet_folder, [("list", "@/parts"), ("read", "@/parts/a.parquet")], id="folder-of-parquet"
    ),
    pytest.param(_numpy_save, [("write", "y.npy")], id="numpy-save"),
    pytest.param(_joblib_dump, [("write", "y.joblib")], id="joblib-dump"),
    pytest.param(_savefig, [("write", "y.png")], id="figure-savefig"),
    pytest.param(_zip_archive, [("read", "x.csv"), ("write", "y.zip")], id="zip-archive"),
    pytest.param(_append, [("read", "x.csv"), ("write", "x.csv")], id="append"),
    pytest.param(lambda: Path("x.csv").open("r+").close(), [("read", "x.csv")], id="update-without-a-change"),
    pytest.param(lambda: Path("x.csv").open("w").close(), [("write", "x.csv")], id="overwrite-reads-nothing"),
    pytest.param(lambda: Path("y").open("x").close(), [("write", "y")], id="exclusive-creation"),
    pytest.param(_own_file, [("write", "y")], id="reading-what-it-wrote-is-no-read"),
    pytest.param(_probe, [("read", "missing.csv")], id="a-missing-file-was-asked-for"),
    pytest.param(_failed_write, [], id="failed-writes-leave-nothing"),
    pytest.param(lambda: Path("x.csv").unlink(), [("write", "x.csv")], id="remove"),
    pytest.param(_temporary_file, [], id="what-it-makes-and-removes-is-nobodys-business"),
    pytest.param(
        lambda: Path("x.csv").rename("y.csv"),
        [("read", "x.csv"), ("write", "x.csv"), ("write", "y.csv")],
        id="rename",
    ),
    pytest.param(_replace, [("write", "x.csv")], id="atomic-replace"),
    pytest.param(lambda: shutil.copy("x.csv", "y.csv"), [("read", "x.csv"), ("write", "y.csv")], id="copy"),
    pytest.param(lambda: os.truncate("x.csv", 1), [("read", "x.csv"), ("write", "x.csv")], id="truncate"),
    pytest.param(lambda: list(Path().glob("*.csv")), [("list", ".")], id="glob"),
    pytest.param(
        lambda: list(os.walk("..")),
        [("list", "."), ("list", "@"), ("list", "@/parts")],
        id="walk-of-the-project",
    ),
    pytest.param(
        _make_folder, [("folder", "new"), ("write", "new/y")], id="a-folder-of-its-own-is-not-listed"
    ),
    pytest.param(
        _tree,
        [("folder", "tree"), ("folder", "tree/deep"), ("write", "tree/deep/y")],
        id="folders-are-not-files",
    ),
    pytest.param(lambda: Path("x.csv").exists(), [("kind", "x.csv")], id="a-mere-question"),
    pytest.param(lambda: Path("missing").is_file(), [("kind", "missing")], id="a-question-in-vain"),
    pytest.param(lambda: Path("x.csv").stat(), [("time", "x.csv")], id="size-and-time"),
    pytest.param(
        lambda: Path("x.csv").exists() and Path("x.csv").read_bytes(),
        [("read", "x.csv")],
        id="the-content-says-more-than-a-question",
    ),
]


@pytest.mark.parametrize(("action", "expected"), ACCESSES)
def test_accesses(action: Callable[[], Any], expected: list[tuple[str, str]], folder: Path) -> None:
    parent = folder.parent.as_posix()
    assert _seen(action, folder) == sorted(
        ((mode, path.replace("@", parent)) for mode, path in expected), key=lambda one: (one[1], one[0])
    )


def test_a_removed_tree_is_a_removal_of_each_file(folder: Path) -> None:
    _tree()
    digests = _digests(lambda: shutil.rmtree("tree"), folder)
    assert digests == {("write", "tree/deep/y"): ABSENT}


def _digests(action: Callable[[], Any], folder: Path) -> dict[tuple[str, str], str]:
    with _observed(folder) as observer:
        action()
    return {(access.mode, access.path): access.digest for access in observer.accesses()}


@pytest.mark.parametrize("size_bytes", [10, 3_000_000], ids=["small", "big"])
def test_the_read_digest_is_that_of_the_content_read(size_bytes: int, folder: Path) -> None:
    path = folder / "data.bin"
    path.write_bytes(b"1" * size_bytes)
    before = file_digest(path)

    def read_then_write() -> None:
        Path("data.bin").read_bytes()
        Path("data.bin").write_bytes(b"2" * size_bytes)

    digests = _digests(read_then_write, folder)
    assert digests == {("read", "data.bin"): before, ("write", "data.bin"): file_digest(path)}
    assert before != file_digest(path)


def _by_another_process(path: Path) -> None:
    subprocess.run([sys.executable, "-c", f"open({str(path)!r}, 'ab').write(b'x')"], check=True)


def test_a_small_file_changed_behind_our_back_keeps_the_digest_of_its_read(folder: Path) -> None:
    before = file_digest(folder / "x.csv")

    def act() -> None:
        Path("x.csv").read_bytes()
        _by_another_process(folder / "x.csv")

    assert _digests(act, folder)["read", "x.csv"] == before


def test_a_big_file_changed_behind_our_back_has_a_digest_that_never_holds(folder: Path) -> None:
    (folder / "data.bin").write_bytes(b"1" * 3_000_000)

    def act() -> None:
        Path("data.bin").read_bytes()
        _by_another_process(folder / "data.bin")

    assert _digests(act, folder)["read", "data.bin"] == UNKNOWN


def test_missing_and_removed_files_have_the_digest_of_absence(folder: Path) -> None:
    def act() -> None:
        _probe()
        Path("x.csv").unlink()

    assert set(_digests(act, folder).values()) == {ABSENT}


def test_a_listing_has_the_digest_of_the_names(folder: Path) -> None:
    before = listing_digest(folder)
    digests = _digests(
        lambda: (list(Path().iterdir()), Path("later").write_text("x", encoding="utf-8")), folder
    )
    assert digests["list", "."] == before != listing_digest(folder)


def _as(module: str, act: Callable[[], Any]) -> Any:
    """Call `act` from a function of a module of that name."""
    return eval("lambda act: [act() for _ in range(1)]", {"__name__": module})(act)


def test_what_libraries_ask_about_installation_commit_and_kernel_is_no_data(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """MLflow asks all three whenever it logs: the step would run again for a new file, commit or kernel."""
    (folder / "k.json").write_text("{}", encoding="utf-8")
    running = SimpleNamespace(connection_file=str(folder / "k.json"))
    kernel = SimpleNamespace(IPKernelApp=SimpleNamespace(_instance=running))
    monkeypatch.setitem(sys.modules, "ipykernel.kernelapp", kernel)
    listing = eval("lambda: listdir()", {"__name__": "importlib_metadata", "listdir": os.listdir})
    asking = eval("lambda: isfile('k.json')", {"__name__": "traitlets", "isfile": os.path.isfile})
    reading = eval("lambda: open('x.csv').close()", {"__name__": "git"})
    assert _seen(listing, folder) == []
    assert _seen(asking, folder) == []
    assert _seen(lambda: _as("mlflow", reading), folder) == []
    assert _seen(reading, folder) == [("read", "x.csv")]
    gits = eval("lambda: isfile('x.csv')", {"__name__": "git", "isfile": os.path.isfile})
    assert _seen(lambda: _as("mlflow", gits), folder) == []
    assert _seen(gits, folder) == [("kind", "x.csv")]


def test_data_outside_the_project_is_seen_by_absolute_path(
    folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = tmp_path_factory.mktemp("elsewhere") / "data.csv"
    other.write_text("1", encoding="utf-8")
    assert _seen(other.read_bytes, folder) == [("read", other.as_posix())]


def test_a_project_behind_a_link_is_one_project(folder: Path, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(folder)
    assert _seen(lambda: (link / "x.csv").read_bytes(), link) == [("read", "x.csv")]
    assert _seen(lambda: (folder / "x.csv").read_bytes(), link) == [("read", "x.csv")]


def _import_local(folder: Path) -> None:
    (folder / "local_code.py").write_text("with open('x.csv') as f: pass", encoding="utf-8")


def test_importing_code_is_no_data_but_what_the_code_reads_is(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _import_local(folder)
    monkeypatch.syspath_prepend(str(folder))

    def act() -> None:
        import local_code  # type: ignore[import-not-found]

        del local_code

    assert _seen(act, folder) == [("code", "local_code.py"), ("read", "x.csv")]


def test_what_this_program_reads_and_imports_for_itself_is_no_input(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in an editable install, where its code is in no `site-packages`, with a key in the project."""
    source = Path(errors.__file__)
    monkeypatch.setenv(KEY_VARIABLE, str(folder / "keys" / "key"))

    def works() -> None:
        Signer().close({"a": 1})
        spec = spec_from_file_location("copy_of_ours", source)
        assert spec is not None
        assert spec.loader is not None
        spec.loader.exec_module(module_from_spec(spec))

    assert _seen(works, folder) == []
    assert (folder / "keys" / "key").is_file()
    assert _seen(lambda: source.read_text(encoding="utf-8"), folder) == [("read", source.as_posix())]


@pytest.mark.parametrize(
    "path",
    [
        ".stepmill/objects/ab",
        "__pycache__/a.pyc",
        ".ipynb_checkpoints/a.ipynb",
        ".venv/lib/python3/site-packages/a.txt",
    ],
)
def test_caches_inside_the_project_do_not_count(path: str, folder: Path) -> None:
    file = folder / path
    file.parent.mkdir(parents=True)
    assert _seen(lambda: file.write_text("x", encoding="utf-8"), folder) == []


@pytest.mark.parametrize(
    "path", [os.__file__, pytest.__file__, "/etc/hostname", "/dev/null", "/proc/self/stat"]
)
def test_files_of_the_system_and_of_libraries_do_not_count(path: str, folder: Path) -> None:
    assert _seen(lambda: Path(path).exists() and Path(path).read_bytes(), folder) == []


VOLATILE: list[Any] = [
    pytest.param(lambda: subprocess.run(["true"], check=True), ("subprocess: true",), id="subprocess"),
    pytest.param(lambda: os.system("true"), ("subprocess: true",), id="shell-command"),
    pytest.param(lambda: sqlite3.connect(":memory:").close(), (), id="a-database-in-memory"),
    pytest.param(lambda: sqlite3.connect("x.db").close(), ("database: x.db",), id="a-database-file"),
    pytest.param(lambda: _connect("127.0.0.1"), (), id="loopback"),
    pytest.param(lambda: _connect("192.0.2.1"), ("network: 192.0.2.1",), id="network"),
]


def _connect(host: str) -> None:
    with socket.socket() as client:
        client.setblocking(False)
        client.connect_ex((host, 9))


@pytest.mark.parametrize(("action", "expected"), VOLATILE)
def test_volatile_hints(action: Callable[[], Any], expected: tuple[str, ...], folder: Path) -> None:
    with _observed(folder) as observer:
        action()
    assert observer.volatile() == expected


def test_a_database_that_is_only_read_is_a_file_that_is_read(folder: Path) -> None:
    with sqlite3.connect("x.db") as database:
        database.execute("create table t (a)")
    database.close()
    digest = file_digest(folder / "x.db")

    def query() -> None:
        connection = sqlite3.connect("x.db")
        connection.execute("select * from t").fetchall()
        connection.close()

    assert _digests(query, folder) == {("read", "x.db"): digest}


def test_nothing_is_seen_after_the_end(folder: Path) -> None:
    with _observed(folder) as observer:
        pass
    Path("x.csv").read_bytes()
    assert observer.accesses() == ()


def test_the_hook_is_installed_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with _observed(folder):
        pass
    monkeypatch.setattr(sys, "addaudithook", lambda _: pytest.fail("installed twice"))
    with _observed(folder):
        pass


def test_what_fails_in_the_hook_is_said_at_the_end_and_not_in_the_users_call(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(path: Path) -> str:
        raise ZeroDivisionError(path)

    monkeypatch.setattr(seen_files, "file_digest", broken)
    observer = Observer(folder)
    observer.start()
    assert Path("x.csv").read_text(encoding="utf-8").startswith("a,b")
    with pytest.raises(ZeroDivisionError):
        observer.stop()


def test_an_unreadable_path_is_the_users_error(folder: Path) -> None:
    def act() -> None:
        with pytest.raises(ValueError, match="null"):
            Path("a\0b").read_bytes()

    assert [one for one in _seen(act, folder) if one[0] != "read"] == []


def test_accesses_are_records_sorted_by_path(folder: Path) -> None:
    with _observed(folder) as observer:
        Path("x.csv").read_bytes()
    assert observer.accesses() == (
        FileAccess(path="x.csv", mode="read", digest=file_digest(folder / "x.csv")),
    )


def test_parquet_classes_are_as_before_after_a_step(folder: Path) -> None:
    import pyarrow.parquet as pq
    from pandas.io import parquet

    def methods() -> list[Any]:
        kinds = (pq.ParquetFile, pq.ParquetDataset, pq.ParquetWriter)
        return [*(kind.__init__ for kind in kinds), parquet.PyArrowImpl.write]

    before = methods()
    with _observed(folder):
        assert not any(old is new for old, new in zip(before, methods(), strict=True))
    assert methods() == before
