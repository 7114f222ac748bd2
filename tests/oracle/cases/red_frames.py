"""Adversarial: pandas and numpy, as data scientists write them."""

from __future__ import annotations

from oracle.case import Category

red_frames = Category("red-frames")
add = red_frames.add

FRAME = """
import numpy as np
import pandas as pd
---
%%step load
df = pd.DataFrame({"g": list("aabbc"), "v": [1.0, 2.0, 3.0, 4.0, 5.0], "w": [5, 4, 3, 2, 1]})
"""


def on_frame(name: str, rest: str, expect: str = "equal", **more: object) -> None:
    """Add a case whose first step makes `df`."""
    add(name, FRAME + "---\n" + rest.lstrip("\n"), expect, **more)  # type: ignore[arg-type]


on_frame(
    "chained-loc-column",
    """
%%step change
df.loc[df["v"] > 2, "v"] *= 10
---
%%step show
print(df["v"].tolist())
""",
)
on_frame(
    "column-handle-inplace",
    """
%%step change
col = df["v"]
col.iloc[0] = 99
---
%%step show
print(df["v"].tolist(), col.tolist())
""",
)
on_frame(
    "attribute-column-store",
    """
%%step change
df.v = df.v * 2
---
%%step show
print(df.v.sum())
""",
)
on_frame(
    "index-name-set",
    """
%%step change
df.index.name = "row"
df.columns.name = "cols"
---
%%step show
print(df.index.name, df.columns.name)
""",
)
on_frame(
    "index-through-alias",
    """
%%step change
ix = df.index
ix.name = "row"
---
%%step show
print(df.index.name)
""",
)
on_frame(
    "attrs-update",
    """
%%step change
df.attrs["source"] = "x"
---
%%step show
print(df.attrs)
""",
)
on_frame(
    "flags-change",
    """
%%step change
df.flags.allows_duplicate_labels = False
---
%%step show
print(df.flags.allows_duplicate_labels)
""",
    "either",
)
on_frame(
    "values-written",
    """
%%step change
vals = df["v"].to_numpy(copy=True)
vals[0] = -1
---
%%step show
print(df["v"].tolist(), vals.tolist())
""",
)
on_frame(
    "groupby-apply-closure",
    """
%%step prep
scale = {"a": 1, "b": 2, "c": 3}
---
%%step agg
out = df.groupby("g")["v"].apply(lambda s: s.sum() * scale[s.name])
---
%%step show
print(out.to_dict())
""",
)
on_frame(
    "groupby-object-handed-over",
    """
%%step grp
gb = df.groupby("g")
---
%%step change
df["v"] = 0.0
---
%%step show
print(gb["v"].sum().to_dict(), df["v"].sum())
""",
)
on_frame(
    "groupby-iteration-stores",
    """
%%step parts
parts = {key: part for key, part in df.groupby("g")}
---
%%step change
parts["a"]["v"] = 0.0
---
%%step show
print(df["v"].sum(), parts["a"]["v"].sum())
""",
)
on_frame(
    "pipe-with-helper",
    """
%%step helper
log = []
def clean(d, k=2):
    log.append(len(d))
    return d[d["v"] > k]
---
%%step use
small = df.pipe(clean, k=3).pipe(clean)
---
%%step show
print(log, len(small))
""",
)
on_frame(
    "apply-side-effect-list",
    """
%%step collect
seen = []
---
%%step use
df["v"].apply(seen.append)
---
%%step show
print(seen)
""",
)
on_frame(
    "apply-row-side-effect-lambda",
    """
%%step collect
seen = {}
---
%%step use
df.apply(lambda r: seen.update({r["g"]: r["v"]}), axis=1)
---
%%step show
print(seen)
""",
)
on_frame(
    "assign-lambda-free-variable",
    """
%%step k
k = 3
---
%%step use
df2 = df.assign(z=lambda d: d["v"] * k, y=lambda d: d["z"] + 1)
---
%%step show
print(df2["y"].tolist(), "z" in df)
""",
)
on_frame(
    "map-dict-mutated-later",
    """
%%step m
names = {"a": "A"}
---
%%step use
df["n"] = df["g"].map(names)
---
%%step more
names["b"] = "B"
---
%%step again
df["n2"] = df["g"].map(names)
---
%%step show
print(df[["n", "n2"]].fillna("-").to_numpy().tolist())
""",
)
on_frame(
    "query-at-attribute-and-function",
    """
%%step lim
lim = {"x": 2}
def over(s): return s > lim["x"]
---
%%step use
out = df.query("v > @lim['x'] and @over(v)")
---
%%step show
print(len(out))
""",
)
on_frame(
    "query-f-string",
    """
%%step lim
lim = 2
---
%%step use
out = df.query(f"v > {lim} and w < @lim + 2")
---
%%step show
print(len(out))
""",
    "either",
)
on_frame(
    "query-in-variable",
    """
%%step lim
lim = 2
rule = "v > @lim"
---
%%step use
out = df.query(rule)
---
%%step show
print(len(out))
""",
    "either",
)
on_frame(
    "query-in-parameter-of-helper",
    """
%%step lim
lim = 2
def pick(d, rule): return d.query(rule)
---
%%step use
out = pick(df, "v > @lim")
---
%%step show
print(len(out))
""",
    "either",
)
on_frame(
    "eval-assigns-inplace",
    """
%%step use
df.eval("z = v * w", inplace=True)
---
%%step show
print(df["z"].tolist())
""",
)
on_frame(
    "pandas-eval-target",
    """
%%step use
pd.eval("z = df.v + df.w", target=df, inplace=True)
---
%%step show
print(df["z"].tolist())
""",
    "either",
)
on_frame(
    "insert-pop-in-helper",
    """
%%step helper
def move(d):
    s = d.pop("w")
    d.insert(0, "first", s)
---
%%step use
move(df)
---
%%step show
print(list(df.columns))
""",
)
on_frame(
    "update-and-where-inplace",
    """
%%step use
df.update(pd.DataFrame({"v": [9.0]}, index=[1]))
df["w"].mask(df["w"] > 3, 0)
---
%%step show
print(df.to_numpy().tolist())
""",
)
on_frame(
    "rename-inplace-through-loop",
    """
%%step use
frames = [df]
for f in frames:
    f.rename(columns={"v": "vv"}, inplace=True)
---
%%step show
print(list(df.columns), frames[0] is df)
""",
)
on_frame(
    "dict-of-frames-loop",
    """
%%step more
frames = {"one": df, "two": df.copy()}
---
%%step use
for name, f in frames.items():
    f["n"] = name
---
%%step show
print(df["n"].tolist(), frames["two"]["n"].tolist())
""",
)
on_frame(
    "inplace-flag-in-kwargs",
    """
%%step use
opts = dict(inplace=True)
df.drop(columns=["w"], **opts)
---
%%step show
print(list(df.columns))
""",
)
on_frame(
    "inplace-positional-set-axis",
    """
%%step use
df.sort_values("v", ascending=False, inplace=True)
df.reset_index(drop=True, inplace=True)
---
%%step show
print(df["v"].tolist(), list(df.index))
""",
)
on_frame(
    "method-by-name",
    """
%%step use
getattr(df, "drop")(columns=["w"], inplace=True)
---
%%step show
print(list(df.columns))
""",
)
on_frame(
    "bound-method-variable",
    """
%%step use
drop = df.drop
drop(columns=["w"], inplace=True)
---
%%step show
print(list(df.columns))
""",
)
on_frame(
    "iat-at-store",
    """
%%step use
df.iat[0, 1] = 42.0
df.at[1, "v"] = 43.0
---
%%step show
print(df["v"].tolist())
""",
)
on_frame(
    "iloc-of-filtered-copy",
    """
%%step sub
sub = df[df["v"] > 2]
---
%%step change
df["v"] = -df["v"]
---
%%step show
print(sub["v"].tolist(), df["v"].tolist())
""",
)
on_frame(
    "slice-view-then-store",
    """
%%step sub
head = df[:2]
---
%%step change
head.loc[0, "v"] = 50.0
---
%%step show
print(df["v"].tolist(), head["v"].tolist())
""",
)
on_frame(
    "to-numpy-view-of-frame",
    """
%%step arr
arr = df[["v"]].to_numpy()
---
%%step change
df.loc[0, "v"] = 7.0
---
%%step show
print(arr.tolist(), df["v"].tolist())
""",
    "either",
)
on_frame(
    "merge-suffixes-and-concat-keys",
    """
%%step other
other = pd.DataFrame({"g": ["a", "b"], "label": ["x", "y"]})
---
%%step join
j = df.merge(other, on="g", how="left")
other["label"] = "changed"
---
%%step show
print(j["label"].fillna("-").tolist(), other["label"].tolist())
""",
)
on_frame(
    "concat-copies",
    """
%%step parts
parts = [df, df]
---
%%step cat
both = pd.concat(parts, ignore_index=True)
---
%%step change
df["v"] = 0.0
---
%%step show
print(both["v"].sum(), parts[1]["v"].sum())
""",
)
on_frame(
    "series-accessor-str-and-dt",
    """
%%step prep
df["t"] = pd.date_range("2024-01-01", periods=5)
---
%%step use
df["day"] = df.t.dt.day_name()
df["up"] = df.g.str.upper()
---
%%step show
print(df["day"].tolist(), df["up"].tolist())
""",
)
on_frame(
    "categorical-ordered",
    """
%%step prep
df["g"] = df["g"].astype("category").cat.reorder_categories(["c", "b", "a"], ordered=True)
---
%%step show
print(df["g"].max(), df.sort_values("g")["v"].tolist())
""",
)
on_frame(
    "multiindex-and-xs",
    """
%%step prep
m = df.set_index(["g", "w"]).sort_index()
---
%%step change
m.loc[("a", 5), "v"] = -1
---
%%step show
print(m.xs("a")["v"].tolist(), df["v"].tolist())
""",
)
on_frame(
    "rolling-object",
    """
%%step prep
r = df["v"].rolling(2)
---
%%step show
print(r.mean().fillna(0).tolist())
""",
    "either",
)
on_frame(
    "styler-object",
    """
%%step prep
st = df.style.format({"v": "{:.1f}"})
---
%%step show
print(type(st).__name__)
""",
    "either",
)
on_frame(
    "itertuples-iterator",
    """
%%step it
rows = df.itertuples()
---
%%step first
r = next(rows)
---
%%step show
print(r.v, len(list(rows)))
""",
    "either",
)
on_frame(
    "setitem-through-method-of-class",
    """
%%step cls
class Box:
    def __init__(self, d): self.d = d
    def add(self, name, f): self.d[name] = f(self.d); return self
---
%%step box
box = Box(df)
---
%%step use
box.add("z", lambda d: d["v"] + 1).add("y", lambda d: d["z"] + 1)
---
%%step show
print(df["y"].tolist())
""",
)
on_frame(
    "squeeze-and-iloc-object",
    """
%%step row
row = df.iloc[0]
---
%%step change
row["v"] = 100.0
---
%%step show
print(df["v"].tolist(), row["v"])
""",
)
on_frame(
    "frame-from-dict-of-arrays",
    """
%%step arr
a = np.arange(3.0)
---
%%step make
f = pd.DataFrame({"a": a}, copy=False)
---
%%step change
a[0] = 9
---
%%step show
print(f["a"].tolist(), a.tolist())
""",
    "either",
)
on_frame(
    "frame-from-2d-array",
    """
%%step arr
a = np.zeros((2, 2))
---
%%step make
f = pd.DataFrame(a)
---
%%step change
a[0, 0] = 9
---
%%step show
print(f.iloc[0, 0])
""",
    "either",
)
on_frame(
    "del-column-and-star-columns",
    """
%%step cols
first, *rest = df.columns
---
%%step change
del df[first]
---
%%step show
print(rest, list(df.columns))
""",
)
on_frame(
    "frame-in-function-default",
    """
%%step helper
def total(d=df): return d["v"].sum()
---
%%step change
df["v"] = 1.0
---
%%step show
print(total())
""",
    "either",
)
on_frame(
    "append-rows-with-loc",
    """
%%step grow
for i in range(2):
    df.loc[len(df)] = ["z", float(i), i]
---
%%step show
print(len(df), df["g"].tolist())
""",
)
on_frame(
    "setting-with-walrus",
    """
%%step use
if (n := len(df)) > 3:
    df["n"] = n
---
%%step show
print(n, df["n"].tolist())
""",
)
on_frame(
    "apply-returns-same-object",
    """
%%step helper
def same(d): return d
---
%%step alias
other = same(df)
---
%%step change
other["v"] = 0
---
%%step show
print(df["v"].sum())
""",
)
on_frame(
    "pipe-identity-alias",
    """
%%step alias
other = df.pipe(lambda d: d)
---
%%step change
other["v"] = 0
---
%%step show
print(df["v"].sum(), other is df)
""",
)
on_frame(
    "squeeze-identity-alias",
    """
%%step alias
s = df["v"]
t = s.squeeze()
---
%%step change
t.iloc[0] = 500.0
---
%%step show
print(s.tolist(), t is s, df["v"].tolist())
""",
)
on_frame(
    "or-default-alias",
    """
%%step alias
cfg = None
base = [1]
use = cfg or base
---
%%step change
use.append(2)
---
%%step show
print(base)
""",
)
on_frame(
    "infer-objects-set-flags",
    """
%%step use
df = df.convert_dtypes().set_flags(allows_duplicate_labels=True)
---
%%step show
print(df.dtypes.astype(str).tolist())
""",
)
on_frame(
    "explode-lists-shared",
    """
%%step lists
lists = [[1], [2]]
f = pd.DataFrame({"l": lists})
---
%%step change
lists[0].append(9)
---
%%step show
print(f["l"].tolist(), f["l"].iloc[0] is lists[0])
""",
)
on_frame(
    "lists-in-frame-mutated-via-frame",
    """
%%step lists
lists = [[1], [2]]
f = pd.DataFrame({"l": lists})
---
%%step change
f["l"].iloc[0].append(9)
---
%%step show
print(lists)
""",
)
on_frame(
    "lists-in-frame-mutated-via-apply",
    """
%%step lists
lists = [[1], [2]]
f = pd.DataFrame({"l": lists})
---
%%step change
f["l"].apply(lambda l: l.append(3))
---
%%step show
print(lists)
""",
)
on_frame(
    "lists-in-frame-mutated-via-iterrows",
    """
%%step lists
f = pd.DataFrame({"l": [[1], [2]]})
---
%%step change
for _, row in f.iterrows():
    row["l"].append(7)
---
%%step show
print(f["l"].tolist())
""",
)
on_frame(
    "lists-in-frame-mutated-via-values",
    """
%%step lists
f = pd.DataFrame({"l": [[1], [2]]})
---
%%step change
for l in f["l"]:
    l.append(7)
---
%%step show
print(f["l"].tolist())
""",
)
on_frame(
    "object-series-of-instances",
    """
%%step cls
class P:
    def __init__(self, n): self.n = n
    def up(self): self.n += 1
people = pd.Series([P(1), P(2)])
---
%%step change
people.map(lambda p: p.up())
---
%%step show
print([p.n for p in people])
""",
)
on_frame(
    "np-view-column-matrix",
    """
%%step arr
m = np.arange(6.0).reshape(2, 3)
col = m[:, 1]
---
%%step change
col += 100
---
%%step show
print(m.tolist())
""",
)
on_frame(
    "np-flat-and-T",
    """
%%step arr
m = np.zeros((2, 2))
---
%%step change
m.flat[0] = 1
m.T[0, 1] = 2
m.ravel()[3] = 4
---
%%step show
print(m.tolist())
""",
)
on_frame(
    "np-out-keyword-variants",
    """
%%step arr
a = np.arange(3.0); b = np.zeros(3); c = np.zeros(3)
---
%%step change
np.multiply(a, 2, b)
np.add(a, 1, out=c)
np.cumsum(a, out=a)
---
%%step show
print(a.tolist(), b.tolist(), c.tolist())
""",
)
on_frame(
    "np-ufunc-at",
    """
%%step arr
a = np.zeros(3)
---
%%step change
np.add.at(a, [0, 0, 2], 1)
---
%%step show
print(a.tolist())
""",
)
on_frame(
    "np-method-out-arguments",
    """
%%step arr
a = np.arange(4.0); b = np.zeros(4)
---
%%step change
a.cumsum(out=b)
np.clip(a, 1, 2, out=a)
---
%%step show
print(a.tolist(), b.tolist())
""",
)
on_frame(
    "np-method-out-positional-dot",
    """
%%step arr
a = np.eye(2); b = np.zeros((2, 2))
---
%%step change
a.dot(a + 1, b)
np.dot(a, a, b)
---
%%step show
print(b.tolist())
""",
)
on_frame(
    "np-sort-fill-resize-partition",
    """
%%step arr
a = np.array([3.0, 1, 2]); b = np.zeros(2); c = np.array([3, 1, 2])
---
%%step change
a.sort(); b.fill(7); c.partition(1); b.setflags(write=False)
---
%%step show
print(a.tolist(), b.tolist(), b.flags.writeable, c[0])
""",
)
on_frame(
    "np-shape-and-dtype-set",
    """
%%step arr
a = np.arange(4)
---
%%step change
a.shape = (2, 2)
---
%%step show
print(a.tolist())
""",
)
on_frame(
    "np-structured-field",
    """
%%step arr
a = np.zeros(2, dtype=[("x", "f8"), ("y", "i4")])
f = a["x"]
---
%%step change
f[:] = 3
---
%%step show
print(a.tolist())
""",
    "either",
)
on_frame(
    "np-nditer-writes",
    """
%%step arr
a = np.arange(3.0)
---
%%step change
with np.nditer(a, op_flags=["readwrite"]) as it:
    for x in it:
        x[...] = x * 2
---
%%step show
print(a.tolist())
""",
)
on_frame(
    "np-broadcast-loop-rows",
    """
%%step arr
m = np.zeros((3, 2))
---
%%step change
for i, row in enumerate(m):
    row += i
---
%%step show
print(m.tolist())
""",
)
on_frame(
    "np-ix-and-boolean-store-in-helper",
    """
%%step helper
def clip_neg(a):
    a[a < 0] = 0
    return a
---
%%step arr
a = np.array([-1.0, 2.0])
---
%%step use
b = clip_neg(a)
---
%%step later
b[0] = 5
---
%%step show
print(a.tolist(), b.tolist())
""",
)
on_frame(
    "np-memory-shared-frombuffer",
    """
%%step arr
raw = bytearray(b"abcd")
a = np.frombuffer(raw, dtype="u1")
---
%%step change
raw[0] = 0
---
%%step show
print(a.tolist())
""",
    "either",
)
on_frame(
    "np-masked-array",
    """
%%step arr
m = np.ma.masked_less(np.array([1.0, 2.0, 3.0]), 2)
---
%%step change
m[2] = np.ma.masked
---
%%step show
print(m.tolist(), m.mask.tolist())
""",
)
on_frame(
    "np-object-array",
    """
%%step arr
l = [1]
a = np.empty(2, dtype=object); a[0] = l; a[1] = l
---
%%step change
a[0].append(2)
---
%%step show
print(l, a[1])
""",
)
on_frame(
    "np-augmented-dtype-kept",
    """
%%step arr
a = np.arange(3, dtype="int32"); b = a
---
%%step change
a *= 2
---
%%step show
print(b.tolist(), b.dtype)
""",
)
on_frame(
    "np-stack-copies",
    """
%%step arr
a = np.zeros(2)
---
%%step st
s = np.stack([a, a]); v = np.vstack((a,)); w = np.atleast_1d(a)
---
%%step change
a[0] = 1
---
%%step show
print(s.tolist(), v.tolist(), w.tolist())
""",
)
on_frame(
    "np-asarray-no-copy-alias",
    """
%%step arr
a = np.zeros(2)
b = np.array(a, copy=False)
c = np.asarray(a, dtype=float)
---
%%step change
a[0] = 1
---
%%step show
print(b.tolist(), c.tolist())
""",
)
on_frame(
    "np-astype-copy-false",
    """
%%step arr
a = np.zeros(2)
b = a.astype(float, copy=False)
---
%%step change
b[0] = 1
---
%%step show
print(a.tolist())
""",
)
on_frame(
    "np-nan-to-num-copy-false",
    """
%%step arr
a = np.array([np.nan, 1.0])
---
%%step change
np.nan_to_num(a, copy=False)
---
%%step show
print(a.tolist())
""",
)
on_frame(
    "np-where-and-real-view",
    """
%%step arr
z = np.array([1 + 2j])
r = z.real
---
%%step change
r[0] = 9
---
%%step show
print(z.tolist())
""",
)
on_frame(
    "np-random-generator-shuffle",
    """
%%step arr
a = np.arange(5)
rng = np.random.default_rng(0)
---
%%step change
rng.shuffle(a)
---
%%step again
b = rng.permutation(a)
---
%%step show
print(a.tolist(), b.tolist())
""",
)
on_frame(
    "np-split-views",
    """
%%step arr
a = np.arange(4.0)
left, right = np.split(a, 2)
---
%%step change
left[0] = 100
---
%%step show
print(a.tolist())
""",
)
on_frame(
    "np-lib-stride-tricks",
    """
%%step arr
a = np.arange(4.0)
w = np.lib.stride_tricks.sliding_window_view(a, 2)
---
%%step change
a[1] = 50
---
%%step show
print(w.tolist())
""",
    "either",
    observe=("a",),
)
on_frame(
    "np-matmul-inplace-and-linalg",
    """
%%step arr
A = np.array([[2.0, 0], [0, 3]]); x = np.array([1.0, 1.0])
---
%%step change
x = A @ x
A[0] /= 2
---
%%step show
print(x.tolist(), np.linalg.det(A))
""",
)
on_frame(
    "np-choose-take-out",
    """
%%step arr
a = np.arange(3.0); o = np.zeros(2)
---
%%step change
a.take([0, 2], out=o)
---
%%step show
print(o.tolist())
""",
)
on_frame(
    "np-einsum-concatenate-out",
    """
%%step arr
a = np.ones(2); o = np.zeros(4); e = np.zeros(())
---
%%step change
np.concatenate([a, a], out=o)
np.einsum("i,i", a, a, out=e)
---
%%step show
print(o.tolist(), float(e))
""",
)
on_frame(
    "np-unpacked-rows-write",
    """
%%step arr
m = np.zeros((2, 2))
top, bottom = m
---
%%step change
top[:] = 1
---
%%step show
print(m.tolist())
""",
)
on_frame(
    "np-attr-of-instance",
    """
%%step arr
class H: pass
h = H(); h.w = np.zeros(2); v = h.w[:1]
---
%%step change
h.w += 1
---
%%step show
print(v.tolist())
""",
    "either",
)
