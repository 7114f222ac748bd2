"""Order and shape of the pipeline."""

from __future__ import annotations

from oracle.case import Category

order = Category("order")
order.add(
    "interleaved-cells",
    """
%%step a
x = [1]
---
%%step b
other = "b"
---
%%step a
x.append(2)
---
%%step c
print(x, other)
""",
)
order.add(
    "interleaved-cycle",
    """
%%step a
x = 1
---
%%step b
y = x + 1
---
%%step a
z = y + 1
---
%%step c
print(x, y, z)
""",
    "refused",
    why="a needs b and b needs a",
)
order.add(
    "redefinition-across-steps",
    """
%%step a
x = "a"
---
%%step use_a
first = x
---
%%step b
x = "b"
---
%%step use_b
print(first, x)
""",
)
order.add(
    "after-keeps-order",
    """
%%step a
open("mark", "w").write("1")
---
%%step b --after a
import os
print(os.path.exists("mark"))
""",
)
order.add(
    "diamond",
    """
%%step top
x = 2
---
%%step left
l = x + 1
---
%%step right
r = x * 10
---
%%step bottom
print(l, r)
""",
)
order.add(
    "independent-steps",
    """
%%step a
print("a")
---
%%step b
print("b")
""",
)
order.add(
    "anti-dependency",
    """
%%step a
x = [1]
---
%%step reader
n = len(x)
---
%%step writer
x.clear()
---
%%step end
print(n, x)
""",
)
order.add(
    "many-cells-one-step",
    """
%%step a
x = 1
---
%%step a
y = x + 1
---
%%step a
print(x, y)
y
---
%%step b
print(y)
""",
)
order.add(
    "rebinding-breaks-alias",
    """
%%step a
x = [1]
y = x
---
%%step b
x = [2]
---
%%step c
y.append(3)
print(x, y)
""",
)
order.add(
    "same-name-used-privately",
    """
%%step a
tmp = [1]
a_result = sum(tmp)
---
%%step b
tmp = [5, 5]
b_result = sum(tmp)
---
%%step c
print(a_result, b_result)
""",
    why="a shared scratch name makes no edge between a and b",
)
order.add(
    "last-value-read-again",
    """
%%step a
for k in range(3):
    result = k * k
---
%%step b
print(result, k)
---
%%step c
result = "new"
---
%%step d
print(result)
""",
)
order.add(
    "long-chain",
    """
%%step s0
x = [0]
---
%%step s1
x = x + [1]
---
%%step s2
x = x + [2]
---
%%step s3
x = x + [3]
---
%%step s4
x = x + [4]
print(x)
""",
)
order.add(
    "function-redefined-between-cells-of-a-step",
    """
def f(): return 1
---
%%step a
x = f()
---
def f(): return 2
---
%%step a
y = f()
---
%%step b
print(x, y)
""",
    "either",
)
order.add(
    "callee-redefined-between-cells-of-a-step",
    """
def g(): return 1
def f(): return g()
---
%%step a
x = f()
---
def g(): return 2
---
%%step a
y = f()
print(x, y)
""",
    "either",
)
order.add(
    "constant-set-again-between-cells-of-a-step",
    """
k = 1
---
%%step a
x = k
---
k = 2
---
%%step a
y = k
print(x, y)
""",
    "either",
)
order.add(
    "constant-then-data-of-one-name",
    """
k = 1
---
%%step a
x = k
---
%%step b
k = [2]
---
%%step a
y = k
print(x, y)
""",
    "either",
)
order.add(
    "own-value-then-that-of-another-step",
    """
%%step a
k = [1]
x = k[0]
---
%%step b
k = [2]
---
%%step a
y = k[0]
print(x, y)
""",
    "either",
)
order.add(
    "own-definition-then-an-untagged-one",
    """
%%step a
def f(): return 1
x = f()
---
def f(): return 2
---
%%step a
y = f()
print(x, y)
""",
    "either",
)
order.add(
    "import-repeated-between-cells-of-a-step",
    """
import math
def area(r): return math.pi * r
---
%%step a
x = area(1)
---
import math, os
def area(r): return math.pi * r
---
%%step a
y = area(2) + math.pi
print(x, y)
""",
)
