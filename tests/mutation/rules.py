"""The effect rules of the analyzer, each of which can be taken out: does a test of the analysis then fail?

That the pipeline is right all the same does not count: what the analysis misses, the nets often find.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest import mock

import pytest

from stepmill.analysis.heap import Heap
from stepmill.analysis.interpreter import Interpreter
from stepmill.analysis.values import UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Callable

_TESTS = Path(__file__).parents[1]
RULES: dict[str, tuple[type, str, Callable[..., Any]]] = {}
"""Title -> (class, method, what stands in its place)."""


def _nothing(*_: object, **__: object) -> None:
    return None


def _unknown(*_: object, **__: object) -> Any:
    return UNKNOWN


def _rule(owner: type, name: str, instead: Callable[..., Any] = _nothing) -> None:
    RULES[f"{owner.__name__}.{name} does nothing"] = (owner, name, instead)


for method in (
    "change", "store", "consume", "implicit", "escape", "draw", "unbind", "_consume_all", "_mark_made",
    "_run_carried", "_into", "names_in_strings", "_names_in_expressions", "_properties", "_special_methods",
    "read_environment", "bind_pseudo", "change_pseudo", "_forget_parts", "_extend", "_keep_locals",
    "_give_up", "_inherited", "_defaults", "_called_by_library", "_methods_called", "_arguments",
    "assign_by_name", "_set_property",
):  # fmt: skip
    if hasattr(Interpreter, method):
        _rule(Interpreter, method)
for method in (
    "_NamedExpr",
    "_Starred",
    "_Lambda",
    "_ListComp",
    "_DictComp",
    "_GeneratorExp",
    "_JoinedStr",
    "_Dict",
    "_Await",
):
    if hasattr(Interpreter, method):
        _rule(Interpreter, method, _unknown)
for method in dir(Interpreter):
    if method in (
        "_AugAssign",
        "_Delete",
        "_For",
        "_While",
        "_If",
        "_Try",
        "_With",
        "_Match",
        "_Global",
        "_ClassDef",
    ):
        _rule(Interpreter, method, lambda *_, **__: True)
for method in ("hold", "_stand_in"):
    _rule(Heap, method)
RULES["Heap.deep sees only the object itself"] = (Heap, "deep", Heap.shallow)
RULES["Heap.shallow sees only the names"] = (Heap, "shallow", lambda _, roots: roots)
RULES["Heap.bind drops aliases"] = (
    Heap,
    "bind",
    lambda heap, name, _roots, weak=False: None if weak else heap.drop(name),
)


def try_rules() -> tuple[int, list[str]]:
    """Return how many rules were taken out, and the titles of those without which all tests pass."""
    alive = []
    for title in RULES:
        ended = subprocess.run(
            [sys.executable, __file__, title], capture_output=True, text=True, check=False, cwd=_TESTS.parent
        )
        said = next((line for line in ended.stdout.splitlines() if line.startswith("FAILED")), "")
        if ended.returncode not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
            raise RuntimeError(f"{title}: {ended.stdout[-2000:]}{ended.stderr[-2000:]}")
        if ended.returncode == pytest.ExitCode.OK:
            alive.append(title)
        print(f"{title}: {said or 'alive'}", file=sys.stderr, flush=True)
    return len(RULES), alive


def _test_without(title: str) -> int:
    """Run the tests of the analysis without one rule, up to the first that fails."""
    owner, attribute, instead = RULES[title]
    with mock.patch.object(owner, attribute, instead):
        return pytest.main(["-x", "-q", "-p", "no:cacheprovider", "-n", "0", str(_TESTS / "analysis")])


if __name__ == "__main__":
    sys.exit(_test_without(sys.argv[1]))
