"""Every cause has its sentence, with the evidence: one table."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from planning.pipelines import access, circumstances, record, step, world
from stepmill.artifacts.values import save_values
from stepmill.model.artifact import ABSENT
from stepmill.model.cell import StepOptions
from stepmill.model.diagnostic import Place
from stepmill.model.pipeline import Definition, Fragment, Input, Output, Volatile
from stepmill.notebook.reached import Reached
from stepmill.planning.decide import decide_step
from stepmill.planning.evidence import code_document, where_they_differ
from stepmill.planning.keys import artifact_digest, static_key, value_digest
from stepmill.planning.records import Records
from stepmill.planning.wishes import ALL, ONE, Wishes

if TYPE_CHECKING:
    from collections.abc import Callable

TEN = "return [v * 10 for v in values]"
SCALE = f"def scale(values):\n    # by ten\n    {TEN}"
FIT = replace(
    step("fit", 5, inputs=(Input(name="df", producer="load"),), parameters=("alpha",)),
    body=(Fragment(cell=5, line=2, source="x = scale(df)\ny = x * alpha"),),
    setup=(Fragment(cell=1, line=1, source=SCALE),),
    definitions=(Definition(name="scale", digest="s1"),),
)


FILES = (("data.csv", "read"), ("parts", "list"), ("later.csv", "read"), ("out.txt", "write"))


class Scene:
    """A step `fit` that ran once; a change is made, and the plan says why it runs again."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "helpers.py").write_text("import math\n\nFACTOR = 1\n", encoding="utf-8")
        (folder / "data.csv").write_text("1", encoding="utf-8")
        (folder / "out.txt").write_text("made", encoding="utf-8")
        (folder / "parts").mkdir()
        site = folder / "site-packages"
        (site / "pandas-3.0.1.dist-info").mkdir(parents=True)
        self.world = world(folder, environment={"MODE": "fast"})
        self.about = circumstances(folder, world=self.world, parameters={"alpha": "0.1"})
        self.step = FIT
        self.made = {
            "code": "c1",
            "python": "3.11.7",
            "parameter:alpha": value_digest(0.1),
            "input:df": self.value([1, 2]),
            "module:helpers.py": "m1",
            "definition:scale": "s1",
        }
        self.files = tuple(access(folder, path, mode) for path, mode in FILES)

    def value(self, value: Any) -> str:
        """Store a value; return it as a component of a key."""
        return artifact_digest(
            save_values(self.world.store, {"df": value}, definitions={}, namespace={}).refs["df"]
        )

    def ran(self, **fields: Any) -> None:
        extra = {
            "parameters": {"alpha": "0.1"},
            "sys_path": [str(self.folder / "site-packages")],
            "code": self.world.store.put_json(code_document(FIT, {"helpers.py": Reached("m1")}, self.world)),
            **fields.pop("extra", {}),
        }
        self.about.records.add(
            record(
                "fit",
                static_key(self.made),
                **{
                    "components": dict(self.made),
                    "files": self.files,
                    "distributions": {"pandas": "3.0.1"},
                    "environment": {"MODE": self.world.hash_of_variable("MODE")},
                    "extra": extra,
                    **fields,
                },
            )
        )

    def now(self, **fields: Any) -> None:
        self.about = replace(self.about, **fields)

    def put(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text, encoding="utf-8")


def body(source: str) -> Callable[[Scene], None]:
    def change(scene: Scene) -> None:
        scene.made["code"] = "c2"
        scene.step = replace(FIT, body=(Fragment(cell=6, line=2, source=source),))

    return change


def helper(source: str) -> Callable[[Scene], None]:
    def change(scene: Scene) -> None:
        scene.made |= {"code": "c2", "definition:scale": "s2"}
        scene.step = replace(FIT, setup=(Fragment(cell=1, line=1, source=source),))

    return change


def before(source: str) -> Callable[[Scene], None]:
    """Change the code that is replayed before the cells, but for the helper."""

    def change(scene: Scene) -> None:
        scene.made["code"] = "c2"
        scene.step = replace(FIT, setup=(Fragment(cell=0, line=1, source=source), *FIT.setup))

    return change


def divided(scene: Scene) -> None:
    scene.made["code"] = "c2"
    lines = FIT.body[0].source.split("\n")
    scene.step = replace(FIT, body=tuple(Fragment(cell=5 + i, line=2, source=s) for i, s in enumerate(lines)))


def component(**parts: str) -> Callable[[Scene], None]:
    return lambda scene: scene.made.update({name.replace("__", ":"): text for name, text in parts.items()})


def taken(value: Any) -> Callable[[Scene], None]:
    return lambda scene: scene.made.update({"input:df": scene.value(value)})


def module(scene: Scene) -> None:
    scene.made["module:helpers.py"] = "m2"
    scene.put("helpers.py", "import math\n# more\nFACTOR = 2\n")


def parameter(scene: Scene) -> None:
    scene.made["parameter:alpha"] = value_digest(0.3)
    scene.now(parameters={"alpha": "0.3"})


def variable(scene: Scene) -> None:
    scene.now(world=replace(scene.world, environment={"MODE": "slow"}))


def no_variable(scene: Scene) -> None:
    scene.now(world=replace(scene.world, environment={}))


def upgrade(scene: Scene) -> None:
    site = scene.folder / "site-packages"
    (site / "pandas-3.0.1.dist-info").rename(site / "pandas-3.1.1.dist-info")


def options(**fields: Any) -> Callable[[Scene], None]:
    def change(scene: Scene) -> None:
        scene.step = replace(FIT, options=StepOptions(**fields))

    return change


def wish(**fields: Any) -> Callable[[Scene], None]:
    return lambda scene: scene.now(wishes=Wishes(**fields))


def clock(scene: Scene) -> None:
    scene.step = replace(FIT, volatile=(Volatile(what="clock (time.time)", place=Place(cell=5, line=3)),))


def gone_input(scene: Scene) -> None:
    scene.made["code"] = "c2"
    del scene.made["input:df"]


def new_input(scene: Scene) -> None:
    scene.made["input:extra"] = scene.value(1)
    both = (*FIT.inputs, Input(name="extra", producer="count"))
    scene.step = replace(FIT, inputs=both)


def two(*changes: Callable[[Scene], None]) -> Callable[[Scene], None]:
    def change(scene: Scene) -> None:
        for each in changes:
            each(scene)

    return change


FRAME = {"day": [1, 2], "price": [1.5, 2.5]}


def frame(**columns: list[Any]) -> Any:
    import pandas as pd

    return pd.DataFrame(columns)


def framed(scene: Scene) -> None:
    scene.made["input:df"] = scene.value(frame(**FRAME))


CHANGES: dict[str, tuple[Callable[[Scene], None], str]] = {
    "line-of-a-cell": (
        body("x = scale(df)\ny = x + alpha  # now a sum"),
        "its code changed: line 3 of cell 6 is `y = x + alpha  # now a sum`, was `y = x * alpha`",
    ),
    "new-line": (
        body("x = scale(df)\nx.sort()\ny = x * alpha"),
        "its code changed: line 3 of cell 6 is new, `x.sort()`"
    ),
    "removed-line": (body("y = x * alpha"), "its code changed: `x = scale(df)` is gone (line 2 of cell 5)"),
    "cells-divided": (divided, "its code changed: it is divided into cells otherwise"),
    "new-constant": (before("K = 2"), "its code changed: line 1 of cell 0 is new, `K = 2`"),
    "new-import": (before("import os"), "its code changed: line 1 of cell 0 is new, `import os`"),
    "one-of-two-imports": (before("import os, sys"), "its code changed"),
    "constant-below-imports": (
        before("import os, sys\nK = 2"),
        "its code changed: line 2 of cell 0 is new, `K = 2`",
    ),
    "line-of-a-helper": (
        helper(SCALE.replace("10", "100")),
        f"definition scale() changed: line 3 of cell 1 is `{TEN.replace('10', '100')}`, was `{TEN}`",
    ),
    "line-of-a-module": (module, "helpers.py changed: line 3 is `FACTOR = 2`, was `FACTOR = 1`"),
    "new-module": (component(**{"module__new.py": "m9"}), "new.py is imported now"),
    "parameter": (parameter, "alpha changed from 0.1 to 0.3"),
    "longer-list": (taken([1, 2, 3]), "input df (from load) is [1, 2, 3], was [1, 2]"),
    "other-type": (taken((1, 2)), "input df (from load) is of type tuple, was list"),
    "unbound-input": (component(input__df=ABSENT), "input df (from load) is not bound any more"),
    "new-upstream": (new_input, "input extra (from count) is new"),
    "gone-upstream": (gone_input, "its code changed; input df is no longer taken"),
    "random-state": (component(random__numpy="r2"), "the random state of numpy is another"),
    "python": (component(python="3.12.1"), "Python 3.11.7 → 3.12.1"),
    "kernel": (component(kernel="/other/python"), "it runs in another kernel"),
    "metrics": (component(metrics="m"), "its %%step line names other --metrics"),
    "seed": (component(seed="7"), "the seed that was derived for it is another"),
    "file": (lambda scene: scene.put("data.csv", "2"), "file data.csv changed"),
    "file-gone": (lambda scene: (scene.folder / "data.csv").unlink(), "file data.csv is gone"),
    "file-appeared": (lambda scene: scene.put("later.csv", ""), "file later.csv appeared"),
    "listing": (lambda scene: scene.put("parts/a", ""), "folder parts lists other files"),
    "own-file-gone": (lambda scene: (scene.folder / "out.txt").unlink(), "its file out.txt is gone"),
    "library": (upgrade, "pandas 3.0.1 → 3.1.1"),
    "variable": (variable, "environment variable MODE changed"),
    "variable-unset": (no_variable, "environment variable MODE is no longer set"),
    "no-cache-on-the-line": (options(cache=False), "it is marked --no-cache"),
    "expired": (options(cache_for_s=30.0), "its result is 1 min old, it is kept for 30 s"),
    "clock": (clock, "it asks the clock (time.time) (cell [5], line 3)"),
    "refresh": (wish(requested={"fit": ONE}), "you asked for it to run"),
    "no-cache": (wish(requested={"fit": ALL}), "you asked for everything to run"),
    "two-at-once": (
        two(parameter, module),
        "alpha changed from 0.1 to 0.3; helpers.py changed: line 3 is `FACTOR = 2`, was `FACTOR = 1`",
    ),
    "two-of-the-world": (two(upgrade, variable), "pandas 3.0.1 → 3.1.1; environment variable MODE changed"),
}  # fmt: skip


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


def reason(scene: Scene) -> str:
    return decide_step(scene.step, scene.made, scene.about).reason


@pytest.mark.parametrize(("change", "told"), CHANGES.values(), ids=CHANGES)
def test_a_change_is_told_with_its_evidence(scene: Scene, change: Callable[[Scene], None], told: str) -> None:
    scene.ran()
    assert reason(scene) == "nothing changed since run r1"
    change(scene)
    assert reason(scene) == told


FRAMES = {
    "more-rows": ({"day": [1, 2, 3], "price": [1.5, 2.5, 3.5]}, "has 3 rows, had 2"),
    "new-column": ({**FRAME, "city": ["a", "b"]}, "has the new column city"),
    "lost-column": ({"day": [1, 2]}, "has lost the column price"),
    "order": ({"price": [1.5, 2.5], "day": [1, 2]}, "has its columns in another order"),
    "dtype": ({"day": [1.0, 2.0], "price": [1.5, 2.5]}, "has float64 in column day, had int64"),
    "values": (
        {"day": [1, 2], "price": [1.5, 3.5]}, "has other values in column price (mean 2.5, was 2)"
    ),
}  # fmt: skip


@pytest.mark.parametrize(("columns", "told"), FRAMES.values(), ids=FRAMES)
def test_a_frame_is_told_by_what_differs_first(scene: Scene, columns: dict[str, Any], told: str) -> None:
    framed(scene)
    scene.ran()
    scene.made["input:df"] = scene.value(frame(**columns))
    assert reason(scene) == f"input df (from load) {told}"


def test_what_never_ran_or_did_not_finish(scene: Scene) -> None:
    assert reason(scene) == "no earlier result is stored"
    scene.about.records.begin("fit")
    assert reason(scene) == "its last run did not finish"
    scene.about.records.end("fit", "its last run failed")
    assert reason(scene) == "its last run failed"
    scene.about.records.begin("fit")
    assert reason(scene) == "its last run did not finish"


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (2.5238559740598547, 13.028178273460703, "is 13.0282, was 2.52386"),
        (0.1, 0.1 + 1e-12, f"is {0.1 + 1e-12}, was 0.1"),
        (1, 2, "is 2, was 1"),
    ],
    ids=["as-many-digits-as-anyone-reads", "as-many-as-differ", "whole"],
)
def test_numbers_are_told_shortly(scene: Scene, old: float, new: float, told: str) -> None:
    scene.made["input:df"] = scene.value(old)
    scene.ran()
    scene.made["input:df"] = scene.value(new)
    assert reason(scene) == f"input df (from load) {told}"


def test_a_damaged_result(scene: Scene) -> None:
    scene.ran()
    kept = scene.about.records.last("fit").record
    assert kept is not None
    scene.about.records.withdraw(kept, "what is stored of its result is damaged")
    assert reason(scene) == "what is stored of its result is damaged"


def remove(path: Path) -> None:
    path.unlink()


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:50])


def sign_otherwise(path: Path) -> None:
    document = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**document, "signature": "0" * 64}), encoding="utf-8")


@pytest.mark.parametrize(
    ("harm", "told"),
    [
        pytest.param(remove, "is gone from the store", id="removed"),
        pytest.param(cut, "is damaged", id="cut"),
        pytest.param(sign_otherwise, "was made by somebody else (--trust would take it)", id="foreign"),
    ],
)
def test_what_became_of_a_stored_value_is_told(scene: Scene, harm: Callable[[Path], None], told: str) -> None:
    ref = save_values(scene.world.store, {"model": [1]}, definitions={}, namespace={}).refs["model"]
    scene.step = replace(FIT, outputs=(Output(name="model"),))
    scene.ran(outputs={"model": ref})
    harm(next(Path(scene.world.store.url).glob(f"artifacts/*/{ref.digest}.json")))
    assert reason(scene) == f"stored output model {told}"
    assert reason(scene) == f"stored output model {told}"  # to ask changes nothing


def test_of_two_results_what_changed_since_the_last_use_is_told(scene: Scene) -> None:
    scene.ran()
    used = scene.about.records.last("fit").record
    scene.put("data.csv", "2")
    scene.files = tuple(access(scene.folder, path, mode) for path, mode in FILES)
    scene.ran(created_s=scene.about.now_s)
    scene.put("data.csv", "1")
    assert used is not None
    scene.about.records.use("fit", used)
    variable(scene)
    assert reason(scene) == "environment variable MODE changed"


def test_of_two_results_the_newer_ones_trouble_is_told(scene: Scene) -> None:
    scene.ran()
    scene.put("data.csv", "2")
    scene.files = tuple(access(scene.folder, path, mode) for path, mode in FILES)
    scene.ran(created_s=scene.about.now_s)
    newest = max(Path(scene.world.store.url).glob("records/*/*/*.json"), key=lambda path: path.name)
    sign_otherwise(newest)
    scene.now(records=Records(scene.world.store, scene.about.records.notebook))
    assert reason(scene).startswith("its stored result was made by somebody else")


def test_what_was_seen_to_be_volatile(scene: Scene) -> None:
    scene.ran(extra={"volatile": ["network: example.org"]})
    assert reason(scene) == "it used network: example.org"


def test_lines_with_secrets_are_not_quoted(scene: Scene) -> None:
    scene.ran()
    body("x = scale(df)\ny = x * alpha\napi_token = 'abc'")(scene)
    assert reason(scene) == "its code changed"


def test_an_older_record_says_less(scene: Scene) -> None:
    scene.ran(extra={"code": ""})
    body("y = 0")(scene)
    assert reason(scene) == "its code changed"


def test_of_long_lines_the_part_is_told_in_which_they_differ() -> None:
    call = "forest = RandomForestRegressor(n_estimators=n_trees, random_state=seed, n_jobs=1"
    assert where_they_differ("x = 1", "x = 2") == ("x = 1", "x = 2")
    assert where_they_differ(f"{call}, depth=3)", f"{call})") == (
        "…_trees, random_state=seed, n_jobs=1, depth=3)",
        "…_trees, random_state=seed, n_jobs=1)",
    )
