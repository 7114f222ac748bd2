"""The one place that calls Python's parser."""

from __future__ import annotations

import ast
import gc
import sys
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from stepmill import syntax

SOURCE = "\n".join(
    f"def f{i}(a, b=[{i}]):\n    return [(x, -x) for x in a if x > b[0] + {i}]" for i in range(60)
)


@pytest.fixture
def busy_threads() -> Iterator[None]:
    """Threads change as often as they can: a collector's callback may run in the middle of a conversion."""
    interval, threshold = sys.getswitchinterval(), gc.get_threshold()
    sys.setswitchinterval(1e-6)
    gc.set_threshold(10)

    def callback(phase: str, info: dict[str, int]) -> None:
        for _ in range(20):
            pass

    gc.callbacks.append(callback)
    yield
    gc.callbacks.remove(callback)
    gc.set_threshold(*threshold)
    sys.setswitchinterval(interval)


def parse_often(count: int) -> int:
    return sum(len(syntax.parse(SOURCE).body) for _ in range(count))


def test_threads_may_parse_at_once(busy_threads: None) -> None:
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(parse_often, [10] * 4)) == [600] * 4


def test_nothing_else_calls_the_parser() -> None:
    package = Path(syntax.__file__).parent
    callers = []
    for file in package.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_bytes())):
            if isinstance(node, ast.Attribute) and ast.unparse(node) in ("ast.parse", "ast.PyCF_ONLY_AST"):
                callers.append(file.relative_to(package).as_posix())
    assert set(callers) == {"syntax.py"}


def test_the_parser_is_quiet_about_escapes() -> None:
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        syntax.parse("x = '\\d'")
    assert said == []


def test_what_is_no_python_is_empty_where_asked() -> None:
    assert syntax.parse_or_empty("x = ").body == []
    assert syntax.parse_or_empty("x\0").body == []
    assert syntax.parse_or_empty("x = await f()\nawait = 1").body == []
    assert len(syntax.parse_or_empty("await f()", top_level_await=True).body) == 1
    with pytest.raises(SyntaxError):
        syntax.parse("x = ")


def test_expressions() -> None:
    assert ast.unparse(syntax.parse_expression("  a + 1 ")) == "a + 1"
    assert syntax.is_expression("f(x)")
    assert not syntax.is_expression("x = 1")
