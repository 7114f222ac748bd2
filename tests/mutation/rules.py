"""The effect rules of the analyzer, each of which can be taken out, and what then goes wrong."""

from __future__ import annotations

import sys
import tempfile
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest import mock

from generated.quick import quick_judge
from oracle.table import all_cases
from stepmill.analysis.heap import Heap
from stepmill.analysis.interpreter import Interpreter
from stepmill.analysis.values import UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Callable

    from oracle.case import Case

RULES: dict[str, tuple[type, str, Callable[..., Any]]] = {}
"""Title -> (class, method, what stands in its place)."""

_OUT_OF_REACH = ("%", "!", "await ", "plt", "import *")
"""What the quick judge does not do: IPython's syntax, figures, star imports."""
_OTHER_ROOMS = (
    "ipython",
    "unstorable",
    "session",
    "file",
    "red-project",
    "red-world",
    "channel",
    "hidden channel",
)


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
    """Return how many rules were taken out, and the titles of those that no case missed."""
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "case"
        cases = [case for case in all_cases() if _is_in_reach(case)]
        truth = {case.name: quick_judge(case, folder).verdict for case in cases}
        cases = [
            c for c in cases if _verdict(c, folder) == truth[c.name]
        ]  # those of files differ by themselves
        alive = []
        for title, (owner, attribute, instead) in RULES.items():
            mutant = mock.patch.object(owner, attribute, instead)
            killer = next((c.name for c in cases if _kills(c, mutant, truth[c.name], folder)), "")
            print(f"{title}: {killer or 'alive'}", file=sys.stderr)
            if not killer:
                alive.append(title)
    return len(RULES), alive


def _kills(case: Case, mutant: Any, truth: str, folder: Path) -> bool:
    """Tell whether the case gets another verdict by the mutant, and its own one again without it."""
    with mutant:
        differs = _verdict(case, folder) != truth
    return differs and _verdict(case, folder) == truth


def _verdict(case: Case, folder: Path) -> str:
    try:
        return quick_judge(case, folder).verdict
    except Exception as error:  # the analyzer must never raise: that is seen too
        return type(error).__name__


def _is_in_reach(case: Case) -> bool:
    text = "".join(cell.source.replace("%%", "", 1) for cell in case.cells)
    return case.category not in _OTHER_ROOMS and not any(word in text for word in _OUT_OF_REACH)
