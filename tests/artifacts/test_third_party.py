"""A materializer of somebody else's, exactly as the docs show it, from an installed distribution."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from stepmill.artifacts.store import open_store
from stepmill.artifacts.values import describe, load_values, save_values
from stepmill.errors import ArtifactError, PluginError
from stepmill.model.artifact import ArtifactRef

PAGE = Path(__file__).parents[2] / "docs" / "materializers.md"
ROUTES = """
class Route:
    def __init__(self, name, points):
        self.name, self.points = name, points
    def __reduce__(self):
        raise TypeError("no pickle holds a Route")
"""
USE = """
import sys
import numpy as np
from routes import Route
from stepmill.artifacts.store import open_store
from stepmill.artifacts.values import describe, load_values, save_values

store = open_store(sys.argv[1])
points = np.arange(4.0)
values = {"home": Route("home", points), "n": 3}
saved = save_values(store, values, definitions={}, namespace={})
loaded = load_values(store, saved.refs, definitions={}, namespace={})["home"]
loaded.points[0] = 9.0
assert (loaded.name, loaded.points.tolist()) == ("home", [9.0, 1.0, 2.0, 3.0])
assert describe(store, saved.refs["home"])["materializer"] == "routes"
assert not saved.shared
print(saved.refs["home"].digest)
"""


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """A folder like site-packages, with one distribution in it."""
    folder = tmp_path / "site"
    about = folder / "routes_store-1.0.dist-info"
    about.mkdir(parents=True)
    text = PAGE.read_text("utf-8")
    (module,) = re.findall(r"(?s)```python\n(.*?)```", text)
    (points,) = re.findall(r"(?s)```toml\n(.*?)```", text)
    group, entry = points.strip().splitlines()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: routes-store\nVersion: 1.0\n")
    named = re.fullmatch(r'\[project\.entry-points\."(.+)"\]', group)
    assert named is not None
    (about / "entry_points.txt").write_text(f"[{named[1]}]\n{entry.replace(chr(34), '')}\n")
    (folder / "routes_store.py").write_text(module)
    (folder / "routes.py").write_text(ROUTES)
    return folder


def test_the_one_in_the_docs_works(installed: Path, tmp_path: Path) -> None:
    url = tmp_path / "store"
    path = os.pathsep.join(filter(None, (str(installed), os.environ.get("PYTHONPATH"))))
    environment = os.environ | {"PYTHONPATH": path}
    command = [sys.executable, "-c", USE, str(url)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    store, ref = open_store(url), ArtifactRef(digest=done.stdout.strip())
    assert describe(store, ref)["type"] == "routes.Route"
    with pytest.raises((PluginError, ArtifactError), match="'routes', which is not installed"):
        load_values(store, {"home": ref}, definitions={}, namespace={})


def test_without_it_the_value_is_refused(tmp_path: Path) -> None:
    module = ModuleType("routes")
    exec(ROUTES, vars(module))
    store = open_store(tmp_path / "store")
    saved = save_values(store, {"r": module.Route("r", None)}, definitions={}, namespace={})
    assert "no pickle holds a Route" in saved.problems["r"].message


BROKEN = [
    pytest.param("import gone", "ModuleNotFoundError: No module named 'gone'", id="does-not-import"),
    pytest.param("1 / 0", "ZeroDivisionError", id="fails-when-imported"),
    pytest.param(
        "class RouteMaterializer: priority = property(lambda s: 1 / 0)", "ZeroDivisionError", id="no-priority"
    ),
    pytest.param(
        "class RouteMaterializer:\n    priority = 1\n    def accepts(self, value): raise KeyError('oops')",
        "KeyError: 'oops'",
        id="cannot-tell-what-it-takes",
    ),
    pytest.param(
        "class RouteMaterializer:\n    priority = 1\n    def accepts(self, value): return True\n"
        "    def encode(self, value, scope): raise KeyError('oops')",
        "KeyError: 'oops'",
        id="cannot-encode",
    ),
]
SAVE = """
import sys, warnings
warnings.simplefilter("error")
from stepmill.artifacts.store import open_store
from stepmill.artifacts.values import load_values, save_values
store = open_store(sys.argv[1])
values = {"n": 3, "words": ["a", "b"], "texts": {1: "x"}}
saved = save_values(store, values, definitions={}, namespace={})
assert load_values(store, saved.refs, definitions={}, namespace={}) == values
"""


@pytest.mark.parametrize(("module", "why"), BROKEN)
def test_a_broken_one_is_named_once_and_left_out(
    installed: Path, tmp_path: Path, module: str, why: str
) -> None:
    (installed / "routes_store.py").write_text(module)
    path = os.pathsep.join(filter(None, (str(installed), os.environ.get("PYTHONPATH"))))
    done = subprocess.run(
        [sys.executable, "-c", SAVE, str(tmp_path / "store")],
        env=os.environ | {"PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    (line,) = done.stderr.splitlines()
    assert line.startswith("stepmill: the materializer 'routes' (routes_store")
    assert why in line
