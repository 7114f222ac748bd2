"""Adversarial: the language, from the point of view of a compiler tester."""

from __future__ import annotations

from oracle.case import Category

red_python = Category("red-python")
add = red_python.add

add(
    "nonlocal-counter",
    """
def counter():
    n = 0
    def bump():
        nonlocal n
        n += 1
        return n
    return bump
---
%%step a
c = counter(); c()
---
%%step b
c(); c()
---
%%step d
print(c())
""",
    "either",
)
add(
    "closure-list-cell",
    """
def maker():
    kept = []
    def keep(x):
        kept.append(x)
        return list(kept)
    return keep
---
%%step a
keep = maker()
keep(1)
---
%%step b
keep(2)
---
%%step d
print(keep(3))
""",
    "either",
)
add(
    "decorator-counts-calls",
    """
calls = {}
def count(f):
    def inner(*a, **k):
        calls[f.__name__] = calls.get(f.__name__, 0) + 1
        return f(*a, **k)
    return inner
@count
def work(x): return x + 1
---
%%step a
work(1)
---
%%step b
work(2); y = work(3)
---
%%step c
print(calls, y)
""",
    "either",
)
add(
    "decorator-registry",
    """
registry = {}
def register(f):
    registry[f.__name__] = f
    return f
---
%%step a
@register
def one(x): return x + 1
---
%%step b
@register
def two(x): return x + 2
---
%%step c
print(sorted(registry), registry["two"](1), one(1))
""",
    "either",
)
add(
    "decorator-registry-untagged",
    """
registry = {}
def register(f):
    registry[f.__name__] = f
    return f
@register
def one(x): return x + 1
@register
def two(x): return x + 2
---
%%step c
print(sorted(registry), registry["two"](1))
---
%%step d
print(len(registry))
""",
    "either",
)
add(
    "singledispatch-registered-in-step",
    """
from functools import singledispatch
@singledispatch
def show(x): return "any"
---
%%step a
@show.register
def _(x: int): return "int"
---
%%step b
print(show(1), show("a"))
""",
    "either",
)
add(
    "lru-cache-info",
    """
from functools import lru_cache
@lru_cache
def f(x): return x * 2
---
%%step a
f(1); f(1); f(2)
---
%%step b
print(f.cache_info().hits, f(1))
""",
    "either",
)
add(
    "cache-of-mutable-result",
    """
from functools import cache
@cache
def table(): return []
---
%%step a
table().append(1)
---
%%step b
print(table())
""",
    "either",
)
add(
    "reduce-with-mutating-lambda",
    """
from functools import reduce
---
%%step a
acc = {}
---
%%step b
reduce(lambda d, kv: (d.update({kv: 1}), d)[1], "abc", acc)
---
%%step c
print(acc)
""",
)
add(
    "partial-holds-list",
    """
from functools import partial
def put(box, x): box.append(x)
---
%%step a
box = []
p = partial(put, box)
---
%%step b
p(1); p(2)
---
%%step c
print(box)
""",
)
add(
    "partial-method-and-keywords",
    """
from functools import partialmethod
class C:
    def __init__(self): self.v = []
    def put(self, x, *, n): self.v += [x] * n
    twice = partialmethod(put, n=2)
---
%%step a
c = C()
---
%%step b
c.twice("x")
---
%%step c
print(c.v)
""",
)
add(
    "defaultdict-read-inserts",
    """
from collections import defaultdict
---
%%step a
d = defaultdict(list)
---
%%step b
n = len(d["missing"])
---
%%step c
print(dict(d), n)
""",
)
add(
    "defaultdict-loop-append",
    """
from collections import defaultdict
---
%%step a
d = defaultdict(lambda: defaultdict(int))
---
%%step b
for w in ["x", "y", "x"]:
    d[w[0]][len(w)] += 1
---
%%step c
print({k: dict(v) for k, v in d.items()})
""",
    "either",
)
add(
    "counter-arithmetics",
    """
from collections import Counter
---
%%step a
c = Counter("aab")
---
%%step b
c.update("bc"); c["a"] -= 1; c += Counter("z")
---
%%step c
print(sorted(c.items()))
""",
)
add(
    "deque-maxlen",
    """
from collections import deque
---
%%step a
q = deque(maxlen=2)
---
%%step b
for i in range(4): q.append(i)
---
%%step c
q.appendleft(9); print(list(q), q.maxlen)
""",
)
add(
    "chainmap-writes-through",
    """
from collections import ChainMap
---
%%step a
base, over = {"x": 1}, {}
cm = ChainMap(over, base)
---
%%step b
cm["x"] = 2
---
%%step c
print(over, base, cm["x"])
""",
)
add(
    "ordered-dict-move",
    """
from collections import OrderedDict
---
%%step a
o = OrderedDict(a=1, b=2)
---
%%step b
o.move_to_end("a"); k, v = o.popitem(last=False)
---
%%step c
print(list(o), k, v)
""",
)
add(
    "heap-and-bisect-by-from-import",
    """
from heapq import heappush, heappop
from bisect import insort
---
%%step a
h, s = [], [1, 5]
---
%%step b
heappush(h, 3); heappush(h, 1); insort(s, 3)
---
%%step c
print(heappop(h), h, s)
""",
)
add(
    "class-attribute-counter-self-class",
    """
class K:
    n = 0
    def __init__(self): type(self).n += 1
---
%%step a
a = K()
---
%%step b
b = K()
---
%%step c
print(K.n)
""",
    "either",
)
add(
    "class-attribute-list-through-instance",
    """
class K:
    items = []
    def add(self, x): self.items.append(x)
---
%%step a
k = K(); k.add(1)
---
%%step b
k.add(2)
---
%%step c
print(K.items, K().items)
""",
    "either",
)
add(
    "class-counter-by-name",
    """
class K:
    n = 0
    def __init__(self): K.n = K.n + 1
---
%%step a
ks = [K() for _ in range(3)]
---
%%step c
print(K.n, len(ks))
""",
    "either",
)
add(
    "class-attribute-dunder-class",
    """
class K:
    n = 0
    def hit(self): self.__class__.n += 1
---
%%step a
k = K()
---
%%step b
k.hit()
---
%%step c
print(K.n, k.n)
""",
    "either",
)
add(
    "classmethod-registry",
    """
class Reg:
    seen = {}
    @classmethod
    def put(cls, k, v): cls.seen[k] = v
---
%%step a
Reg.put("a", 1)
---
%%step b
Reg.put("b", 2)
---
%%step c
print(Reg.seen)
""",
    "either",
)
add(
    "setattr-on-class",
    """
class K: pass
---
%%step a
setattr(K, "limit", 3)
---
%%step b
print(K.limit, K().limit)
""",
    "either",
)
add(
    "monkeypatched-method",
    """
class K:
    def f(self): return 1
---
%%step a
K.f = lambda self: 2
---
%%step b
print(K().f())
""",
    "either",
)
add(
    "metaclass-registry",
    """
class Meta(type):
    known = []
    def __new__(m, name, bases, ns):
        cls = super().__new__(m, name, bases, ns)
        m.known.append(name)
        return cls
class A(metaclass=Meta): pass
class B(A): pass
---
%%step c
print(Meta.known)
---
%%step d
class C(A): pass
print(Meta.known)
""",
    "either",
)
add(
    "init-subclass-registry-untagged",
    """
class Base:
    plugins = []
    def __init_subclass__(cls, **k): Base.plugins.append(cls.__name__)
class A(Base): pass
class B(Base): pass
---
%%step c
print(Base.plugins)
---
%%step d
print(len(Base.plugins))
""",
    "either",
)
add(
    "slots-object",
    """
class S:
    __slots__ = ("a", "b")
    def __init__(self): self.a = 1; self.b = []
---
%%step a
s = S()
---
%%step b
s.a += 1; s.b.append(s.a)
---
%%step c
print(s.a, s.b, hasattr(s, "__dict__"))
""",
)
add(
    "property-caches",
    """
class Lazy:
    def __init__(self, n): self.n = n; self._v = None
    @property
    def v(self):
        if self._v is None: self._v = list(range(self.n))
        return self._v
---
%%step a
z = Lazy(3)
---
%%step b
z.v.append(99)
---
%%step c
print(z._v)
""",
)
add(
    "cached-property-state",
    """
from functools import cached_property
class Lazy:
    hits = []
    @cached_property
    def v(self): return len(self.__dict__)
---
%%step a
z = Lazy()
---
%%step b
first = z.v
---
%%step c
print("v" in z.__dict__, first)
""",
)
add(
    "getattr-hook-mutates",
    """
class Tr:
    def __init__(self): self.log = []
    def __getattr__(self, name):
        if name.startswith("__"): raise AttributeError(name)
        self.log.append(name); return name
---
%%step a
t = Tr()
---
%%step b
t.foo; t.bar
---
%%step c
print(t.log)
""",
    "either",
)
add(
    "descriptor-set",
    """
class Pos:
    def __set_name__(self, o, n): self.n = "_" + n
    def __get__(self, o, t=None): return getattr(o, self.n, 0)
    def __set__(self, o, v): setattr(o, self.n, abs(v))
class P:
    x = Pos()
---
%%step a
p = P(); p.x = -3
---
%%step b
q = P(); p.x = p.x - 5
---
%%step c
print(p.x, q.x)
""",
)
add(
    "getitem-counts",
    """
class L:
    def __init__(self): self.hits = 0
    def __getitem__(self, i):
        self.hits += 1
        if i > 2: raise IndexError
        return i
    def __len__(self): self.hits += 10; return 3
---
%%step a
o = L()
---
%%step b
s = sum(x for x in o); n = len(o); t = 1 in o
---
%%step c
print(o.hits, s, n, t)
""",
)
add(
    "eq-and-hash-log",
    """
log = []
class K:
    def __init__(self, v): self.v = v
    def __eq__(self, o): log.append("eq"); return self.v == o.v
    def __hash__(self): log.append("hash"); return 1
---
%%step a
s = {K(1)}
---
%%step b
found = K(1) in s
---
%%step c
print(log, found)
""",
)
add(
    "bool-and-contains-side-effect",
    """
class T:
    n = 0
    def __init__(self): self.k = []
    def __bool__(self): self.k.append("b"); return True
    def __contains__(self, x): self.k.append(x); return False
---
%%step a
t = T()
---
%%step b
if t and not (3 in t): pass
x = 1 if t else 2
assert t
while t:
    break
---
%%step c
print(t.k)
""",
)
add(
    "del-hook-and-format",
    """
class F:
    def __init__(self): self.k = []
    def __format__(self, s): self.k.append(s); return "F"
    def __str__(self): self.k.append("str"); return "S"
---
%%step a
f = F()
---
%%step b
t = f"{f:>3}" + "{}".format(f) + "%s" % f + str(f)
---
%%step c
print(f.k, t)
""",
)
add(
    "iadd-custom-returns-new",
    """
class V:
    def __init__(self, x): self.x = x
    def __iadd__(self, o): return V(self.x + o)
---
%%step a
v = V(1); w = v
---
%%step b
v += 2
---
%%step c
print(v.x, w.x)
""",
)
add(
    "enter-exit-mutates-global",
    """
log = []
class Ctx:
    def __enter__(self): log.append("in"); return self
    def __exit__(self, *a): log.append("out")
---
%%step a
with Ctx() as c: pass
---
%%step b
with Ctx():
    log.append("body")
---
%%step c
print(log)
""",
)
add(
    "contextmanager-generator-mutates",
    """
from contextlib import contextmanager
log = []
@contextmanager
def step(name):
    log.append(name)
    try:
        yield log
    finally:
        log.append("end")
---
%%step a
with step("a") as l: l.append(1)
---
%%step b
with step("b"): pass
---
%%step c
print(log)
""",
)
add(
    "exitstack-callback",
    """
from contextlib import ExitStack
---
%%step a
log = []
---
%%step b
with ExitStack() as st:
    st.callback(log.append, "bye")
---
%%step c
print(log)
""",
)
add(
    "suppress-partial",
    """
from contextlib import suppress
---
%%step a
x = [1]
---
%%step b
with suppress(ZeroDivisionError):
    x.append(2)
    1 / 0
    x = None
---
%%step c
print(x)
""",
)
add(
    "generator-function-side-effect",
    """
log = []
def gen(n):
    for i in range(n):
        log.append(i)
        yield i
---
%%step a
total = sum(gen(3))
---
%%step b
for x in gen(10):
    if x == 1: break
---
%%step c
print(log, total)
""",
)
add(
    "generator-not-consumed",
    """
log = []
def gen():
    log.append("ran")
    yield 1
---
%%step a
g = gen()
v = 1
---
%%step b
print(log, v)
""",
)
add(
    "yield-from-and-send",
    """
def acc():
    t = []
    while True:
        x = yield list(t)
        t.append(x)
---
%%step a
g = acc(); next(g)
out = [g.send(i) for i in range(3)]
---
%%step b
print(out)
""",
    "either",
)
add(
    "global-in-nested-function",
    """
total = 0
def outer():
    def inner():
        global total
        total += 1
    inner(); inner()
---
%%step a
outer()
---
%%step b
outer(); print(total)
""",
)
add(
    "global-creates-new-name",
    """
def init():
    global config
    config = {"a": 1}
---
%%step a
init()
---
%%step b
config["a"] += 1
---
%%step c
print(config)
""",
)
add(
    "global-deleted-in-function",
    """
%%step a
x = 1
def drop():
    global x
    del x
---
%%step b
drop()
---
%%step c
try:
    print(x)
except NameError as e:
    print("gone")
""",
    "either",
)
add(
    "function-rebinds-function",
    """
def f(): return 1
def swap():
    global f
    f = lambda: 2
---
%%step a
swap()
---
%%step b
print(f())
""",
    "either",
)
add(
    "walrus-in-comprehension-condition",
    """
%%step a
data = [1, 5, 3]
---
%%step b
big = [y for x in data if (y := x * 2) > 4]
---
%%step c
print(big, y)
""",
)
add(
    "walrus-in-while-and-lambda",
    """
%%step a
it = [3, 2, 1, 0]
---
%%step b
while (n := it.pop()) < 2:
    last = n
---
%%step c
print(n, last, it)
""",
)
add(
    "star-unpack-shared",
    """
%%step a
rows = [[1], [2], [3]]
head, *tail = rows
---
%%step b
tail[0].append("t"); head.append("h")
---
%%step c
print(rows)
""",
)
add(
    "dict-merge-keeps-inner",
    """
%%step a
d = {"k": []}
e = {**d, "j": 1}; f = d | {"z": 2}
---
%%step b
e["k"].append(1); f["k"].append(2)
---
%%step c
print(d)
""",
)
add(
    "nested-unpack-in-for",
    """
%%step a
pairs = [("a", ([1], 2)), ("b", ([3], 4))]
---
%%step b
for name, (lst, n) in pairs:
    lst.append(n)
---
%%step c
print(pairs, name, n)
""",
)
add(
    "for-target-is-subscript",
    """
%%step a
d = {}
---
%%step b
for d["k"] in range(3): pass
---
%%step c
print(d)
""",
)
add(
    "for-target-is-attribute",
    """
class O: pass
---
%%step a
o = O()
---
%%step b
for o.i in range(3): pass
with open("f.txt", "w") as o.fh: pass
o.fh = None
---
%%step c
print(o.i)
""",
)
add(
    "with-target-subscript",
    """
from contextlib import nullcontext
---
%%step a
d = {}
---
%%step b
with nullcontext(5) as d["v"], nullcontext([1]) as (d["w"],): pass
---
%%step c
print(d)
""",
)
add(
    "match-captures-and-mutates",
    """
%%step a
msg = {"kind": "add", "items": [1], "rest": {"z": []}}
---
%%step b
match msg:
    case {"kind": "add", "items": items, **rest}:
        items.append(2)
        rest["rest"]["z"].append(3)
---
%%step c
print(msg)
""",
)
add(
    "match-class-pattern",
    """
from dataclasses import dataclass
@dataclass
class P:
    x: int
    tags: list
---
%%step a
p = P(1, [])
---
%%step b
match p:
    case P(x=1, tags=t):
        t.append("one")
    case _:
        p = None
---
%%step c
print(p)
""",
)
add(
    "match-sequence-star",
    """
%%step a
cmd = ["go", [1], [2]]
---
%%step b
match cmd:
    case ["go", *args]:
        args[0].append(9)
    case [only]: pass
---
%%step c
print(cmd, args)
""",
)
add(
    "match-guard-with-effect",
    """
log = []
def ok(x): log.append(x); return x > 1
---
%%step a
v = 2
match v:
    case 1: r = "one"
    case n if ok(n): r = "big"
---
%%step b
print(r, n, log)
""",
)
add(
    "try-finally-rebinds",
    """
%%step a
x = 0
---
%%step b
try:
    try:
        x = 1
        1 / 0
    finally:
        x += 10
except ZeroDivisionError:
    x += 100
---
%%step c
print(x)
""",
)
add(
    "except-partial-then-else",
    """
%%step a
log, mode = [], "start"
---
%%step b
for bad in (True, False):
    try:
        log.append("try")
        if bad: raise KeyError("k")
        mode = "ok"
    except KeyError as err:
        log.append(repr(err))
    else:
        log.append("else")
---
%%step c
print(log, mode, bad)
""",
)
add(
    "except-group",
    """
%%step a
log = []
---
%%step b
try:
    raise ExceptionGroup("g", [ValueError(1), TypeError(2)])
except* ValueError as eg:
    log.append(len(eg.exceptions))
except* TypeError:
    log.append("t")
---
%%step c
print(log)
""",
)
add(
    "exception-object-kept",
    """
%%step a
try:
    int("x")
except ValueError as e:
    err = e
---
%%step b
print(type(err).__name__, err.args)
""",
)
add(
    "return-in-finally-and-loop-else",
    """
def find(xs, log):
    for x in xs:
        try:
            if x == 2: return x
        finally:
            log.append(x)
    else:
        log.append("none")
---
%%step a
log = []
---
%%step b
r = find([1, 2, 3], log); s = find([7], log)
---
%%step c
print(log, r, s)
""",
)
add(
    "del-in-loop-and-slice",
    """
%%step a
d = {k: k for k in "abc"}; l = list(range(5))
---
%%step b
for k in list(d):
    if k != "b": del d[k]
del l[::2]
---
%%step c
print(d, l)
""",
)
add(
    "loop-variable-of-object-leaks",
    """
%%step a
models = [{"n": 1}, {"n": 2}]
---
%%step b
for m in models: m["fit"] = True
---
%%step c
m["last"] = 1
---
%%step d
print(models)
""",
)
add(
    "conditional-def-alias",
    """
%%step a
a, b = [1], [2]
flag = len(a) > 5
---
%%step b
target = a if flag else b
---
%%step c
target.append(0)
---
%%step d
print(a, b)
""",
)
add(
    "swap-through-tuple-store",
    """
%%step a
x, y = [1], [2]
---
%%step b
x, y = y, x
---
%%step c
x.append("x")
---
%%step d
print(x, y)
""",
)
add(
    "chained-comparison-and-ternary-calls",
    """
log = []
def v(x): log.append(x); return x
---
%%step a
r = v(1) < v(2) < v(3)
---
%%step b
s = v(4) if v(0) else v(5); t = v(0) or v(6)
---
%%step c
print(log, r, s, t)
""",
)
add(
    "default-argument-accumulates",
    """
def put(x, box=[]):
    box.append(x)
    return box
---
%%step a
put(1)
---
%%step b
put(2)
---
%%step c
print(put(3))
""",
    "either",
)
add(
    "default-mutable-shared-with-global",
    """
shared = []
def put(x, box=shared): box.append(x)
---
%%step a
put(1)
---
%%step b
put(2)
---
%%step c
print(shared)
""",
    "either",
)
add(
    "kwargs-dict-mutated-inside",
    """
def f(**kw): kw["x"].append(1); kw["y"] = 0
---
%%step a
d = {"x": []}
---
%%step b
f(**d)
---
%%step c
print(d)
""",
)
add(
    "args-tuple-elements-mutated",
    """
def f(*args):
    for a in args: a.append(1)
---
%%step a
p, q, r = [], [], []
---
%%step b
f(p, *[q, r])
---
%%step c
print(p, q, r)
""",
)
add(
    "keyword-only-mutated-by-lambda",
    """
f = lambda *, box, n=1: box.extend([n])
---
%%step a
box = []
---
%%step b
f(box=box); f(box=box, n=3)
---
%%step c
print(box)
""",
)
add(
    "map-lazily-never-run",
    """
%%step a
log = []
---
%%step b
m = map(log.append, [1, 2])
n = 1
---
%%step c
print(log, n)
""",
)
add(
    "map-consumed-later",
    """
%%step a
log = []
m = map(log.append, [1, 2])
---
%%step b
done = list(m)
---
%%step c
print(log, done)
""",
    "either",
)
add(
    "zip-of-lists-mutates-inner",
    """
%%step a
xs = [[1], [2]]
ys = [10, 20]
---
%%step b
for x, y in zip(xs, ys, strict=True): x.append(y)
---
%%step c
print(xs)
""",
)
add(
    "sorted-key-with-effect",
    """
%%step a
seen = []
xs = [3, 1, 2]
---
%%step b
out = sorted(xs, key=lambda v: (seen.append(v), v)[1])
xs.sort(key=lambda v: seen.append(-v) or -v)
---
%%step c
print(seen, out, xs)
""",
)
add(
    "any-short-circuits-iterator",
    """
%%step a
it = iter([1, 2, 3, 4])
---
%%step b
found = any(x == 2 for x in it)
---
%%step c
print(list(it), found)
""",
    "either",
)
add(
    "in-consumes-iterator",
    """
%%step a
it = iter("abcd")
---
%%step b
has = "b" in it
---
%%step c
print(next(it), has)
""",
    "either",
)
add(
    "iterator-twins",
    """
%%step a
it = iter([1, 2, 3, 4])
pairs = zip(it, it)
---
%%step b
first = next(pairs)
---
%%step c
print(first, list(it))
""",
    "either",
)
add(
    "itertools-count-shared",
    """
import itertools
ids = itertools.count(1)
def new_id(): return next(ids)
---
%%step a
a = new_id()
---
%%step b
b = [new_id(), new_id()]
---
%%step c
print(a, b, new_id())
""",
)
add(
    "itertools-count-in-class-body",
    """
import itertools
class Node:
    _ids = itertools.count()
    def __init__(self): self.id = next(self._ids)
---
%%step a
n = [Node(), Node()]
---
%%step b
m = Node()
---
%%step c
print([x.id for x in n], m.id)
""",
    "either",
)
add(
    "itertools-tee-groupby-cycle",
    """
import itertools
---
%%step a
c = itertools.cycle("ab")
next(c)
---
%%step b
print([next(c) for _ in range(3)])
""",
    "either",
)
add(
    "operator-methods",
    """
import operator
---
%%step a
l, d = [1], {}
---
%%step b
operator.iadd(l, [2]); operator.setitem(d, "k", 1); operator.methodcaller("append", 3)(l)
---
%%step c
print(l, d)
""",
)
add(
    "unbound-method-call",
    """
%%step a
l, d, s = [2, 1], {}, set()
---
%%step b
list.append(l, 0); list.sort(l); dict.update(d, a=1); set.add(s, 4)
---
%%step c
print(l, d, s)
""",
)
add(
    "unbound-method-in-map",
    """
%%step a
ls = [[1], [2]]
---
%%step b
list(map(list.clear, ls))
any(map(lambda l: list.append(l, 5), ls))
---
%%step c
print(ls)
""",
)
add(
    "super-call-chain-mutates",
    """
log = []
class A:
    def go(self): log.append("A"); self.x = 1
class B(A):
    def go(self): super().go(); log.append("B"); self.y = 2
class C(A):
    def go(self): super().go(); log.append("C")
class D(B, C): pass
---
%%step a
d = D()
---
%%step b
d.go()
---
%%step c
print(log, d.__dict__)
""",
)
add(
    "class-of-inherited-list",
    """
class Stack(list):
    def push(self, x): self.append(x); return self
---
%%step a
s = Stack()
---
%%step b
s.push(1).push(2); s += [3]
---
%%step c
print(s, type(s).__name__)
""",
)
add(
    "dict-subclass-missing",
    """
class D(dict):
    def __missing__(self, k): self[k] = []; return self[k]
---
%%step a
d = D()
---
%%step b
d["x"].append(1)
---
%%step c
print(d)
""",
)
add(
    "dataclass-default-factory-shared",
    """
from dataclasses import dataclass, field
pool = []
@dataclass
class C:
    items: list = field(default_factory=lambda: pool)
---
%%step a
c = C()
---
%%step b
c.items.append(1)
---
%%step d
print(pool, C().items)
""",
)
add(
    "dataclass-replace-shares",
    """
from dataclasses import dataclass, replace
@dataclass
class C:
    items: list
    n: int = 0
---
%%step a
c = C([1])
---
%%step b
d = replace(c, n=1)
---
%%step e
d.items.append(2)
---
%%step f
print(c, d)
""",
)
add(
    "enum-with-mutable-and-auto",
    """
from enum import Enum, auto
class Color(Enum):
    RED = auto(); BLUE = auto()
---
%%step a
counts = {Color.RED: 0}
---
%%step b
counts[Color.RED] += 1; counts[Color.BLUE] = 5
---
%%step c
print(counts[Color(1)], Color.BLUE in counts, [c.name for c in counts])
""",
)
add(
    "flag-enum-and-state-on-member",
    """
from enum import Enum
class E(Enum):
    A = "a"
---
%%step a
E.A.note = []
E.A.note.append(1)
---
%%step b
print(E.A.note)
""",
    "either",
)
add(
    "namespace-object",
    """
from types import SimpleNamespace
---
%%step a
cfg = SimpleNamespace(lr=1, sub=SimpleNamespace(xs=[]))
---
%%step b
cfg.lr *= 2; cfg.sub.xs.append(cfg.lr)
sub = cfg.sub
---
%%step c
sub.xs.append("s"); print(cfg)
---
%%step d
print(cfg.sub.xs)
""",
)
add(
    "callable-object-with-state",
    """
class Adder:
    def __init__(self): self.total = 0
    def __call__(self, x): self.total += x; return self.total
---
%%step a
add_up = Adder()
---
%%step b
out = list(map(add_up, [1, 2, 3]))
---
%%step c
print(add_up.total, out)
""",
)
add(
    "callback-stored-in-instance",
    """
log = []
class Bus:
    def __init__(self): self.subs = []
    def on(self, f): self.subs.append(f)
    def emit(self, x):
        for f in self.subs: f(x)
---
%%step a
bus = Bus()
bus.on(log.append)
---
%%step b
bus.on(lambda x: log.append(-x))
---
%%step c
bus.emit(3)
---
%%step d
print(log)
""",
    "either",
)
add(
    "dispatch-dict-of-lambdas",
    """
%%step a
state = {"n": 0}
ops = {"inc": lambda: state.update(n=state["n"] + 1), "dec": lambda: state.update(n=state["n"] - 1)}
---
%%step b
for name in ["inc", "inc", "dec"]: ops[name]()
---
%%step c
print(state)
""",
    "either",
)
add(
    "method-chosen-by-string",
    """
class M:
    def __init__(self): self.v = 0
    def up(self): self.v += 1
    def down(self): self.v -= 1
---
%%step a
m = M()
---
%%step b
for name in ("up", "up", "down"): getattr(m, name)()
---
%%step c
print(m.v)
""",
)
add(
    "recursive-structure-walk",
    """
def walk(n, f):
    f(n)
    for k in n["kids"]: walk(k, f)
---
%%step a
tree = {"v": 1, "kids": [{"v": 2, "kids": []}]}
---
%%step b
walk(tree, lambda n: n.__setitem__("seen", True))
---
%%step c
print(tree)
""",
)
add(
    "mutual-recursion-global-list",
    """
log = []
def even(n): log.append(n); return True if n == 0 else odd(n - 1)
def odd(n): return False if n == 0 else even(n - 1)
---
%%step a
r = even(4)
---
%%step b
print(r, log)
""",
)
add(
    "async-helper-mutates",
    """
import asyncio
async def put(q, x):
    await asyncio.sleep(0)
    q.append(x)
---
%%step a
q = []
---
%%step b
await asyncio.gather(put(q, 1), put(q, 2))
---
%%step c
print(sorted(q))
""",
)
add(
    "async-for-and-with",
    """
log = []
class A:
    async def __aenter__(self): log.append("in"); return self
    async def __aexit__(self, *a): log.append("out")
async def gen():
    for i in range(2):
        log.append(i); yield i
---
%%step a
async with A() as x:
    out = [i async for i in gen()]
---
%%step b
async for i in gen(): pass
---
%%step c
print(log, out, i)
""",
)
add(
    "thread-mutates-argument",
    """
import threading
---
%%step a
box = []
---
%%step b
t = threading.Thread(target=lambda b: b.append(1), args=(box,))
t.start(); t.join()
del t
---
%%step c
print(box)
""",
    "either",
)
add(
    "threadpool-mutates-global",
    """
from concurrent.futures import ThreadPoolExecutor
done = {}
def work(i): done[i] = i * i
---
%%step a
with ThreadPoolExecutor(1) as ex: list(ex.map(work, range(3)))
---
%%step b
with ThreadPoolExecutor(1) as ex: ex.submit(work, 9).result()
---
%%step c
print(done)
""",
)
add(
    "underscore-as-throwaway",
    """
%%step a
pairs = [(1, [2]), (3, [4])]
for _, last in pairs: pass
---
%%step b
last.append(0)
first, _ = pairs[0]
---
%%step c
print(pairs, first)
""",
)
add(
    "underscore-name-assigned-and-read-later",
    """
%%step a
_, keep = (1, 2)
---
%%step b
print(_, keep)
""",
    "either",
)
add(
    "dunder-and-private-names",
    """
%%step a
__secret = 1; _hidden = [2]; __all__ = ["x"]
---
%%step b
_hidden.append(__secret)
---
%%step c
print(__secret, _hidden, __all__)
""",
    "either",
)
add(
    "unicode-nfkc-name",
    """
%%step a
ﬁne = 1
名前 = [2]
---
%%step b
print(fine); 名前.append(3)
---
%%step c
print(名前)
""",
)
add(
    "shadow-builtin-then-del",
    """
%%step a
max = lambda *a: "mine"
---
%%step b
r = max(1, 2)
---
%%step c
del max
---
%%step d
print(max(1, 2), r)
""",
    "either",
)
add(
    "shadow-print-and-open",
    """
lines = []
def print(*a): lines.append(a)
---
%%step a
print("x")
---
%%step b
print("y")
---
%%step c
import builtins
builtins.print(lines)
""",
)
add(
    "import-alias-shadowed-by-variable",
    """
import math as m
---
%%step a
r = m.sqrt(4)
m = 5
---
%%step b
print(m + r)
""",
)
add(
    "reimport-after-shadow",
    """
import math
---
%%step a
math = 3
---
%%step b
print(math)
---
%%step c
import math
print(math.floor(2.5))
""",
)
add(
    "conditional-import-in-step",
    """
%%step a
try:
    import nonexistent_module as js
except ImportError:
    import json as js
---
%%step b
print(js.dumps({"a": 1}))
""",
)
add(
    "function-local-import-state",
    """
def setup():
    import decimal
    decimal.getcontext().prec = 4
---
%%step a
setup()
---
%%step b
from decimal import Decimal
print(Decimal(1) / Decimal(3))
""",
    "either",
)
add(
    "exec-in-function",
    """
def run(code): exec(code, globals())
---
%%step a
run("hidden = 5")
---
%%step b
print(hidden)
""",
    "either",
)
add(
    "vars-of-object",
    """
class O: pass
---
%%step a
o = O(); o.l = []
---
%%step b
vars(o)["x"] = 1; o.__dict__["y"] = 2; vars(o).update(z=3)
---
%%step c
print(vars(o))
""",
)
add(
    "object-setattr",
    """
from dataclasses import dataclass
@dataclass(frozen=True)
class F:
    x: int
---
%%step a
f = F(1)
---
%%step b
object.__setattr__(f, "x", 2)
---
%%step c
print(f)
""",
)
add(
    "copy-shallow-inner-shared",
    """
import copy
---
%%step a
a = {"l": [1]}
b = copy.copy(a); c = dict(a); d = a.copy(); e = [*a.values()]
---
%%step b
a["l"].append(2)
---
%%step c
print(b, c, d, e)
""",
)
add(
    "deepcopy-memo-shared-pair",
    """
import copy
---
%%step a
l = [1]; pair = copy.deepcopy([l, l])
---
%%step b
pair[0].append(2)
---
%%step c
print(pair, l)
""",
)
add(
    "string-builder-in-dict",
    """
%%step a
out = {"text": ""}
---
%%step b
for w in "ab": out["text"] += w
---
%%step c
print(out)
""",
)
add(
    "nested-dict-setdefault",
    """
%%step a
idx = {}
---
%%step b
for w in ["aa", "ab", "b"]:
    idx.setdefault(w[0], []).append(w)
---
%%step c
first = idx["a"]; first.append("!")
---
%%step d
print(idx)
""",
)
add(
    "dict-views-are-live",
    """
%%step a
d = {"a": 1}
ks = d.keys()
---
%%step b
d["b"] = 2
---
%%step c
print(list(ks))
""",
    "either",
)
add(
    "memoryview-writes",
    """
%%step a
b = bytearray(b"abc")
---
%%step b
memoryview(b)[0:1] = b"Z"
---
%%step c
print(bytes(b))
""",
)
add(
    "weak-reference-and-id",
    """
import weakref
class O: pass
---
%%step a
o = O(); r = weakref.ref(o)
---
%%step b
print(r() is o)
""",
    "either",
)
add(
    "is-identity-of-tuple-and-interned",
    """
%%step a
x = (1, [2])
y = x
---
%%step b
print(x is y)
""",
)
add(
    "identity-of-frame-in-dict-key",
    """
class K: pass
---
%%step a
k = K(); d = {k: 1}
---
%%step b
print(d[k], k in d)
""",
)
add(
    "same-object-in-two-containers",
    """
%%step a
shared = {"n": 0}
left = [shared]
---
%%step b
right = (shared, 1)
---
%%step c
left[0]["n"] += 1
---
%%step d
print(right[0]["n"], shared)
""",
)
add(
    "late-binding-loop-lambdas",
    """
%%step a
fs = [lambda: i for i in range(3)]
k = 10
gs = [lambda: k]
---
%%step b
k = 20
---
%%step c
print([f() for f in fs], gs[0]())
""",
    "either",
)
add(
    "annotations-evaluated",
    """
def tag(x): log.append(x); return int
---
%%step a
log = []
x: tag("x") = 1
def f(a: tag("a")) -> tag("r"): pass
---
%%step b
print(log)
""",
)
add(
    "type-statement-generic",
    """
from typing import TypeVar, Generic
T = TypeVar("T")
class Box(Generic[T]):
    def __init__(self, v: T): self.v = v
---
%%step a
b = Box[int](1)
---
%%step b
b.v += 1
---
%%step c
print(b.v)
""",
)
add(
    "abstract-protocol-isinstance",
    """
from typing import Protocol, runtime_checkable
@runtime_checkable
class Has(Protocol):
    def go(self): ...
class X:
    def go(self): return 1
---
%%step a
x = X()
---
%%step b
print(isinstance(x, Has), isinstance(x, X))
""",
)
add(
    "class-defined-in-helper",
    """
def make(n, base):
    class Local(base):
        size = n
        made = []
        def __init__(self, v): self.made.append(v)
        def both(self): return self.size, len(self.made)
    return Local
---
%%step a
L = make(3, object)
M = make(4, L)
one = L(1)
---
%%step b
two = M(2)
print(one.both(), two.both(), isinstance(two, L), type(one) is L)
---
%%step c
L.size = 5
print(one.size, M.size, one.made is L.made, L(0).both())
""",
)
add(
    "instance-of-class-defined-in-helper",
    """
def make(n):
    class Local:
        def __init__(self): self.n = n
    return Local()
---
%%step a
o = make(3)
---
%%step b
print(o.n)
""",
    "either",
)
add(
    "class-redefined-between",
    """
%%step a
class A:
    def f(self): return "old"
a = A()
---
%%step b
class A:
    def f(self): return "new"
---
%%step c
print(a.f(), A().f(), isinstance(a, A))
""",
    "either",
)
add(
    "helper-redefined-old-captured",
    """
def f(): return "old"
g = f
---
%%step a
first = g()
---
def f(): return "new"
---
%%step b
print(g(), f(), first)
""",
    "either",
)
add(
    "helper-redefined-between-uses",
    """
def f(): return h()
def h(): return 1
---
%%step a
r = f()
---
def h(): return 2
---
%%step b
print(r, f())
""",
)
add(
    "constant-redefined-between-uses",
    """
K = 1
def f(): return K
---
%%step a
r = f()
---
K = 2
---
%%step b
print(r, f(), K)
""",
)
add(
    "constant-list-rebound-then-mutated",
    """
opts = [1]
keep = opts
---
%%step a
opts = opts + [2]
---
%%step b
opts.append(3)
---
%%step c
print(opts, keep)
""",
)
add(
    "setup-constant-aliased-by-two",
    """
base = {"a": []}
view = base["a"]
---
%%step a
base["a"].append(1)
---
%%step b
print(view)
""",
)
add(
    "setup-constant-identity",
    """
base = [1]
other = base
---
%%step a
same = other is base
---
%%step b
print(other is base, same)
""",
)
add(
    "mutable-constant-leaks-into-step-object",
    """
DEFAULTS = {"x": [1]}
---
%%step a
cfg = dict(DEFAULTS)
---
%%step b
cfg["x"].append(2)
---
%%step c
print(DEFAULTS, cfg)
""",
)
add(
    "mutable-constant-stored-in-instance",
    """
DEFAULTS = []
class C:
    def __init__(self): self.d = DEFAULTS
---
%%step a
c = C()
---
%%step b
c.d.append(2)
---
%%step x
print(DEFAULTS)
""",
)
add(
    "mutable-constant-returned-by-helper",
    """
CACHE = {}
def cache(): return CACHE
---
%%step a
cache()["k"] = 1
---
%%step b
print(CACHE, len(cache()))
""",
)
add(
    "memo-in-global-dict",
    """
memo = {}
def fib(n):
    if n in memo: return memo[n]
    memo[n] = n if n < 2 else fib(n - 1) + fib(n - 2)
    return memo[n]
---
%%step a
a = fib(10)
---
%%step b
b = fib(12)
---
%%step c
print(a, b, len(memo))
""",
)
add(
    "step-with-same-private-names",
    """
%%step a
tmp = [1]; a = sum(tmp)
---
%%step b
tmp = [2]; b = sum(tmp)
---
%%step c
print(a, b, tmp)
""",
)
add(
    "function-attribute-counter",
    """
def f():
    f.calls = getattr(f, "calls", 0) + 1
    return f.calls
---
%%step a
f()
---
%%step b
print(f())
""",
    "either",
)
add(
    "function-attribute-set-in-step",
    """
def f(x): return x * f.k
f.k = 2
---
%%step a
a = f(1)
---
%%step b
f.k = 3
---
%%step c
print(a, f(1))
""",
    "either",
)
add(
    "lambda-assigned-attribute",
    """
%%step a
class Cfg: pass
cfg = Cfg()
cfg.f = lambda x: x + off
off = 1
---
%%step b
off = 5
---
%%step c
print(cfg.f(1))
""",
    "either",
)
add(
    "star-import-shadow",
    """
from math import *
---
%%step a
pi = 3
---
%%step b
print(pi, floor(2.5), e)
""",
)
add(
    "sum-of-lists-start-mutated",
    """
%%step a
start = []
---
%%step b
r = sum([[1], [2]], start)
---
%%step c
r.append(3); print(start, r)
""",
)
add(
    "print-end-and-file-arg",
    """
import io
---
%%step a
buf = io.StringIO()
---
%%step b
print("x", file=buf)
---
%%step c
print("y", file=buf); print(buf.getvalue())
""",
    "either",
)
add(
    "json-dump-into-buffer",
    """
import io, json, csv
---
%%step a
buf = io.StringIO()
---
%%step b
json.dump({"a": 1}, buf)
w = csv.writer(buf); w.writerow([1, 2])
del w
---
%%step c
print(repr(buf.getvalue()))
""",
    "either",
)
add(
    "hash-object-updates",
    """
import hashlib
---
%%step a
h = hashlib.sha256()
---
%%step b
h.update(b"x")
---
%%step c
print(h.hexdigest()[:8])
""",
    "either",
)
add(
    "regex-match-and-scanner",
    """
import re
pat = re.compile(r"(\\w)(\\d)")
---
%%step a
m = pat.match("a1")
---
%%step b
print(m.groups() if m else None)
""",
    "either",
)
add(
    "struct-and-array-module",
    """
import array, struct
---
%%step a
a = array.array("i", [1, 2]); buf = bytearray(4)
---
%%step b
a.append(3); a[0] = 9; struct.pack_into("<i", buf, 0, 7)
---
%%step c
print(a.tolist(), bytes(buf))
""",
)
add(
    "queue-object",
    """
import queue
---
%%step a
q = queue.Queue()
---
%%step b
q.put(1)
---
%%step c
print(q.get())
""",
    "either",
)
add(
    "simplequeue-heap-in-class",
    """
import heapq
class PQ:
    def __init__(self): self.h = []
    def push(self, p, x): heapq.heappush(self.h, (p, x))
    def pop(self): return heapq.heappop(self.h)[1]
---
%%step a
pq = PQ(); pq.push(2, "b")
---
%%step b
pq.push(1, "a")
---
%%step c
first = pq.pop()
---
%%step d
print(first, pq.h)
""",
)
add(
    "string-template-and-percent-dict",
    """
import string
---
%%step a
who = {"name": "x"}
---
%%step b
t = string.Template("hi $name").substitute(who); u = "hi %(name)s" % who; v = "hi {name}".format_map(who)
---
%%step c
print(t, u, v)
""",
)
add(
    "complex-slicing-objects",
    """
%%step a
s = slice(0, 2); l = list("abcd"); e = ...
---
%%step b
l[s] = ["X"]
---
%%step c
print(l, s, e is Ellipsis)
""",
)
add(
    "boolean-operators-in-place",
    """
%%step a
s, d = {1, 2}, {"a": 1}
t, e = s, d
---
%%step b
s |= {3}; s -= {1}; d |= {"b": 2}; s &= {2, 3}; s ^= {9}
---
%%step c
print(t, e)
""",
)
add(
    "tuple-iadd-holds-list",
    """
%%step a
t = ([1],)
---
%%step b
try:
    t[0] += [2]
except TypeError:
    pass
u = t
u += ([5],)
---
%%step c
print(t, u)
""",
)
