"""Adversarial: untagged cells that change what steps share, by ways that no comparison at run time can see."""

# ruff: noqa: E501  (notebooks are written as users write them)
from __future__ import annotations

from oracle.case import Category

red_scratch = Category("red-scratch")
add = red_scratch.add

BEFORE = """
import functools
import numpy as np
import pandas as pd
class Thing:
    def __init__(self): self.n = 0
    def hit(self, *a): self.n += 1; return self
    def __len__(self): self.n += 1; return 3
    def __lt__(self, o): self.n += 1; return True
    def __repr__(self): self.n += 1; return "T"
---
%%step make
xs = [3, 1, 2]
rows = [[1], [2]]
d = {"a": [1]}
t = Thing()
df = pd.DataFrame({"v": [1, 2], "l": [[1], [2]]})
arr = np.arange(4.0)
q = iter([1, 2, 3])
---
"""
AFTER = """
---
%%step show
print(xs, rows, d, t.n, df.to_numpy().tolist(), arr.tolist(), list(q))
"""


def scratch(name: str, line: str, expect: str = "refused") -> None:
    """Add a case whose untagged cell between two steps is `line`."""
    add(name, BEFORE + line + AFTER, expect)  # type: ignore[arg-type]


scratch("reduce-callback", "functools.reduce(lambda acc, r: acc.append(9) or acc, [1, 2], xs)")
scratch("reduce-helper", "def go(acc, r):\n    r.append(0)\n    return acc\nfunctools.reduce(go, rows, 0)")
scratch("apply-append", "df['v'].apply(xs.append)")
scratch("apply-lambda-append", "df['v'].apply(lambda v: xs.append(v))")
scratch("apply-rows-dict", "df.apply(lambda r: d.update({r['v']: 1}), axis=1)")
scratch("apply-lists-in-cells", "df['l'].apply(lambda l: l.append(0))")
scratch("groupby-apply-append", "df.groupby('v')['v'].agg(lambda s: xs.append(1) or s.sum())")
scratch("map-list", "list(map(xs.append, [7]))")
scratch("map-never-run", "m = map(xs.append, [7])", "either")
scratch("filter-callback", "list(filter(lambda r: r.append(1), rows))")
scratch("sort-key-callback", "sorted(rows, key=lambda r: (r.append(0), len(r))[1])")
scratch("min-key-callback", "min(rows, key=lambda r: r.append(0) or 1)")
scratch("sort-in-place", "xs.sort(key=lambda v: v)")
scratch("list-sort-unbound", "list.sort(xs)")
scratch("comprehension-append", "[xs.append(i) for i in range(2)]")
scratch("any-generator", "any(r.append(1) for r in rows)")
scratch("walrus-clobbers", "[xs := [v] for v in range(2)]", "either")
scratch("for-target", "for xs in range(2): pass", "either")
scratch("with-target", "import contextlib\nwith contextlib.nullcontext([0]) as xs: pass", "either")
scratch("except-clobbers", "try:\n    1 / 0\nexcept ZeroDivisionError as xs: pass", "either")
scratch("import-clobbers", "import math as xs", "either")
scratch("def-clobbers", "def xs(): return 1", "either")
scratch("class-clobbers", "class d: pass", "either")
scratch("del-name", "del xs")
scratch("match-clobbers", "match rows:\n    case [xs, *_]: pass")
scratch("augmented", "xs += [4]")
scratch("augmented-attribute", "t.n += 1")
scratch("pop-as-display", "xs.pop()")
scratch("dict-pop-default", "d.pop('zzz', None)", "either")
scratch("setdefault-look", "d.setdefault('b', [])")
scratch("next-of-iterator", "next(q)")
scratch("list-of-iterator", "list(q)")
scratch("in-iterator", "2 in q")
scratch("zip-consumes", "dict(zip('ab', q))")
scratch("star-print-iterator", "print(*q)")
scratch("len-with-effect", "len(t)")
scratch("repr-with-effect", "t")
scratch("print-with-effect", "print(t)")
scratch("fstring-with-effect", "f'{t}'")
scratch("sorted-with-effect", "sorted([t, Thing()])")
scratch("bool-with-effect", "if t: pass")
scratch("method-effect", "t.hit()")
scratch("bound-method-map", "list(map(t.hit, [1]))")
scratch("getattr-method", "getattr(t, 'hit')()")
scratch("setattr", "setattr(t, 'n', 50)")
scratch("object-setattr", "object.__setattr__(t, 'n', 50)")
scratch("vars-update", "vars(t).update(n=50)")
scratch("dict-attr", "t.__dict__['n'] = 50")
scratch("frame-column", "df['w'] = 1")
scratch("frame-column-attr", "df.v = 0")
scratch("frame-loc", "df.loc[0, 'v'] = 9")
scratch("frame-inplace", "df.drop(columns='l', inplace=True)")
scratch("frame-columns-set", "df.columns = ['v', 'z']")
scratch("frame-eval", "df.eval('k = v + 1', inplace=True)")
scratch("frame-pop", "df.pop('l')")
scratch("frame-column-series-store", "s = df['v']\ns.iloc[0] = 100", "either")
scratch("frame-insert-in-helper", "def go(f): f.insert(0, 'z', 1)\ngo(df)")
scratch("frame-pipe-helper", "def go(f):\n    f['z'] = 1\n    return f\ndf.pipe(go)", "equal")
scratch("array-slice", "arr[1:] = 0")
scratch("array-view", "v = arr[1:]\nv += 5")
scratch("array-out", "np.add(arr, 1, out=arr)")
scratch("array-ufunc-at", "np.add.at(arr, [0], 5)")
scratch("array-put", "np.put(arr, [0], 9)")
scratch("array-method-fill", "arr.fill(0)")
scratch("array-shuffle", "np.random.default_rng(0).shuffle(arr)")
scratch("array-reshape-set", "arr.shape = (2, 2)")
scratch("array-apply-along", "np.apply_along_axis(lambda a: xs.append(1) or 0, 0, arr)")
scratch("array-vectorize", "np.vectorize(lambda a: xs.append(a) or 0, otypes=[int])(arr)")
scratch("partial-call", "functools.partial(xs.append, 5)()")
scratch("partial-helper-call", "def go(a, b): a.append(b)\nfunctools.partial(go, xs)(5)")
scratch("operator-call", "import operator\noperator.methodcaller('append', 5)(xs)")
scratch("operator-setitem", "import operator\noperator.setitem(xs, 0, 99)")
scratch("heapify", "import heapq\nheapq.heapify(xs)")
scratch("insort-from-import", "from bisect import insort\ninsort(xs, 2)")
scratch("random-shuffle", "import random\nrandom.Random(0).shuffle(xs)")
scratch(
    "thread", "import threading\nth = threading.Thread(target=xs.append, args=(1,))\nth.start(); th.join()"
)
scratch(
    "executor-map",
    "from concurrent.futures import ThreadPoolExecutor\nwith ThreadPoolExecutor(1) as ex: list(ex.map(xs.append, [1]))",
)
scratch(
    "executor-submit",
    "from concurrent.futures import ThreadPoolExecutor\nwith ThreadPoolExecutor(1) as ex: ex.submit(xs.append, 1).result()",
)
scratch("exit-stack", "import contextlib\nwith contextlib.ExitStack() as s: s.callback(xs.append, 1)")
scratch("exec-literal", "exec('xs.append(1)')", "either")
scratch("eval-literal", "eval('xs.append(1)')", "either")
scratch("globals-store", "globals()['xs'] = []", "either")
scratch("globals-append", "globals()['xs'].append(1)")
scratch("time-magic", "%time xs.append(1)")
scratch("timeit-magic", "%timeit -n1 -r1 xs.append(1)")
scratch("time-cell", "%%time\nxs.append(1)")
scratch("capture-cell", "%%capture\nxs.append(1)")
scratch("capture-clobbers", "%%capture xs\nprint(1)", "either")
scratch("shell-clobbers", "xs = !echo 1", "either")
scratch("prun-magic", "%prun -q xs.append(1)", "either")
scratch("run-line-magic", "get_ipython().run_line_magic('time', 'xs.append(1)')", "either")
scratch("run-cell-api", "get_ipython().run_cell('xs.append(1)')", "either")
scratch("user-ns", "get_ipython().user_ns['xs'] = 0", "either")
scratch("await-coroutine", "async def go(): xs.append(1)\nawait go()")
scratch("asyncio-gather", "import asyncio\nasync def go(): xs.append(1)\nawait asyncio.gather(go(), go())")
scratch("dispatch-dict", "{'a': xs.append, 'b': rows.append}['a'](1)")
scratch("container-then-inner", "box = [xs, rows]\nbox[0].append(1)")
scratch("alias-then-append", "ys = xs\nys.append(1)")
scratch("copy-then-append", "ys = list(xs)\nys.append(1)", "equal")
scratch("shallow-copy-inner", "ys = dict(d)\nys['a'].append(1)")
scratch("deepcopy-inner", "import copy\nys = copy.deepcopy(d)\nys['a'].append(1)", "equal")
scratch("filtered-frame", "sub = df[df.v > 1].copy()\nsub['v'] = 0", "equal")
scratch("plot-and-look", "df.plot(); df.describe(); print(df.head(), xs, len(rows), d.get('a'))", "equal")
scratch(
    "json-dump-look", "import json\nprint(json.dumps(xs), sorted(xs), sum(xs), max(xs), xs[::-1])", "equal"
)
scratch(
    "loop-look", "for r in rows:\n    print(len(r), r[0])\nfor k, v in d.items():\n    print(k, v)", "equal"
)
scratch(
    "frame-chain-look",
    "df.assign(z=lambda f: f.v * 2).query('z > 1').groupby('v').size().sort_values()",
    "equal",
)
scratch(
    "model-look",
    "from sklearn.linear_model import LinearRegression\nm = LinearRegression().fit(df[['v']], arr[:2])\nm.score(df[['v']], arr[:2])",
    "equal",
)
scratch(
    "own-helper-look",
    "def describe(f):\n    out = {}\n    for c in f.columns: out[c] = len(f[c])\n    return out\ndescribe(df)",
    "equal",
)
scratch(
    "numpy-look", "a2 = arr.copy()\na2 += 1\nnp.sort(arr), arr.mean(), arr.reshape(2, 2).sum(axis=0)", "equal"
)
scratch(
    "matplotlib-look",
    "import matplotlib.pyplot as plt\nfig, ax = plt.subplots()\nax.plot(xs, label='x'); ax.legend(); ax.set_title(str(d))\nplt.show()",
    "equal",
)
scratch(
    "seaborn-like-ax",
    "import matplotlib.pyplot as plt\nfor i, r in enumerate(rows):\n    plt.bar(i, r[0])\nplt.hist(arr); plt.close('all')",
    "equal",
)
scratch(
    "string-formatting-look",
    "print('{} {!r}'.format(xs, d), '%s' % rows, f'{arr.mean():.2f} {len(df):>5}')",
    "equal",
)
scratch(
    "assertions-look",
    "assert xs == [3, 1, 2]\nassert df.shape == (2, 2), df\npd.testing.assert_frame_equal(df, df)\nnp.testing.assert_allclose(arr, arr)",
    "equal",
)
scratch(
    "pprint-and-display",
    "from pprint import pprint\nfrom IPython.display import display, HTML\npprint(d); display(df); display(HTML(df.to_html()))",
    "equal",
)
scratch(
    "type-and-size-look",
    "import sys\nprint(type(t).__name__, sys.getsizeof(xs), isinstance(t, Thing), id(xs) == id(xs), df.memory_usage().sum(), df.dtypes, vars(t))",
    "equal",
)
