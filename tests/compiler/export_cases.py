"""Notebooks small enough to read at a glance, for the exporter: what runs the same, and what is refused."""

# ruff: noqa: E501  # a cell is one text

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from compiler.linear import Cells, Tagged, Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """`instead`, `silent`: see `linear_cells`. `prints`: what Run All prints, where that says what is at stake."""

    cells: Cells
    instead: Mapping[int, str] = field(default_factory=dict)
    silent: Sequence[int] = ()
    arguments: Mapping[str, Any] = field(default_factory=dict)
    prints: str | None = None


def case(*cells: str | Text | Tagged, **rest: Any) -> Case:
    return Case(cells=cells, **rest)


NAMES: dict[str, Case] = {
    "a helper reads a name of a step": case(
        "def total():\n    return sum(rows)",
        "%%step load\nrows = [1, 2, 3]",
        "%%step use\nprint(total())",
        prints="6\n",
    ),
    "a helper reads a parameter": case(
        "%%parameters\nalpha = 2",
        "def scaled(x):\n    return alpha * x",
        "%%step use\ny = scaled(3)\nprint(y)",
        arguments={"alpha": 5},
    ),
    "a helper rebinds a global": case(
        "n = 0",
        "def count():\n    global n\n    n += 1\n    return n",
        "%%step a\ncount()\ncount()\nprint(n)",
        "%%step b\ncount()\nprint(n)",
        prints="2\n3\n",
    ),
    "a helper rebinds a name that a step made": case(
        "def reset():\n    global state\n    state = 'clean'",
        "%%step a\nstate = 'dirty'\nprint(state)",
        "%%step b\nreset()\nprint(state)",
    ),
    "a context manager that swallows the error": case(
        "import contextlib\n@contextlib.contextmanager\ndef quiet():\n    try:\n        yield\n    except ValueError:\n        pass",
        "%%step a\nx = 1",
        "%%step b\nwith quiet():\n    x = int('q')\nprint(x)",
        "%%step c\nprint(x)",
        prints="1\n1\n",
    ),
    "a helper that keeps its results": case(
        "import functools\n@functools.lru_cache\ndef f(x):\n    print('computing', x)\n    return x * 2",
        "%%step a\nx = f(1)\nprint(x, f(1))",
        "%%step b\nprint(x)",
        prints="computing 1\n2 2\n2\n",
    ),
    "a decorator called cache that is none": case(
        "def cache(f):\n    return f",
        "@cache\ndef f(x):\n    print('computing', x)",
        "%%step a\nf(1)\nf(1)",
    ),
    "a helper begins before it finds no name": case(
        "def show():\n    print('start')\n    print(n, k)",
        "%%step a\nn, k = 1, 2\nshow()",
        "%%step b\nn = 3\nshow()",
        "%%step c\ndel k\ntry:\n    show()\nexcept NameError:\n    print('gone')",
        prints="start\n1 2\nstart\n3 2\nstart\ngone\n",
    ),
    "mutual recursion": case(
        "def even(n):\n    return n == 0 or odd(n - 1)",
        "def odd(n):\n    return n != 0 and even(n - 1)",
        "%%step a\nprint(even(10), odd(7))",
    ),
    "late binding of a helper's helper": case(
        "def outer():\n    return inner()",
        "%%step a\ndef inner():\n    return 'first'\nprint(outer())",
        "%%step b\ndef inner():\n    return 'second'\nprint(outer())",
        prints="first\nsecond\n",
    ),
    "late binding of a value": case(
        "def show():\n    print(x)",
        "%%step a\nx = 1\nshow()",
        "%%step b\nx = 2\nshow()",
    ),
    "a helper redefined between steps": case(
        "def f(x):\n    return x + 1",
        "%%step a\ny = f(1)\nprint(y)",
        "def f(x):\n    return x * 10",
        "%%step b\nz = f(y)\nprint(z)",
        prints="2\n20\n",
    ),
    "a helper of a step cell used later": case(
        "%%step a\ndef double(x):\n    return 2 * x\ny = double(2)",
        "%%step b\nprint(double(y))",
    ),
    "a helper of a step cell that reads its step's values": case(
        "%%step a\nk = 3\ndef times(x):\n    return k * x\nprint(times(1))",
        "%%step b\nk = 4\nprint(times(1))",
        prints="3\n4\n",
    ),
    "a default that reads data": case(
        "%%step a\nrows = [1, 2]",
        "%%step b\ndef f(n=len(rows)):\n    return n\nrows = [1]\nprint(f())",
        "%%step c\nprint(f(), rows)",
        prints="2\n2 [1]\n",
    ),
    "a mutable default": case(
        "%%step a\ndef push(x, into=[]):\n    into.append(x)\n    return list(into)\nprint(push(1))\nprint(push(2))",
    ),
    "a decorator of the notebook": case(
        "def twice(f):\n    def g(*a):\n        return f(f(*a))\n    return g",
        "@twice\ndef more(x):\n    return x + 1",
        "%%step a\nprint(more(1))",
    ),
    "a decorator that reads data": case(
        "%%step a\nk = 10\ndef add(f):\n    return lambda x: f(x) + k\n@add\ndef g(x):\n    return x\nprint(g(1))",
        "%%step b\nk = 20\nprint(g(1))",
        prints="11\n21\n",
    ),
    "a decorator that counts calls": case(
        "calls = []",
        "def logged(f):\n    def g(x):\n        calls.append(x)\n        return f(x)\n    return g",
        "@logged\ndef f(x):\n    return -x",
        "%%step a\nprint(f(1), f(2), calls)",
    ),
    "a cached function": case(
        "import functools\n@functools.lru_cache\ndef fib(n):\n    return n if n < 2 else fib(n - 1) + fib(n - 2)",
        "%%step a\nprint(fib(30))",
    ),
    "a helper as callback": case(
        "def key(x):\n    return -x * sign",
        "%%step a\nsign = 1\nprint(sorted([1, 3, 2], key=key))",
        "%%step b\nsign = -1\nprint(sorted([1, 3, 2], key=key))",
        prints="[3, 2, 1]\n[1, 2, 3]\n",
    ),
    "helpers in a dict": case(
        "def plus(x):\n    return x + k\ndef minus(x):\n    return x - k\nTABLE = {'+': plus, '-': minus}",
        "%%step a\nk = 1\nprint(TABLE['+'](10))",
        "%%step b\nk = 2\nprint({name: f(10) for name, f in TABLE.items()})",
    ),
    "a helper through an alias": case(
        "def f():\n    return x\ng = f",
        "%%step a\nx = 1\nprint(g())",
        "%%step b\nx = 2\nprint(g())",
    ),
    "a helper that calls a helper that reads a step's name": case(
        "def inner():\n    return data[0]\ndef outer():\n    return inner() + 1",
        "%%step a\ndata = [41]",
        "%%step b\nprint(outer())",
    ),
    "a lambda that reads a step's name": case(
        "%%step a\nk = 2\nf = lambda x: k * x\nprint(f(1))",
        "k2 = 5",
        "%%step b\nk = k + k2\nprint(f(1), k)",
    ),
    "assignment from itself of a constant": case(
        "x = 1",
        "%%step a\nx = x + 1\nprint(x)",
        "%%step b\nx = x + 1\nprint(x)",
        prints="2\n3\n",
    ),
    "augmented assignment of a constant": case(
        "x = 1",
        "%%step a\nx += 1\nprint(x)",
        "%%step b\nx += 1\nprint(x)",
        prints="2\n3\n",
    ),
    "a constant changed that a helper reads": case(
        "x = 1\ndef f():\n    return x",
        "%%step a\nprint(f())\nx += 1\nprint(f())",
        "%%step b\nx = 10\nprint(f())",
        prints="1\n2\n10\n",
    ),
    "augmented assignment that is an alias": case(
        "%%step a\na = [1]\nb = a\na += [2]\nprint(b)",
        "%%step b\na = a + [3]\nprint(a, b)",
    ),
    "del": case(
        "%%step a\nx = 1\ny = 2\ndel x",
        "%%step b\ntry:\n    print(x)\nexcept NameError as error:\n    print(type(error) is NameError, y)",
        prints="True 2\n",
    ),
    "del and then again": case(
        "%%step a\nx = [1]\nz = len(x)\ndel x\nx = 'new'",
        "%%step b\nprint(x, z)",
    ),
    "del of a constant": case(
        "k = 3\nm = 4",
        "def f():\n    return k",
        "%%step a\nprint(f())\ndel k",
        "%%step b\ntry:\n    f()\nexcept NameError:\n    print('gone', m)",
    ),
    "a loop variable outlives its loop": case(
        "%%step a\nfor i in range(3):\n    pass\nprint(i)",
        "%%step b\nprint(i + 1)",
    ),
    "the variables of with, except and import": case(
        "%%step a\nimport io\nwith io.StringIO() as f:\n    f.write('x')\n    text = f.getvalue()\n"
        "try:\n    1 / 0\nexcept ZeroDivisionError as e:\n    why = str(e)\nprint(text, why)",
        "%%step b\ntry:\n    e\nexcept NameError:\n    print('gone', io.StringIO('a').read())",
    ),
    "a comprehension has its own scope": case(
        "%%step a\nx = 'kept'\ny = [x for x in range(3)]\nprint(x, y)",
        "%%step b\nprint(x, {x: 1 for x in y})",
    ),
    "a comprehension in a class body": case(
        "n = 3",
        "%%step a\nclass A:\n    n = 2\n    rows = [i for i in range(n)]\n    all = [n for _ in range(2)]\nprint(A.rows, A.all)",
        prints="[0, 1] [3, 3]\n",
    ),
    "closures over a loop variable": case(
        "%%step a\nfs = [lambda: i for i in range(3)]\ngs = []\nfor j in range(3):\n    gs.append(lambda: j)\n"
        "print([f() for f in fs], [g() for g in gs])\nj = 7\nprint([g() for g in gs])",
        prints="[2, 2, 2] [2, 2, 2]\n[7, 7, 7]\n",
    ),
    "a walrus in a comprehension": case(
        "%%step a\nrows = [y := x * 2 for x in range(4)]\nprint(y)",
        "%%step b\nprint(y, any((last := v) > 3 for v in rows), last)",
    ),
    "nested functions with nonlocal": case(
        "def counter():\n    n = 0\n    def step():\n        nonlocal n\n        n += 1\n        return n\n    return step",
        "%%step a\nc = counter()\nprint(c(), c())",
    ),
    "a step that only calls a helper with global": case(
        "def load():\n    global rows\n    rows = [1, 2]",
        "%%step a\nload()",
        "%%step b\nprint(rows)",
    ),
    "conditional binding": case(
        "%%parameters\nfast = True",
        "%%step a\nif fast:\n    n = 10\nelse:\n    n = 1000\n    extra = 5",
        "%%step b\nprint(n)\nif not fast:\n    print(extra)",
        arguments={"fast": False},
    ),
    "shadowed built-ins": case(
        "%%step a\nlist = [1, 2]\nsum = 0\nfor i in list:\n    sum += i\nprint(sum)",
        "%%step b\nprint(list, sum)\nmax = list[0]\nprint(max)",
    ),
    "a built-in shadowed and freed again": case(
        "%%step a\nid = 7\nprint(id)\ndel id",
        "%%step b\nprint(callable(id))",
    ),
    "a step variable shadows a module": case(
        "import string",
        "%%step a\nletters = string.ascii_lowercase[:3]\nstring = 'mine'\nprint(string)",
        "%%step b\nprint(string, letters)",
    ),
    "a step variable named as a helper": case(
        "def total(x):\n    return sum(x)",
        "%%step a\ntotal = total([1, 2])\nprint(total)",
        "%%step b\nprint(total + 1)",
    ),
    "a chain of assignments over three steps": case(
        "%%step a\nx = y = [1]",
        "%%step b\nx.append(2)\nprint(y)",
        "%%step c\nx, (y, *z) = 1, (2, 3, 4)\nprint(x, y, z)",
    ),
    "globals by subscript of a dict, not of the namespace": case(
        "config = {'a': 1}",
        "def get():\n    return config['a']",
        "%%step a\nconfig['a'] = 2\nprint(get())",
        "%%step b\nconfig = {'a': 3}\nprint(get())",
    ),
    "match binds names": case(
        "%%step a\nmatch {'k': [1, 2]}:\n    case {'k': [first, *others]}:\n        pass\nprint(first)",
        "%%step b\nprint(first, others)",
    ),
    "a constant changed through an alias": case(
        "x = [1]\ny = x",
        "%%step a\ny.append(2)\nprint(x)",
        "%%step b\nx.append(3)\nprint(y)",
        prints="[1, 2]\n[1, 2, 3]\n",
    ),
    "a built-in used, then shadowed": case(
        "%%step a\nprint(max(1, 2))\nmax = 3\nprint(max)", prints="2\n3\n"
    ),
    "a name that is there only later": case(
        "%%step a\ntry:\n    print(later)\nexcept NameError:\n    print('not yet')",
        "%%step b\nlater = 1\nprint(later)",
    ),
    "global in a class body": case(
        "%%step a\nx = 1\nclass A:\n    global x\n    x = 5\nprint(x)", prints="5\n"
    ),
    "a class body that assigns a name from itself": case(
        "%%step a\nx = 3\nclass A:\n    x = x\nprint(A.x)", "%%step b\nx = 4\nprint(A.x, x)"
    ),
    "a function made in a loop": case(
        "%%step a\nfor f in [1, 2]:\n    def g():\n        return f\nprint(g())\nf = 9\nprint(g())",
        "%%step b\nf = 10\nprint(g())",
        prints="2\n9\n10\n",
    ),
    "a partial of a helper": case(
        "import functools\ndef add(a, b):\n    return a + b + k",
        "%%step a\nk = 1\ninc = functools.partial(add, 1)\nprint(inc(1))",
        "%%step b\nk = 5\nprint(inc(1))",
        prints="3\n7\n",
    ),
    "a registry of helpers": case(
        "D = {}\ndef reg(f):\n    D[f.__name__] = f\n    return f",
        "@reg\ndef one():\n    return 1",
        "%%step a\nprint(sorted(D), D['one']())",
    ),
    "untagged code rebinds between steps": case(
        "k = 1\ndef f():\n    return k",
        "%%step a\nprint(f())",
        "k = 2",
        "%%step b\nprint(f())",
        prints="1\n2\n",
    ),
    "a class redefined between steps": case(
        "class A:\n    def f(self): return 1",
        "%%step a\na = A()\nprint(a.f())",
        "class A:\n    def f(self): return 2",
        "%%step b\nprint(a.f(), A().f(), isinstance(a, A))",
        prints="1\n1 2 False\n",
    ),
    "a running generator": case(
        "%%step a\ndef gen():\n    while True:\n        yield x\ng = gen()\nx = 1\nprint(next(g))\nx = 2\nprint(next(g))"
    ),
    "a default taken early, a body taken late": case(
        "%%step a\nx = 5\nf = lambda n=x: n + x\nx = 6\nprint(f())",
        "%%step b\nx = 7\nprint(f())",
        prints="11\n12\n",
    ),
    "eval, locals and globals with literals": case(
        "%%step a\nx = 1\nprint(eval('x + 1'), locals()['x'], globals()['x'])\nexec('y = 2')\nprint(y)"
    ),
    "global at the top of a cell": case("%%step a\nglobal x\nx = 1\nprint(x)"),
    "annotated names without value": case(
        "%%step a\nx: int\ny: float = 2\nx = 3",
        "%%step b\nprint(x, y)",
    ),
}

STEP_NAMES: dict[str, Case] = {
    "main, args, parser": case(
        "%%parameters\nargs = 3",
        "%%step main\nparser = args + 1",
        "%%step args\nprint(parser, args)",
        "%%step parse_arguments\nprint(parser)",
        arguments={"args": 4},
    ),
    "no identifier": case(
        "%%step train-model\nx = 1", "%%step second.2\ny = x + 1", "%%step class\nprint(x + y)", prints="3\n"
    ),
    "two that become one identifier": case(
        "%%step a-b\nx = 1", "%%step a_b\ny = x + 1", "%%step a.b\nprint(x, y)"
    ),
    "like a variable": case("%%step rows\nrows = [1]", "%%step n\nn = len(rows)\nprint(n)"),
    "like a helper": case(
        "def clean(x):\n    return x + 1", "%%step clean\ny = clean(1)", "%%step end\nprint(y, clean(y))"
    ),
    "like a built-in": case(
        "%%step print\nx = 3", "%%step sum\nprint(sum([x, 1]))", "%%step list\nprint(list('ab'))"
    ),
    "like a module": case(
        "import json", "%%step json\nx = json.dumps([1])", "%%step end\nprint(json.loads(x))"
    ),
    "like a parameter": case(
        "%%parameters\nalpha = 1", "%%step alpha\nx = alpha + 1", "%%step end\nprint(x, alpha)"
    ),
    "a parameter called main": case("%%parameters\nmain = 1", "%%step a\nx = main + 1\nprint(x)"),
    "in other letters": case("%%step 評価\nx = 1", "%%step größe\nprint(x)"),
    "several cells": case(
        "%%step a\nx = 1", "%%step b\ny = 2", "%%step a\nz = x + 1", "%%step c\nprint(x, y, z)"
    ),
    "interleaved cells": case(
        "%%step a\nx = 1",
        "%%step b\nprint(2)",
        "%%step a\nx += 4\nprint(x)",
        "%%step c\nprint(x)",
        "%%step b\nprint(x)",
        prints="2\n5\n5\n5\n",
    ),
    "after": case("%%step a\nprint('a')", "%%step b --after a\nprint('b')", prints="a\nb\n"),
}

PARAMETERS: dict[str, Case] = {
    "overwritten by a step": case(
        "%%parameters\nalpha = 1",
        "%%step a\nprint(alpha)\nalpha = alpha * 2",
        "%%step b\nprint(alpha)",
        arguments={"alpha": 10},
        prints="10\n20\n",
    ),
    "changed in place": case(
        "%%parameters\ncolumns = ['a']",
        "%%step a\ncolumns.append('b')",
        "%%step b\nprint(columns)",
        prints="['a', 'b']\n",
    ),
    "overwritten by untagged code": case(
        "%%parameters\nn = 5", "n = max(n, 3)", "%%step a\nprint(n)", arguments={"n": 1}, prints="3\n"
    ),
    "derived values follow": case(
        "%%parameters\nalpha = 1\nhalf = alpha / 2",
        "third = half / 3",
        "%%step a\nprint(half, third)",
        arguments={"alpha": 12},
        prints="6.0 2.0\n",
    ),
    "read by a helper and overwritten": case(
        "%%parameters\nk = 1",
        "def f():\n    return k",
        "%%step a\nprint(f())\nk = k + 1\nprint(f())",
        "%%step b\nprint(f(), k)",
        arguments={"k": 4},
        prints="4\n5\n5 5\n",
    ),
    "used in a default": case(
        "%%parameters\nk = 1",
        "def f(x=k):\n    return x",
        "%%step a\nprint(f())",
        arguments={"k": 4},
        prints="4\n",
    ),
}

DEFINITIONS: dict[str, Case] = {
    "a dataclass": case(
        "from dataclasses import dataclass, field\n@dataclass\nclass Row:\n    a: int\n    b: list = field(default_factory=list)",
        "%%step a\nrow = Row(1)\nrow.b.append(2)",
        "%%step b\nprint(row, row == Row(1, [2]))",
    ),
    "an enum": case(
        "from enum import Enum\nclass Mode(Enum):\n    FAST = 1\n    SLOW = 2",
        "%%step a\nmode = Mode.FAST",
        "%%step b\nprint(mode is Mode.FAST, mode, [m.name for m in Mode])",
    ),
    "a class body reads a constant": case(
        "SIZE = 3\nclass Box:\n    size = SIZE\n    def grow(self):\n        return self.size + SIZE",
        "%%step a\nbox = Box()",
        "%%step b\nprint(box.grow(), isinstance(box, Box))",
    ),
    "a class body reads a constant that is changed later": case(
        "SIZE = 3\nclass Box:\n    size = SIZE\n    def now(self):\n        return SIZE",
        "%%step a\nSIZE = 4\nprint(Box.size, Box().now())",
        prints="3 4\n",
    ),
    "methods read and change names of steps": case(
        "class Tally:\n    def add(self, x):\n        global seen\n        seen = seen + [x]\n        return total",
        "%%step a\nseen = []\ntotal = 5\nprint(Tally().add(1))",
        "%%step b\ntotal = 6\nprint(Tally().add(2), seen)",
        prints="5\n6 [1, 2]\n",
    ),
    "inheritance and super": case(
        "class A:\n    def f(self):\n        return 'A'\nclass B(A):\n    def f(self):\n        return super().f() + 'B'",
        "%%step a\nprint(B().f(), B.__mro__[1].__name__)",
    ),
    "a class in a step cell, used later": case(
        "%%step a\nclass P:\n    def __init__(self, x):\n        self.x = x\np = P(1)",
        "%%step b\nprint(isinstance(p, P), p.x)",
    ),
    "a class whose attribute changes": case(
        "class K:\n    n = 0",
        "%%step a\nK.n += 1\nprint(K.n)\nk = K()\nprint(k.n)",
    ),
    "name mangling": case(
        "__secret = 1",
        "class A:\n    def __init__(self):\n        self.__x = 2\n    def get(self):\n        return self.__x",
        "%%step a\nprint(A().get(), A().__dict__, __secret)",
    ),
    "pickled instances": case(
        "import pickle\nclass P:\n    def __init__(self, x):\n        self.x = x",
        "%%step a\ntext = pickle.dumps(P(3))",
        "%%step b\nprint(pickle.loads(text).x)",
    ),
    "a namedtuple": case(
        "from collections import namedtuple\nRow = namedtuple('Row', 'a b')",
        "%%step a\nrow = Row(1, 2)",
        "%%step b\nprint(row, row.a)",
    ),
    "a generator function": case(
        "def rows():\n    yield from range(limit)",
        "%%step a\nlimit = 3\nprint(list(rows()))",
        "%%step b\nlimit = 2\nprint(sum(rows()))",
    ),
    "a property and a class method": case(
        "class C:\n    @property\n    def two(self):\n        return 2\n    @classmethod\n    def make(cls):\n        return cls()",
        "%%step a\nprint(C.make().two)",
    ),
    "await in two steps": case(
        "import asyncio\nasync def twice(x):\n    await asyncio.sleep(0)\n    return 2 * x",
        "%%step a\nx = await twice(1)\nprint(x)",
        "%%step b\ny = [await twice(v) for v in (x, 5)]\nprint(y)",
    ),
    "async for and async with": case(
        "async def numbers():\n    for i in range(3):\n        yield i",
        "%%step a\nrows = [i async for i in numbers()]\nasync for last in numbers():\n    pass\nprint(rows, last)",
        "%%step b\nprint(last + 1)",
    ),
}

IMPORTS: dict[str, Case] = {
    "in a step, used later": case("%%step a\nimport math\nx = math.pi", "%%step b\nprint(math.floor(x))"),
    "in a function": case("def f():\n    import math\n    return math.pi", "%%step a\nprint(f())"),
    "a star": case(
        "from math import *", "%%step a\nx = floor(pi)\nprint(x)", "%%step b\nprint(ceil(x + 0.5), e)"
    ),
    "a star that hides a built-in": case("from math import *", "%%step a\nprint(pow(2, 3))", prints="8.0\n"),
    "from the future": case(
        "from __future__ import annotations\ndef f(x: Unknown) -> Nothing:\n    return x",
        "%%step a\nprint(f(1), f.__annotations__)",
    ),
    "conditional": case(
        "try:\n    import no_such_module_here as fast\nexcept ImportError:\n    fast = None",
        "%%step a\nprint(fast)",
    ),
    "an alias used by a helper": case(
        "import collections as c\nfrom math import floor as down",
        "def f(x):\n    return c.Counter([down(x)])",
        "%%step a\nprint(f(1.5))",
    ),
    "a submodule": case("import os.path", "%%step a\nprint(os.path.basename('a/b'))"),
    "a name imported twice from different places": case(
        "from math import floor as f",
        "%%step a\nprint(f(1.5))",
        "%%step b\nfrom math import ceil as f\nprint(f(1.5))",
        prints="1\n2\n",
    ),
    "with a seed": case(
        "import random\nimport numpy as np",
        "random.seed(3)\nnp.random.seed(4)",
        "%%step a\nx = random.random()\ny = np.random.rand()",
        "%%step b\nprint(x, y, random.random(), np.random.rand())",
    ),
    "with a generator of random numbers": case(
        "import numpy as np",
        "rng = np.random.default_rng(0)",
        "%%step a\nx = rng.random()",
        "%%step b\nprint(x, rng.random())",
    ),
}

SHOWN: dict[str, Case] = {
    "last expressions": case(
        "%%step a\nx = 3\nx", "%%step b\n'text'", "%%step c\nx + 1;", "%%step d\nNone", prints="3\ntext\n"
    ),
    "only the last one": case("%%step a\n1\n2\nif True:\n    3", "%%step b\n4\n5", prints="5\n"),
    "a call that prints and returns": case(
        "def f():\n    print('in f')\n    return 1", "%%step a\nf()", prints="in f\n1\n"
    ),
    "a call that returns None": case(
        "rows = []", "%%step a\nprint('x')", "%%step b\n[].append(1)", prints="x\n"
    ),
    "display": case("%%step a\ndisplay(1, 'b')", instead={0: "print(1)\nprint('b')"}),
    "a semicolon behind a comment": case(
        "%%step a\nx = 1\nx  # shown", "%%step b\nx;  # not shown", prints="1\n"
    ),
}

MAGICS: dict[str, Case] = {
    "matplotlib inline": case("%matplotlib inline\nk = 1", "%%step a\nprint(k)", instead={0: "k = 1"}),
    "pip": case(
        "!pip install numpy\n%pip install numpy",
        "%%step a\n!pip install x\nprint(1)",
        instead={0: "", 1: "print(1)"},
    ),
    "echo": case("%%step a\n!echo hello", "%%step b\nprint(1)", instead={0: "print('hello')"}),
    "echo with a name": case("%%step a\nx = 3\n!echo {x + 1} $x", instead={0: "x = 3\nprint('4 3')"}),
    "lines of a command": case(
        "%%step a\nx = !echo a\nprint(x[0], len(x))",
        "%%step b\nprint(x[0])",
        instead={0: "x = ['a']\nprint(x[0], len(x))"},
    ),
    "shell in a loop": case(
        "%%step a\nfor i in range(2):\n    !echo $i", instead={0: "for i in range(2):\n    print(i)"}
    ),
    "cell time": case("%%step a\n%%time\nx = 1\nx + 1", "%%step b\nprint(x)", instead={0: "x = 1\nx + 1"}),
    "line time": case(
        "%%step a\n%time x = 1 + 1\nprint(x)", "%%step b\nprint(x)", instead={0: "x = 1 + 1\nprint(x)"}
    ),
    "line time shows": case("%%step a\nx = 1\n%time x + 1", instead={0: "x = 1\nx + 1"}),
    "capture": case("%%step a\n%%capture\nx = 1\nprint('lost')", "%%step b\nprint(x)", instead={0: "x = 1"}),
    "bash": case("%%step a\n%%bash\necho one\necho two", instead={0: "print('one\\ntwo')"}),
    "writefile and read": case(
        "%%step a\n%%writefile made.txt\nline \\n {x}\n'''",
        "%%step b --after a\nprint(open('made.txt').read())",
        instead={0: "open('made.txt', 'w').write(\"line \\\\n {x}\\n'''\\n\") and None"},
    ),
    "env": case(
        "%%step a\n%env MODE=fast\nimport os\nprint(os.environ['MODE'])",
        instead={0: "import os\nos.environ['MODE'] = 'fast'\nprint('fast')"},
    ),
    "load_ext and config": case(
        "%load_ext autoreload\n%autoreload 2\n%config InlineBackend.figure_format = 'svg'\nk = 2",
        "%%step a\nprint(k)",
        instead={0: "k = 2"},
    ),
    "a question": case("%%step a\nx = 1\nx?\nprint(x)", instead={0: "x = 1\nprint(x)"}),
    "percent is still modulo": case("%%step a\nx = 7\ny = (x\n%4)\nprint(y, 'a %s' %x)"),
    "a percent line in a string": case("%%step a\nx = '''\n%time\n!ls\n'''\nprint(x)"),
}

CELLS: dict[str, Case] = {
    "scratch": case(
        "%%step a\nx = 1",
        "x + 1\nprint('scratch')",
        "%%scratch\nprint(x)",
        "%%step b\nprint(x)",
        silent=(1, 2),
        prints="1\n",
    ),
    "an implicit step": case(
        "import time\nstart = [time.time() > 0]", "%%step a\nprint(start)", "%%step b\nprint(len(start))"
    ),
    "raises-exception": case(
        Tagged("%%step a\nx = 1\nprint('before')\n1 / 0\nx = 2", ("raises-exception",)),
        "%%step b\nprint(x)",
        prints="before\n1\n",
    ),
    "skip-execution": case(
        "%%step a\nx = 1", Tagged("%%step b\nx = 2", ("skip-execution",)), "%%step c\nprint(x)", prints="1\n"
    ),
    "an error ends it": case(
        "%%step a\nprint('first')\nx = [][1]", "%%step b\nprint('never', x)", prints="first\n"
    ),
    "text with quotes and backslashes": case(
        Text('# A "title" \\ with """quotes""" and a backslash \\'),
        Text('Text: it\'s `code` \\n %s {x}"""\\'),
        "%%step a\nx = 1",
        Text('ends with a quote "'),
        "%%step b\nprint(x)",
    ),
    "empty cells and comments": case(
        "", "# only a comment", "%%step a\n", "%%step a\n# nothing yet", "%%step b\nprint(1)"
    ),
    "odd whitespace": case("%%step a\n\n\n    \nif True:\n\tx = 1\n\n\n", "%%step b\nprint(x)  \n\n"),
    "texts over several lines in blocks": case(
        '%%step a\nif True:\n    text = """one\ntwo\n  three"""\n    more = f"""{text}\n    four"""\nprint(text)\nprint(more)'
    ),
    "a continued line": case("%%step a\nx = 1 + \\\n    2\ny = [\n  x,\n]\nprint(x, y)"),
    "two statements in a line": case("%%step a\nx = 1; y = 2; print(x, y)"),
    "a docstring-like text": case("%%step a\n'''no docstring'''\nx = 1\nprint(x)"),
    "no steps read by others": case("%%step a\nprint('a')", "%%step b\nprint('b')"),
    "an indented cell": case("%%step a\n    x = 1\n    print(x)", instead={0: "x = 1\nprint(x)"}),
}

TABLE = {
    f"{group}: {name}": found
    for group, cases in [
        ("names", NAMES), ("step names", STEP_NAMES), ("parameters", PARAMETERS), ("definitions", DEFINITIONS),
        ("imports", IMPORTS), ("shown", SHOWN), ("magics", MAGICS), ("cells", CELLS),
    ]
    for name, found in cases.items()
}  # fmt: skip

REFUSED: dict[str, tuple[Cells, str, int, int]] = {
    "an unknown line magic": (["import math", "%%step a\nx = 1\n%unknown 3"], "SM501", 1, 3),
    "an unknown cell magic": (["%%step a\n%%unknown\nfoo"], "SM501", 0, 2),
    "a magic in a function": (["%%step a\nx = 1", "%%step b\ndef f():\n    %time y = 1\nf()"], "SM501", 1, 2),
    "the shell": (["%%step a\n\nip = get_ipython()"], "SM502", 0, 3),
    "captured output that is read": (
        ["%%step a\n%%capture out\nprint(1)", "%%step b\nprint(out)"],
        "SM502",
        0,
        1,
    ),
    "a handle of display": (["%%step a\nx = 1\nh = display(x, display_id=True)"], "SM502", 0, 3),
    "the path of the file": (["%%step a\nprint(__file__)"], "SM503", 0, 2),
    "the docstring": (["%%step a\nprint(__doc__)"], "SM503", 0, 2),
    "return outside of a function": ([Text("text"), "%%step a\nx = 1\nreturn x"], "SM504", 1, 3),
    "yield outside of a function": (["%%step a\nyield 1"], "SM504", 0, 2),
    "break outside of a loop": (["%%step a\nx = 1\nbreak"], "SM504", 0, 3),
    "a parameter before its cell": (
        ["x = alpha + 1", "%%parameters\nalpha = 1", "%%step a\nprint(x)"],
        "SM505",
        0,
        1,
    ),
    "a late future import": (
        ["def f(x: int): ...", "\nfrom __future__ import annotations", "%%step a\nf(1)"],
        "SM506",
        1,
        2,
    ),
    "print with another meaning": (["%%step a\nprint = 3\nx = 1\nx"], "SM507", 0, 4),
}
"""Cells, the code, and where."""
