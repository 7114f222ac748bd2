"""Classes defined in the notebook, and their instances in other processes."""

from __future__ import annotations

from oracle.case import Category, Expect

classes = Category("class")
classes.add(
    "isinstance-across-steps",
    """
class Point:
    def __init__(self, x): self.x = x
---
%%step a
p = Point(1)
---
%%step b
print(isinstance(p, Point), type(p) is Point, p.x)
""",
)
classes.add(
    "dataclass-equality",
    """
from dataclasses import dataclass
@dataclass
class Point:
    x: int
---
%%step a
p = Point(1)
---
%%step b
print(p == Point(1), p)
""",
)
classes.add(
    "enum-identity",
    """
from enum import Enum
class Color(Enum):
    RED = 1
    BLUE = 2
---
%%step a
c = Color.RED
---
%%step b
print(c is Color.RED, c, {Color.RED: "r"}[c])
""",
)
classes.add(
    "namedtuple",
    """
from collections import namedtuple
Row = namedtuple("Row", "a b")
---
%%step a
r = Row(1, 2)
---
%%step b
print(isinstance(r, Row), r._replace(a=5))
""",
    "either",
)
classes.add(
    "typed-namedtuple",
    """
from typing import NamedTuple
class Row(NamedTuple):
    a: int
    b: int = 2
---
%%step a
r = Row(1)
---
%%step b
print(isinstance(r, Row), r)
""",
)
classes.add(
    "methods-use-globals",
    """
factor = 3
class Scaler:
    def run(self, v): return v * factor
---
%%step a
s = Scaler()
---
%%step b
print(s.run(2))
""",
)
classes.add(
    "method-mutates-self",
    """
class Acc:
    def __init__(self): self.items = []
    def add(self, v):
        self.items.append(v)
        return self
---
%%step a
acc = Acc()
---
%%step b
acc.add(1).add(2)
---
%%step c
print(acc.items)
""",
)
classes.add(
    "method-mutates-global",
    """
%%step a
journal = []
class Worker:
    def work(self): journal.append("work")
w = Worker()
---
%%step b
w.work()
---
%%step c
print(journal)
""",
)
classes.add(
    "attribute-mutated-after-definition",
    """
class Config:
    n = 1
---
%%step a
Config.n += 1
---
%%step b
print(Config.n, Config().n)
""",
    "either",
    why="replaying the class source would bring n back to 1",
)
classes.add(
    "instance-counter-on-class",
    """
class Item:
    made = 0
    def __init__(self): Item.made += 1
---
%%step a
items = [Item(), Item()]
---
%%step b
print(Item.made, len(items))
""",
    "either",
)
classes.add(
    "inheritance-across-steps",
    """
class Base:
    def name(self): return "base"
---
%%step a
class Child(Base):
    def name(self): return "child of " + super().name()
c = Child()
---
%%step b
print(c.name(), isinstance(c, Base), isinstance(c, Child))
""",
)
classes.add(
    "body-reads-globals",
    """
sizes = (1, 2)
class Grid:
    area = sizes[0] * sizes[1]
---
%%step a
g = Grid()
---
%%step b
print(g.area, Grid.area)
""",
)
classes.add(
    "body-reads-data",
    """
%%step a
columns = ["a", "b"]
---
%%step b
class Schema:
    width = len(columns)
---
%%step c
print(Schema.width)
""",
    "either",
)
classes.add(
    "property-uses-global",
    """
unit = "kg"
class Mass:
    def __init__(self, v): self.v = v
    @property
    def label(self): return f"{self.v} {unit}"
---
%%step a
m = Mass(3)
---
%%step b
print(m.label)
""",
)
classes.add(
    "property-setter-mutates",
    """
class T:
    def __init__(self): self._log = []
    @property
    def v(self): return self._log[-1]
    @v.setter
    def v(self, new): self._log.append(new)
---
%%step a
t = T()
---
%%step b
t.v = 1; t.v = 2
---
%%step c
print(t.v, t._log)
""",
)
classes.add(
    "call-and-operators-use-globals",
    """
bias = 10
class Op:
    def __call__(self, v): return v + bias
    def __add__(self, other): return bias - other
    def __len__(self): return bias
---
%%step a
op = Op()
---
%%step b
print(op(1), op + 1, len(op))
""",
)
classes.add(
    "operator-mutates",
    """
class Bag:
    def __init__(self): self.items = []
    def __lshift__(self, v):
        self.items.append(v)
        return self
    def __iadd__(self, v):
        self.items.append(v)
        return self
---
%%step a
bag = Bag()
---
%%step b
bag << 1 << 2
bag += 3
---
%%step c
print(bag.items)
""",
)
classes.add(
    "context-manager",
    """
events = []
class Watch:
    def __enter__(self):
        events.append("in")
        return self
    def __exit__(self, *error):
        events.append("out")
---
%%step a
with Watch() as w:
    x = 1
---
%%step b
print(events, x)
""",
    "either",
    why="events is an untagged list that a step mutates",
)
classes.add(
    "slots",
    """
class P:
    __slots__ = ("x",)
    def __init__(self, x): self.x = x
---
%%step a
p = P(4)
---
%%step b
p.x += 1
---
%%step c
print(p.x, isinstance(p, P))
""",
)
classes.add(
    "frozen-dataclass-as-key",
    """
from dataclasses import dataclass
@dataclass(frozen=True)
class Key:
    a: int
---
%%step a
d = {Key(1): "one"}
---
%%step b
print(d[Key(1)])
""",
)
classes.add(
    "classmethod-and-static",
    """
class Shape:
    registry = ("circle",)
    @classmethod
    def known(cls): return cls.registry
    @staticmethod
    def twice(v): return 2 * v
---
%%step a
s = Shape()
---
%%step b
print(s.known(), Shape.twice(4))
""",
)
classes.add(
    "redefined-class",
    """
class V:
    n = 1
---
%%step a
old = V()
---
class V:
    n = 2
---
%%step b
print(old.n, V().n, isinstance(old, V))
""",
    "either",
    why="old keeps the first class",
)
classes.add(
    "abstract-base",
    """
from abc import ABC, abstractmethod
class Model(ABC):
    @abstractmethod
    def fit(self, x): ...
class Mean(Model):
    def fit(self, x):
        self.mean_ = sum(x) / len(x)
        return self
---
%%step a
m = Mean()
---
%%step b
m.fit([1, 2, 6])
---
%%step c
print(m.mean_, isinstance(m, Model))
""",
)
classes.add(
    "exception-class",
    """
class Missing(Exception):
    pass
---
%%step a
err = Missing("x")
---
%%step b
try:
    raise err
except Missing as e:
    print("caught", e.args)
""",
)
classes.add(
    "init-subclass-registry",
    """
registry = {}
class Plugin:
    def __init_subclass__(cls, **kw):
        registry[cls.__name__] = cls
---
class A(Plugin): pass
---
%%step a
names = sorted(registry)
---
%%step b
print(names, A in registry.values())
""",
    "either",
)
classes.add(
    "sklearn-transformer",
    """
from sklearn.base import BaseEstimator, TransformerMixin
class Center(BaseEstimator, TransformerMixin):
    def fit(self, X, y=None):
        self.mean_ = X.mean(axis=0)
        return self
    def transform(self, X):
        return X - self.mean_
---
%%step a
import numpy as np
X = np.arange(6.0).reshape(3, 2)
---
%%step b
c = Center().fit(X)
---
%%step d
print(c.transform(X), c)
""",
)
classes.add(
    "mangled-name",
    """
class M:
    def __init__(self): self.__n = 1
    def up(self): self.__n += 1
    def get(self): return self.__n
---
%%step a
m = M()
---
%%step b
m.up()
---
%%step c
print(m.get(), vars(m))
""",
)
classes.add(
    "pydantic-lists-of-each-object",
    """
from pydantic import BaseModel, Field
class C(BaseModel):
    n: int = 1
    xs: list[int] = []
    ys: list[int] = Field(default_factory=list)
---
%%step a
c = C()
c.xs.append(1)
c.ys.append(4)
---
%%step b
c.xs.append(2)
print(c)
---
%%step d
print(c, C())
""",
    "equal",
)
classes.add(
    "pydantic-model-that-is-read-and-set",
    """
from pydantic import BaseModel, Field
class C(BaseModel):
    lr: float = Field(0.1, gt=0)
    layers: list[int] = [8, 4]
    tags: dict = {}
---
%%step a
cfg = C(lr=0.5)
---
%%step b
total = sum(cfg.layers) * cfg.lr
cfg.lr = 0.7
---
%%step d
print(cfg.model_dump(), total, C().layers)
""",
    "equal",
)
classes.add(
    "attrs-lists-of-each-object",
    """
import attrs
from attrs import define, field
@define
class C:
    n: int = 1
    xs: list = field(factory=list)
---
%%step a
c = C()
c.xs.append(1)
---
%%step b
c.xs.append(2)
c.n = 5
print(c)
---
%%step d
print(c, C())
""",
    "equal",
)
classes.add(
    "attrs-in-its-older-form",
    """
import attr
@attr.s(auto_attribs=True)
class C:
    n: int = 1
    xs: list = attr.ib(factory=list)
---
%%step a
c = C()
c.xs.append(1)
---
%%step b
c.xs.append(2)
c.n = 5
print(c)
""",
    "equal",
)
classes.add(
    "pydantic-variable-of-the-class",
    """
from typing import ClassVar
from pydantic import BaseModel
class C(BaseModel):
    seen: ClassVar[list] = []
    n: int = 1
---
%%step a
c = C()
c.seen.append(1)
---
%%step b
print(C.seen, c)
""",
    "refused",
)
classes.add(
    "attrs-default-that-all-objects-share",
    """
import attrs
@attrs.define
class C:
    xs: list = []
---
%%step a
c, d = C(), C()
c.xs.append(1)
---
%%step b
print(d.xs, C().xs)
""",
    "refused",
    why="attrs copies no default: the list is the class's own",
)
classes.add(
    "pydantic-model-of-a-model",
    """
import pydantic
class Base(pydantic.BaseModel):
    xs: list[int] = [1]
class C(Base):
    ys: dict[str, int] = {}
---
%%step a
c = C()
c.xs.append(2)
c.ys["k"] = 3
---
%%step b
c.xs.append(4)
print(c)
---
%%step d
print(C(), c)
""",
    "equal",
)
classes.add(
    "attrs-with-a-validator",
    """
import attrs
@attrs.define
class C:
    x: int = attrs.field(default=1, validator=attrs.validators.instance_of(int))
    log: list = attrs.field(factory=list, repr=False)
    @x.validator
    def _check(self, attribute, value):
        if value < 0: raise ValueError(value)
---
%%step a
c = C(2)
c.log.append(1)
---
%%step b
c.x = 4
c.log.append(2)
print(c, c.log)
---
%%step d
try:
    C(-1)
except ValueError as e:
    print(e, c.log)
""",
    "equal",
)
classes.add(
    "pydantic-validators-and-computed-fields",
    """
from pydantic import BaseModel, field_validator, computed_field
class M(BaseModel):
    a: int = 1
    tags: set[str] = set()
    @field_validator('a')
    @classmethod
    def pos(cls, v):
        if v < 0: raise ValueError('neg')
        return v
    @computed_field
    @property
    def twice(self) -> int: return self.a * 2
---
%%step a
m = M(a=2)
m.tags.add('x')
---
%%step b
m.tags.add('y')
m.a = 7
---
%%step d
print(sorted(m.tags), m.twice, M().tags, m.model_copy(update={'a': 3}))
""",
    "equal",
)
classes.add(
    "pydantic-models-in-models",
    """
from pydantic import BaseModel
class In(BaseModel):
    xs: list[int] = []
class Out(BaseModel):
    inner: In = In()
    items: dict[str, In] = {}
---
%%step a
o = Out()
o.inner.xs.append(1)
---
%%step b
o.items['k'] = In(xs=[9])
o.items['k'].xs.append(2)
---
%%step d
print(o, Out())
""",
    "equal",
)
classes.add(
    "pydantic-settings-of-a-model",
    """
from pydantic import BaseModel
class M(BaseModel):
    model_config = {'extra': 'allow'}
    xs: list[int] = []
---
%%step a
m = M(z=1)
m.xs.append(3)
---
%%step b
m.xs.append(4)
print(m)
""",
    "equal",
)
classes.add(
    "pydantic-and-a-decorator-with-effects",
    """
from pydantic import BaseModel
LOG = []
def logged(f):
    def g(self): LOG.append(1); return f(self)
    return g
class M(BaseModel):
    xs: list[int] = []
    @logged
    def size(self): return len(self.xs)
---
%%step a
m = M()
m.xs.append(3)
m.size()
---
%%step b
print(m.size(), LOG)
""",
    "equal",
)
classes.add(
    "attrs-validator-that-writes-down",
    """
import attrs
SEEN = []
@attrs.define
class C:
    x: int = attrs.field(default=1)
    @x.validator
    def _check(self, attribute, value): SEEN.append(value)
---
%%step a
c = C(2)
---
%%step b
d = C(3)
print(SEEN)
""",
    "refused",
)
classes.add(
    "row-that-is-the-best",
    """
import numpy as np
---
%%step a
t = np.array([(1, 2.0), (3, 4.0)], dtype=[('x', int), ('y', float)])
best = max(t, key=lambda r: r['y'])
---
%%step b
print(best['x'], best)
""",
    "equal",
)
classes.add(
    "pydantic-default-that-all-objects-share",
    """
from pydantic import BaseModel, ConfigDict, Field
class Counter:
    def __init__(self): self.n = 0
class M(BaseModel):
    model_config = ConfigDict(arbitrary_types_allowed=True)
    counter: Counter = Counter()
    other: Counter = Field(default=Counter())
---
%%step a
m = M()
m.counter.n = 5
m.other.n = 6
---
%%step b
print(M().counter.n, M().other.n)
""",
    "refused",
    why="pydantic copies only what has no hash",
)
classes.add(
    "attrs-field-that-all-objects-share",
    """
import attrs
class Counter:
    def __init__(self): self.n = 0
@attrs.define
class C:
    counter: Counter = attrs.field(default=Counter())
    xs: list = attrs.field(factory=list)
---
%%step a
c = C()
c.counter.n = 5
---
%%step b
print(C().counter.n)
""",
    "refused",
)

HOLDERS = """
%%step a
counter = 0
log = []
def bump(*a):
    global counter
    counter += 1
    log.append(counter)
class Quiet:
    def act(self, *a): return 1
class Loud:
    def act(self, *a): bump()
"""


def in_object(name: str, objects: str, use: str, why: str, expect: Expect = "equal") -> None:
    """Add a case whose step b calls, three times, what an object holds and what binds a global of step a."""
    calls = f"%%step b\nfor _ in range(3): {use}\n"
    source = f"{HOLDERS}{objects}---\n{calls}---\n%%step c\nprint(counter, log)\n"
    classes.add(name, source, expect=expect, why=why)


in_object(
    "default-of-the-class-is-replaced",
    """
class Box:
    how = Quiet()
    def __init__(self, how=None):
        if how is not None: self.how = how
b = Box(Loud())
""",
    "b.how.act()",
    "the class has an object that changes nothing, this one object has another",
)
in_object(
    "default-none-is-replaced",
    """
class Box:
    how = None
    def __init__(self, how): self.how = how
b = Box(Loud())
""",
    "b.how.act()",
    "the class has None",
)
in_object(
    "field-with-a-factory-is-given",
    """
from dataclasses import dataclass, field
@dataclass
class Box:
    how: object = field(default_factory=Quiet)
b = Box(Loud())
""",
    "b.how.act()",
    "the factory makes an object that changes nothing",
)
in_object(
    "class-in-a-default-is-replaced",
    """
class Box:
    kind = Quiet
    def __init__(self, kind): self.kind = kind
    @property
    def how(self): return self.kind()
b = Box(Loud)
""",
    "b.how.act()",
    "the attribute is a class, of which the object has another",
)
classes.add(
    "field-with-default-none-holds-an-object",
    """
%%step a
from dataclasses import dataclass
@dataclass
class Node:
    v: int
    nxt: "Node | None" = None
n = Node(1, Node(2))
---
%%step b
n.nxt.nxt = Node(3)
---
%%step c
print(n)
""",
    why="the class has None for it",
)
in_object(
    "constructor-puts-a-function-there",
    """
from functools import partial
class Box:
    def __init__(self): self.f = partial(bump, 1)
b = Box()
""",
    "b.f()",
    "no argument of the constructor has the function",
)
in_object(
    "constructor-puts-its-own-function-there",
    """
class Box:
    def __init__(self):
        def inner(): bump()
        self.go = inner
    def run(self): self.go()
_, b = Box(), Box()
""",
    "b.run()",
    "the second constructor is known already",
)
in_object(
    "methods-of-what-a-proxy-holds",
    """
class Proxy:
    def __init__(self, inner): self._inner = inner
    def __getattr__(self, name): return getattr(self._inner, name)
b = Proxy(Loud())
""",
    "b.act()",
    "the method is found by __getattr__",
)
in_object(
    "setter-by-name",
    """
class A:
    @property
    def v(self): return 1
    @v.setter
    def v(self, x): bump()
b = A()
""",
    'setattr(b, "v", 2)',
    "setattr calls the setter",
)
in_object(
    "setter-and-deleter-of-an-element",
    """
class A:
    @property
    def v(self): return 1
    @v.setter
    def v(self, x): bump()
    @v.deleter
    def v(self): bump()
bs = {"k": [A()]}
""",
    """
    bs["k"][0].v = 3
    del bs["k"][0].v""",
    "of the holder only its possible classes are known",
)
in_object(
    "conditions-ask-the-object",
    """
class A:
    def __bool__(self):
        bump()
        return True
b = A()
""",
    "q = [1 if b else 2, [x for x in [1] if b]]",
    "__bool__ in an expression and in a comprehension",
)
in_object(
    "missing-item-of-a-dict",
    """
class D(dict):
    def __missing__(self, k):
        bump()
        return 0
b = D()
""",
    'b["q"]',
    "the dict asks its subclass",
)
in_object(
    "filter-calls-an-object",
    """
class F:
    def __call__(self, x):
        bump()
        return True
f = F()
""",
    "list(filter(f, [1]))",
    "an object that can be called, given to a library",
)
in_object(
    "class-made-by-type",
    """
K = type("K", (), {"go": lambda self: bump()})
b = K()
""",
    "b.go()",
    "a class without a class statement",
    expect="either",
)
classes.add(
    "copies-that-remember-by-address",
    """
import copy
class Node:
    def __init__(self, v, kids=()):
        self.v = v
        self.kids = list(kids)
    def __deepcopy__(self, memo):
        if id(self) in memo:
            return memo[id(self)]
        new = memo[id(self)] = Node(self.v)
        new.kids = [copy.deepcopy(kid, memo) for kid in self.kids]
        return new
---
%%step a
leaf = Node(1)
tree = Node(0, [leaf, leaf])
---
%%step b
other = copy.deepcopy(tree)
print(other.kids[0] is other.kids[1])
---
%%step c
other.kids[0].v = 5
print(other.kids[1].v, tree.kids[0].v, leaf.v)
""",
)
classes.add(
    "memo-of-copies-that-is-kept",
    """
import copy
kept = {}
class Node:
    def __deepcopy__(self, memo):
        memo[id(self)] = self
        kept.update(memo)
        return self
---
%%step a
node = Node()
copy.deepcopy(node)
---
%%step b
print(id(node) in kept)
""",
    "refused",
)
classes.add(
    "class-made-by-make-dataclass",
    """
from dataclasses import make_dataclass
---
%%step a
Point = make_dataclass("Point", [("x", int)])
p = Point(1)
---
%%step b
print(isinstance(p, Point), p == Point(1), type(p) is Point)
""",
    why="it says that it belongs to the module `types`",
)
classes.add(
    "named-tuple-of-another-name",
    """
from collections import namedtuple
Row = namedtuple("Record", "a b")
---
%%step a
r = Row(1, 2)
---
%%step b
print(isinstance(r, Row), r == Row(1, 2), r)
""",
)
classes.add(
    "type-variable-as-a-key",
    """
from typing import TypeVar
T = TypeVar("T")
---
%%step a
bounds = {T: 1}
---
%%step b
print(bounds[T])
""",
)
classes.add(
    "another-name-for-a-class",
    """
%%step a
class Ridge:
    def fit(self):
        return self
Model = Ridge
m = Model().fit()
---
%%step b
print(isinstance(m, Model), Model is Ridge)
""",
)
classes.add(
    "copies-of-a-class-of-a-step",
    """
%%step a
import copy
class Tree:
    def __init__(self):
        self.kids = []
    def __deepcopy__(self, memo):
        made = type(self)()
        memo[id(self)] = made
        made.kids = copy.deepcopy(self.kids, memo)
        return made
root = Tree()
root.kids.append(Tree())
---
%%step b
clone = copy.deepcopy(root)
clone.kids.append(1)
---
%%step c
print(len(root.kids), len(clone.kids))
""",
)
classes.add(
    "class-changed-by-another-name",
    """
%%step a
class Counter:
    n = 0
Alias = Counter
c = Alias()
---
%%step b
Alias.n += 1
---
%%step c
print(Counter.n, Alias.n, Alias is Counter, isinstance(c, Counter))
""",
)
