from __future__ import annotations

import gc
import locale
import logging
import os
import sys
import types
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from stepmill_magics import session
from stepmill_magics.imports import FreshModules, ImportWatch
from stepmill_magics.module_data import held_data
from stepmill_magics.places import Places
from stepmill_magics.session import Held, Namespace, changed_settings, process_settings

if TYPE_CHECKING:
    from collections.abc import Callable

_REBOUND = [
    pytest.param("y = 1", {"y"}, id="a-new-name"),
    pytest.param("df = [1, 2]", {"df"}, id="an-equal-object-is-another-object"),
    pytest.param("df.append(3)", set(), id="a-mutation-binds-nothing"),
    pytest.param("del df", {"df"}, id="a-deleted-input"),
    pytest.param("del K", {"K"}, id="a-deleted-constant"),
    pytest.param("K = 2", {"K"}, id="a-rebound-constant"),
    pytest.param("K = K", set(), id="bound-to-itself"),
    pytest.param("_ = 3; Out = {}; _i4 = 'x'; _12 = 5", set(), id="names-of-the-shell-do-not-count"),
    pytest.param("exec('z = 1')", {"z"}, id="bound-without-being-seen-in-the-source"),
]


@pytest.mark.parametrize(("code", "expected"), _REBOUND)
def test_rebound_names(code: str, expected: set[str]) -> None:
    namespace: dict[str, Any] = {"df": [1, 2], "K": 1, "__builtins__": __builtins__}
    names = Namespace(namespace, ["df"])
    exec(code, namespace)
    assert names.rebound() == expected


_CONSTANTS = [
    pytest.param("C['lr'] = 0.2", True, id="a-changed-value"),
    pytest.param("C['lr'] = 1", True, id="an-equal-value-of-another-type"),
    pytest.param("C['layers'].append(3)", True, id="a-nested-change"),
    pytest.param("C['b'] = C.pop('lr')", True, id="another-key"),
    pytest.param("C.update(layers=C.pop('layers'), lr=C.pop('lr'))", True, id="another-order"),
    pytest.param("C.get('lr'); sorted(C); dict(C)", False, id="only-read"),
    pytest.param("C = {}", False, id="rebinding-is-no-change-of-the-object"),
    pytest.param("x = C['nan'] != C['nan']", False, id="nan-equals-itself"),
]


@pytest.mark.parametrize(("code", "changed"), _CONSTANTS)
def test_changed_constants(code: str, changed: bool) -> None:
    namespace: dict[str, Any] = {"C": {"lr": 1.0, "layers": [1, 2], "nan": float("nan"), "f": len}}
    names = Namespace(namespace, [])
    exec(code, namespace)
    assert names.changed_constants() == (("C",) if changed else ())


_DEFINITIONS = """
import functools, enum
class Config:
    def __init__(self): self.level = 1
class K:
    n = 0
    names = []
    config = Config()
class E(enum.Flag):
    A = 1
    B = 2
def f(x, seen=[]): return x
def counted():
    n = 0
    def up():
        nonlocal n
        n += 1
        return n
    return up
up = counted()
@functools.lru_cache
def cached(x): return x
reached = [K, f, up, E.A]
"""

_CHANGES = [
    pytest.param("reached[0].n += 1", {"K", "reached"}, id="class-attribute"),
    pytest.param("reached[0].names.append(1)", {"K", "reached"}, id="list-of-a-class"),
    pytest.param("reached[0].config.level = 2", {"K", "reached"}, id="object-of-a-class"),
    pytest.param("reached[1].calls = 1", {"f", "reached"}, id="function-attribute"),
    pytest.param("reached[1].__defaults__[0].append(1)", {"f", "reached"}, id="default-of-a-function"),
    pytest.param("reached[2]()", {"up", "reached"}, id="closure"),
    pytest.param("reached[3].note = 1", {"E", "reached"}, id="enum-member"),
    pytest.param("cached(1); E.A | E.B; E(3); K(); f(1); K.names == []", set(), id="only-used"),
]


@pytest.mark.parametrize(("code", "expected"), _CHANGES)
def test_changed_definitions(code: str, expected: set[str]) -> None:
    namespace: dict[str, Any] = {"__name__": "__main__"}
    exec(_DEFINITIONS, namespace)
    names = Namespace(namespace, [])
    exec(code, namespace)
    assert set(names.changed_constants()) == expected


def test_what_a_library_wraps_is_not_looked_into() -> None:
    """Like `tenacity.retry`, which gives the function new statistics at each call."""
    library: dict[str, Any] = {"__name__": "library"}
    exec(
        "import functools\ndef retry(f):\n    @functools.wraps(f)\n    def inner():\n"
        "        inner.statistics = {'calls': 1}\n        return f()\n    return inner\n",
        library,
    )
    namespace: dict[str, Any] = {"__name__": "__main__", "retry": library["retry"]}
    exec("@retry\ndef f(): return 1\n", namespace)
    names = Namespace(namespace, [])
    exec("f()", namespace)
    assert names.changed_constants() == ()


# -- modules of the project ----------------------------------------------------------------------------

_FILES = {
    "sm_counting.py": "n = 0\ndef count():\n    global n\n    n += 1\n",
    "sm_front.py": "import sm_counting\nsm_counting.count()\n",
    "sm_broken.py": "import sm_counting\nraise ImportError\n",
    "sm_calls.py": "def f(): f.calls += 1\nf.calls = 0\n",
    "sm_ids.py": "import itertools\nids = itertools.count()\n",
}

_USES = [
    pytest.param("import sm_counting", (), id="imported"),
    pytest.param("import sm_counting; sm_counting.count()", ("module:sm_counting",), id="changed"),
    pytest.param("import sm_front", (), id="changed-by-an-import"),
    pytest.param("import sm_front, sm_counting; sm_counting.count()", ("module:sm_counting",), id="and-then"),
    pytest.param("import sm_calls; sm_calls.f()", ("module:sm_calls",), id="attribute-of-a-function"),
    pytest.param("import sm_ids; next(sm_ids.ids)", ("module:sm_ids",), id="itertools-count"),
    pytest.param(
        "import contextlib\nwith contextlib.suppress(ImportError): import sm_broken\n"
        "import sm_counting; sm_counting.count()",
        ("module:sm_counting",),
        id="after-a-failed-import",
    ),
    pytest.param(
        "import sm_counting, importlib; sm_counting.count(); importlib.reload(sm_counting)", (), id="reloaded"
    ),
]


@pytest.mark.parametrize(("code", "expected"), _USES)
def test_modules_of_the_project_that_a_step_imports(
    code: str, expected: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, text in _FILES.items():
        (tmp_path / name).write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    finders = list(sys.meta_path)
    before = process_settings(tmp_path)
    fresh = FreshModules(Places(tmp_path).is_project, held_data)
    fresh.start()
    try:
        exec(code, {})
        after = process_settings(tmp_path)
    finally:
        fresh.stop()
        for name in _FILES:
            sys.modules.pop(name.removesuffix(".py"), None)
    assert changed_settings({**before, **fresh.seen}, after) == expected
    assert sys.meta_path == finders


def test_a_module_stands_for_itself_while_it_is_watched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its loader is Python's own: what asks it for source, as tracebacks do, gets it."""
    (tmp_path / "sm_plain.py").write_text("x = 1\n")
    monkeypatch.syspath_prepend(tmp_path)
    fresh = FreshModules(lambda _: True, held_data)
    fresh.start()
    try:
        import sm_plain  # type: ignore[import-not-found]
    finally:
        fresh.stop()
        sys.modules.pop("sm_plain", None)
    assert vars(sm_plain.__loader__).keys() == {"name", "path"}
    assert sm_plain.__loader__.get_source("sm_plain") == "x = 1\n"


@pytest.mark.parametrize("is_first", [True, False], ids=["watch first", "modules first"])
@pytest.mark.parametrize("is_own", [True, False], ids=["own", "installed"])
def test_two_who_watch_imports_do_not_get_in_each_others_way(
    is_first: bool, is_own: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each of the two finders asks all others, the other one too: `np.random` at first use failed."""
    (tmp_path / "sm_watched.py").write_text("x = 1\n")
    monkeypatch.syspath_prepend(tmp_path)
    acted: list[str] = []
    watch, fresh = ImportWatch(), FreshModules(lambda _: is_own, held_data)
    starts = [lambda: watch.after("sm_watched", lambda: acted.append("after")), fresh.start]
    try:
        for start in starts if is_first else reversed(starts):
            start()
        import sm_watched  # type: ignore[import-not-found]
    finally:
        fresh.stop()
        watch.remove()
        sys.modules.pop("sm_watched", None)
    assert acted == ["after"]
    assert list(fresh.seen) == (["module:sm_watched"] if is_own else [])
    assert vars(sm_watched.__loader__).keys() == {"name", "path"}


def test_modules_that_no_file_made_are_not_the_projects(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`torch.ops` says that its file is "_ops.py", wherever it is."""
    monkeypatch.chdir(tmp_path)
    made = types.ModuleType("sm_ops")
    made.__file__ = "_ops.py"
    monkeypatch.setitem(sys.modules, "sm_ops", made)
    assert "module:sm_ops" not in process_settings(tmp_path)


def test_places_of_the_project(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").touch()
    places = Places(tmp_path / "notebooks")
    assert places.is_project(str(tmp_path / "src/m.py"))
    assert places.is_project(str(tmp_path / "notebooks/m.py"))
    assert not places.is_project(str(tmp_path / ".venv/lib/site-packages/m.py"))
    assert not places.is_project(str(tmp_path.parent / "other/m.py"))
    assert not places.is_project(os.__file__)
    assert not places.is_project(session.__file__)


def test_a_constant_that_contains_itself_is_left_alone() -> None:
    loop: list[Any] = []
    loop.append(loop)
    names = Namespace({"loop": loop}, [])
    loop.append(1)
    assert names.changed_constants() == ()


class _Value:
    pass


def test_an_input_that_the_user_deletes_is_freed() -> None:
    namespace: dict[str, Any] = {"big": _Value()}
    names = Namespace(namespace, ["big"])
    del namespace["big"]
    gc.collect()
    assert names.loaded["big"].is_gone


@pytest.mark.parametrize("value", [[1], None, 5, _Value()], ids=["list", "none", "int", "object"])
def test_held_gives_back_the_same_object(value: Any) -> None:
    held = Held(value)
    assert held.value is value
    assert held.holds(value)
    assert not held.holds(_Value())
    assert not held.is_gone


def _set_option() -> None:
    import pandas as pd

    pd.set_option("display.max_rows", 7)


def _set_linewidth() -> None:
    import matplotlib as mpl

    mpl.rcParams["lines.linewidth"] = 7


def _make_tables() -> None:
    """Set loggers as MLflow does when it makes its tables."""
    for name in ("alembic", "alembic.runtime", "89d4b8295536_create_latest_metrics_table_py"):
        logging.getLogger(name).setLevel(logging.INFO)


_SETTINGS: list[Any] = [
    pytest.param(lambda: None, (), id="nothing"),
    pytest.param(lambda: os.environ.update(SM_TEST="1"), ("environment:SM_TEST",), id="environment"),
    pytest.param(lambda: os.environ.update(KMP_TEST="1"), (), id="what-imports-set-does-not-count"),
    pytest.param(lambda: os.chdir(os.sep), ("directory",), id="directory"),
    pytest.param(lambda: sys.path.append("/x"), ("path",), id="import-path"),
    pytest.param(lambda: locale.setlocale(locale.LC_NUMERIC, "C.UTF-8"), ("locale",), id="locale"),
    pytest.param(_set_option, ("pandas:display.max_rows",), id="pandas-option"),
    pytest.param(_set_linewidth, ("matplotlib:lines.linewidth",), id="matplotlib-setting"),
    pytest.param(lambda: logging.getLogger("sm.test").setLevel(7), ("logging:sm.test",), id="logger"),
    pytest.param(_make_tables, (), id="loggers-of-mlflow's-migrations"),
]


@pytest.mark.parametrize(("change", "expected"), _SETTINGS)
def test_changed_settings(
    change: Callable[[], Any], expected: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    import matplotlib as mpl
    import pandas as pd

    monkeypatch.chdir(tmp_path)
    logger = logging.getLogger("sm.test")
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(os, "environ", os.environ)
    for name in ("SM_TEST", "KMP_TEST"):
        monkeypatch.delenv(name, raising=False)
    numeric = locale.setlocale(locale.LC_NUMERIC)
    rows, width = pd.get_option("display.max_rows"), mpl.rcParams["lines.linewidth"]
    before = process_settings(Path.cwd())
    try:
        change()
        assert changed_settings(before, process_settings(Path.cwd())) == expected
    finally:
        locale.setlocale(locale.LC_NUMERIC, numeric)
        pd.set_option("display.max_rows", rows)
        mpl.rcParams["lines.linewidth"] = width
        logger.setLevel(logging.NOTSET)
        for name in ("SM_TEST", "KMP_TEST"):
            os.environ.pop(name, None)


def test_options_of_a_library_imported_meanwhile_are_no_change() -> None:
    assert changed_settings({"directory": "/"}, {"directory": "/", "pandas:display.width": "80"}) == ()


@pytest.mark.parametrize("how", ["del v", "v = 1"])
def test_an_object_that_others_show_stays_though_its_name_goes(how: str) -> None:
    namespace: dict[str, Any] = {"v": np.ones(2), "w": np.ones(2)}
    names = Namespace(namespace, ["v", "w"], shared={"v"})
    exec(f"{how}; {how.replace('v', 'w')}", namespace)
    assert names.loaded["v"].value.tolist() == [1, 1]
    assert names.loaded["w"].is_gone
    assert names.rebound() >= {"v", "w"}
