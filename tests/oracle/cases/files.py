"""Files as a channel between steps."""

from __future__ import annotations

from oracle.case import Category

files = Category("file")
files.add(
    "open-write-read",
    """
%%step a
with open("note.txt", "w") as f:
    f.write("hello")
---
%%step b
print(open("note.txt").read())
""",
)
files.add(
    "to-csv-read-csv",
    """
%%step a
import pandas as pd
pd.DataFrame({"v": [1, 2]}).to_csv("t.csv", index=False)
---
%%step b
df = pd.read_csv("t.csv")
print(df)
""",
)
files.add(
    "np-save-load",
    """
%%step a
import numpy as np
np.save("arr.npy", np.arange(3))
---
%%step b
print(np.load("arr.npy"))
""",
)
files.add(
    "pickle-dump-load",
    """
%%step a
import pickle
with open("p.pkl", "wb") as f:
    pickle.dump({"a": [1]}, f)
---
%%step b
with open("p.pkl", "rb") as f:
    print(pickle.load(f))
""",
)
files.add(
    "path-write-text",
    """
%%step a
from pathlib import Path
out = Path("out"); out.mkdir(exist_ok=True)
(out / "a.txt").write_text("A")
---
%%step b
print((out / "a.txt").read_text())
""",
)
files.add(
    "f-string-path",
    """
%%step a
k = 3
with open(f"part_{k}.txt", "w") as f:
    f.write(str(k))
---
%%step b
print(open(f"part_{k}.txt").read())
""",
)
files.add(
    "path-in-variable",
    """
%%step a
target = "x" + ".txt"
open(target, "w").write("var")
---
%%step b
print(open(target).read())
""",
)
files.add(
    "helper-writes",
    """
def save(text, name):
    with open(name, "w") as f:
        f.write(text)
---
%%step a
save("one", "h.txt")
---
%%step b
print(open("h.txt").read())
""",
    why="the write stands in a helper; no value goes from a to b",
)
files.add(
    "append-to-same-file",
    """
%%step a
open("log.txt", "w").write("a\\n")
---
%%step b
open("log.txt", "a").write("b\\n")
---
%%step c
print(open("log.txt").read())
""",
)
files.add(
    "overwritten-between",
    """
%%step a
open("v.txt", "w").write("1")
---
%%step b
first = open("v.txt").read()
---
%%step c
open("v.txt", "w").write("2")
---
%%step d
print(first, open("v.txt").read())
""",
)
files.add(
    "reads-shipped-file",
    """
%%step a
import pandas as pd
df = pd.read_csv("data/in.csv")
---
%%step b
print(df["n"].sum())
""",
    files={"data/in.csv": "n\n1\n2\n"},
)
files.add(
    "exists-check",
    """
%%step a
import os
before = os.path.exists("flag")
---
%%step b
open("flag", "w").close()
---
%%step c
print(before, os.path.exists("flag"))
""",
    why="a asks whether the file exists: it must run before b",
)
files.add(
    "listing",
    """
%%step a
import os
os.makedirs("parts", exist_ok=True)
for i in range(3):
    open(f"parts/{i}.txt", "w").write(str(i))
---
%%step b
print(sorted(os.listdir("parts")))
""",
)
files.add(
    "glob",
    """
%%step a
from pathlib import Path
Path("g").mkdir(exist_ok=True)
Path("g/one.dat").write_text("1")
---
%%step b
import glob
print(glob.glob("g/*.dat"))
""",
)
files.add(
    "removed-file",
    """
%%step a
import os
open("tmp.txt", "w").close()
---
%%step b
os.remove("tmp.txt")
---
%%step c
print(os.path.exists("tmp.txt"))
""",
)
files.add(
    "untagged-write-read-by-step",
    """
open("cfg.txt", "w").write("k=1")
---
%%step a
text = open("cfg.txt").read()
---
%%step b
print(text)
""",
    "either",
    why="a scratch cell writes what a step reads",
)
files.add(
    "sqlite-file",
    """
%%step a
import sqlite3
con = sqlite3.connect("db.sqlite")
con.execute("drop table if exists t")
con.execute("create table t (v int)")
con.execute("insert into t values (5)")
con.commit(); con.close()
---
%%step b
with sqlite3.connect("db.sqlite") as c2:
    rows = c2.execute("select v from t").fetchall()
c2.close()
print(rows)
""",
    "either",
)
files.add(
    "json-roundtrip-by-path-open",
    """
%%step a
import json
from pathlib import Path
p = Path("c.json")
with p.open("w") as f:
    json.dump({"a": 1}, f)
---
%%step b
with p.open() as f:
    print(json.load(f))
""",
)
files.add(
    "shell-writes",
    """
%%step a
!echo from-shell > s.txt
---
%%step b
print(open("s.txt").read())
""",
    "either",
    why="no audit hook sees what a child process writes",
)
