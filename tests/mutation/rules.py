"""The effect rules of the analyzer, each of which can be taken out: does a test then fail?

First the tests of the analysis, then the oracle's cases. That the pipeline is right all the same does not
count there: what the analysis misses, a run often shows, and `known.TAUGHT` says which cases need that.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import warnings
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest import mock

import pytest

from generated.quick import quick_judge
from oracle.table import all_cases
from stepmill.analysis import analyze
from stepmill.analysis.heap import Heap
from stepmill.analysis.interpreter import Interpreter
from stepmill.analysis.values import UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Callable

    from oracle.case import Case

_OUT_OF_REACH = ("%", "!", "await ", "plt", "import *")
"""What the quick judge does not do: IPython's syntax, figures, star imports."""
_OTHER_ROOMS = (
    *("ipython", "unstorable", "session", "file"),
    *("red-project", "red-world", "channel", "hidden channel"),
)
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
    """Return how many rules were taken out, and the titles of those that no test missed."""
    warnings.simplefilter("ignore")
    alive = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "case"
        cases = [case for case in all_cases() if _is_in_reach(case)]
        truth = {case.name: _finding(case, folder) for case in cases}
        cases = [c for c in cases if _finding(c, folder) == truth[c.name]]  # the others vary by themselves
        for title in RULES:
            killer = _failing_test(title) or _other_case(title, cases, truth, folder)
            print(f"{title}: {killer or 'alive'}", file=sys.stderr, flush=True)
            if not killer:
                alive.append(title)
    return len(RULES), alive


def _failing_test(title: str) -> str:
    ended = subprocess.run(
        [sys.executable, "-m", "mutation.rules", title],
        capture_output=True,
        text=True,
        check=False,
        cwd=_TESTS,
    )
    if ended.returncode not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
        raise RuntimeError(f"{title}: {ended.stdout[-2000:]}{ended.stderr[-2000:]}")
    return next((line for line in ended.stdout.splitlines() if line.startswith("FAILED")), "")


def _other_case(title: str, cases: list[Case], truth: dict[str, tuple[str, bool]], folder: Path) -> str:
    """Return a case that comes out otherwise without the rule, and as before with it."""
    owner, attribute, instead = RULES[title]
    for case in cases:
        with mock.patch.object(owner, attribute, instead):
            differs = _finding(case, folder) != truth[case.name]
        if differs and _finding(case, folder) == truth[case.name]:
            return case.name
    return ""


def _finding(case: Case, folder: Path) -> tuple[str, bool]:
    try:
        with mock.patch("generated.quick.analyze", partial(analyze, anew=True)):
            found = quick_judge(case, folder)
    except Exception as error:  # the analyzer must never raise: that is seen too
        return type(error).__name__, False
    return found.verdict, found.taught


def _is_in_reach(case: Case) -> bool:
    text = "".join(cell.source.replace("%%", "", 1) for cell in case.cells)
    return case.category not in _OTHER_ROOMS and not any(word in text for word in _OUT_OF_REACH)


def _test_without(title: str) -> int:
    """Run the tests of the analysis without one rule, up to the first that fails."""
    owner, attribute, instead = RULES[title]
    with mock.patch.object(owner, attribute, instead):
        return pytest.main(["-x", "-q", "-p", "no:cacheprovider", "-n", "0", str(_TESTS / "analysis")])


if __name__ == "__main__":
    sys.exit(_test_without(sys.argv[1]))
