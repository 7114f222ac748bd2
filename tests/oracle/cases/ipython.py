"""IPython syntax in step cells."""

from __future__ import annotations

from oracle.case import Category

ipython = Category("ipython")
ipython.add(
    "time-line-magic",
    """
%%step a
%time x = sum(range(10))
---
%%step b
print(x)
""",
    why="the timing is blanked; the assignment counts",
)
ipython.add(
    "time-cell-magic",
    """
%%step a
%%time
x = [1, 2]
y = len(x)
---
%%step b
print(x, y)
""",
)
ipython.add(
    "timeit-assigns-nothing",
    """
%%step a
x = 1
%timeit -n1 -r1 x + 1
---
%%step b
print(x)
""",
)
ipython.add(
    "capture-out",
    """
%%step a
%%capture out
print("hidden")
x = 3
---
%%step b
print(x, out.stdout)
""",
    "either",
)
ipython.add(
    "bang-assign",
    """
%%step a
x = !echo one; echo two
---
%%step b
print(list(x))
""",
    "either",
)
ipython.add(
    "bang-with-variable",
    """
%%step a
word = "hello"
---
%%step b
!echo {word} $word
---
%%step c
print(word)
""",
)
ipython.add(
    "matplotlib-inline",
    """
%matplotlib inline
---
%%step a
x = 1
---
%%step b
print(x)
""",
)
ipython.add(
    "matplotlib-inline-in-step",
    """
%%step a
%matplotlib inline
import matplotlib.pyplot as plt
x = 1
---
%%step b
print(x, plt.rcParams["lines.linewidth"])
""",
    "either",
)
ipython.add(
    "help-line",
    """
%%step a
x = [1]
x?
---
%%step b
print(x)
""",
    "either",
)
ipython.add(
    "bash-cell",
    """
%%step a
x = 1
---
%%step b
%%bash
echo from bash
---
%%step c
print(x)
""",
)
ipython.add(
    "bash-out-variable",
    """
%%step a
%%bash --out text
echo from bash
---
%%step b
print(text)
""",
    "either",
)
ipython.add(
    "writefile-then-import",
    """
%%step a
%%writefile made.py
VALUE = 11
---
%%step b
import made
print(made.VALUE)
""",
    "either",
)
ipython.add(
    "automagic-pwd",
    """
pwd
---
%%step a
x = 1
---
%%step b
print(x)
""",
    "either",
)
ipython.add(
    "cd-changes-folder",
    """
%%step a
import os
os.mkdir("sub")
%cd sub
---
%%step b
print(os.path.basename(os.getcwd()))
""",
    "either",
    why="the working directory is process state",
)
ipython.add(
    "top-level-await",
    """
%%step a
import asyncio
async def f():
    return 5
x = await f()
---
%%step b
print(x + await f())
""",
)
ipython.add(
    "display",
    """
%%step a
from IPython.display import display
x = [1, 2]
display(x)
x
---
%%step b
display({"n": x})
""",
)
ipython.add(
    "get-ipython",
    """
from IPython import get_ipython
def three_digits():
    get_ipython().run_line_magic("precision", "3")
---
%%step a
import IPython
ip = IPython.get_ipython()
ip.push({"half": 0.5})
ip.ex("whole = half * 2")
three_digits()
3.14159
---
%%step b
print(half, whole)
2.71828
""",
    why="the shell by other names than its own; its setting holds in later steps",
)
ipython.add(
    "underscore-within-step",
    """
%%step a
40 + 2
---
%%step a
y = _
---
%%step b
print(y)
""",
    "either",
)
ipython.add(
    "underscore-across-steps",
    """
%%step a
40 + 2
---
%%step b
y = _
print(y)
""",
    "refused",
)
ipython.add(
    "out-across-steps",
    """
%%step a
[1, 2]
---
%%step b
print(Out[1])
""",
    "refused",
)
ipython.add(
    "in-across-steps",
    """
%%step a
x = 1
---
%%step b
print(len(In), x)
""",
    "refused",
)
ipython.add(
    "line-magic-result",
    """
%%step a
here = %pwd
---
%%step b
print(type(here).__name__)
""",
    "either",
)
ipython.add(
    "semicolon-and-result",
    """
%%step a
x = [1]
x;
---
%%step b
x
""",
)
ipython.add(
    "magic-in-loop",
    """
%%step a
for i in range(2):
    %time y = i
---
%%step b
print(i, y)
""",
)
ipython.add(
    "env-magic",
    """
%%step a
%env SM_ORACLE=blue
---
%%step b
import os
print(os.environ["SM_ORACLE"])
""",
    "either",
)
ipython.add(
    "run-script",
    """
%%step a
%run script.py
---
%%step b
print(answer)
""",
    "either",
    files={"script.py": "answer = 42\n"},
)
ipython.add(
    "load-ext-autoreload",
    """
%load_ext autoreload
%autoreload 2
---
%%step a
x = 1
---
%%step b
print(x)
""",
)
ipython.add(
    "unknown-cell-magic-is-opaque",
    """
from IPython.core.magic import register_cell_magic
@register_cell_magic
def twice(line, cell):
    get_ipython().run_cell(cell)
---
%%step a
%%twice
x = 3
---
%%step b
print(x)
""",
    "either",
)
ipython.add(
    "prun-and-debug-lines",
    """
%%step a
%precision 3
x = 3.14159265
x
---
%%step b
print(x)
x
""",
    "either",
    why="%precision is a session setting",
)
ipython.add(
    "load-shows-a-file",
    """
%%step a
x = 1
%load solutions/one.py
print(x)
---
%%step b
%load -r 1-1 solutions/one.py
y = x + 1
print(y)
""",
    files={"solutions/one.py": "x = 99\n"},
    why="the text goes into the editor: Run All does not run it",
)
ipython.add(
    "load-of-a-variable",
    """
%%step a
text = "z = 3"
---
%%step b
%load text
print(1)
""",
    "refused",
)
ipython.add(
    "xdel-of-another-steps-variable",
    """
%%step make
big = list(range(5))
small = len(big)
---
%%step drop
%xdel big
---
%%step look
try:
    print(big, small)
except NameError:
    print("gone", small)
""",
)
ipython.add(
    "pylab-names",
    """
%pylab inline
---
%%step a
x = linspace(0, 1, 5)
n = sum([1, 2])
---
%%step b
plot(x, sin(x))
print(np.sum(x), n, any([0]), figsize.__name__)
---
%%step c
print(sum([[1, 2], [3, 4]], 0), pyplot.get_backend() is not None)
""",
)
ipython.add(
    "pylab-names-inside-a-step",
    """
%%step a
%pylab inline --no-import-all
x = np.arange(3)
---
%%step b
print(np.sum(x), sum(x))
""",
)
