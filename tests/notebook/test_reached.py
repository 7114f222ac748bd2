"""What a step reaches of the project's modules: never too little, and not everything."""

from __future__ import annotations

import random
import sys
from types import ModuleType
from typing import Any

import pytest

from stepmill.notebook.modules import reached_sources
from stepmill.notebook.reached import OwnModule, reached_parts, without

MODULE = """\
import numpy as np

RATE = 3

def load(path):
    return clean(np.loadtxt(path))

def clean(values):
    return [v * RATE for v in values]

def plot(values, color="red"):
    return values, color

class Model:
    \"\"\"Uses nothing of plot.\"\"\"

    def fit(self, values):
        return score(values)

def score(values):
    return sum(values)

if __name__ == "__main__":
    plot(load("x"))
"""


def digest(code: str, **modules: str) -> dict[str, str]:
    found = {
        name: OwnModule(name.replace("__", "."), name.rpartition("__")[0], text.encode())
        for name, text in modules.items()
    }
    return {name: part.digest for name, part in reached_sources([code], found).items()}


EDITS = {
    "clean": ("v * RATE", "v + RATE"),
    "plot": ("return values, color", "return color, values"),
    "score": ("sum(values)", "max(values)"),
    "model": ("return score(values)", "return -score(values)"),
    "rate": ("RATE = 3", "RATE = 4"),
    "new": ("def score", "def other():\n    return 1\n\ndef score"),
    "docstring": ("nothing of plot", "nothing"),
    "guard": ('plot(load("x"))', "pass"),
    "annotation": ("def plot(values", "def plot(values: np.NoSuchThing"),
    "default": ('color="red"', "color=print()"),
    "syntax": ("return values, color", "return (values, color"),
    "compiled": ("def plot(values, color", "def plot(values, values"),
    "gone": ("def plot", "def draw"),
}
CLAIMS = [
    ("import m\nm.load('x')", "clean rate annotation default syntax compiled"),
    ("from m import load\nload('x')", "clean rate annotation default syntax compiled"),
    ("from m import plot, load\nload('x')", "clean rate annotation default syntax compiled gone"),
    ("from m import *\nplot([1])", "plot rate annotation default syntax compiled gone"),
    ("import m as k\nk.Model().fit([1])", "score model rate docstring annotation default syntax compiled"),
    ("import m\ngetattr(m, 'plot')([1])", "plot score clean model rate new docstring guard"),
    ("import m\nshow(m)", "plot score clean model rate new docstring guard"),
    ("import m\nm.__dict__[name]()", "plot score clean model rate new docstring guard"),
    ("import m, unknown_library\nm.load('x')", "plot score clean model rate new docstring guard"),
    ("import m\nm.load('x').query(text)", "plot score clean model rate new docstring guard"),
    ("import m\nm.load('x').query('a > 1')", "clean rate annotation default syntax compiled"),
    ("import m\nuse('m.score')", "score rate annotation default syntax compiled"),
    ("import m\nopen('m/in.csv')", "rate annotation default syntax compiled"),
    ("import m\nm.load('x').query('@f(@m)')", "plot score clean model rate new docstring guard"),
    ("import m\nm.load('x').plot(backend='m')", "plot score clean model rate new docstring guard"),
    ("import m\neval(text)", "plot score clean model rate new docstring guard"),
    ("import m\nre.compile('x')\nm.clean([])", "clean rate annotation default syntax compiled"),
    ("import m\nlog('the score is', m.RATE)", "score rate annotation default syntax compiled"),
]


@pytest.mark.parametrize(("code", "counts"), CLAIMS, ids=[code for code, _ in CLAIMS])
def test_which_edits_count(code: str, counts: str) -> None:
    before = digest(code, m=MODULE)
    seen = {name for name, (old, new) in EDITS.items() if digest(code, m=MODULE.replace(old, new)) != before}
    expected = set(counts.split())
    everything = {"guard", "new"} <= expected
    assert seen == (set(EDITS) if everything else expected)


WAYS_ROUND = [
    pytest.param("import p\nuse(p.tools)", id="module-of-a-package"),
    pytest.param("import p\nuse(p.t)", id="module-by-another-name"),
    pytest.param("from p import t\nuse(t)", id="module-imported-by-another-name"),
    pytest.param("from p import *\nuse(tools)", id="module-by-a-star"),
    pytest.param("from p import Keeper\nuse(Keeper.tools)", id="module-in-a-class"),
    pytest.param("import p.tools as x\nuse([x])", id="module-in-a-list"),
    pytest.param("import sys, p.tools\nuse(sys.modules)", id="all-modules"),
    pytest.param("import p.tools\np.tools.g.__globals__", id="globals-of-a-function"),
    pytest.param("import p.tools\nq = frame.query\nq(text)", id="query-held"),
    pytest.param("import p.tools\n%run script.py", id="no-python"),
]


@pytest.mark.parametrize("code", WAYS_ROUND)
def test_whoever_holds_a_module_reaches_everything(code: str) -> None:
    modules = {
        "init": OwnModule("p", "p", b"from . import tools\nfrom . import tools as t\n"),
        "tools": OwnModule("p.tools", "p", b"def f(): pass\ndef g(): pass\n"),
    }
    if "Keeper" in code:
        modules["init"] = OwnModule("p", "p", b"class Keeper:\n    from . import tools\n")
    assert reached_parts([code], modules) is None


def test_a_list_of_names_that_is_computed_runs_what_computes_it() -> None:
    module = OwnModule("m", "", b"def f(): pass\ndef names(): pass\n__all__ = names()\n")
    found = reached_parts(["from m import *"], {"m": module})
    assert found is not None
    assert found["m"].hidden == ((1, 1),)


def test_a_function_named_like_its_module_is_no_module() -> None:
    modules = {"train": OwnModule("train", "", b"def train(): pass\ndef other(): pass\n")}
    found = reached_parts(["from train import train\nmap(train, x)"], modules)
    assert found is not None
    assert found["train"].hidden == ((2, 2),)


HELPER, ASKS = "def helper():\n    return 1\n", "def asks(f=helper):\n    return f\n"
USED = "def used():\n    return 2\n"


@pytest.mark.parametrize(
    "edited",
    [
        pytest.param(ASKS + USED, id="gone"),
        pytest.param(ASKS + HELPER + USED, id="defined too late"),
    ],
)
def test_an_import_that_fails_for_what_nobody_calls_is_another_one(edited: str) -> None:
    code = "import m\nm.used()"
    known = digest(code, m=HELPER + ASKS + USED)
    assert digest(code, m=edited) != known
    assert digest(code, m=HELPER.replace("1", "3") + ASKS + USED) == known


def test_hidden_lines_are_blank() -> None:
    found = reached_parts(["import m\nm.score(1)"], {"m": OwnModule("m", "", MODULE.encode())})
    assert found is not None
    shown = without(MODULE, found["m"].hidden)
    assert shown.count("\n") == MODULE.count("\n")
    assert [line for line in shown.split("\n") if line.startswith(("def", "class"))] == ["def score(values):"]


# -- programs that nobody thought of ----------------------------------------------------------------------

INSIDE = [
    "{f}()", "(lambda: {f}())()", "partial({f})()", "globals()['{f}']()", "eval('{f}()')",
    "TABLE['{f}']()", "Caller().{f}()", "max(map(lambda _: {f}(), [1]))", "globals()['{a}' + '{b}']()",
    "getattr(sys.modules[__name__], '{a}' + '{b}')()", "again_{f}()", "holder.{f}()",
]  # fmt: skip
OUTSIDE = [
    "{m}.{f}()", "{f}()", "other_{f}()", "getattr({m}, '{f}')()", "getattr({m}, '{a}' + '{b}')()",
    "vars({m})['{a}' + '{b}']()", "attrgetter('{f}')({m})()", "__import__('{m}').{f}()",
    "getattr(__import__('importlib').import_module('{m}'), '{a}' + '{b}')()", "starred('{a}' + '{b}')",
    "{m}.again_{f}()", "{m}.TABLE['{a}' + '{b}']()", "(lambda k: getattr(k, '{a}' + '{b}'))({m})()",
]  # fmt: skip
HEAD = """\
import sys
from functools import partial
from operator import attrgetter
"""


def calls(ways: list[str], names: list[str], module: str, chance: random.Random) -> str:
    texts = []
    for name in chance.sample(names, min(len(names), chance.randint(0, 2))):
        # now and then by a name that is put together, or by what does so: then all is reached
        way = ways[0] if chance.random() < 0.7 else chance.choice(ways)
        texts.append(way.format(f=name, a=name[:1], b=name[1:], m=module))
    return " + ".join(texts) or "0"


def program(chance: random.Random, first: str, second: str) -> tuple[dict[str, list[str]], str]:
    """Return two modules, each as its pieces, and the code of a step."""
    lower, upper = [f"f{n}" for n in range(8)], [f"g{n}" for n in range(5)]
    modules = {
        first: [
            f"def {f}():\n    return 1 + {calls(INSIDE, lower[:n], first, chance)}\n"
            for n, f in enumerate(lower)
        ],
        second: [f"def {g}():\n    return 1 + {calls(OUTSIDE, lower, first, chance)}\n" for g in upper],
    }
    step = f"{HEAD}import {first}, {second}\nfrom {second} import *\nresult = 0\n"
    step += f"result = {second}.{chance.choice(upper)}() + {calls(OUTSIDE[:2], lower, first, chance)}"
    said = step + "".join(piece for pieces in modules.values() for piece in pieces)
    for module, names in ((first, lower), (second, upper)):
        modules[module] += [f"again_{n} = {n}\n" for n in names if f"again_{n}" in said]
        methods = "".join(f"    def {n}(self):\n        return {n}()\n" for n in names)
        if "Caller" in said or "holder" in said:
            modules[module].append(f"class Caller:\n{methods}holder = Caller()\n")
        if "TABLE" in said:
            modules[module].append("TABLE = {" + ", ".join(f"'{n}': {n}" for n in names) + "}\n")
    renamed = "".join(f"from {first} import {f} as other_{f}\n" for f in lower if f"other_{f}" in said)
    starred = f"def starred(name):\n    return getattr({first}, name)()\n"
    head = f"{HEAD}import {first}\nfrom {first} import {', '.join(lower)}\n{renamed}{starred}"
    return {first: [HEAD, *modules[first]], second: [head, *modules[second]]}, step


def outcome(modules: dict[str, str], step: str) -> Any:
    """Return what the step gives, or how it fails."""
    try:
        for name, text in modules.items():
            sys.modules[name] = ModuleType(name)
            exec(compile(text, name, "exec"), vars(sys.modules[name]))
        names: dict[str, Any] = {}
        exec(step, names)
        return names["result"]
    except Exception as error:
        return type(error).__name__
    finally:
        for name in modules:
            sys.modules.pop(name, None)


def test_what_changes_the_result_changes_the_digest() -> None:
    chance = random.Random(7)
    unchanged = changed = 0
    for number in range(40):
        first, second = f"reached_one_{number}", f"reached_two_{number}"
        pieces, step = program(chance, first, second)
        texts = {name: "".join(parts) for name, parts in pieces.items()}
        before, keys = outcome(texts, step), digest(step, **texts)
        for name, parts in pieces.items():
            for at, part in enumerate(parts):
                if not part.startswith("def "):
                    continue
                edited = "".join([*parts[:at], part.replace("return 1", "return 1000"), *parts[at + 1 :]])
                now = {**texts, name: edited}
                if digest(step, **now) == keys:
                    unchanged += 1
                    assert outcome(now, step) == before, f"{name}: {part}\n{step}\n{texts}"
                else:
                    changed += 1
    assert unchanged > 50
    assert changed > 50
