"""Modules by their source: what a star import binds, and which files a step's code lies in."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from importlib.machinery import FileFinder
from typing import TYPE_CHECKING

import pytest

from stepmill.notebook.finding import SearchPath
from stepmill.notebook.modules import exported_names, is_project_module, local_modules, reached_sources
from stepmill.notebook.reading import parse_document
from stepmill.notebook.search_path import added_folders

if TYPE_CHECKING:
    from pathlib import Path

LOUD = 'raise RuntimeError("a module was imported")\n'


def write(folder: Path, **files: str) -> None:
    for name, source in files.items():
        path = folder / f"{name.replace('__', '/').replace('/init', '/__init__')}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source, encoding="utf-8")


def test_modules_installed_a_moment_ago_are_found(tmp_path: Path) -> None:
    """Whatever the folder's time stamp was when it was listed, and is afterwards."""
    for number, then in enumerate((time.time() - 1000, time.time() + 1000)):
        folder = tmp_path / str(number) / "site-packages"
        write(folder, first=LOUD)
        search = SearchPath((folder,))
        os.utime(folder, (then, then))
        assert [search.find(name) is not None for name in ("first", "second", "first")] == [True, False, True]
        write(folder, second=LOUD)
        if number:  # within what the file system takes for the same time
            os.utime(folder, (then, then))
        assert search.find("second") is not None


def test_folders_of_installed_modules_are_not_listed_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed: list[str] = []
    again = FileFinder.invalidate_caches
    monkeypatch.setattr(FileFinder, "invalidate_caches", lambda self: [listed.append(self.path), again(self)])
    installed, own = tmp_path / "site-packages", tmp_path / "own"
    write(installed, first=LOUD)
    write(own, other=LOUD)
    os.utime(installed, (1, 1))
    search = SearchPath((own, installed))
    for _ in range(4):
        assert search.find("first") is not None
    assert (listed.count(str(own)), listed.count(str(installed))) == (3, 1)


SOURCES = [
    pytest.param("def f(): pass\nclass K: pass\nx = 1\n_y = 2\n", {"f", "K", "x"}, id="public names"),
    pytest.param("import os, os.path as p\nfrom re import sub as s\n", {"os", "p", "s"}, id="imported names"),
    pytest.param(
        "a, (b, *c) = z\nd: int = 1\ne: int\nf += 1\n", {"a", "b", "c", "d", "f"}, id="all kinds of targets"
    ),
    pytest.param(
        "try:\n    a = 1\nexcept E:\n    b = 1\nelse:\n    c = 1\nfinally:\n    d = 1\n",
        set("abcd"),
        id="try",
    ),
    pytest.param("if x:\n    a = 1\nelse:\n    b = 1\n", {"a", "b"}, id="if"),
    pytest.param("for i in x:\n    a = i\nwith o as w:\n    pass\n", {"i", "a", "w"}, id="for and with"),
    pytest.param("a = b = 1\ndel a\n", {"b"}, id="deleted"),
    pytest.param("def f():\n    inner = 1\n", {"f"}, id="locals stay inside"),
    pytest.param(
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import x\n", {"TYPE_CHECKING"}, id="typing"
    ),
    pytest.param("__all__ = ['a', '_b']\nc = 1\n", {"a", "_b"}, id="literal __all__"),
    pytest.param(
        "__all__ = ['a']\n__all__ += ['b']\n__all__.append('c')\n__all__.extend(('d',))\n",
        set("abcd"),
        id="grown",
    ),
    pytest.param("n = ['a']\n__all__ = sorted(set(n) | {'b'}) + ['c']\n", set("abc"), id="put together"),
    pytest.param(
        "__all__ = [n for n in globals() if n[0] != '_']\nimport os\na = 1\n", {"a"}, id="from globals()"
    ),
    pytest.param("__all__ = make()\n", None, id="computed: unknown"),
    pytest.param("x = (", None, id="syntax error: unknown"),
]


@pytest.mark.parametrize(("source", "names"), SOURCES)
def test_names_are_read_off_the_source(tmp_path: Path, source: str, names: set[str] | None) -> None:
    write(tmp_path, helper=source)
    assert exported_names("helper", SearchPath((tmp_path,))) == names


def test_reading_runs_nothing(tmp_path: Path) -> None:
    write(tmp_path, helper=f"a = 1\n{LOUD}", p__init=f"b = 1\n{LOUD}", p__sub=f"c = 1\n{LOUD}")
    assert exported_names("helper", SearchPath((tmp_path,))) == {"a"}
    assert exported_names("p.sub", SearchPath((tmp_path,))) == {"c"}


def test_star_imports_are_followed(tmp_path: Path) -> None:
    write(tmp_path, a="from b import *\nx = 1\n", b="from a import *\nfrom math import *\ny = 1\n")
    names = exported_names("a", SearchPath((tmp_path,)))
    assert names is not None
    assert {"x", "y", "pi", "sin"} <= names


def test_a_package_gives_what_its_init_gives(tmp_path: Path) -> None:
    write(
        tmp_path,
        p__init="from .sub import *\nfrom .other import x\n",
        p__sub="s = 1\n",
        p__other="x = 1\n",
    )
    assert exported_names("p", SearchPath((tmp_path,))) == {"s", "sub", "other", "x"}


def test_all_of_another_module_is_followed(tmp_path: Path) -> None:
    write(tmp_path, p__init="from . import sub\n__all__ = ['a'] + sub.__all__\n", p__sub="__all__ = ['b']\n")
    assert exported_names("p", SearchPath((tmp_path,))) == {"a", "b"}


@pytest.mark.parametrize("module", ["no_such_module", "p.missing", "json.missing"])
def test_what_is_not_found_is_unknown(tmp_path: Path, module: str) -> None:
    write(tmp_path, p__init="")
    assert exported_names(module, SearchPath((tmp_path,))) is None


@pytest.mark.parametrize(
    "module",
    ["math", "itertools", "os", "os.path", "random", "collections", "tkinter", "numpy", "matplotlib.pyplot"],
)
def test_common_modules_give_at_least_what_they_really_give(module: str) -> None:
    script = f"from {module} import *; print(*[n for n in dir() if n[:2] != '__'])"
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    if ran.returncode:
        pytest.skip(f"{module} does not import here")
    names = exported_names(module, SearchPath(()))
    assert names is not None
    assert set(ran.stdout.split()) <= names
    assert len(names) <= len(ran.stdout.split()) + 5  # types that only some platforms have


def test_the_notebooks_folder_comes_first(tmp_path: Path) -> None:
    write(tmp_path, random="mine = 1\n")
    assert exported_names("random", SearchPath((tmp_path,))) == {"mine"}


def test_a_mere_folder_does_not_hide_a_library(tmp_path: Path) -> None:
    (tmp_path / "collections").mkdir()
    assert "deque" in (exported_names("collections", SearchPath((tmp_path,))) or ())


def test_local_sources_follow_imports(tmp_path: Path) -> None:
    write(
        tmp_path,
        helper="import pandas, deep.inner\ndef f():\n    from late import x\n",
        late="import importlib\nimportlib.import_module('dynamic')\n",
        dynamic="",
        deep__init="from . import sibling\n",
        deep__inner="from .sibling import y\n",
        deep__sibling="from ..nowhere import z\n",
        unused="",
    )
    found = local_modules(["helper", "numpy", "json", "no_such_module"], tmp_path)
    assert list(found) == [
        "deep/__init__.py", "deep/inner.py", "deep/sibling.py", "dynamic.py", "helper.py", "late.py",
    ]  # fmt: skip


def test_a_name_of_a_package_brings_its_parents(tmp_path: Path) -> None:
    write(tmp_path, p__init="x = 1\n", p__a="", p__b="")
    assert list(local_modules(["p.a.K"], tmp_path)) == ["p/__init__.py", "p/a.py"]


def test_a_folder_without_init_is_a_package_too(tmp_path: Path) -> None:
    write(tmp_path, space__mod="x = 1\n")
    assert list(local_modules(["space.mod"], tmp_path)) == ["space/mod.py"]


def test_comments_and_formatting_do_not_count(tmp_path: Path) -> None:
    def digest(source: str) -> str:
        write(tmp_path, helper=source)
        return reached_sources(["import helper"], local_modules(["helper"], tmp_path))["helper.py"].digest

    first = digest("x = f(1)\n")
    assert digest("# why\nx = (f( 1 ))\n") == first
    assert digest("x = f(2)\n") != first
    assert digest("def f(x:\n") != digest("def f(x :\n")


def test_circles_end(tmp_path: Path) -> None:
    write(tmp_path, a="import b\n", b="import a\n")
    assert list(local_modules(["a"], tmp_path)) == ["a.py", "b.py"]


def test_a_file_outside_of_the_folder_has_its_whole_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As an editable install has it: on the path, and not among the installed packages."""
    outside, folder = tmp_path / "src", tmp_path / "notebooks"
    folder.mkdir()
    write(outside, mylib__init="import json\n")
    monkeypatch.syspath_prepend(str(outside))
    assert list(local_modules(["mylib"], folder)) == [(outside / "mylib/__init__.py").resolve().as_posix()]


def test_a_project_module_lies_beside_the_notebook(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("")
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "__init__.py").write_text("")
    names = ("mine", "package", "", "json", "numpy", "sys", "nowhere_to_be_found")
    assert [n for n in names if is_project_module(n, SearchPath((tmp_path,)))] == ["mine", "package", ""]


ADDITIONS = [
    pytest.param("sys.path.append('..')", [".."], id="literal"),
    pytest.param("sys.path.insert(0, os.path.abspath(os.path.join('..', 'lib')))", ["../lib"], id="os-path"),
    pytest.param("p = '../lib'\nif p not in sys.path:\n    sys.path += [p]", ["../lib"], id="by-a-name"),
    pytest.param("sys.path = [os.pardir] + sys.path + ['x']", ["..", "x"], id="list-put-together"),
    pytest.param("sys.path[:0] = [str(Path.cwd().parent / 'lib')]", ["../lib"], id="pathlib"),
    pytest.param("sys.path.append(os.path.dirname(os.getcwd()))", [".."], id="folder-above"),
    pytest.param("sys.path.append(str(Path('a/b').resolve().parents[1]))", ["."], id="parents"),
    pytest.param("p = 'a'\np += find()\nsys.path.append(p)", [], id="unknown-text"),
    pytest.param("%cd x\nsys.path.append('..')", [], id="elsewhere"),
]


@pytest.mark.parametrize(("code", "folders"), ADDITIONS)
def test_folders_that_a_notebook_puts_on_its_path(code: str, folders: list[str], tmp_path: Path) -> None:
    cell = {"cell_type": "code", "metadata": {}, "source": f"import os, sys\n{code}"}
    notebook = parse_document({"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": [cell]}, "n")
    here = tmp_path / "nbs"
    assert added_folders(notebook, here) == tuple((here / folder).resolve() for folder in folders)


def test_of_two_modules_of_a_name_none_is_taken(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "mine.py").write_text(f"{folder} = 1")
    assert exported_names("mine", SearchPath((), (tmp_path / "b",))) == {"b"}
    assert exported_names("mine", SearchPath((tmp_path / "a",), (tmp_path / "b",))) is None
    assert exported_names("mine", SearchPath((tmp_path / "a",), (tmp_path / "a",))) == {"a"}


def test_folders_that_a_module_adds(tmp_path: Path) -> None:
    added = "import os, sys\nsys.path.insert(0, os.path.join(os.path.dirname(__file__), 'lib'))\n"
    (tmp_path / "lib").mkdir()
    (tmp_path / "front.py").write_text("import bootstrap\nimport front\n")
    (tmp_path / "bootstrap.py").write_text(f"{added}import deeper\n")
    (tmp_path / "lib" / "deeper.py").write_text("import sys\nsys.path.append('more')\n")
    cell = {"cell_type": "code", "metadata": {}, "source": "from front import x"}
    notebook = parse_document({"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": [cell]}, "n")
    assert added_folders(notebook, tmp_path) == (tmp_path / "lib", tmp_path / "more")
