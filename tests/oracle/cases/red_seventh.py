"""Caches, handlers, keys that change, and library objects that pickling would alter: the seventh round."""

from __future__ import annotations

from oracle.case import Category

red = Category("red-seventh")
add = red.add

CACHES = """
from functools import cache, lru_cache
class A:
    def __init__(self, k):
        self.k, self.parts = k, [[k]]
    @lru_cache
    def times(self, x):
        return x * self.k
    @cache
    def total(self):
        return sum(part[0] for part in self.parts)
@lru_cache(maxsize=None)
def area(shape):
    return shape.k ** 2
@cache
def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)
"""

add(
    "cached-for-an-object-in-a-list-that-changes",
    CACHES + "---\n%%step a\nxs = [A(2)]\nu = [x.times(1) for x in xs]\n---\n%%step b\nxs[0].k = 5\n"
    "---\n%%step c\nprint(u, [x.times(1) for x in xs])",
    "refused",
)
add(
    "cached-function-of-an-object-that-changes-inside",
    CACHES + "---\n%%step a\na = A(2)\nu = a.total()\np = a.parts[0]\n---\n%%step b\np[0] = 7\n"
    "---\n%%step c\nprint(u, a.total())",
    "refused",
)
add(
    "cached-function-of-an-object-that-its-own-step-changes",
    CACHES + "---\n%%step a\nfor k in [2]:\n    a = A(k)\n    u = list(map(area, [a]))\na.k = 5\n"
    "---\n%%step c\nprint(u, area(a))",
    "refused",
)
add(
    "cached-for-objects-that-stay-or-are-replaced",
    CACHES + "---\n%%step a\na, b = A(2), A(3)\nb.k = 4\nu = a.times(1), area(b), fib(9)\nwords = ['x']\n"
    "---\n%%step b\nc = A(7)\nc.k = 8\nv = a.times(1), area(b), area(c), fib(10)\nwords.append('y')\n"
    "---\n%%step c\na = A(5)\nprint(u, v, a.times(1), area(b), fib(11))",
)
add(
    "cache-looked-into-where-it-was-filled",
    CACHES + "---\n%%step a\nfib(20)\nfib.cache_clear()\nfib(9)\nprint(fib.cache_info(), A(3).times(2))\n"
    "---\n%%step b\nprint(fib(3))",
)
add(
    "cache-looked-into-that-another-step-filled",
    CACHES + "---\n%%step a\na = A(3)\na.times(2)\n---\n%%step b\nprint(A.times.cache_info())",
    "refused",
)

KEYS = """
class Counts:
    def __init__(self, n):
        self.n, self.seen = n, {"hash": 0}
    def __hash__(self):
        self.seen["hash"] += 1
        return hash(self.n)
    def __eq__(self, other):
        return self.n == other.n
class Remembers:
    def __init__(self, n):
        self.n, self.h = n, None
    def __hash__(self):
        if self.h is None:
            self.h = hash(self.n)
        return self.h
    def __eq__(self, other):
        return self.n == other.n
"""

add(
    "key-that-counts-how-often-it-is-hashed",
    KEYS + "---\n%%step a\ntable = {(Counts(1), 'x'): 'v'}\n---\n%%step b\nprint([k[0].seen for k in table])",
    "refused",
)
add(
    "key-that-remembers-its-hash",
    KEYS + "---\n%%step a\nk = Remembers(1)\ntable = {k: [1]}\n---\n%%step b\ntable[Remembers(1)].append(2)\n"
    "---\n%%step c\nprint(table[k], k.h)",
)

HANDLERS = """
import logging
import sys
import textwrap
notes = []
class Keeps(logging.Handler):
    def emit(self, record):
        notes.append(record.getMessage())
class Counts(logging.Filter):
    count = 0
    def filter(self, record):
        self.count += 1
        return True
class Shows(logging.Handler):
    def emit(self, record):
        print(self.format(record))
class Wraps:
    def __init__(self, function):
        self.function, self.calls = function, 0
    def __call__(self, text):
        self.calls += 1
        return self.function(text)
log = logging.getLogger("seventh")
log.setLevel("INFO")
"""

add(
    "handler-that-notes-down",
    HANDLERS + "---\nlog.addHandler(Keeps())\n---\n%%step a\nlog.info('a')\n---\n%%step b\nlog.info('b')\n"
    "---\n%%step c\nprint(notes)",
    "refused",
)
add(
    "filter-that-counts",
    HANDLERS + "---\nfound = Counts()\nlog.addFilter(found)\n---\n%%step a\nlog.info('a')\n"
    "---\n%%step b\nlog.info('b')\nprint(found.count)",
    "refused",
)
add(
    "handler-that-shows",
    HANDLERS + "---\nlog.addHandler(Shows())\n---\n%%step a\nlog.info('a')\n---\n%%step b\nlog.info('b')",
)
add(
    "library-function-patched-by-an-object-that-counts",
    HANDLERS + "---\ntextwrap.dedent = Wraps(textwrap.dedent)\n---\n%%step a\nx = textwrap.dedent(' a')\n"
    "---\n%%step b\ny = textwrap.dedent(' b')\nprint(textwrap.dedent.calls)",
    "refused",
)
add(
    "matches-and-structs",
    r"""
import re, struct
---
%%step a
found = re.search(r"(\w)=(\d)", "a=1;b=2")
each = list(re.finditer(r"(\w)=(\d)", "a=1;b=2"))
more = [re.match(rb"x?", b"y"), re.fullmatch(r"(?P<n>.)*", "ab"), re.compile("b").search("abab", 2)]
layout, buffer = struct.Struct("<ii"), bytearray(8)
---
%%step b
buffer[:] = layout.pack(3, 4)
print(found.groups(), [m.span() for m in each], each[1].pos, each[0].re is each[1].re)
print(more, more[1].groupdict(), more[2].pos, layout.size)
---
%%step c
print(struct.unpack("<ii", buffer))
""",
)
add(
    "arguments-of-a-command-line",
    """
import argparse
from types import SimpleNamespace
parser = argparse.ArgumentParser(prog="train")
parser.add_argument("--lr", type=float, default=0.1)
parser.add_argument("--hidden", help=argparse.SUPPRESS)
---
%%step a
args = parser.parse_args(["--lr", "2"])
config = vars(args)
plain = SimpleNamespace(a=[1])
---
%%step b
config["lr"] = 5
plain.b = plain.a
---
%%step c
plain.b.append(2)
print(args, vars(args) is config, plain, parser.parse_args([]))
""",
)
add(
    "dict-of-a-namespace-beside-it",
    """
from types import SimpleNamespace
---
%%step a
plain = SimpleNamespace(a=1)
names = vars(plain)
---
%%step b
names["b"] = 2
---
%%step c
print(plain)
""",
    "refused",
)
add(
    "resampler-sees-its-series-change",
    """
import pandas as pd
---
%%step a
s = pd.Series(range(4), index=pd.date_range("2020", periods=4))
pairs = s.resample("2D")
---
%%step b
s.iloc[0] = 50
---
%%step c
print(pairs.sum().tolist())
""",
)
add(
    "memory-of-texts-that-were-filtered",
    """
import pandas as pd
---
%%step a
df = pd.DataFrame({"k": ["a", "b", None] * 5, "n": range(15)})
some = df[df.n > 3].dropna()
both = pd.concat([df, some])
---
%%step b
print(some.memory_usage().tolist(), both.memory_usage().tolist(), both.iloc[3:9].memory_usage().tolist())
""",
)
add(
    "figure-that-calls-a-function-of-the-notebook",
    """
import matplotlib.pyplot as plt
seen = []
---
%%step a
fig, ax = plt.subplots()
ax.callbacks.connect("xlim_changed", lambda axes: seen.append(axes.get_xlim()))
---
%%step b
ax.set_xlim(0, 3)
print(seen)
""",
    "refused",
)
CHECK = """
from doctest import run_docstring_examples
def check(function):
    run_docstring_examples(function, globals(), name=function.__name__)
"""

add(
    "examples-in-docstrings",
    CHECK
    + '''---
%%step a
def twice(n):
    return 2 * n
limit, x = 10, 5
---
%%step b
log = []
def note(n):
    """Note x down, twice, if log has room.

    >>> note(3)
    >>> log[0] + twice(limit)
    23
    """
    log.append(n)
check(note)
---
%%step c
print(log, x)
''',
)
add(
    "examples-of-a-function-of-another-step",
    CHECK
    + '''---
%%step a
def twice(n):
    """
    >>> twice(2)
    5
    """
    return 2 * n
---
%%step b
check(twice)
''',
    "refused",
)

PICTURES = """
import pandas as pd
from matplotlib import rcParams
from sklearn.tree import DecisionTreeClassifier, plot_tree
rcParams["figure.figsize"] = (3, 2)
rcParams["font.size"] = 16
"""

add(
    "settings-of-pictures-drawn-by-an-accessor",
    PICTURES
    + """---
%%step a
s = pd.Series([1, 2, 3])
---
%%step b
ax = s.plot.barh()
print(ax.figure.get_size_inches(), ax.title.get_fontsize())
""",
)
add(
    "settings-of-pictures-that-another-library-draws",
    PICTURES
    + """---
%%step a
tree = DecisionTreeClassifier(random_state=0).fit([[0], [1]], [0, 1])
---
%%step b
print(plot_tree(tree)[0].figure.get_size_inches())
""",
)
