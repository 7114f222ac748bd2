"""Who asked: the frames behind an audit event or a question, innermost first."""

from __future__ import annotations

import ast
import linecache
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Container, Iterator
    from types import CodeType, FrameType

_OURS = ("stepmill", "stepmill_magics")
_SHELL = ("IPython", "ipykernel")
_FILE_CARRIERS = ("pathlib", "genericpath", "posixpath", "tokenize", "zipfile", "io", "os", "codecs")
_FOLDER_MAKERS = ("mkdir", "makedirs")
_KNOWN_LINES: dict[tuple[CodeType, int], bool] = {}


def callers() -> Iterator[tuple[str, FrameType]]:
    """Yield (top-level module, frame), our own watching left out."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        name = str(frame.f_globals.get("__name__", ""))
        if not name.startswith("stepmill_magics."):
            yield name.partition(".")[0], frame
        frame = frame.f_back


def asked_by(carriers: Container[str]) -> tuple[str, FrameType | None, frozenset[str]]:
    """Return the first module that is no carrier, its frame, and the functions of carriers on the way."""
    passed: set[str] = set()
    for module, frame in callers():
        if module not in carriers:
            return module, frame, frozenset(passed)
        passed.add(frame.f_code.co_name)
    return "", None, frozenset(passed)


def is_users(module: str, frame: FrameType | None) -> bool:
    """Tell whether the code is the user's own: no library's, not the shell's and not ours."""
    if frame is None or module in (*_OURS, *_SHELL):
        return False
    if module == "__main__":
        return True
    return module not in sys.stdlib_module_names and "site-packages" not in frame.f_code.co_filename


def only_makes_a_folder(frame: FrameType) -> bool:
    """Tell whether the line is `if not …exists(…): …mkdir(…)`: whatever the answer, the folder is there."""
    key = (frame.f_code, frame.f_lineno)
    if key not in _KNOWN_LINES:  # parsing takes a millisecond, and a loop may ask a million times
        source = "".join(linecache.getlines(frame.f_code.co_filename, frame.f_globals))
        _KNOWN_LINES[key] = _makes_folder_at(source, frame.f_lineno)
    return _KNOWN_LINES[key]


def _makes_folder_at(source: str, line: int) -> bool:
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return False
    return any(
        isinstance(node, ast.If)
        and node.test.lineno <= line <= (node.test.end_lineno or 0)
        and isinstance(node.test, ast.UnaryOp)
        and isinstance(node.test.operand, ast.Call)
        and not node.orelse
        and all(_makes_folder(statement) for statement in node.body)
        for node in ast.walk(tree)
    )


def _makes_folder(statement: ast.stmt) -> bool:
    if not (isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call)):
        return False
    called = statement.value.func
    name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
    return name in _FOLDER_MAKERS


def opener() -> str:
    """Return the top-level module that opens a file, or looks for one, by whatever carries that out."""
    return next((name for name, _ in callers() if name not in _FILE_CARRIERS), "")


def is_library_code() -> bool:
    """Return whether a library decided on its own, like joblib that counts processors with `lscpu`."""
    for name, frame in callers():
        if name in sys.stdlib_module_names - {"__main__"} or name in _SHELL:
            continue
        return "site-packages" in frame.f_code.co_filename
    return False


def is_tracking() -> bool:
    """Tell whether MLflow does it, for the user's code or on its own."""
    return any(name == "mlflow" for name, _ in callers())


def is_trackers(opener: str) -> bool:
    """Tell whether MLflow asks git for the commit: each commit would make the step another."""
    return opener in ("git", "gitdb") and is_tracking()
