"""Modules of the project are read, never run; what they do counts where they are first imported."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from analysis.notebooks import notebook
from stepmill.analysis import analyze
from stepmill.analysis.build import forget
from stepmill.analysis.own_events import Event, absolute
from stepmill.analysis.own_modules import OwnModules
from stepmill.model.codec import to_json
from stepmill.model.facts import Fact, FactKind
from stepmill.model.own_module import ModuleText
from stepmill.notebook.finding import SearchPath
from stepmill.notebook.own_modules import OwnSources

if TYPE_CHECKING:
    from pathlib import Path

    from stepmill.analysis.own_modules import Reading


def own(**texts: str) -> OwnModules:
    known = {name: ModuleText(name, "", f"{name}.py", f"/{name}.py", text) for name, text in texts.items()}
    return OwnModules(known.get, lambda _module: None, known.__contains__)


def read(text: str, **others: str) -> Reading:
    found = own(mine=text, **others).imported("mine")
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        pytest.param("import numpy as np\ndef f(x):\n    np.random.seed(x)\nK = [1]", [], id="defines-only"),
        pytest.param("import random\nrandom.seed(1)", ["seed"], id="seeds"),
        pytest.param("import random\nX = random.random()", ["draw"], id="draws"),
        pytest.param("import os\nos.environ['A'] = '1'", ["set"], id="sets"),
        pytest.param("import os\nos.chdir('x')", ["chdir", "read"], id="moves"),
        pytest.param("import time\nT = time.time()", ["clock"], id="asks-the-clock"),
        pytest.param("print(1)", ["show"], id="prints"),
        pytest.param("X = open('f').read()", ["read"], id="reads"),
        pytest.param("open('f', 'a').write('x')", ["extend"], id="extends"),
        pytest.param("if __name__ == '__main__':\n    print(1)", [], id="as-a-script"),
        pytest.param("if __name__ != '__main__':\n    print(1)", ["show"], id="not-as-a-script"),
        pytest.param("if not __debug__ or __name__ == 'mine':\n    print(1)", ["show"], id="by-its-own-name"),
        pytest.param(
            "from typing import TYPE_CHECKING\nif not TYPE_CHECKING:\n    print(1)", ["show"], id="run"
        ),
        pytest.param("import math\nmath.tau = 6", ["set"], id="patches"),
        pytest.param("from other import go\ngo()", ["seed"], id="calls-another-modules-function"),
    ],
)
def test_what_an_import_does(text: str, kinds: list[str]) -> None:
    other = "import random\ndef go():\n    random.seed(2)"
    events = read(text, other=other).events
    assert [event.kind for event in events if event.kind != "import"] == kinds


def test_a_function_is_known_by_what_it_does_when_called() -> None:
    known = own(lib="from mine import seed", mine="import random\ndef seed(n):\n    random.seed(n)")
    assert own(mine="class K:\n    pass").called("mine.K") == ()
    assert known.called("lib.seed") == (Event("seed", "random", 2),)
    assert known.called("lib.nothing") == known.called("nobody.seed") == ()


def test_what_a_function_imports_from_its_package() -> None:
    text = "def go():\n    from . import noisy\n    from .other import x"
    known = OwnModules(
        {"p.mine": ModuleText("p.mine", "p", "", "", text)}.get, lambda _: None, lambda _: True
    )
    assert [event.what for event in known.called("p.mine.go")] == ["p", "p.noisy", "p.other", "p.other.x"]


def test_a_star_import_of_another_text_is_read_anew() -> None:
    mine = "from lib import *\ndef go():\n    seed_all()"
    lib = ModuleText("lib", "", "lib.py", "lib.py", "import random\ndef seed_all():\n    random.seed(1)")
    found = []
    for exported in (frozenset[str](), frozenset({"seed_all"})):
        texts = {"mine": ModuleText("mine", "", "mine.py", "mine.py", mine), "lib": lib}
        known = OwnModules(texts.get, {"lib": exported}.get, texts.__contains__)
        found.append([event.kind for event in known.called("mine.go")])
    assert found == [[], ["seed"]]


def test_what_a_module_has_from_a_library_is_the_librarys() -> None:
    texts = {
        "mine": "import numpy as np\nfrom lib import *\nfrom .near import shuffle\n"
        "log = print\nhook = print\nclass K: pass\nrng = np.random.default_rng()\n"
        "def use(other):\n    global hook\n    hook = other",
        "lib": "from numpy.random import choice\nimport os.path as path",
        "near": "from random import shuffle",
    }
    known = OwnModules(
        {name: ModuleText(name, "", f"{name}.py", f"/{name}.py", text) for name, text in texts.items()}.get,
        {"lib": frozenset({"choice", "path"})}.get,
        texts.__contains__,
    )
    asked = (
        "np",
        "np.random.rand",
        "choice",
        "path.join",
        "shuffle",
        "log",
        "hook",
        "K",
        "K.x",
        "rng",
        "use",
        "no",
    )
    names = {name: known.named(f"mine.{name}") for name in asked}
    assert {name: other for name, other in names.items() if other} == {
        "np": "numpy", "np.random.rand": "numpy.random.rand", "choice": "numpy.random.choice",
        "path.join": "os.path.join", "shuffle": "random.shuffle", "log": "print",
    }  # fmt: skip
    assert known.named("numpy.sum") == known.named("mine") == ""


def test_relative_names() -> None:
    assert [absolute(name, "a.b") for name in ("c", ".c", "..c.d", ".")] == ["c", "a.b.c", "a.c.d", "a.b"]


CELLS = ("import mine", "%%step a\nimport random\nx = random.random()", "%%step b\nprint(x, random.random())")


def test_a_changed_module_changes_the_analysis(tmp_path: Path) -> None:
    found = []
    cells = notebook(*CELLS)
    for text in ("K = 1\n", "import random\nrandom.seed(1)\n", "import time\nK = time.time()\n", "K = 1\n"):
        (tmp_path / "mine.py").write_text(text)
        search = SearchPath((tmp_path,))
        after_edit = to_json(analyze(cells, sources=OwnSources(search)))
        assert after_edit == to_json(analyze(cells, sources=OwnSources(search), anew=True))
        found.append(after_edit)
    forget()
    assert found[0] == found[3] != found[1]
    assert found[1]["seeded"] == ["random"]


def test_reading_runs_nothing(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("from pathlib import Path\nPath(__file__).with_name('ran').touch()\n")
    analyze(notebook(*CELLS), sources=OwnSources(SearchPath((tmp_path,))))
    assert not (tmp_path / "ran").exists()


CLASSES = """
import random
from other import Base
ALL = []
class K(Base):
    made = 0
    def __init__(self, n):
        random.seed(n)
    @property
    def ready(self):
        return open("f").read()
    def keep(self):
        ALL.append(1)
    def count(self):
        K.made += 1
    def plain(self):
        return [1]
k = K(3)
def wrap(f):
    def inner(*a):
        random.seed(1)
        return f(*a)
    return inner
"""


@pytest.mark.parametrize(
    ("name", "kinds"),
    [
        pytest.param("K", ["seed"], id="a-class-is-made"),
        pytest.param("K.ready", ["read"], id="a-property"),
        pytest.param("K.keep", ["keep"], id="a-variable-of-the-module"),
        pytest.param("K.count", ["keep"], id="a-variable-of-the-class"),
        pytest.param("K.plain", [], id="nothing"),
        pytest.param("K.move", ["set"], id="inherited-from-another-module"),
        pytest.param("k.keep", ["keep"], id="by-an-object-of-the-module"),
        pytest.param("wrap", [], id="makes-a-function"),
        pytest.param("wrap()", ["seed"], id="what-a-function-returned"),
    ],
)
def test_what_a_call_does(name: str, kinds: list[str]) -> None:
    other = "import os\nclass Base:\n    def move(self):\n        os.environ['A'] = '1'"
    events = own(mine=CLASSES, other=other).called(f"mine.{name}")
    assert [event.kind for event in events if event.kind != "import"] == kinds


CLOCKED = """
import time
from dataclasses import dataclass, field
RATE = 1
START = time.time()
NAME = f"run-{START}"
def name(): return NAME
def rate(): return RATE
class K:
    def name(self): return name()
@dataclass
class Config:
    at: float = field(default_factory=lambda: time.time())
def soon(at=time.time()): return at
"""


def test_which_names_differ_from_process_to_process() -> None:
    known = own(mine=CLOCKED, lib="import mine\ndef a(): return mine.NAME\ndef b(): return mine.RATE")
    names = {"RATE", "START", "NAME", "name", "rate", "K", "Config", "soon"}
    assert {name for name in names if known.unsteady(f"mine.{name}")} == names - {"RATE", "rate", "Config"}
    assert known.unsteady("lib.a") == {"mine"}
    assert not known.unsteady("lib.b")


def test_a_package_may_have_a_function_named_as_its_module() -> None:
    texts = {
        "p": ModuleText("p", "p", "", "", "from .build import build"),
        "p.build": ModuleText("p.build", "p", "", "", "import random\ndef build():\n    random.seed(1)"),
    }
    known = OwnModules(texts.get, lambda _: None, lambda _: True)
    for name in ("p.build", "p.build.build"):
        assert [event.kind for event in known.called(name)] == ["seed"]


def test_an_import_that_is_repeated_is_made_from_the_folder_where_it_was_made() -> None:
    """No step names the module, but it may have done something to libraries."""
    moved = "import os\npath = os.getcwd()\nos.chdir('lib')\nfrom formats import style\nprint(style())"
    made = analyze(notebook(moved, "os.chdir(path)", "%%step a\nx = 1", "%%step b\nprint(x)"))
    wanted = [
        "import os",
        "path = os.getcwd()",
        "os.chdir('lib')",
        "from formats import style",
        "os.chdir(path)",
    ]
    assert [[one.source for one in step.setup] for step in made.steps] == [wanted, wanted]


def test_a_class_of_the_notebook_may_be_made_by_an_own_module(tmp_path: Path) -> None:
    text = "import random\nclass Base:\n    def __init__(self):\n        random.seed(1)\n"
    (tmp_path / "mine.py").write_text(text)
    cells = (
        "from mine import Base",
        "%%step a\nclass K(Base):\n    pass",
        "%%step b\nk = K()",
        "%%step c\nimport random\nprint(random.random())",
    )
    found = analyze(notebook(*cells), sources=OwnSources(SearchPath((tmp_path,))), anew=True)
    forget()
    assert [(e.producer, e.consumer) for e in found.edges if e.name == "random"] == [("b", "c")]


def test_a_model_over_the_values_of_a_frame_is_not_supposed_to_change_them(tmp_path: Path) -> None:
    """Nobody knows it; the run compares, and what it finds counts."""
    (tmp_path / "mine.py").write_text("class Model:\n    def __init__(self, x):\n        self.x = x\n")
    cells = (
        "from mine import Model",
        "%%step a\nimport pandas as pd\ndf = pd.read_csv('x')",
        "%%step b\nX = df[['a', 'b']].values",
        "%%step c\nm = Model(X)\nm.go()",
        "%%step d\nprint(X, df, m.x)",
    )
    sources = OwnSources(SearchPath((tmp_path,)))
    found = analyze(notebook(*cells), sources=sources, anew=True)
    assert not found.diagnostics
    assert {one.name for one in found.step("c").inputs if one.unchanged} == {"df", "X"}
    fact = Fact(kind=FactKind.MUTATES, step="c", names=("X",))
    told = analyze(notebook(*cells), sources=sources, facts=(fact,), anew=True)
    forget()
    assert [found.code for found in told.diagnostics] == ["SM341"]
