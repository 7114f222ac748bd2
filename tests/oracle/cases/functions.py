"""What calls carry: globals of helpers, late binding, closures, callbacks."""

from __future__ import annotations

from oracle.case import Category

functions = Category("function")
functions.add(
    "reads-global",
    """
rate = 2
def scale(v):
    return v * rate
---
%%step a
x = scale(10)
---
%%step b
print(x, scale(1))
""",
)
functions.add(
    "reads-step-global",
    """
%%step a
offset = [5]
---
def shift(v):
    return v + offset[0]
---
%%step b
print(shift(1))
""",
    why="shift carries a free variable that a step made",
)
functions.add(
    "global-changed-after-def",
    """
rate = 2
def scale(v):
    return v * rate
---
%%step a
rate = 3
---
%%step b
print(scale(10))
""",
    why="late binding: the value at the call counts",
)
functions.add(
    "transitive-globals",
    """
k = 3
def inner(v): return v + k
def outer(v): return inner(v) * 2
---
%%step a
x = outer(1)
---
%%step b
print(x)
""",
)
functions.add(
    "rebinds-global",
    """
%%step a
count = 0
def bump():
    global count
    count += 1
---
%%step b
bump(); bump()
---
%%step c
print(count)
""",
)
functions.add(
    "mutates-global",
    """
%%step a
seen = []
def note(v):
    seen.append(v)
    return v
---
%%step b
note("b")
---
%%step c
note("c")
print(seen)
""",
)
functions.add(
    "mutates-argument",
    """
def add_total(d):
    d["total"] = sum(d.values())
---
%%step a
row = {"a": 1, "b": 2}
---
%%step b
add_total(row)
---
%%step c
print(row)
""",
)
functions.add(
    "mutates-argument-nested",
    """
def low(d): d.append(1)
def middle(d): low(d)
def high(d): middle(d)
---
%%step a
x = []
---
%%step b
high(x)
---
%%step c
print(x)
""",
)
functions.add(
    "mutates-argument-recursively",
    """
def fill(d, n):
    if n:
        d.append(n)
        fill(d, n - 1)
---
%%step a
x = []
---
%%step b
fill(x, 3)
---
%%step c
print(x)
""",
)
functions.add(
    "mutual-recursion",
    """
def even(n): return True if n == 0 else odd(n - 1)
def odd(n): return False if n == 0 else even(n - 1)
---
%%step a
x = [even(4)]
---
%%step b
print(x, odd(3))
""",
)
functions.add(
    "keyword-and-star-arguments",
    """
def put(target, /, *items, **named):
    target.extend(items)
    target.append(named)
---
%%step a
x = []
---
%%step b
put(x, 1, 2, k=3)
---
%%step c
print(x)
""",
)
functions.add(
    "lambda-reads-global",
    """
%%step a
k = 2
f = lambda v: v * k
---
%%step b
print(f(4))
""",
    "either",
    why="a lambda is data: it must find its global in the next process",
)
functions.add(
    "lambda-late-binding",
    """
%%step a
k = 2
f = lambda v: v * k
---
%%step b
k = 5
---
%%step c
print(f(4))
""",
    "either",
)
functions.add(
    "closure",
    """
def adder(n):
    def add(v):
        return v + n
    return add
---
%%step a
add3 = adder(3)
---
%%step b
print(add3(4))
""",
    "either",
)
functions.add(
    "closure-with-state",
    """
def counter():
    n = 0
    def step():
        nonlocal n
        n += 1
        return n
    return step
---
%%step a
tick = counter()
---
%%step b
tick(); tick()
---
%%step c
print(tick())
""",
    "either",
    why="the cell variable is state that a call changes",
)
functions.add(
    "decorator",
    """
import functools
calls = []
def logged(f):
    @functools.wraps(f)
    def wrapper(*args):
        calls.append(f.__name__)
        return f(*args)
    return wrapper
---
@logged
def double(v):
    return v * 2
---
%%step a
x = double(2)
---
%%step b
print(x, double(3), calls)
""",
    "either",
)
functions.add(
    "lru-cache",
    """
from functools import lru_cache
@lru_cache(maxsize=None)
def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)
---
%%step a
x = fib(20)
---
%%step b
print(x, fib(10))
""",
    "either",
)
functions.add(
    "default-argument",
    """
base = 10
def f(v, b=base):
    return v + b
---
base = 20
---
%%step a
x = f(1)
---
%%step b
print(x, f(2))
""",
    why="a default is taken at the def, not at the call",
)
functions.add(
    "default-reads-data",
    """
%%step a
limits = [3]
---
def clip(v, top=limits[0]):
    return min(v, top)
---
%%step b
limits = [100]
---
%%step c
print(clip(50))
""",
    "either",
)
functions.add(
    "mutable-default",
    """
def collect(v, into=[]):
    into.append(v)
    return list(into)
---
%%step a
x = collect(1)
---
%%step b
print(x, collect(2))
""",
    "either",
    why="the default list lives across calls, hence across steps",
)
functions.add(
    "callbacks-in-dict",
    """
scale = 3
def triple(v): return v * scale
---
%%step a
handlers = {"t": triple}
---
%%step b
print(handlers["t"](2))
""",
)
functions.add(
    "partial",
    """
from functools import partial
k = 2
def power(v, n): return v ** n + k
---
%%step a
square = partial(power, n=2)
---
%%step b
print(square(3))
""",
)
functions.add(
    "sorted-key-and-map",
    """
order = {"b": 0, "a": 1}
def rank(v): return order[v]
---
%%step a
x = sorted(["a", "b"], key=rank)
---
%%step b
print(x, list(map(rank, x)))
""",
)
functions.add(
    "function-as-argument",
    """
%%step a
weights = {"x": 2}
def weigh(v): return weights[v]
def apply(f, items): return [f(i) for i in items]
---
%%step b
weights["x"] = 7
---
%%step c
print(apply(weigh, ["x"]))
""",
)
functions.add(
    "redefined-helper",
    """
def f(): return 1
---
%%step a
x = f()
---
def f(): return 2
---
%%step b
print(x, f())
""",
)
functions.add(
    "helper-calls-redefined-helper",
    """
def base(): return 1
def top(): return base() + 10
---
%%step a
x = top()
---
def base(): return 2
---
%%step b
print(x, top())
""",
)
functions.add(
    "helper-defined-in-step",
    """
%%step a
k = 4
def f(v):
    return v * k
---
%%step b
print(f(2))
""",
)
functions.add(
    "function-attribute",
    """
def f():
    f.calls += 1
    return f.calls
f.calls = 0
---
%%step a
x = f()
---
%%step b
print(x, f(), f.calls)
""",
    "either",
)
functions.add(
    "generator-function",
    """
step_size = 2
def evens(n):
    for i in range(0, n, step_size):
        yield i
---
%%step a
x = list(evens(7))
---
%%step b
print(x, sum(evens(5)))
""",
)
functions.add(
    "callback-mutates-global",
    """
%%step a
hits = []
def on_item(v): hits.append(v)
---
%%step b
for i in range(3):
    on_item(i)
list(map(on_item, "ab"))
---
%%step c
print(hits)
""",
)
functions.add(
    "recursive-lambda-dispatch",
    """
%%step a
ops = {"add": lambda a, b: a + b, "neg": lambda a: -a}
---
%%step b
print(ops["add"](1, 2), ops["neg"](3))
""",
    "either",
)
functions.add(
    "annotations-only",
    """
%%step a
n: int
x: list[int] = [1]
def f(v: "Later") -> "Later": return v
---
%%step b
print(f(x))
""",
)
functions.add(
    "async-helper",
    """
import asyncio
async def double(v):
    await asyncio.sleep(0)
    return v * 2
---
%%step a
x = await double(4)
---
%%step b
print(x, await double(x))
""",
)
functions.add(
    "kwonly-global-shadowed-by-parameter",
    """
n = 5
def f(n): return n + 1
---
%%step a
x = f(1)
---
%%step b
n = 100
print(x, f(2))
""",
)
functions.add(
    "mutates-through-return-of-global",
    """
%%step a
store = {"items": []}
def items(): return store["items"]
---
%%step b
items().append(1)
---
%%step c
print(store)
""",
)
functions.add(
    "helper-mutates-two-arguments",
    """
def move(source, target):
    target.append(source.pop())
---
%%step a
left = [1, 2]; right = []
---
%%step b
move(left, right)
---
%%step c
print(left, right)
""",
)
functions.add(
    "grouped-by-a-function",
    """
%%step load
import pandas as pd

sales = pd.DataFrame({"sold": [3, 4, 5]}, index=pd.to_datetime(["2020-01-05", "2020-07-01", "2021-03-02"]))

def year_of(day):
    return day.year

by_year = sales.groupby(year_of)
---
%%step sum
print(by_year["sold"].sum())
""",
    why="the groups keep the function: whoever loads them needs its definition",
)
functions.add(
    "untagged-function-whose-head-needs-the-steps-import",
    """
%%step load
import pandas as pd

prices = pd.Series([3, 5])
---
def doubled(values: pd.Series):
    return values * 2
---
%%step load
print(doubled(prices).tolist())
---
%%step show
print(doubled(prices + 1).tolist())
""",
    why="the function is defined above the step's own import, and its head is evaluated there",
)
for condition, what in (("", "deleted"), ("if y: ", "deleted-perhaps"), ("if not y: ", "kept-perhaps")):
    functions.add(
        f"definition-{what}",
        f"""
def f(x):
    return x + 1
---
%%step a
g = f
y = f(1)
{condition}del f
---
%%step b
try:
    print(f(2))
except NameError as error:
    print(error)
print(g(3), y)
---
%%step c
def f(x):
    return -x
---
%%step d
print(f(3), g(3))
""",
        why="that a name is gone crosses, too",
    )
functions.add(
    "definition-deleted-after-its-state-changed",
    """
from enum import Enum

class K(Enum):
    A = 1
---
%%step a
K.total = len(open("data.txt").read())
k = K.A
del K
---
%%step b
print(type(k).total)
""",
    "refused",
    files={"data.txt": "abc"},
)
functions.add(
    "forty-calls-inside-each-other",
    """
%%step a
counter = 0
log = []
def f40(x):
    global counter
    counter += x
    log.append(x)
"""
    + "".join(f"def f{i}(x): return f{i + 1}(x)\n" for i in range(40))
    + """
---
%%step b
f0(5)
---
%%step c
print(counter, log)
""",
    why="the innermost call binds a global",
)
functions.add(
    "decorators-called-as-those-of-functools",
    """
%%step a
class Registry:
    def __init__(self):
        self.names = []
    def cache(self, f):
        self.names.append(f.__name__)
        return f
reg = Registry()
---
%%step b
@reg.cache
def one():
    return 1
---
%%step c
print(reg.names, one())
""",
    why="a method called `cache` may do anything",
)
