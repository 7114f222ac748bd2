"""Adversarial: each kind of effect, wrapped in each kind of construct.

All 1656 programs were judged or checked once; every `STRIDE`-th is kept here.
"""

# ruff: noqa: E501  (notebooks are written as users write them)
from __future__ import annotations

import re

from oracle.case import Category

red_matrix = Category("red-matrix")
STRIDE = 10

IMPORTS = (
    "import copy, functools, operator, collections, dataclasses\nimport numpy as np\nimport pandas as pd\n"
)
CLS = "class Thing:\n    def __init__(self): self.n = 0; self.kids = []\n    def hit(self): self.n += 1; self.kids.append(self.n); return self\n    @property\n    def touched(self): self.n += 10; return self.n\n    def __iadd__(self, o): self.kids.append(o); return self\n    def __setitem__(self, k, v): self.kids.append((k, v))\n    def __str__(self): return f'{self.n}{self.kids}'\n"
# effect: name -> (init expression, statement on V)
EFFECTS = {
    "append": ("[[1]]", "V.append([2])"),
    "inner": ("[[1]]", "V[0].append(2)"),
    "dictset": ("{'a': {'b': 1}}", "V['a']['b'] += 1"),
    "setdefault": ("{}", "V.setdefault('k', []).append(1)"),
    "setadd": ("{1}", "V.add(2)"),
    "delitem": ("{'a': 1, 'b': 2}", "del V['a']"),
    "array": ("np.zeros(3)", "V[1:] += 1"),
    "arrayfn": ("np.zeros((2, 2))", "np.fill_diagonal(V, 3)"),
    "frame": ("pd.DataFrame({'v': [1, 2]})", "V['w'] = V['v'] * 2"),
    "frameloc": ("pd.DataFrame({'v': [1, 2]})", "V.loc[0, 'v'] = 9"),
    "inplace": ("pd.DataFrame({'v': [2, 1]})", "V.sort_values('v', inplace=True)"),
    "series": ("pd.Series([1, 2])", "V.iloc[0] = 5"),
    "attr": ("Thing()", "V.n = V.n + 1"),
    "method": ("Thing()", "V.hit()"),
    "property": ("Thing()", "V.touched"),
    "itemop": ("Thing()", "V['x'] = 1"),
    "deque": ("collections.deque([1, 2])", "V.rotate(1)"),
    "counter": ("collections.Counter('ab')", "V.update('b')"),
    "generator": ("np.random.default_rng(0)", "V.random()"),
    "bytearray": ("bytearray(b'ab')", "V[0] = 65"),
    "setattr": ("Thing()", "setattr(V, 'n', 77)"),
    "opsetitem": ("[1, 2]", "operator.setitem(V, 0, 9)"),
    "swapitems": ("[1, 2]", "V[0], V[1] = V[1], V[0]"),
}


def ind(text: str, columns: int = 4) -> str:
    return "\n".join(" " * columns + line for line in text.splitlines())


# wrapper: name -> function(stmt) -> (helper definitions, statement in the step); stmt uses V; variable is x
def sub(statement: str, name: str) -> str:
    return re.sub(r"\bV\b", name, statement)


WRAPPERS = {
    "plain": lambda s: ("", sub(s, "x")),
    "alias": lambda s: ("", f"y = x\n{sub(s, 'y')}\ndel y"),
    "helper-argument": lambda s: (f"def go(q):\n{ind(sub(s, 'q'))}\n", "go(x)"),
    "helper-global": lambda s: (f"def go():\n{ind(sub(s, 'x'))}\n", "go()"),
    "helper-keyword-star": lambda s: (
        f"def go(*a, **k):\n    for q in (*a, *k.values()):\n{ind(sub(s, 'q'), 8)}\n",
        "go(**{'z': x})",
    ),
    "helper-nested": lambda s: (
        f"def outer(q):\n    def inner():\n{ind(sub(s, 'q'), 8)}\n    return inner\n",
        "outer(x)()",
    ),
    "method": lambda s: (
        f"class Doer:\n    def __init__(self, q): self.q = q\n    def go(self):\n{ind(sub(s, 'self.q'), 8)}\n",
        "Doer(x).go()",
    ),
    "callable": lambda s: (f"class Doer:\n    def __call__(self, q):\n{ind(sub(s, 'q'), 8)}\n", "Doer()(x)"),
    "static": lambda s: (
        f"class Doer:\n    @staticmethod\n    def go(q):\n{ind(sub(s, 'q'), 8)}\n",
        "Doer.go(x)",
    ),
    "init": lambda s: (f"class Doer:\n    def __init__(self, q):\n{ind(sub(s, 'q'), 8)}\n", "Doer(x)"),
    "context": lambda s: (
        f"class Doer:\n    def __init__(self, q): self.q = q\n    def __enter__(self): return self.q\n    def __exit__(self, *e):\n        q = self.q\n{ind(sub(s, 'q'), 8)}\n",
        "with Doer(x): pass",
    ),
    "with-as": lambda s: (
        "import contextlib\n",
        f"with contextlib.nullcontext(x) as q:\n{ind(sub(s, 'q'))}\ndel q",
    ),
    "loop": lambda s: ("", f"for q in [x]:\n{ind(sub(s, 'q'))}\ndel q"),
    "loop-items": lambda s: ("", f"for k, (q, _n) in {{'k': (x, 1)}}.items():\n{ind(sub(s, 'q'))}\ndel q"),
    "while": lambda s: ("", f"i = 0\nwhile i < 1:\n    i += 1\n{ind(sub(s, 'x'))}"),
    "try": lambda s: ("", f"try:\n    1 / 0\nexcept ZeroDivisionError:\n{ind(sub(s, 'x'))}"),
    "finally": lambda s: ("", f"try:\n    pass\nfinally:\n{ind(sub(s, 'x'))}"),
    "match": lambda s: ("", f"match [x, 1]:\n    case [q, 1]:\n{ind(sub(s, 'q'), 8)}\ndel q"),
    "if-walrus": lambda s: ("", f"if (q := x) is not None:\n{ind(sub(s, 'q'))}\ndel q"),
    "container": lambda s: (
        "",
        f"box = {{'k': [x]}}\n{sub(s, chr(98) + 'ox[' + repr('k') + '][0]')}\ndel box",
    ),
    "decorated": lambda s: (
        f"def twice(f):\n    @functools.wraps(f)\n    def inner(*a): return f(*a)\n    return inner\n@twice\ndef go(q):\n{ind(sub(s, 'q'))}\n",
        "go(x)",
    ),
    "partial": lambda s: (f"def go(k, q):\n{ind(sub(s, 'q'))}\ngo1 = functools.partial(go, 1)\n", "go1(x)"),
    "map": lambda s: (f"def go(q):\n{ind(sub(s, 'q'))}\n", "list(map(go, [x]))"),
    "comprehension": lambda s: (f"def go(q):\n{ind(sub(s, 'q'))}\n", "[go(q) for q in [x]]"),
    "genexp": lambda s: (f"def go(q):\n{ind(sub(s, 'q'))}\n", "any(go(q) for q in (x,))"),
    "dispatch": lambda s: (f"def go(q):\n{ind(sub(s, 'q'))}\nOPS = {{'go': go}}\n", "OPS['go'](x)"),
    "reduce": lambda s: (
        f"def go(acc, q):\n{ind(sub(s, 'q'))}\n    return acc\n",
        "functools.reduce(go, [x], 0)",
    ),
    "returned": lambda s: ("def same(q): return q\n", f"q = same(x)\n{sub(s, 'q')}\ndel q"),
    "generator": lambda s: (f"def gen(q):\n    yield 1\n{ind(sub(s, 'q'))}\n    yield 2\n", "list(gen(x))"),
    "global-decl": lambda s: (f"def go():\n    global x\n{ind(sub(s, 'x'))}\n    x = x\n", "go()"),
    "super": lambda s: (
        f"class Base:\n    def go(self, q):\n{ind(sub(s, 'q'), 8)}\nclass Sub(Base):\n    def go(self, q): super().go(q)\n",
        "Sub().go(x)",
    ),
    "async": lambda s: (f"async def go(q):\n{ind(sub(s, 'q'))}\n", "await go(x)"),
    "dataclass": lambda s: (
        f"@dataclasses.dataclass\nclass Holder:\n    q: object\n    def go(self):\n{ind(sub(s, 'self.q'), 8)}\n",
        "Holder(x).go()",
    ),
    "default-arg": lambda s: ("", f"def go(q=x):\n{ind(sub(s, 'q'))}\ngo()\ndel go"),
    "lambda-call": lambda s: (f"def go(q):\n{ind(sub(s, 'q'))}\n", "(lambda *a: go(*a))(x)"),
    "getattr-name": lambda s: (
        f"class Doer:\n    def go(self, q):\n{ind(sub(s, 'q'), 8)}\n",
        "getattr(Doer(), 'g' + 'o')(x)",
    ),
}


def shown(effect: str, start: str) -> str:
    if effect == "generator":
        return "x.bit_generator.state['state']['state']"
    if effect in ("frame", "frameloc", "inplace", "series"):
        return "x.to_numpy().tolist()"
    return "x.tolist()" if "np." in start else "str(x)"


def program(wrapper: str, effect: str, *, helper_in_step: bool) -> str:
    """Return a notebook in which step `change` has the effect, between an early and a late reader."""
    start, statement = EFFECTS[effect]
    helper, call = WRAPPERS[wrapper](statement)
    show = shown(effect, start)
    return "\n---\n".join(
        [
            IMPORTS + CLS + ("" if helper_in_step else helper),
            "%%step make\n" + (helper if helper_in_step else "") + f"x = {start}",
            f"%%step early\nbefore = str({show})",
            "%%step change\n" + call,
            f"%%step late\nprint(before, {show})",
        ]
    )


for i, name in enumerate(WRAPPERS):
    for j, effect in enumerate(EFFECTS):
        if (i * 7 + j * 3) % STRIDE == 0:
            red_matrix.add(f"{name}-{effect}", program(name, effect, helper_in_step=(i + j) % 2 == 0))
