"""Control flow: what may or may not be assigned."""

from __future__ import annotations

from oracle.case import Category

flow = Category("control flow")
flow.add(
    "conditional-assignment-taken",
    """
%%step a
x = 1
flag = True
---
%%step b
if flag:
    x = 2
---
%%step c
print(x)
""",
)
flow.add(
    "conditional-assignment-not-taken",
    """
%%step a
x = 1
flag = False
---
%%step b
if flag:
    x = 2
---
%%step c
print(x)
""",
    why="b may assign x: it must hand on the old value",
)
flow.add(
    "conditional-only-definition",
    """
%%step a
flag = False
if flag:
    extra = 1
---
%%step b
print("extra" in dir())
""",
    "either",
)
flow.add(
    "maybe-absent",
    """
%%step a
flag = False
if flag:
    extra = 1
---
%%step b
try:
    y = extra
except NameError:
    y = "none"
---
%%step c
print(y)
""",
)
flow.add(
    "loop-that-does-not-run",
    """
%%step a
x = "before"
rows = []
---
%%step b
for x in rows:
    pass
---
%%step c
print(x)
""",
)
flow.add(
    "loop-that-runs",
    """
%%step a
x = "before"
rows = [1, 2]
---
%%step b
for x in rows:
    y = x
---
%%step c
print(x, y)
""",
)
flow.add(
    "while-else-break",
    """
%%step a
n = 5
---
%%step b
while n:
    n -= 1
    if n == 2:
        how = "break"
        break
else:
    how = "end"
---
%%step c
print(n, how)
""",
)
flow.add(
    "try-assigns-partly",
    """
%%step a
x, y = 1, 1
---
%%step b
try:
    x = 2
    raise ValueError
    y = 2
except ValueError:
    z = x
finally:
    w = y
---
%%step c
print(x, y, z, w)
""",
)
flow.add(
    "try-else",
    """
%%step a
try:
    v = int("7")
except ValueError:
    v = 0
else:
    ok = True
---
%%step b
print(v, ok)
""",
)
flow.add(
    "step-catches-own-exception",
    """
def risky(d):
    d.append(1)
    raise RuntimeError("half done")
---
%%step a
x = []
---
%%step b
try:
    risky(x)
except RuntimeError as error:
    message = str(error)
---
%%step c
print(x, message)
""",
)
flow.add(
    "conditional-mutation",
    """
%%step a
x = [1]
---
%%step b
if len(x) > 5:
    x.append(2)
---
%%step c
print(x)
""",
)
flow.add(
    "conditional-definition",
    """
fast = False
if fast:
    def f(): return "fast"
else:
    def f(): return "slow"
---
%%step a
x = f()
---
%%step b
print(x, f())
""",
)
flow.add(
    "conditional-delete",
    """
%%step a
x = 1
flag = True
---
%%step b
if flag:
    del x
---
%%step c
print("x" in globals())
""",
    "either",
)
flow.add(
    "short-circuit-walrus",
    """
%%step a
n = 0
ok = n > 1 and (big := n)
---
%%step b
print(ok, n)
""",
)
flow.add(
    "ternary-and-boolean-alias",
    """
%%step a
a = []; b = [1]
---
%%step s
c = a or b
---
%%step t
c.append(2)
---
%%step u
print(a, b, c)
""",
)
flow.add(
    "cell-that-raises-stops-run-all",
    """
%%step a
x = 1
---
%%step b
raise ValueError("on purpose")
---
%%step c
print(x)
""",
    "either",
    why="a failed step is said; c may still run",
)
flow.add(
    "raises-exception-tag",
    """
%%step a
x = [1]
---
# tags: raises-exception
%%step b
x.append(2)
raise ValueError("shown, and gone on")
---
%%step c
print(x)
""",
    "either",
)
flow.add(
    "raises-exception-tag-on-what-is-no-python",
    """
%%step a
x = [1]
---
# tags: raises-exception, step:a
for i in x:
print(i)
---
# tags: raises-exception
y = (
---
%%step b
print(x)
""",
    why="nothing of such a cell runs, and Run All goes on",
)
flow.add(
    "iterator-partly-consumed",
    """
%%step a
it = iter([1, 2, 3, 4])
---
%%step b
first = next(it)
---
%%step c
print(first, list(it))
""",
    "either",
    why="next moves the iterator",
)
flow.add(
    "generator-handed-over",
    """
%%step a
gen = (i * i for i in range(4))
---
%%step b
print(list(gen))
""",
    "either",
    why="a generator cannot be stored",
)
flow.add(
    "generator-consumed-twice",
    """
%%step a
gen = (i for i in range(4))
---
%%step b
one = list(gen)
---
%%step c
two = list(gen)
print(one, two)
""",
    "either",
)
flow.add(
    "enumerate-and-zip-objects",
    """
%%step a
z = zip([1, 2], "ab")
---
%%step b
print(next(z))
---
%%step c
print(list(z))
""",
    "either",
)
flow.add(
    "recursion-over-structure",
    """
def depth(t): return 1 + max(map(depth, t), default=0)
---
%%step a
tree = [[], [[]]]
---
%%step b
print(depth(tree))
""",
)
flow.add(
    "assert-and-pass",
    """
%%step a
x = 1
assert x == 1
---
%%step b
pass
---
%%step c
print(x)
""",
)
flow.add(
    "match-may-not-bind",
    """
%%step a
point = "old"
data = 5
---
%%step b
match data:
    case [point]:
        pass
    case int(n):
        kind = "int"
---
%%step c
print(point, n, kind)
""",
)
flow.add(
    "conditional-literal-in-step",
    """
flag = True
---
%%step a
x = 1
---
%%step b
if flag: x = 2
---
%%step c
y = x
print(y)
""",
    why="a conditional rebinding by a literal is data, not setup code",
)
flow.add(
    "try-literal-in-step",
    """
%%step a
x = 1
---
%%step b
try:
    x = 2
except ValueError:
    x = 3
---
%%step c
print(x)
""",
)
flow.add(
    "future-annotations-untagged",
    """
from __future__ import annotations
---
%%step a
def f(x: Undefined): return 1
print(f(2))
""",
)
