"""Values that no store can hold."""

from __future__ import annotations

from oracle.case import Category

unstorable = Category("unstorable")
unstorable.add(
    "open-file",
    """
%%step a
f = open("in.txt")
---
%%step b
print(f.read())
""",
    "either",
    files={"in.txt": "text"},
)
unstorable.add(
    "lock",
    """
%%step a
import threading
lock = threading.Lock()
lock.acquire()
---
%%step b
print(lock.locked())
""",
    "either",
)
unstorable.add(
    "lock-not-needed-later",
    """
%%step a
import threading
lock = threading.Lock()
with lock:
    x = 1
---
%%step b
print(x)
""",
    why="a value that nobody takes need not be stored",
)
unstorable.add(
    "generator-local-to-step",
    """
%%step a
g = (i for i in range(3))
x = list(g)
---
%%step b
print(x)
""",
)
unstorable.add(
    "database-in-memory",
    """
%%step a
import sqlite3
con = sqlite3.connect(":memory:")
con.execute("create table t (v int)")
con.execute("insert into t values (1)")
---
%%step b
print(con.execute("select v from t").fetchall())
""",
    "refused",
)
unstorable.add(
    "object-with-lock-inside",
    """
import threading
class Safe:
    def __init__(self):
        self.lock = threading.Lock()
        self.items = [1]
---
%%step a
s = Safe()
---
%%step b
print(s.items)
""",
)
unstorable.add(
    "module-as-value",
    """
%%step a
import math
mod = math
---
%%step b
print(mod.floor(2.5))
""",
    "either",
)
unstorable.add(
    "running-thread",
    """
%%step a
import threading
t = threading.Thread(target=lambda: None)
t.start(); t.join()
---
%%step b
print(t.is_alive())
""",
    "refused",
)
unstorable.add(
    "frame-object",
    """
%%step a
import sys
frame = sys._getframe()
---
%%step b
print(frame is not None)
""",
    "either",
)
unstorable.add(
    "tempdir",
    """
%%step a
import tempfile
d = tempfile.TemporaryDirectory()
---
%%step b
import os
print(os.path.isdir(d.name))
""",
    "refused",
    observe=(),
    why="the folder is removed when the process of its step ends",
)
unstorable.add(
    "csv-reader-left-open",
    """
%%step a
import csv
f = open("in.csv")
reader = csv.reader(f)
head = next(reader)
---
%%step b
print(head, list(reader))
""",
    "either",
    files={"in.csv": "a,b\n1,2\n"},
)
