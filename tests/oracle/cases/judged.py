"""What a hostile judge found: notebooks in categories that nobody had looked at together."""

from __future__ import annotations

from oracle.case import Category

JUDGED = Category("judged")

JUDGED.add(
    "loggers-with-handlers",
    """
import logging, sys
def make_logger(name):
    logger = logging.getLogger(name)
    if not logger.handlers:
        handler = logging.StreamHandler(sys.stdout)
        handler.setFormatter(logging.Formatter("[%(name)s] %(message)s"))
        logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    logger.propagate = False
    return logger
---
%%step a
log = make_logger("one")
other = logging.getLogger("two")
other.setLevel("DEBUG")
shown = logging.StreamHandler(sys.stdout)
shown.setFormatter(logging.Formatter("%(levelname)s %(message)s"))
other.addHandler(shown)
other.debug("a")
---
%%step b
log.info("b")
other.info("b")
logging.LoggerAdapter(other, {"u": 1}).setLevel("ERROR")
---
%%step c
other.info("not shown")
log.info("c")
print(len(log.handlers), len(other.handlers), make_logger("one") is log)
""",
    why="what a notebook sets loggers to is repeated: handlers for the screen, formats, levels",
)
JUDGED.add(
    "logger-of-an-object",
    """
import logging, sys
class Trainer:
    def __init__(self):
        self.log = logging.getLogger("tr")
        self.log.setLevel("INFO")
    def fit(self):
        self.log.info("fits")
        return self
---
%%step a
logging.basicConfig(stream=sys.stdout, format="%(message)s")
trainer = Trainer().fit()
---
%%step b
trainer.fit()
""",
    expect="refused",
    why="the logger's level is set out of sight, in the first step's process only",
)
JUDGED.add(
    "adapter-keeps-its-dict",
    """
%%step a
import logging
context = {"user": 1}
adapter = logging.LoggerAdapter(logging.getLogger("ad"), context)
---
%%step b
context["user"] = 2
---
%%step c
print(adapter.extra)
""",
)
JUDGED.add(
    "proxies-and-dicts-with-attributes",
    """
class Proxy:
    def __init__(self, target):
        self.calls = []
        self.target = target
    def __getattr__(self, name):
        self.calls.append(name)
        return getattr(self.target, name)
class Slim:
    __slots__ = ("inner", "hits")
    def __init__(self, inner):
        self.inner, self.hits = inner, 0
    def __getattr__(self, name):
        self.hits += 1
        return getattr(self.inner, name)
class Options(dict):
    def __getattr__(self, name):
        return self[name]
    def __setattr__(self, name, value):
        self[name] = value
class Bunch(dict):
    def __init__(self, **given):
        super().__init__(given)
        self.__dict__ = self
---
%%step a
proxy, slim = Proxy([1, 2]), Slim([3, 1])
options = Options(rate=1, inner=Options(n=1))
bunch = Bunch(x=[1])
xs = bunch.x
---
%%step b
proxy.append(3)
slim.sort()
options.rate *= 2
options.inner.n += 1
bunch.y = xs
xs.append(2)
---
%%step c
print(proxy.calls, proxy.target, slim.inner, slim.hits, options, options.inner.n)
print(bunch, bunch["y"] is bunch.x, bunch.__dict__ is bunch)
""",
    why="loading an object must not ask it for what it has not got yet, nor count as a call",
)
JUDGED.add(
    "iterators-of-dicts-and-sets",
    """
%%step a
d = {"a": [1], "b": [2], "c": [3]}
items, values, back = iter(d.items()), iter(d.values()), reversed(d)
kept, changed = {"x": 1}, {"x": 1, "y": 2}
done, spoiled = iter(kept), iter(changed)
some, spent = iter({1, 2, 3}), iter({"q": 1}.values())
list(spent)
next(items), next(values), next(back), next(done), next(some), next(spoiled)
changed["z"] = 3
---
%%step b
next(values).append(9)
d["c"] = 30
print(next(back))
---
%%step c
print(list(items), list(values), list(back), next(done, "end"), sorted(some))
print(type(items).__name__, type(back).__name__, type(some).__name__, list(spent), type(spent).__name__)
---
%%step d
try:
    next(spoiled)
except RuntimeError as error:
    print(error)
""",
)
JUDGED.add(
    "closed-files",
    """
from pathlib import Path
class Log:
    def __init__(self, path):
        self.file = open(path, "a+")
---
%%step a
with open("a.txt", "w") as a:
    a.write("a")
b = Path("b.bin").open("wb")
b.close()
log = Log("c.txt")
log.file.close()
---
%%step b
print(a.closed, a.name, a.mode, b.closed, b.mode, b.name, repr(log.file))
---
%%step c
try:
    a.write("b")
except ValueError as error:
    print(error, open(a.name).read())
""",
)
JUDGED.add(
    "file-closed-by-another-name",
    """
%%step a
f = open("a.txt", "w")
g = f
g.close()
---
%%step b
print(f.closed)
""",
    expect="either",
)
JUDGED.add(
    "class-bodies-that-take-a-name-over",
    """
# tags: parameters
epochs = 2
---
from dataclasses import dataclass
xs = [1]
@dataclass
class Config:
    epochs: int = epochs
class Keep:
    xs = xs
config = Config()
---
%%step a
def make():
    epochs = 50
    class Inner:
        epochs = epochs
    return Inner
print(make().epochs)
Keep.xs.append(2)
---
%%step b
print(config, Config().epochs, xs, Keep.xs)
""",
    parameters={"epochs": 4},
    why="in `class C: n = n` the right n is the notebook's",
)
JUDGED.add(
    "magics-that-functions-of-the-shell-run",
    """
%%step a
get_ipython().run_cell_magic("writefile", "m.txt", "abc")
---
%%step b
took = %timeit -n 1 -r 1 -o -q sum(range(3))
print(open("m.txt").read())
---
%%step c
print(type(took).__name__, took.loops)
""",
    observe=(),
)
JUDGED.add(
    "xdel-of-an-object-with-two-names",
    """
%%step a
x = [1]
y = x
---
%%step b
%xdel x
---
%%step c
print("x" in globals(), "y" in globals())
""",
    expect="refused",
)
JUDGED.add(
    "exceptions-kept",
    """
%%step a
class Failed(Exception):
    def __init__(self, code, where="here"):
        super().__init__(f"code {code}")
        self.code, self.where = code, where
class Odd(ValueError):
    def __init__(self, a, b):
        self.a, self.b = a, [b]
def caught(error, cause=None):
    try:
        raise error from cause
    except Exception as kept:
        return kept
failed, odd = caught(Failed(5)), caught(Odd(1, 2), KeyError("k"))
group = ExceptionGroup("some", [failed, odd])
stop = StopIteration(3)
failed.add_note("n")
---
%%step b
odd.b.append(3)
print(failed.code, failed.args, failed.__notes__, odd.args, odd.b, repr(odd.__cause__), stop.value)
print(group.exceptions[0] is failed, group.message)
---
%%step c
try:
    raise failed
except Failed as again:
    print(again is failed, again.where, odd.b)
""",
    why="what a class's `__init__` was given is not what the exception's `args` are",
)
