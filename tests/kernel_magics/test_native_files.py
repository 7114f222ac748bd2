"""Files that compiled libraries open: each library for real, where it is installed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from stepmill_magics.native_files import NativeFiles

MODES = {os.O_RDONLY: "read", os.O_RDWR | os.O_CREAT: "change"}
POLARS = [
    ("pl.DataFrame({'a': [1]}).write_csv('y.csv')", "write y.csv"),
    ("pl.read_csv('x.csv')", "read x.csv"),
    ("pl.read_csv(source='x.csv')", "read x.csv"),
    ("pl.read_csv('*.csv')", "read x.csv"),
    ("pl.scan_csv('x.csv').collect()", "read x.csv"),
    ("pl.scan_csv('x.csv').sink_parquet(path='y.parquet')", "read x.csv, write y.parquet"),
    (
        "pl.DataFrame({'a': [1]}).write_parquet('y.parquet'); pl.read_parquet(['y.parquet'])",
        "write y.parquet",
    ),
    ("pl.DataFrame({'a': [1]}).write_ndjson('y.json'); pl.scan_ndjson('y.json')", "write y.json"),
    ("pl.DataFrame({'a': [1]}).write_ipc('y.arrow'); pl.read_ipc('y.arrow')", "write y.arrow"),
]
H5PY = [
    ("h5py.File('y.h5', 'w').close()", "write y.h5"),
    ("h5py.File('x.h5').close()", "read x.h5"),
    ("h5py.File(name='x.h5', mode='r').close()", "read x.h5"),
    ("h5py.File('x.h5', 'a').close()", "change x.h5"),
    ("assert isinstance(h5py.File('x.h5'), h5py.File)", "read x.h5"),
]
DUCKDB = [
    ("duckdb.read_csv('x.csv').fetchall()", "read x.csv"),
    ("duckdb.connect().read_csv('x.csv').fetchall()", "read x.csv"),
    ("duckdb.connect('y.db').close()", "change y.db"),
    ("duckdb.connect().close()", ""),
    ("duckdb.sql(\"select a from 'x.csv'\").fetchall()", "read x.csv"),
    ("duckdb.sql(query=\"select a from read_csv('*.csv')\").fetchall()", "read x.csv"),
    ("duckdb.connect().execute(\"copy (select 'no file' a) to 'y.csv'\")", "write y.csv"),
    ("duckdb.connect().execute(\"attach 'y.db' as y\")", "change y.db"),
    ("duckdb.sql('select 1 a').write_csv('y.csv')", "write y.csv"),
    ('duckdb.sql("select 1 a").query("t", "select a from t").fetchall()', ""),
]
CASES = [
    pytest.param(library, code, expected, id=f"{library}-{number}")
    for library, cases in {"polars": POLARS, "h5py": H5PY, "duckdb": DUCKDB}.items()
    for number, (code, expected) in enumerate(cases)
]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "x.csv").write_text("a\n1\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(("library", "code", "expected"), CASES)
@pytest.mark.usefixtures("folder")
def test_files_are_reported(library: str, code: str, expected: str) -> None:
    module = pytest.importorskip(library)
    if library == "h5py":
        module.File("x.h5", "w").close()
    seen: list[str] = []
    watch = NativeFiles(lambda path, flags: seen.append(f"{MODES.get(flags, 'write')} {Path(path).name}"))
    watch.start()
    try:
        exec(code, {"pl": module, library: module})
    finally:
        watch.stop()
    told = ", ".join(dict.fromkeys(seen))
    assert told == expected or (expected.startswith("write ") and told.startswith(expected))
    seen.clear()
    exec(code.partition("; ")[0], {"pl": module, library: module})
    assert seen == []  # all is as it was before


@pytest.mark.usefixtures("folder")
def test_queries_find_the_variables_where_they_stand() -> None:
    duckdb, pandas = pytest.importorskip("duckdb"), pytest.importorskip("pandas")
    names = {"duckdb": duckdb, "frame": pandas.DataFrame({"a": [1, 2]})}
    watch = NativeFiles(lambda *_: None)
    watch.start()
    try:
        exec("found = duckdb.sql('select sum(a) from frame').fetchall()", names)
        exec("def f():\n    part = frame[:1]\n    return duckdb.execute('from part').fetchall()", names)
        exec("con = duckdb.connect()\ninner = f(), con.sql(query='from frame').fetchall()", names)
    finally:
        watch.stop()
    assert (names["found"], names["inner"]) == ([(3,)], ([(1,)], [(1,), (2,)]))
