"""Classes and functions of a notebook: stored by one process, loaded by another that ran the source again."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

SETUP = """
import enum, dataclasses, collections, functools, typing, abc

class Model:
    kind = "m"
    class Inner:
        pass
    def __init__(self, rate):
        self.rate = rate
    def fit(self, x):
        return self.rate * x * factor
    @staticmethod
    def helper(x):
        return x + 1
    @classmethod
    def make(cls):
        return cls(7)
    @property
    def double(self):
        return self.rate * 2

@dataclasses.dataclass
class Point:
    x: int
    y: int = 0

@dataclasses.dataclass(frozen=True)
class Frozen:
    x: int

class Colour(enum.Enum):
    RED = 1
    BLUE = 2

class Row(typing.NamedTuple):
    a: int
    b: str

class Base(abc.ABC):
    @abc.abstractmethod
    def go(self): ...

class Child(Base):
    def go(self):
        return super().__init__() or "went"

class Slotted:
    __slots__ = ("v",)

def top(x):
    return x * factor

@functools.lru_cache
def cached(x):
    return x + factor

def decorate(f):
    @functools.wraps(f)
    def inner(*a):
        return f(*a) + 100
    return inner

@decorate
def decorated(x):
    return x

def counter():
    n = 0
    def up():
        nonlocal n
        n += 1
        return n
    def get():
        return n
    return up, get

def recursive_inner():
    def go(n):
        return 1 if n == 0 else n * go(n - 1)
    return go

factor = 10
"""

RUNNER = """
import ast, json, sys
from stepmill.artifacts.hashing import digest_plain
from stepmill.artifacts.store import open_store
from stepmill.artifacts.values import load_values, save_values
from stepmill.errors import StepmillError
from stepmill.model.artifact import ArtifactRef
from stepmill.model.codec import from_json, to_json

def definitions_of(source):
    kinds = (ast.FunctionDef, ast.ClassDef)
    return {n.name: digest_plain(ast.unparse(n)) for n in ast.parse(source).body if isinstance(n, kinds)}

mode, folder, source, body, names = json.loads(sys.stdin.read())
store = open_store(folder)
namespace = globals()
exec(compile(source, "setup", "exec"), namespace)
found = definitions_of(source)
if mode == "save":
    exec(compile(body, "body", "exec"), namespace)
    saved = save_values(store, {n: namespace[n] for n in names}, definitions=found, namespace=namespace)
    refs = to_json(saved.refs)
    problems = {n: [p.message, p.hint] for n, p in saved.problems.items()}
    print(json.dumps({"refs": refs, "problems": problems, "shared": to_json(saved.shared)}))
else:
    refs = {n: from_json(ArtifactRef, r) for n, r in names.items()}
    try:
        namespace.update(load_values(store, refs, definitions=found, namespace=namespace))
        exec(compile(body, "body", "exec"), namespace)
        print(json.dumps({"error": None}))
    except StepmillError as error:
        print(json.dumps({"error": [type(error).__name__, str(error)]}))
"""


def _process(folder: Path, mode: str, source: str, body: str, names: Any) -> dict[str, Any]:
    runner = folder / "runner.py"
    runner.write_text(RUNNER)
    task = json.dumps([mode, str(folder / "store"), source, textwrap.dedent(body), names])
    done = subprocess.run(
        [sys.executable, str(runner)], input=task, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


def carry(
    folder: Path, make: str, names: list[str], use: str, *, source: str = SETUP, later: str = SETUP
) -> Any:
    """Run `make` in one process, store `names`, load them in a second one and run `use` there."""
    saved = _process(folder, "save", source, make, names)
    assert not saved["problems"], saved["problems"]
    return _process(folder, "load", later, use, saved["refs"])["error"]


HOLDS = [
    pytest.param(
        "m = Model(3)", "assert type(m) is Model and m.fit(2) == 60 and m.double == 6", id="instance"
    ),
    pytest.param("m = Model(3)\nm.twin = m", "assert m.twin is m", id="instance-in-itself"),
    pytest.param("m = {'a': Model(3)}", "assert isinstance(m['a'], Model)", id="instance-in-a-dict"),
    pytest.param("m = Model", "assert m is Model", id="the-class"),
    pytest.param("m = Model.Inner()", "assert type(m) is Model.Inner", id="nested-class"),
    pytest.param("m = Model(3).fit", "assert m(1) == 30 and m.__func__ is Model.fit", id="bound-method"),
    pytest.param("m = Model.make", "assert m().rate == 7 and m.__self__ is Model", id="class-method"),
    pytest.param("m = Model.helper", "assert m is Model.helper", id="static-method"),
    pytest.param("m = Model.__dict__['double'].fget", "assert m is Model.double.fget", id="property-getter"),
    pytest.param("m = Point(1, 2)", "assert m == Point(1, 2)", id="dataclass-equality"),
    pytest.param("m = {Frozen(1): 2}", "assert m[Frozen(1)] == 2", id="frozen-dataclass-as-key"),
    pytest.param("m = [Colour.RED]", "assert m[0] is Colour.RED", id="enum-identity"),
    pytest.param("m = Row(1, 'b')", "assert m == Row(1, 'b') and type(m) is Row", id="named-tuple"),
    pytest.param("m = Child()", "assert isinstance(m, Base) and m.go() == 'went'", id="abstract-base"),
    pytest.param("m = Slotted(); m.v = 3", "assert m.v == 3 and type(m) is Slotted", id="slots"),
    pytest.param("m = top", "assert m is top", id="function"),
    pytest.param("m = [cached]", "assert m[0] is cached", id="cached-function"),
    pytest.param("m = decorated", "assert m is decorated and m(1) == 101", id="decorated-function"),
    pytest.param("m = decorated.__wrapped__", "assert m(1) == 1", id="function-below-a-decorator"),
    pytest.param("m = functools.partial(top, 2)", "assert m() == 20 and m.func is top", id="partial"),
    pytest.param("m = lambda x: x + factor", "factor = 99\nassert m(1) == 100", id="lambda-binds-late"),
    pytest.param(
        "m = lambda x: top(x)", "assert m.__globals__ is globals() and m(1) == 10", id="lambda-calls-def"
    ),
    pytest.param("m = lambda x, y=[1], *, z=2: (x, y, z)", "assert m(0) == (0, [1], 2)", id="defaults"),
    pytest.param("m = lambda: 1\nm.tag = 'x'", "assert m.tag == 'x'", id="function-attributes"),
    pytest.param("m = recursive_inner()", "assert m(5) == 120", id="recursive-inner-function"),
    pytest.param("m = counter()", "up, get = m\nup(); up()\nassert get() == 2", id="closures-share-a-cell"),
    pytest.param(
        "f = lambda n: 1 if n == 0 else n * f(n - 1)\nm = f",
        "f = m\nassert m(4) == 24",
        id="recursive-lambda",
    ),
    pytest.param(
        "m = collections.defaultdict(lambda: factor)", "factor = 5\nassert m['x'] == 5", id="default-factory"
    ),
    pytest.param("m = (lambda k: [lambda: k])(4)", "assert m[0]() == 4", id="lambda-in-a-lambda"),
    pytest.param("import json\nm = json", "import json\nassert m is json", id="module"),
    pytest.param(
        "m = json_dumps = __import__('json').dumps", "import json\nassert m is json.dumps", id="import"
    ),
    pytest.param(
        "d = {'a': 1}\nm = (d, d.keys())",
        "d, k = m\nd['b'] = 2\nassert list(k) == ['a', 'b']",
        id="dict-view",
    ),
    pytest.param(
        "import sys\nm = [sys.stdout]", "import sys\nassert m[0] is sys.stdout", id="standard-stream"
    ),
    pytest.param(
        "m = type('Made', (), {'f': lambda s: factor})", "factor = 3\nassert m().f() == 3", id="made-class"
    ),
    pytest.param(
        "def f():\n  class L: pass\n  return L\nm = f()()", "assert type(m).__name__ == 'L'", id="local-class"
    ),
]


@pytest.mark.parametrize(("make", "use"), HOLDS)
def test_it_holds_in_the_next_process(tmp_path: Path, make: str, use: str) -> None:
    make = make.replace("m = type('Made'", "Made = m = type('Made'")
    assert carry(tmp_path, make, ["m"], use) is None


def test_a_loaded_object_goes_when_its_name_does(tmp_path: Path) -> None:
    use = "import weakref\nalive = weakref.ref(m)\ndel m\nassert alive() is None"
    later = f"import gc\ngc.disable()\n{SETUP}"
    assert carry(tmp_path, "m = Model(3)", ["m"], use, later=later) is None


def test_sharing_looks_into_instances_of_notebook_classes(tmp_path: Path) -> None:
    use = """
        from stepmill.artifacts.values import sharing
        a, b, c = Model([1]), Point([2]), Model(3)
        a.other, Model.common = b, []
        assert sharing({"a": a, "b": [b], "c": c, "K": Model}) == (frozenset({"a", "b"}),)
        """
    assert carry(tmp_path, "m = 1", ["m"], use) is None


def test_closures_of_one_call_share_over_two_names(tmp_path: Path) -> None:
    use = "up(); up()\nassert get() == 2"
    assert carry(tmp_path, "up, get = counter()", ["up", "get"], use) is None


def test_a_class_by_value_is_one_class_for_all_that_hold_it(tmp_path: Path) -> None:
    make = "P = collections.namedtuple('P', 'x y', module='__main__')\na = P(1, 2)\nb = [P(3, 4)]"
    assert carry(tmp_path, make, ["P", "a", "b"], "assert type(a) is P and type(b[0]) is P") is None


MISMATCHES = [
    pytest.param(SETUP.replace("class Model:", "class Modell:"), "Model", id="class-absent"),
    pytest.param(SETUP.replace("self.rate * 2", "self.rate * 3"), "Model", id="class-changed"),
]


@pytest.mark.parametrize(("later", "name"), MISMATCHES)
def test_another_definition_fails_loudly(tmp_path: Path, later: str, name: str) -> None:
    kind, message = carry(tmp_path, "m = Model(3)", ["m"], "", later=later)
    assert kind == "DefinitionMismatch"
    assert message.startswith("[SM043] m: a stored value")
    assert name in message


REFUSED = [
    pytest.param("m = (x for x in [1])", "generator", "turn it into a list", id="generator"),
    pytest.param(
        "m = {'deep': [(x for x in [1])]}", "holds a generator", "turn it into a list", id="deep-generator"
    ),
    pytest.param("m = open('FILE')", "TextIOWrapper", "keep the path and open it", id="text-file"),
    pytest.param("m = open('FILE', 'rb')", "BufferedReader", "keep the path and open it", id="binary-file"),
    pytest.param("import gzip\nm = gzip.open('FILE')", "GzipFile", "keep the path", id="gzip-file"),
    pytest.param("import socket\nm = socket.socket()", "socket", "connect in each step", id="socket"),
    pytest.param(
        "import sqlite3\nm = sqlite3.connect(':memory:')",
        "sqlite3.Connection",
        "connect in each",
        id="database",
    ),
    pytest.param(
        "import threading\nm = threading.Lock()\nm.acquire()", "_thread.lock", "release it", id="held-lock"
    ),
    pytest.param(
        "import threading\nm = Model(threading.RLock())\nm.rate.acquire()",
        "holds a _thread.RLock",
        "release it",
        id="held-lock-inside",
    ),
    pytest.param(
        "import logging, sys\nm = logging.StreamHandler(sys.stdout)",
        "logging.StreamHandler",
        "to its logger",
        id="log-handler",
    ),
    pytest.param(
        "import numpy as np\nm = np.asarray(np.memmap('FILE', 'u1', 'r+'))",
        "writes into a file",
        "array.copy()",
        id="array-over-a-file",
    ),
    pytest.param(
        "async def go(): pass\nm = go()\nimport atexit; atexit.register(m.close)",
        "coroutine",
        "await it",
        id="coroutine",
    ),
    pytest.param("m = memoryview(b'abc')", "memoryview", "bytes(view)", id="memoryview"),
    pytest.param(
        "import weakref\nk = Model(1)\nm = weakref.ref(k)", "ReferenceType", "the object itself", id="weakref"
    ),
    pytest.param(
        "import tempfile\nm = tempfile.TemporaryDirectory()",
        "finalize",
        "mkdtemp",
        id="folder-removed-at-the-end",
    ),
    pytest.param("import csv\nm = csv.reader([])", "reader", "turn it into a list", id="csv-reader"),
    pytest.param(
        "from concurrent.futures import ThreadPoolExecutor as T\nm = T(1)", "", "create it", id="executor"
    ),
    pytest.param("m = Model(1)\ndel Model", "is gone", "leave out `del Model`", id="deleted-class"),
    pytest.param("m = []\nfor _ in range(100000): m = [m]", "too deep", "flatter", id="nested-deep"),
]


@pytest.mark.parametrize(("make", "message", "hint"), REFUSED)
def test_what_cannot_be_stored_is_named_with_advice(
    tmp_path: Path, make: str, message: str, hint: str
) -> None:
    (tmp_path / "file.txt").write_text("x")
    made = make.replace("FILE", str(tmp_path / "file.txt"))
    saved = _process(tmp_path, "save", SETUP, made + "\nother = Point(1)", ["m", "other"])
    assert list(saved["refs"]) == ["other"]
    text, advice = saved["problems"]["m"]
    assert text.startswith("m: ")
    assert message in text
    assert hint in advice


def test_where_a_cell_was_compiled_does_not_change_a_digest(tmp_path: Path) -> None:
    body = "exec(compile('m = lambda x: [y for y in x if y]', {!r}, 'exec'), globals())"
    refs = [
        _process(tmp_path, "save", SETUP, body.format(name), ["m"])["refs"]
        for name in ("/tmp/1/a.py", "cell")
    ]
    assert refs[0] == refs[1]


def test_an_object_of_a_class_whose_name_another_has_keeps_its_class(tmp_path: Path) -> None:
    use = "assert type(m).__name__ == 'Model' and not isinstance(m, Model) and type(m) is type(n[0])"
    assert carry(tmp_path, "m = Model(1)\nn = [Model(2)]\nclass Model: pass", ["m", "n"], use) is None


def test_the_hooks_of_a_class_do_not_run_when_it_is_loaded(tmp_path: Path) -> None:
    make = """
        made = []
        def family():
            class Base:
                def __init_subclass__(cls): made.append(cls.__name__)
            class Child(Base):
                b = 1
                a = 2
            return Child
        K = family()
        """
    use = """
        assert made == ["Child"] and [n for n in vars(K) if len(n) == 1] == ["b", "a"]
        assert K.__qualname__ == "family.<locals>.Child"
        """
    assert carry(tmp_path, make, ["made", "K"], use) is None
