"""Steps that change what an earlier step made."""

from __future__ import annotations

from oracle.case import Category

mutation = Category("mutation")
mutation.add(
    "list-append",
    """
%%step a
x = [1]
---
%%step b
x.append(2)
---
%%step c
print(x)
""",
    why="the producer of x for c is b, not a",
)
mutation.add(
    "two-mutators-in-sequence",
    """
%%step a
log = []
---
%%step b
log.append("b")
---
%%step c
log.append("c")
---
%%step d
log.append("d"); print(log)
""",
)
mutation.add(
    "reader-between-mutators",
    """
%%step a
x = {"n": 1}
---
%%step early
first = dict(x)
---
%%step change
x["n"] = 2
---
%%step late
print(first, x)
""",
    why="early must see the value before change",
)
mutation.add(
    "subscript-store",
    """
%%step a
d = {}
---
%%step b
d["k"] = [1]
---
%%step c
d["k"][0] += 41
---
%%step e
print(d)
""",
)
mutation.add(
    "slice-store-and-delete",
    """
%%step a
x = list(range(6))
---
%%step b
x[1:3] = ["a"]
del x[-1]
---
%%step c
print(x)
""",
)
mutation.add(
    "attribute-store",
    """
%%step a
from types import SimpleNamespace
s = SimpleNamespace(n=1)
---
%%step b
s.n = s.n + 1
---
%%step c
print(s.n)
""",
)
mutation.add(
    "augmented-list",
    """
%%step a
x = [1]
y = x
---
%%step b
x += [2]
---
%%step c
print(x, y, x is y)
""",
    why="+= on a list changes the object that y names too",
)
mutation.add(
    "augmented-int",
    """
%%step a
n = 1
m = n
---
%%step b
n += 1
---
%%step c
print(n, m)
""",
)
mutation.add(
    "augmented-attribute",
    """
%%step a
class Box: pass
b = Box(); b.n = 1
---
%%step bump
b.n += 1
---
%%step show
print(b.n)
""",
)
mutation.add(
    "set-and-dict-methods",
    """
%%step a
s = {1, 2}; d = {"a": 1}
---
%%step b
s.add(3); d.update(b=2); d.setdefault("c", []).append(1)
---
%%step c
print(sorted(s), d)
""",
)
mutation.add(
    "sort-in-place",
    """
%%step a
x = [3, 1, 2]
---
%%step b
x.sort(reverse=True)
---
%%step c
print(x)
""",
)
mutation.add(
    "deque-rotate",
    """
%%step a
from collections import deque, Counter
d = deque([1, 2, 3]); c = Counter()
---
%%step b
d.rotate(1); c.update("hello")
---
%%step e
print(d, c)
""",
)
mutation.add(
    "nested-attribute-of-item",
    """
%%step a
from types import SimpleNamespace as NS
tree = {"left": NS(items=[1])}
---
%%step b
tree["left"].items.append(2)
---
%%step c
print(tree["left"].items)
""",
)
mutation.add(
    "through-loop-variable",
    """
%%step a
rows = [{"v": 1}, {"v": 2}]
---
%%step b
for row in rows:
    row["v"] *= 10
---
%%step c
print(rows)
""",
)
mutation.add(
    "through-unpacking",
    """
%%step a
pair = ([1], [2])
---
%%step b
left, *rest = pair
left.append(9); rest[0].append(8)
---
%%step c
print(pair)
""",
)
mutation.add(
    "builtin-function-mutates",
    """
%%step a
import heapq, bisect
h = [5, 1, 4]
s = [1, 3]
---
%%step b
heapq.heapify(h); bisect.insort(s, 2); heapq.heappush(h, 0)
---
%%step c
print(h, s)
""",
)
mutation.add(
    "random-shuffle-of-input",
    """
%%step a
import random
random.seed(3)
x = list(range(8))
---
%%step b
random.shuffle(x)
---
%%step c
print(x)
""",
)
mutation.add(
    "setattr-builtin",
    """
%%step a
from types import SimpleNamespace
s = SimpleNamespace()
---
%%step b
setattr(s, "n", 5)
---
%%step c
print(vars(s))
""",
)
mutation.add(
    "vars-store",
    """
%%step a
from types import SimpleNamespace
s = SimpleNamespace(n=1)
---
%%step b
vars(s)["n"] = 2
---
%%step c
print(s.n)
""",
    "either",
)
mutation.add(
    "bound-method-stored",
    """
%%step a
x = []
add = x.append
---
%%step b
add(1)
---
%%step c
print(x)
""",
    "either",
    why="add holds x",
)
mutation.add(
    "map-of-method",
    """
%%step a
x = []
---
%%step b
list(map(x.append, [1, 2, 3]))
---
%%step c
print(x)
""",
)
mutation.add(
    "dict-insertion-order",
    """
%%step a
d = {"b": 1}
---
%%step b
d["a"] = 2; d["b"] = 3
---
%%step c
print(list(d.items()))
""",
)
mutation.add(
    "only-read-runs-apart",
    """
%%step a
x = [3, 1, 2]
---
%%step b
print(sorted(x), len(x), x[0])
---
%%step c
print(x, x.index(1), x.count(3))
""",
)
mutation.add(
    "mutates-then-rebinds",
    """
%%step a
x = [1]
y = x
---
%%step b
x.append(2)
x = x + [3]
---
%%step c
print(x, y)
""",
)
mutation.add(
    "copy-protects",
    """
%%step a
import copy
x = [[1], [2]]
---
%%step b
shallow = copy.copy(x); deep = copy.deepcopy(x)
shallow.append([3]); shallow[0].append("s"); deep[1].append("d")
---
%%step c
print(x, shallow, deep, shallow[1] is x[1], deep[1] is x[1])
""",
)
mutation.add(
    "reads-own-earlier-value",
    """
%%step a
total = 0
---
%%step b
total = total + 1
---
%%step c
total = total * 10
print(total)
""",
)
mutation.add(
    "pop-used-as-value",
    """
%%step a
stack = [1, 2, 3]
---
%%step b
top = stack.pop()
---
%%step c
print(top, stack, stack.pop(), stack)
""",
)
mutation.add(
    "array-store-in-view-slice",
    """
%%step a
import numpy as np
a = np.arange(6)
---
%%step b
a[2:4][:] = -1
---
%%step c
print(a)
""",
)
mutation.add(
    "bytearray-and-memoryview",
    """
%%step a
b = bytearray(b"abc")
---
%%step c
b[0] = 90
b.extend(b"!")
---
%%step d
print(b)
""",
)
_PAIRS = """
%%step a
rows, others = [[1], [2]], [[8], [9]]
---
%%step b
{}
---
%%step c
print(rows, others)
"""
for _name, _loop in {
    "zip": "for row, other in zip(rows, others):\n    row.append(len(other))",
    "zip-whole": "for pair in zip(rows, others):\n    pair[1].append(0)",
    "zip-kept": "pairs = zip(rows, others)\nrows = []\nfor row, other in pairs:\n    other.append(1)",
    "zip-nested": "for i, (row, other) in enumerate(zip(rows, others)):\n    other.append(i)",
    "zip-starred": "for row, other in zip(*[rows, others]):\n    other.append(0)",
    "zip-in-list": "for row, other in list(zip(rows, others)):\n    other.append(0)",
    "zip-in-comprehension": "[other.append(0) for row, other in zip(rows, others)]",
    "zip-of-iterators": "for row, other in zip(iter(rows), reversed(others)):\n    other.append(0)",
    "enumerate": "for i, row in enumerate(rows):\n    row.append(i)",
}.items():
    mutation.add(f"elements-changed-by-{_name}", _PAIRS.format(_loop))
mutation.add(
    "zip-uses-up-an-iterator",
    """
%%step a
numbers = iter([1, 2, 3, 4])
---
%%step b
for n, letter in zip(numbers, "ab"):
    print(n, letter)
---
%%step c
for pair in zip(*[numbers] * 1):
    print(pair)
---
%%step d
print(list(numbers))
""",
    why="a zip of an iterator takes from it",
)
mutation.add(
    "zip-uses-up-an-instance",
    """
class Countdown:
    def __init__(self, n):
        self.n = n

    def __iter__(self):
        return self

    def __next__(self):
        if not self.n:
            raise StopIteration
        self.n -= 1
        return self.n
---
%%step a
down = Countdown(5)
---
%%step b
for n, letter in zip(down, "ab"):
    print(n, letter)
---
%%step c
print(down.n)
""",
    why="an iterator of the notebook's own changes when a zip takes from it",
)
mutation.add(
    "order-of-a-large-set",
    """
%%step draw
from itertools import combinations

balls = [colour + str(number) for colour in "RGB" for number in range(7)]
hands = {" ".join(hand) for hand in combinations(balls, 3)}
red = {hand for hand in hands if hand.count("R") == 2}
---
%%step look
print(len(hands), list(hands)[::150])
print(sum(0.1 / (place + 1) for place, hand in enumerate(hands) if hand in red))
""",
    why="which items a slice takes, and the last bits of a sum, depend on the order",
)
