from __future__ import annotations

import os
import subprocess
import sys
import threading
from enum import Enum
from types import ModuleType
from typing import Any

import pytest

from stepmill_magics.module_data import by_name, held_data

_MODULE = """
import itertools, threading
import numpy as np
TABLE = {"a": [1, 2.5, None, b"x"], "set": {"one", "two", 3}, "f": lambda x: x}
TWICE = ["text", "te" + "xt"]
ARRAY, NUMBERS, LOCK = np.arange(3), itertools.count(2), threading.Lock()
class Plain:
    __slots__ = ("a", "__b")
    def __init__(self):
        self.a, self.__b = self, {1}
PLAIN = Plain()
def outer(n=[]):
    def inner():
        return n
    return inner
INNER = outer()
"""

_PROGRAM = (
    "import sys, types; m = types.ModuleType('m'); exec(sys.stdin.read(), vars(m));"
    "from stepmill_magics.module_data import held_data; print(held_data(m))"
)


def test_the_same_data_have_the_same_digests_in_every_process() -> None:
    """Whatever the hash seed, the addresses, and which equal texts are one object there."""
    told = set()
    for seed, text in (("1", _MODULE), ("2", _MODULE.replace('"te" + "xt"', 'str(b"text", "ascii")'))):
        command = [sys.executable, "-c", _PROGRAM]
        done = subprocess.run(
            command,
            input=text,
            capture_output=True,
            text=True,
            check=True,
            env=os.environ | {"PYTHONHASHSEED": seed},
        )
        told.add(done.stdout)
    assert len(told) == 1
    assert set(by_name(told.pop().strip())) >= {"TABLE", "TWICE", "ARRAY", "NUMBERS", "PLAIN", "INNER"}


def test_the_process_wide_generators_are_nobodys_data() -> None:
    module = ModuleType("names")
    exec(
        "from random import *\nfrom numpy.random import rand\nimport random as r\nown = r.Random(1)",
        vars(module),
    )
    before = by_name(held_data(module))
    vars(module)["shuffle"]([1, 2])
    vars(module)["rand"]()
    assert by_name(held_data(module)) == before
    vars(module)["own"].random()
    after = by_name(held_data(module))
    assert {name for name in after if after[name] != before[name]} == {"own"}


class _Colour(Enum):
    RED = 1
    BLUE = 2


def _adder(n: int) -> Any:
    return lambda x: x + n


_PAIRS: list[Any] = [
    pytest.param(1, 2, id="int"),
    pytest.param(1, True, id="type"),
    pytest.param([1, [2]], [1, [3]], id="nested"),
    pytest.param({"a": 1, "b": 2}, {"b": 2, "a": 1}, id="order-of-a-dict"),
    pytest.param([lambda x: x + 1], [lambda x: x + 2, 1], id="functions-beside-data"),
    pytest.param([[], []], [[[]]], id="shape"),
    pytest.param(_Colour.RED, _Colour.BLUE, id="enum"),
    pytest.param(10**5000, 10**5000 + 1, id="huge"),
    pytest.param([threading.Lock(), 1], [threading.Lock(), 2], id="beside-what-has-no-content"),
    pytest.param({"f": threading.Event}, {"f": threading.Lock}, id="classes"),
]


@pytest.mark.parametrize(("one", "other"), _PAIRS)
def test_different_data_have_different_digests(one: Any, other: Any) -> None:
    assert _told(one)
    assert _told(one) != _told(other)


def test_what_has_no_content_is_left_out() -> None:
    assert not _told(threading.Lock())


def _told(value: Any) -> str:
    module = ModuleType("m")
    vars(module)["value"] = value
    return held_data(module)
