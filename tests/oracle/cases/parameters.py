"""Parameters and what is derived from them."""

from __future__ import annotations

from oracle.case import Category

parameters = Category("parameter")
parameters.add(
    "scalar-default",
    """
%%parameters
alpha = 0.1
---
%%step a
x = alpha * 2
---
%%step b
print(x)
""",
)
parameters.add(
    "scalar-override",
    """
%%parameters
alpha = 0.1
n = 3
---
%%step a
x = alpha * n
---
%%step b
print(x, alpha)
""",
    parameters={"alpha": 0.5},
)
parameters.add(
    "secrets-keep-their-types",
    """
from datetime import date
from enum import Enum
from pathlib import Path
class Level(Enum):
    LOW = "low"
    HIGH = "high"
---
%%parameters
ssh_key: Path = Path("id_rsa")
last_token: date = date(2020, 1, 2)
the_secret: Level = Level.LOW
pin_token = 4711
api_key = "it's"
passwords = ["a", "b"]
---
%%step a
found = [ssh_key, last_token, the_secret, pin_token, api_key, passwords]
---
%%step b
print(found, the_secret is Level.HIGH, ssh_key.suffix)
""",
    parameters={"pin_token": 42, "api_key": "hunter2"},
    why="what looks like a secret goes to the kernel by another way, and came as text",
)
parameters.add(
    "derived-follows-override",
    """
%%parameters
size = 2
area = size * size
---
%%step a
x = area
---
%%step b
print(x, size)
""",
    parameters={"size": 5},
    why="an override replaces the right-hand side in place",
)
parameters.add(
    "derived-in-setup",
    """
%%parameters
name = "a"
---
path = f"{name}.txt"
---
%%step s
x = path.upper()
---
%%step t
print(x)
""",
    parameters={"name": "zeta"},
)
parameters.add(
    "list-mutated-later",
    """
%%parameters
items = [1]
---
%%step a
items.append(2)
---
%%step b
print(items)
""",
    why="a mutable parameter that a step changes is data from there on",
)
parameters.add(
    "overwritten-by-step",
    """
%%parameters
n = 1
---
%%step a
n = n + 10
---
%%step b
print(n)
""",
    parameters={"n": 4},
)
parameters.add(
    "used-by-helper",
    """
%%parameters
k = 2
---
def times(v): return v * k
---
%%step a
x = times(3)
---
%%step b
print(x)
""",
    parameters={"k": 7},
)
parameters.add(
    "papermill-tag",
    """
# tags: parameters
k = 2
---
%%step a
x = k + 1
---
%%step b
print(x)
""",
    parameters={"k": 8},
)
parameters.add(
    "annotated-types",
    """
%%parameters
flag: bool = True
label: str = "x"
ratio: float = 1
limits: list = [1, 2]
---
%%step a
x = (flag, label, ratio, limits)
---
%%step b
print(x)
""",
    parameters={"ratio": 2.5, "label": "it's", "limits": [3]},
)
parameters.add(
    "two-cells",
    """
%%parameters
a = 1
---
%%parameters
b = 2
---
%%step s
print(a + b)
""",
    parameters={"b": 40},
)
parameters.add(
    "none-and-negative",
    """
%%parameters
limit = None
shift = -3
---
%%step s
print(limit, shift)
""",
    parameters={"shift": -7},
)
parameters.add(
    "default-argument-from-parameter",
    """
%%parameters
depth = 3
---
def tree(d=depth): return list(range(d))
---
%%step a
x = tree()
---
%%step b
print(x)
""",
    parameters={"depth": 1},
)
parameters.add(
    "class-body-from-parameter",
    """
%%parameters
width = 3
---
class Layout:
    w = width
---
%%step a
x = Layout.w
---
%%step b
print(x, Layout().w)
""",
    parameters={"width": 9},
)
parameters.add(
    "metadata-step-tag",
    """
# tags: step:one
x = 1
---
# tags: step:two
print(x)
""",
)
