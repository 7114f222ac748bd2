"""Effects: what one statement reads, binds, changes and deletes."""

from __future__ import annotations

import pytest

from analysis.notebooks import effects_of
from stepmill.analysis.effects import Effects
from stepmill.model.diagnostic import Place

BEFORE = """\
import numpy as np
import pandas as pd
import foo
def f(v):
    return v
def grow(v):
    v.append(1)
class K: pass
xs = [1]
ys = [2]
d = {}
s = 'a'
n = 1
df = pd.DataFrame({'a': [1]})
k = K()
alias = xs
obj = foo.make()"""

STATEMENTS = [
    pytest.param("x = 1", "", "x", "x", {}, "", id="an assignment binds"),
    pytest.param("x = n + 1", "n", "x", "x", {}, "", id="the right-hand side is read"),
    pytest.param("n += 1", "n", "n", "n", {}, "", id="an augmented assignment reads and binds"),
    pytest.param(
        "xs += [2]",
        "xs",
        "xs",
        "xs",
        {"alias": False, "xs": False},
        "",
        id="an augmented assignment of a list changes its aliases",
    ),
    pytest.param("x: int = n", "n", "x", "x", {}, "", id="an annotated assignment binds"),
    pytest.param("x: int", "", "", "", {}, "", id="a bare annotation does nothing"),
    pytest.param("x, y = xs, n", "n xs", "x y", "x y", {}, "", id="unpacking binds each name"),
    pytest.param("x, *y = xs", "xs", "x y", "x y", {}, "", id="a starred target binds"),
    pytest.param(
        "xs.append(n)",
        "n xs",
        "",
        "",
        {"alias": False, "xs": False},
        "",
        id="append changes the list and its alias",
    ),
    pytest.param(
        "xs[0] = n", "n xs", "", "", {"alias": False, "xs": False}, "", id="an element assignment changes"
    ),
    pytest.param(
        "del xs[0]", "xs", "", "", {"alias": False, "xs": False}, "", id="deleting an element changes"
    ),
    pytest.param("d['k'] = xs", "d xs", "", "", {"d": False}, "", id="storing changes the holder only"),
    pytest.param(
        "k.a = n", "k n", "", "", {"k": False}, "", id="an attribute assignment changes the instance"
    ),
    pytest.param("del n", "n", "", "", {}, "n", id="del deletes"),
    pytest.param("x = [i for i in xs]", "xs", "x", "x", {}, "", id="a comprehension keeps its variable"),
    pytest.param("x = (y := n)", "n", "x y", "x y", {}, "", id="a walrus binds"),
    pytest.param("print(n)", "n", "", "", {}, "", id="print only reads"),
    pytest.param("if n: x = 1", "n", "", "x", {}, "", id="a branch may bind"),
    pytest.param(
        "if n:\n    x = 1\nelse:\n    x = 2", "n", "x", "x", {}, "", id="both branches bind for sure"
    ),
    pytest.param("for i in xs: x = i", "xs", "", "i x", {}, "", id="a loop may not run"),
    pytest.param("while n: break", "n", "", "", {}, "", id="a while reads its test"),
    pytest.param(
        "try:\n    x = n\nexcept E:\n    pass", "E n", "", "x", {}, "", id="a try may not get to its end"
    ),
    pytest.param(
        "try:\n    x = 1\nexcept E as n:\n    raise",
        "E",
        "x",
        "n x",
        {},
        "n",
        id="the name of a caught exception goes",
    ),
    pytest.param("def g(): return n", "", "g", "g", {}, "", id="a def reads nothing of its body"),
    pytest.param("g = lambda: n", "", "g", "g", {}, "", id="a lambda reads nothing of its body"),
    pytest.param("x = f(xs)", "f xs", "x", "x", {}, "", id="a call of a reader changes nothing"),
    pytest.param(
        "grow(xs)",
        "grow xs",
        "",
        "",
        {"alias": False, "xs": False},
        "",
        id="a call of a changer changes the argument and its alias",
    ),
    pytest.param(
        "for x in zip(xs, ys): print(x)", "xs ys", "", "x", {}, "", id="a zip of lists changes neither"
    ),
    pytest.param(
        "for x, y in zip(xs, [ys]): y.append(x)",
        "xs ys",
        "",
        "x y",
        {"y": False, "ys": False},
        "",
        id="what a zip gives is told apart",
    ),
    pytest.param("obj.frob()", "obj", "", "", {"obj": True}, "", id="an unknown method is doubtful"),
    pytest.param(
        "obj.frob(xs)",
        "obj xs",
        "",
        "",
        {"obj": True},
        "",
        id="an unknown method is doubtful about its receiver",
    ),
    pytest.param("df['b'] = n", "df n", "", "", {"df": False}, "", id="a new column changes the frame"),
    pytest.param(
        "df.drop(columns='a', inplace=True)", "df", "", "", {"df": False}, "", id="inplace changes the frame"
    ),
    pytest.param("x = df.drop(columns='a')", "df", "x", "x", {}, "", id="without inplace nothing is changed"),
    pytest.param("import os", "", "os", "os", {}, "", id="an import binds"),
    pytest.param("import os.path", "", "os", "os", {}, "", id="a dotted import binds its first name"),
    pytest.param("from os import path as p", "", "p", "p", {}, "", id="an import binds its alias"),
    pytest.param("class C(K):\n    z = n", "K n", "C", "C", {}, "", id="a class body is executed"),
    pytest.param(
        "alias.append(1)",
        "alias",
        "",
        "",
        {"alias": False, "xs": False},
        "",
        id="a change through the alias is one of the object",
    ),
    pytest.param(
        "x = xs.pop()", "xs", "x", "x", {"alias": False, "xs": False}, "", id="pop binds and changes"
    ),
    pytest.param("x = sorted(xs)", "xs", "x", "x", {}, "", id="sorted makes a new list"),
    pytest.param("xs.sort()", "xs", "", "", {"alias": False, "xs": False}, "", id="sort changes"),
    pytest.param("x = s.upper()", "s", "x", "x", {}, "", id="text methods only read"),
    pytest.param("assert n", "n", "", "", {}, "", id="assert reads"),
    pytest.param(
        "match n:\n    case 1: x = 2\n    case z: pass", "n", "", "x z", {}, "", id="patterns may bind"
    ),
    pytest.param(
        "np.random.seed(0)", "np", "%random:numpy", "%random:numpy", {}, "", id="seeding binds the generator"
    ),
    pytest.param(
        "open('o.txt', 'w').write(s)", "s", "%file:o.txt", "%file:o.txt", {}, "", id="writing binds the file"
    ),
    pytest.param("x = open('i.txt').read()", "%file:i.txt", "x", "x", {}, "", id="reading reads the file"),
    pytest.param(
        "with open('f') as h: x = h.read()",
        "%file:f",
        "h x",
        "h x",
        {"h": False},
        "",
        id="with binds and its handle moves",
    ),
    pytest.param("x = y = n", "n", "x y", "x y", {}, "", id="a chain binds all targets"),
    pytest.param("x = f'{n}'", "n", "x", "x", {}, "", id="an f-string reads"),
    pytest.param("x = {**d, 'a': n}", "d n", "x", "x", {}, "", id="a dict display copies"),
    pytest.param(
        "(lambda q: q.append(1))(xs)",
        "xs",
        "",
        "",
        {"alias": False, "xs": False},
        "",
        id="a lambda called at once changes its argument",
    ),
    pytest.param("setattr(k, 'a', n)", "k n", "", "", {"k": False}, "", id="setattr changes"),
    pytest.param("ys.extend(xs)", "xs ys", "", "", {"ys": False}, "", id="extend changes the receiver only"),
    pytest.param(
        "d.setdefault('a', xs).append(1)",
        "d xs",
        "",
        "",
        {"alias": False, "d": False, "xs": False},
        "",
        id="a change of what setdefault returns may be one of its argument",
    ),
    pytest.param("raise ValueError(n)", "n", "", "", {}, "", id="raise reads"),
]


@pytest.mark.parametrize(("source", "reads", "must", "binds", "changes", "deletes"), STATEMENTS)
def test_statement(
    source: str, reads: str, must: str, binds: str, changes: dict[str, bool], deletes: str
) -> None:
    (found,) = effects_of(source, before=BEFORE)
    assert (
        set(found.reads),
        found.must,
        set(found.binds),
        {name: change.doubtful for name, change in found.changes.items()},
        set(found.deletes),
    ) == (set(reads.split()), set(must.split()), set(binds.split()), changes, set(deletes.split()))


@pytest.mark.parametrize(
    ("source", "changes"),
    [
        pytest.param("x = xs; x.append(1)", {"x", "xs", "alias"}, id="a new alias shows the change"),
        pytest.param("x = xs.copy(); x.append(1)", {"x"}, id="a copy stands alone"),
        pytest.param("x = xs or ys; x.append(1)", {"x", "xs", "ys", "alias"}, id="either may be changed"),
        pytest.param("x = [xs]; x[0].append(1)", {"x", "xs", "alias"}, id="a part of a list is changed"),
        pytest.param("x = [xs]; x.append(1)", {"x"}, id="a change of the holder is none of its parts"),
        pytest.param("xs = [3]; xs.append(1)", {"xs"}, id="a rebound name lets go of its aliases"),
        pytest.param("x = s; x += 'b'", set(), id="text is never changed"),
        pytest.param("k.v = xs; k.v.append(1)", {"k", "xs", "alias"}, id="an attribute is an alias"),
        pytest.param("x = list(xs); x.append(1)", {"x"}, id="list() copies"),
        pytest.param("x = xs[:]; x.append(1)", {"x"}, id="a slice of a list copies"),
        pytest.param("x = np.zeros(3); y = x[1:]; y[0] = 1", {"x", "y"}, id="a slice of an array is a view"),
    ],
)
def test_the_last_statement_changes(source: str, changes: set[str]) -> None:
    assert set(effects_of(source, before=BEFORE)[-1].changes) == changes


@pytest.mark.parametrize(
    ("source", "unseeded"),
    [
        pytest.param("x = np.random.rand()", {"numpy"}, id="a draw nobody seeded"),
        pytest.param("np.random.seed(1); x = np.random.rand()", set(), id="a draw somebody seeded"),
        pytest.param("import random; x = random.random()", {"random"}, id="Python's own generator"),
    ],
)
def test_draws(source: str, unseeded: set[str]) -> None:
    assert effects_of(source, before=BEFORE)[-1].unseeded.keys() == unseeded


@pytest.mark.parametrize(
    ("source", "what"),
    [
        pytest.param("import time; x = time.time()", ["clock (time.time)"], id="the clock"),
        pytest.param("x = input()", ["input (input)"], id="input"),
        pytest.param("!touch a", ["subprocess (!touch a)"], id="a shell line"),
        pytest.param("x = s.upper()", [], id="text methods read nothing of the world"),
    ],
)
def test_volatile(source: str, what: list[str]) -> None:
    assert [v.what for v in effects_of(source, before=BEFORE)[-1].volatile] == what


@pytest.mark.parametrize(
    ("source", "sets"),
    [
        pytest.param("from pkg.sub import names; names.append(1)", True, id="a list of a module"),
        pytest.param(
            "from pkg.sub import names; x = names.pop()", True, id="taking out of a list of a module"
        ),
        pytest.param("from keras.layers import add; add(xs)", False, id="an imported function"),
        pytest.param("from keras import layers; x = layers.add(xs)", False, id="a function with a result"),
        pytest.param("from keras.preprocessing import image; image.load_img(s)", False, id="a reader"),
        pytest.param("import warnings; warnings.simplefilter('ignore')", True, id="a setting"),
        pytest.param(
            "import warnings\nwith warnings.catch_warnings():\n    warnings.simplefilter('ignore')",
            False,
            id="a setting that is taken back",
        ),
        pytest.param(
            "import warnings\nwith open(s):\n    warnings.simplefilter('ignore')",
            True,
            id="a setting in a with",
        ),
        pytest.param(
            "import torch\nwith torch.set_grad_enabled(False):\n    pass", False, id="torch, for a while"
        ),
        pytest.param("import torch\ntorch.set_grad_enabled(False)", True, id="torch, for good"),
    ],
)
def test_state_of_the_process(source: str, sets: bool) -> None:
    assert bool(effects_of(source, before=BEFORE)[-1].session) == sets


def test_environment_variables_are_named() -> None:
    assert effects_of("import os; x = os.environ['HOME_ROW']")[-1].environment == {"HOME_ROW"}


def test_the_same_finding_is_kept_once() -> None:
    effects, here, there = Effects(), Place(cell=0, line=1), Place(cell=0, line=2)
    for place in (here, here, there):
        effects.find("SM331", place, "x")
    assert [(f.code, f.place, f.name) for f in effects.findings] == [
        ("SM331", here, "x"),
        ("SM331", there, "x"),
    ]
