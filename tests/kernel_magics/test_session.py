from __future__ import annotations

import gc
import locale
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

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


_SETTINGS: list[Any] = [
    pytest.param(lambda: None, (), id="nothing"),
    pytest.param(lambda: os.environ.update(SM_TEST="1"), ("environment:SM_TEST",), id="environment"),
    pytest.param(lambda: os.environ.update(KMP_TEST="1"), (), id="what-imports-set-does-not-count"),
    pytest.param(lambda: os.chdir(os.sep), ("directory",), id="directory"),
    pytest.param(lambda: sys.path.append("/x"), ("path",), id="import-path"),
    pytest.param(lambda: locale.setlocale(locale.LC_NUMERIC, "C.UTF-8"), ("locale",), id="locale"),
    pytest.param(_set_option, ("pandas:display.max_rows",), id="pandas-option"),
]


@pytest.mark.parametrize(("change", "expected"), _SETTINGS)
def test_changed_settings(
    change: Callable[[], Any], expected: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    import pandas as pd

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(os, "environ", os.environ)
    for name in ("SM_TEST", "KMP_TEST"):
        monkeypatch.delenv(name, raising=False)
    numeric = locale.setlocale(locale.LC_NUMERIC)
    rows = pd.get_option("display.max_rows")
    before = process_settings(Path.cwd())
    try:
        change()
        assert changed_settings(before, process_settings(Path.cwd())) == expected
    finally:
        locale.setlocale(locale.LC_NUMERIC, numeric)
        pd.set_option("display.max_rows", rows)
        for name in ("SM_TEST", "KMP_TEST"):
            os.environ.pop(name, None)


def test_options_of_a_library_imported_meanwhile_are_no_change() -> None:
    assert changed_settings({"directory": "/"}, {"directory": "/", "pandas:display.width": "80"}) == ()
