from __future__ import annotations

import errno
import json
import math
import random
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from stepmill.artifacts.store import open_store
from stepmill.artifacts.values import load_values
from stepmill.errors import DamagedArtifact, DefinitionMismatch, DiskFull, NotebookError, UsageError
from stepmill.model.artifact import ABSENT, ArtifactRef, FileAccess
from stepmill.model.codec import CodecError, from_json, to_json
from stepmill.model.exchange import StepInput, StepManifest, StepResult
from stepmill.model.facts import FactKind
from stepmill.model.pipeline import Definition, Output
from stepmill_magics import runtime
from stepmill_magics.generators import read_state, set_state

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path


class Bench:
    """Runs steps as their notebooks would: setup, inputs, the user's cells, outputs; a shell each."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.store = folder / ".stepmill"
        self.result = folder / "result.json"
        self.shell = _shell()

    def manifest(self, **fields: Any) -> StepManifest:
        inputs = tuple(
            one if isinstance(one, StepInput) else StepInput(name=one[0], artifact=one[1])
            for one in fields.pop("inputs", ())
        )
        outputs = tuple(
            one if isinstance(one, Output) else Output(name=one) for one in fields.pop("outputs", ())
        )
        return StepManifest(
            run_id="r1",
            step=fields.pop("step", "train"),
            store=str(self.store),
            result=str(self.result),
            folder=str(self.folder),
            inputs=inputs,
            outputs=outputs,
            foreseen=frozenset(fields.pop("foreseen", {one.name for one in outputs})),
            wanted=frozenset(fields.pop("wanted", ())),
            **fields,
        )

    def begin(self, manifest: StepManifest, setup: str = "") -> None:
        path = self.folder / "manifest of ünïcode.json"
        path.write_text(json.dumps(to_json(manifest)), encoding="utf-8")
        self.shell = _shell()
        self.cell(setup)
        runtime.begin(f' "{path}" ', self.shell)

    def cell(self, source: str) -> None:
        self.shell.run_cell(source, store_history=True).raise_error()

    def end(self) -> StepResult:
        runtime.end("", self.shell)
        return from_json(StepResult, json.loads(self.result.read_text(encoding="utf-8")))

    def run(self, *cells: str, setup: str = "", **fields: Any) -> StepResult:
        self.begin(self.manifest(**fields), setup)
        for source in cells:
            self.cell(source)
        return self.end()

    def make(
        self, source: str, *names: str, setup: str = "", group: int | None = None
    ) -> dict[str, ArtifactRef]:
        """Return the stored values of a first step that gives `names`, which may share objects in `group`."""
        outputs = [Output(name=name, group=group) for name in names]
        result = self.run(source, setup=setup, outputs=outputs, step="make")
        assert (result.contradictions, result.problems) == ((), ())
        return dict(result.outputs)

    def load(self, ref: ArtifactRef) -> Any:
        store = open_store(self.store)
        return load_values(store, {"it": ref}, definitions={}, namespace=self.shell.user_ns)["it"]


def _shell() -> InteractiveShell:
    config = Config()
    config.HistoryManager.hist_file = ":memory:"
    return InteractiveShell(config=config)


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])
    assert np.random  # loaded now: numpy imports it on first use
    states = {name: read_state(name) for name in ("numpy", "random")}
    yield Bench(tmp_path)
    runtime._stop_active()
    for name, state in states.items():
        set_state(name, state)


def _found(result: StepResult) -> list[tuple[FactKind, tuple[str, ...]]]:
    return [(fact.kind, fact.names) for fact in result.contradictions]


# Inputs and outputs


def test_a_value_goes_from_one_step_to_the_next(bench: Bench) -> None:
    refs = bench.make("import pandas as pd\ndf = pd.DataFrame({'a': [1, 2]})", "df")
    result = bench.run("total = int(df['a'].sum())", inputs=refs.items(), outputs=["total"])
    assert bench.load(result.outputs["total"]) == 3
    assert result == replace(result, step="train", contradictions=(), problems=(), skipped={}, learned=())
    assert result.python == sys.version.split()[0]


def test_nothing_is_printed_and_no_name_is_left(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    refs = bench.make("x = 1", "x")
    capsys.readouterr()
    shell = _shell()
    before = set(shell.user_ns)
    path = bench.folder / "m.json"
    path.write_text(json.dumps(to_json(bench.manifest(inputs=refs.items()))), encoding="utf-8")
    runtime.begin(str(path), shell)
    runtime.end("", shell)
    assert set(shell.user_ns) - before == {"x"}
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("line", ["m.json", "'m.json'", '"m.json"', "  m.json "])
def test_the_manifest_may_be_relative_and_quoted(line: str, bench: Bench) -> None:
    (bench.folder / "m.json").write_text(json.dumps(to_json(bench.manifest())), encoding="utf-8")
    runtime.begin(line, _shell())
    runtime.end("", _shell())
    assert bench.result.exists()


def test_an_absent_input_is_not_bound_even_if_the_setup_bound_it(bench: Bench) -> None:
    absent = ArtifactRef(digest=ABSENT)
    bench.begin(bench.manifest(inputs=[("x", absent), ("y", absent)]), setup="x = 1")
    assert not {"x", "y"} & bench.shell.user_ns.keys()


def test_a_required_output_that_is_not_bound_is_absent(bench: Bench) -> None:
    result = bench.run("if False: x = 1", outputs=["x"])
    assert result.outputs == {"x": ArtifactRef(digest=ABSENT)}


def test_an_input_may_be_written_into_and_handed_on(bench: Bench) -> None:
    refs = bench.make("import numpy as np\na = np.zeros(3)", "a")
    given = StepInput(name="a", artifact=refs["a"], unchanged=False)
    result = bench.run("a[0] = 7", inputs=[given], outputs=["a"])
    assert result.contradictions == ()
    assert bench.load(result.outputs["a"]).tolist() == [7, 0, 0]
    assert bench.load(refs["a"]).tolist() == [0, 0, 0]


def test_an_output_that_cannot_be_stored_is_a_problem_with_name_and_type(bench: Bench) -> None:
    result = bench.run("lines = (i for i in range(3))\nok = 1", outputs=["lines", "ok"])
    (problem,) = result.problems
    assert (problem.code, problem.name, problem.type_name) == ("SM041", "lines", "generator")
    assert "lines" in problem.message
    assert problem.hint
    assert set(result.outputs) == {"ok"}


_LEFT_OUT = [
    pytest.param("x = (i for i in [1])", "x", id="cannot-be-stored"),
    pytest.param("import math as x", "a module", id="module"),
    pytest.param("import numpy as np\nx = np.zeros(13_000_000)", "104 MB", id="too-big"),
]


@pytest.mark.parametrize(("source", "reason"), _LEFT_OUT)
def test_a_kept_output_is_left_out_with_a_reason(source: str, reason: str, bench: Bench) -> None:
    result = bench.run(source, outputs=[Output(name="x", required=False), Output(name="nix", required=False)])
    assert result.problems == ()
    assert list(result.skipped) == ["x"]
    assert reason in result.skipped["x"]
    assert result.outputs == {}


def test_a_required_output_is_stored_whatever_its_size(bench: Bench) -> None:
    result = bench.run("import numpy as np\nx = np.zeros(13_000_000)", outputs=["x"])
    assert result.outputs["x"].size_bytes >= 104_000_000


def test_a_full_disk_is_said_by_its_name(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def write(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("stepmill.artifacts.files.LocalFiles.write", write)
    with pytest.raises(DiskFull, match=r"the disk is full: .*\.stepmill") as raised:
        bench.run("x = [1]", outputs=["x"])
    assert "run again" in raised.value.hint


# What goes wrong at the beginning


def test_a_damaged_input_fails_before_the_users_cells(bench: Bench) -> None:
    refs = bench.make("import numpy as np\nbig = np.zeros(100_000)", "big")
    for blob in (bench.store / "objects").rglob("*"):
        if blob.is_file():
            blob.chmod(0o644)
            blob.write_bytes(b"x" * blob.stat().st_size)
    with pytest.raises(DamagedArtifact, match="step 'train' cannot load its input big") as caught:
        bench.begin(bench.manifest(inputs=refs.items()), setup="big = 5")
    assert "run" in caught.value.hint
    assert bench.shell.user_ns["big"] == 5
    assert not bench.result.exists() or "make" in bench.result.read_text(encoding="utf-8")


_CLASS = "class Point:\n    def __init__(self, x): self.x = x\n"
_DEFINED = (Definition(name="Point", digest="d1"),)


def test_a_class_of_the_notebook_is_found_again(bench: Bench) -> None:
    made = bench.run("p = Point(1)", setup=_CLASS, outputs=["p"], definitions=_DEFINED)
    inputs = [("p", made.outputs["p"])]
    result = bench.run(
        "same = type(p) is Point", setup=_CLASS, inputs=inputs, outputs=["same"], definitions=_DEFINED
    )
    assert result.contradictions == ()
    assert bench.load(result.outputs["same"]) is True


def test_a_class_in_another_version_is_refused(bench: Bench) -> None:
    made = bench.run("p = Point(1)", setup=_CLASS, outputs=["p"], definitions=_DEFINED)
    changed = (Definition(name="Point", digest="d2"),)
    with pytest.raises(DefinitionMismatch, match="input p"):
        bench.begin(bench.manifest(inputs=[("p", made.outputs["p"])], definitions=changed), setup=_CLASS)


_BAD_LINES = [
    pytest.param("", UsageError, "needs the path", id="no-path"),
    pytest.param("nowhere.json", UsageError, "no manifest", id="missing"),
    pytest.param("broken.json", NotebookError, "cannot be read", id="no-json"),
    pytest.param("empty.json", CodecError, "is missing", id="incomplete"),
]


@pytest.mark.parametrize(("line", "error", "message"), _BAD_LINES)
def test_a_bad_manifest_is_a_clear_error(
    line: str, error: type[Exception], message: str, bench: Bench
) -> None:
    (bench.folder / "broken.json").write_text("{", encoding="utf-8")
    (bench.folder / "empty.json").write_text("{}", encoding="utf-8")
    with pytest.raises(error, match=message):
        runtime.begin(line, bench.shell)


def test_end_without_begin_says_what_to_run(bench: Bench) -> None:
    with pytest.raises(UsageError, match="no step is active") as caught:
        runtime.end("", bench.shell)
    assert "%stepmill_begin" in caught.value.hint


def test_the_inputs_cell_may_run_again_by_hand(bench: Bench) -> None:
    refs = bench.make("x = [1]", "x")
    manifest = bench.manifest(inputs=refs.items())
    bench.begin(manifest)
    bench.cell("x.append(2)")
    bench.begin(manifest)
    assert bench.shell.user_ns["x"] == [1]
    assert bench.end().contradictions == ()


def test_the_result_replaces_an_older_one_and_leaves_no_temporary_file(bench: Bench) -> None:
    bench.result.write_text("old", encoding="utf-8")
    bench.run("pass")
    assert [path.name for path in bench.folder.glob("*result*")] == ["result.json"]
    assert list(bench.folder.glob(".result*")) == []


# Net 1: inputs that were to be only read

_FRAME = "import pandas as pd\nx = pd.DataFrame({'a': [3.0, 1.0], 'g': ['u', 'v']})"
_MODEL = "from sklearn.linear_model import LinearRegression\nx = LinearRegression()"

MUTATIONS = [
    pytest.param("x = [1]", "x.append(2)", True, id="append"),
    pytest.param("x = [1]", "y = x\ny.append(2)", True, id="append-by-another-name"),
    pytest.param("x = [1]", "y = x\ny.append(2)\nx = None", True, id="rebound-after-the-change"),
    pytest.param("x = {'a': [1]}", "x['a'].append(2)", True, id="nested"),
    pytest.param("x = [1]", "x = x + [2]", False, id="rebound-only"),
    pytest.param("x = [3, 1]", "y = sorted(x)", False, id="sorted-copy"),
    pytest.param("x = [1]", "del x", False, id="deleted"),
    pytest.param(_FRAME, "x['b'] = 1", True, id="new-column"),
    pytest.param(_FRAME, "x.insert(0, 'c', 1)", True, id="insert"),
    pytest.param(_FRAME, "y = x['a']\ny.iloc[0] = 9", False, id="copy-on-write"),
    pytest.param(
        _FRAME,
        "x.describe(); x.groupby('g').mean(); x.index.is_unique; x.loc[0]; x['a'].values; x.T",
        False,
        id="what-pandas-caches-is-no-change",
    ),
    pytest.param(_FRAME, "x.attrs['k'] = 1", True, id="attrs"),
    pytest.param("import numpy as np\nx = np.zeros(3)", "x[1:] += 1", True, id="array-slice"),
    pytest.param("import numpy as np\nx = np.zeros(3)", "x.sum(); x[1:] + 1; x.T", False, id="array-read"),
    pytest.param(_MODEL, "x.fit([[1.0], [2.0]], [1.0, 2.0])", True, id="a-fitted-model"),
    pytest.param(_MODEL, "x.get_params(); repr(x)", False, id="a-model-only-looked-at"),
    pytest.param(
        "import numpy as np\nx = np.random.default_rng(0)", "x.normal()", True, id="a-generator-that-drew"
    ),
    pytest.param(
        "x = [1]", "x.append((i for i in x))", True, id="changed-to-something-that-cannot-be-stored"
    ),
]


@pytest.mark.parametrize(("make", "source", "changed"), MUTATIONS)
def test_a_changed_input_is_found_and_a_read_one_is_not(
    make: str, source: str, changed: bool, bench: Bench
) -> None:
    refs = bench.make(make, "x")
    result = bench.run(source, inputs=refs.items())
    assert _found(result) == ([(FactKind.MUTATES, ("x",))] if changed else [])
    assert all("'train'" in fact.message and "x" in fact.message for fact in result.contradictions)


def test_a_constant_of_the_setup_that_a_library_changes_is_found(bench: Bench) -> None:
    result = bench.run("setattr(K, '__len__', 1) if 0 else K.update(a=2)", setup="K = {'a': 1}", wanted=["K"])
    assert _found(result) == [(FactKind.MUTATES, ("K",))]


DOUBTS = [
    pytest.param("len(x)", True, [], ["x"], id="only-read-after-all"),
    pytest.param("len(x)", False, [], ["x"], id="not-changed-after-all"),
    pytest.param("x.append(1)", False, [], [], id="changed-as-expected"),
    pytest.param("x.append(1)", True, ["x"], [], id="changed-against-expectation"),
    pytest.param("x = list(x)", False, [], [], id="rebound-settles-nothing"),
]


@pytest.mark.parametrize(("source", "unchanged", "contradicted", "learned"), DOUBTS)
def test_doubts_are_settled(
    source: str, unchanged: bool, contradicted: list[str], learned: list[str], bench: Bench
) -> None:
    refs = bench.make("x = [1]", "x")
    given = StepInput(name="x", artifact=refs["x"], unchanged=unchanged, doubtful=True)
    result = bench.run(source, inputs=[given], outputs=[] if unchanged else ["x"])
    assert [fact.names for fact in result.contradictions] == [(name,) for name in contradicted]
    assert [(fact.kind, fact.names) for fact in result.learned] == [
        (FactKind.UNCHANGED, (n,)) for n in learned
    ]


# Net 2: values that share objects

_PANDAS = "import pandas as pd\ndf = pd.DataFrame({'a': [1.0, 2.0], 'b': [3.0, 4.0]})\n"
_NUMPY = "import numpy as np\na = np.arange(6.0)\n"

SHARING = [
    pytest.param("x = [1]\ny = x", ["x", "y"], True, id="two-names-of-one-list"),
    pytest.param("x = [1]\ny = {'k': x}", ["x", "y"], True, id="inside-another-value"),
    pytest.param("x = [1]\ny = list(x)", ["x", "y"], False, id="a-copy"),
    pytest.param("x = y = (1, 'a')", ["x", "y"], False, id="immutable-values"),
    pytest.param(_NUMPY + "v = a[1:4]", ["a", "v"], True, id="array-view"),
    pytest.param(_NUMPY + "v = a[[1, 2]]", ["a", "v"], False, id="array-copy"),
    pytest.param(_PANDAS + "X = df[['a']]", ["X", "df"], False, id="columns-of-a-frame-are-copies-on-write"),
    pytest.param(_PANDAS + "s = df['a']", ["df", "s"], False, id="a-column-is-copied-on-write"),
    pytest.param(_PANDAS + "other = df", ["df", "other"], True, id="two-names-of-one-frame"),
    pytest.param("f = len\ng = len", ["f", "g"], False, id="builtin-functions"),
]


@pytest.mark.parametrize(("source", "names", "shared"), SHARING)
def test_outputs_that_share_are_found(source: str, names: list[str], shared: bool, bench: Bench) -> None:
    result = bench.run(source, outputs=names)
    assert _found(result) == ([(FactKind.SHARES, tuple(names))] if shared else [])
    assert bool(result.outputs) is not shared


def test_outputs_of_one_group_may_share_and_still_do_later(bench: Bench) -> None:
    refs = bench.make("x = [1]\ny = [x]", "x", "y", group=1)
    inputs = [StepInput(name=name, artifact=ref, group=1) for name, ref in refs.items()]
    result = bench.run("same = y[0] is x", inputs=inputs, outputs=["same"])
    assert result.contradictions == ()
    assert bench.load(result.outputs["same"]) is True


def test_groups_are_not_mixed(bench: Bench) -> None:
    outputs = [Output(name="x", group=1), Output(name="y", group=2)]
    assert _found(bench.run("x = [1]\ny = x", outputs=outputs)) == [(FactKind.SHARES, ("x", "y"))]


def test_an_output_must_not_share_with_an_input_that_stays(bench: Bench) -> None:
    refs = bench.make("x = [1]", "x")
    result = bench.run("y = [x]", inputs=refs.items(), outputs=["y"])
    assert _found(result) == [(FactKind.SHARES, ("x", "y"))]


def test_an_output_may_share_with_an_input_that_is_rebound(bench: Bench) -> None:
    refs = bench.make("x = [1]", "x")
    assert bench.run("y = [x]\nx = None", inputs=refs.items(), outputs=["y", "x"]).contradictions == ()


def test_inputs_that_came_as_one_bundle_share_nothing_new(bench: Bench) -> None:
    refs = bench.make("x = [1]\ny = [x]", "x", "y", group=1)
    assert bench.run("len(x)", inputs=refs.items()).contradictions == ()


def test_names_that_nobody_reads_may_share(bench: Bench) -> None:
    assert bench.run("x = [1]\ny = x", outputs=["x"]).contradictions == ()


def test_a_lenient_step_reports_and_stores(bench: Bench) -> None:
    result = bench.run("x = [1]\ny = x", outputs=["x", "y"], lenient=True)
    assert _found(result) == [(FactKind.SHARES, ("x", "y"))]
    assert bench.load(result.outputs["y"]) == [1]


# Net 3: names

BINDINGS = [
    pytest.param("exec('n = 1')", ["n"], id="exec"),
    pytest.param("globals()['n'] = 1", ["n"], id="globals"),
    pytest.param("get_ipython().user_ns['n'] = 1", ["n"], id="by-the-shell"),
    pytest.param("globals().pop('K')", ["K"], id="deleted"),
    pytest.param("exec('unread = 1')", [], id="nobody-reads-it"),
    pytest.param("out = 1", [], id="foreseen"),
    pytest.param("K = K", [], id="bound-to-the-same"),
    pytest.param("1 + 1", [], id="an-expression"),
]


@pytest.mark.parametrize(("source", "names"), BINDINGS)
def test_names_bound_without_being_foreseen(source: str, names: list[str], bench: Bench) -> None:
    result = bench.run(source, setup="K = 3", foreseen=["out"], wanted=["n", "K", "out"])
    assert _found(result) == [(FactKind.BINDS, (name,)) for name in names]


# Net 4 and random states


def test_a_draw_that_was_not_foreseen_is_found(bench: Bench) -> None:
    result = bench.run("import random\nrandom.random()", random_watch=("numpy", "random"))
    assert _found(result) == [(FactKind.DRAWS, ("random",))]


def test_saving_and_loading_draw_nothing(bench: Bench) -> None:
    refs = bench.make(_MODEL + "\nx.fit([[1.0], [2.0]], [1.0, 2.0])", "x")
    before = read_state("numpy"), read_state("random")
    result = bench.run("y = [1]", inputs=refs.items(), outputs=["y"], random_watch=("numpy", "random"))
    assert result.contradictions == ()
    assert (read_state("numpy"), read_state("random")) == before


def test_a_random_sequence_continues_in_the_next_step(bench: Bench) -> None:
    first = bench.run(
        "import random, numpy as np\nnp.random.seed(3); random.seed(3)\n"
        "a = [np.random.normal(), random.gauss(0, 1)]",
        outputs=["a"],
        random_capture=("numpy", "random"),
    )
    np.random.seed(99)
    random.seed(99)
    second = bench.run(
        "import random, numpy as np\nb = [np.random.normal(), random.gauss(0, 1)]",
        outputs=["b"],
        random_restore=first.random,
        random_capture=("numpy", "random"),
    )
    np.random.seed(3)
    random.seed(3)
    expected = [[np.random.normal(), random.gauss(0, 1)] for _ in range(2)]
    assert [bench.load(first.outputs["a"]), bench.load(second.outputs["b"])] == expected
    assert first.random != second.random


def test_a_generator_that_is_never_loaded_is_handed_on(bench: Bench) -> None:
    state = ArtifactRef(digest=ABSENT)
    result = bench.run("pass", random_restore={"torch": state}, random_capture=("torch",))
    assert result.random == {"torch": state}


def test_unseeded_generators_get_the_seed(bench: Bench) -> None:
    source = "import random, numpy as np\nx = [float(np.random.rand()), random.random()]"
    results = [bench.run(source, outputs=["x"], seed=11) for _ in range(2)]
    assert results[0].outputs == results[1].outputs
    assert bench.run(source, outputs=["x"], seed=12).outputs != results[0].outputs


# Files, modules, metrics, session


def test_files_are_reported(bench: Bench) -> None:
    (bench.folder / "in.csv").write_text("a\n1\n", encoding="utf-8")
    result = bench.run("import pandas as pd\npd.read_csv('in.csv').to_csv('out.csv')")
    assert [(one.mode, one.path) for one in result.files] == [("read", "in.csv"), ("write", "out.csv")]
    assert all(isinstance(one, FileAccess) and len(one.digest) == 64 for one in result.files)


def test_loading_and_saving_are_no_accesses_of_the_step(bench: Bench) -> None:
    refs = bench.make("import numpy as np\nx = np.zeros(500_000)", "x")
    assert bench.run("y = x + 1", inputs=refs.items(), outputs=["y"]).files == ()


def test_modules_are_the_installed_ones_only(bench: Bench) -> None:
    result = bench.run("import pandas")
    assert {"pandas", "numpy", "dateutil"} <= set(result.modules)
    assert not {"os", "IPython", "stepmill", "stepmill_magics", "zmq", "sys"} & set(result.modules)
    assert result.sys_path == tuple(sys.path)


METRICS = [
    pytest.param("m = 1", {"m": 1.0}, id="int"),
    pytest.param("m = True", {"m": 1.0}, id="bool"),
    pytest.param("import numpy as np\nm = np.float32(0.5)", {"m": 0.5}, id="numpy-scalar"),
    pytest.param("import numpy as np\nm = np.array(0.5)", {"m": 0.5}, id="array-without-dimension"),
    pytest.param("m = {'a': 1, 'b': {'c': 2.5}}", {"m.a": 1.0, "m.b.c": 2.5}, id="dict"),
]


@pytest.mark.parametrize(("source", "expected"), METRICS)
def test_metrics(source: str, expected: dict[str, float], bench: Bench) -> None:
    result = bench.run(source, metrics=("m",))
    assert (result.metrics, result.problems) == (expected, ())


def test_a_metric_that_is_not_a_number_stays_itself(bench: Bench) -> None:
    assert math.isnan(bench.run("m = float('nan')", metrics=("m",)).metrics["m"])


@pytest.mark.parametrize(
    ("source", "message"),
    [("pass", "without a variable 'm'"), ("m = 'high'", "is no number but str"), ("m = [1, 2]", "list")],
)
def test_a_metric_that_is_no_number_is_a_problem(source: str, message: str, bench: Bench) -> None:
    (problem,) = bench.run(source, metrics=("m",)).problems
    assert message in problem.message
    assert problem.hint


def test_changes_of_the_session_are_reported(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SM_TEST", "0")
    result = bench.run("import os\nos.environ['SM_TEST'] = '1'")
    assert result.session == ("environment:SM_TEST",)


def test_volatile_hints_are_reported(bench: Bench) -> None:
    result = bench.run("import subprocess\nsubprocess.run(['true'])")
    assert result.volatile == ("subprocess: true",)


# What must stay as it is


def test_warnings_figures_and_import_hooks_stay_as_they_were(bench: Bench) -> None:
    import warnings

    import matplotlib as mpl

    mpl.use("agg")
    from matplotlib import pyplot as plt

    refs = bench.make(
        "from matplotlib.figure import Figure\nfig = Figure()\nfig.subplots().plot([1, 2])", "fig"
    )
    before = list(warnings.filters), list(sys.meta_path), plt.get_fignums(), dict.copy(mpl.rcParams)
    bench.run("fig.axes", inputs=refs.items(), outputs=["fig"])
    after = list(warnings.filters), list(sys.meta_path), plt.get_fignums(), dict.copy(mpl.rcParams)
    assert after == before


def test_the_results_of_cells_stay_reachable(bench: Bench) -> None:
    bench.begin(bench.manifest())
    bench.cell("40 + 2")
    bench.cell("assert _ == 42 and Out[max(Out)] == 42")
    bench.end()


# In processes of their own

_WORKER = """
import json, sys, time
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config
config = Config()
config.HistoryManager.hist_file = ":memory:"
shell = InteractiveShell.instance(config=config)
setup, manifest, *cells = json.loads(sys.argv[1])
shell.run_cell(setup).raise_error()
from stepmill_magics import runtime
runtime.begin(manifest, shell)
loaded = sorted({"numpy", "pandas", "mlflow", "matplotlib", "fsspec"} & set(sys.modules))
for cell in cells:
    shell.run_cell(cell, store_history=True).raise_error()
runtime.end("", shell)
print(json.dumps(loaded))
"""


def _in_own_process(
    bench: Bench, cells: Sequence[str], *, setup: str = "", **fields: Any
) -> tuple[StepResult, Any]:
    (bench.folder / "m.json").write_text(json.dumps(to_json(bench.manifest(**fields))), encoding="utf-8")
    arguments = json.dumps([setup, str(bench.folder / "m.json"), *cells])
    command = [sys.executable, "-W", "error", "-c", _WORKER, arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=bench.folder)
    assert done.returncode == 0, done.stdout + done.stderr
    result = from_json(StepResult, json.loads(bench.result.read_text(encoding="utf-8")))
    return result, json.loads(done.stdout.splitlines()[-1])


def test_a_random_sequence_split_over_processes_is_that_of_one_process(bench: Bench) -> None:
    cells = ["a = np.random.normal(size=3).tolist() + [random.gauss(0, 1)]"]
    imports = "import numpy as np, random"
    fields: dict[str, Any] = {"outputs": ["a"], "random_capture": ("numpy", "random")}
    seeded = ["np.random.seed(0); random.seed(0)", *cells]
    first, _ = _in_own_process(bench, seeded, setup=imports, **fields)
    second, _ = _in_own_process(bench, cells, setup=imports, random_restore=first.random, **fields)
    whole, _ = _in_own_process(
        bench,
        [*seeded, "b = a", *cells],
        setup=imports,
        outputs=["a", "b"],
        random_capture=("numpy", "random"),
    )
    assert bench.load(first.outputs["a"]) == bench.load(whole.outputs["b"])
    assert second.outputs["a"] == whole.outputs["a"]
    assert second.random == whole.random


def test_a_late_import_of_numpy_continues_the_sequence(bench: Bench) -> None:
    fields: dict[str, Any] = {"outputs": ["a"], "random_capture": ("numpy",)}
    first, _ = _in_own_process(bench, ["import numpy as np; np.random.seed(0); a = 0"], **fields)
    cells = ["import numpy as np", "a = np.random.rand(2).tolist()"]
    second, loaded = _in_own_process(bench, cells, random_restore=first.random, **fields)
    assert loaded == []
    np.random.seed(0)
    assert bench.load(second.outputs["a"]) == np.random.rand(2).tolist()


def test_a_plain_step_imports_no_library(bench: Bench) -> None:
    refs = bench.make("x = [1]", "x")
    result, loaded = _in_own_process(bench, ["y = [2]"], inputs=refs.items(), outputs=["y"], seed=3)
    assert loaded == []
    assert not {"numpy", "pandas", "mlflow"} & set(result.modules)
    assert bench.load(result.outputs["y"]) == [2]


_KLASS = (
    "from dataclasses import dataclass\nfrom enum import Enum\n\n@dataclass\nclass Point:\n    x: int\n\n"
    "class Color(Enum):\n    RED = 1\n"
)


def test_classes_of_the_notebook_keep_their_identity_between_processes(bench: Bench) -> None:
    definitions = (Definition(name="Point", digest="1"), Definition(name="Color", digest="2"))
    fields: dict[str, Any] = {"setup": _KLASS, "definitions": definitions}
    first, _ = _in_own_process(bench, ["p = [Point(1), Color.RED]"], outputs=["p"], **fields)
    check = "ok = [p[0] == Point(1), isinstance(p[0], Point), p[1] is Color.RED]"
    second, _ = _in_own_process(bench, [check], inputs=[("p", first.outputs["p"])], outputs=["ok"], **fields)
    assert bench.load(second.outputs["ok"]) == [True, True, True]


@pytest.mark.kernel
def test_a_step_in_a_real_kernel(bench: Bench) -> None:
    """Run a step as Jupyter does: the magics, an inline plot, a result, nothing else shown."""
    from jupyter_client.manager import start_new_kernel

    refs = bench.make("import pandas as pd\ndf = pd.DataFrame({'a': [1, 2]})", "df")
    (bench.folder / "m.json").write_text(
        json.dumps(to_json(bench.manifest(inputs=refs.items(), outputs=["fig"]))), encoding="utf-8"
    )
    cells = [
        "# df from load\n%load_ext stepmill_magics\n%stepmill_begin 'm.json'",
        "%matplotlib inline\nimport matplotlib.pyplot as plt\nfig = plt.figure()\ndf.plot(ax=fig.gca());",
        "_ == 5, len(df)",
        "%stepmill_end",
    ]
    manager, client = start_new_kernel(cwd=str(bench.folder))
    shown: list[list[str]] = []
    try:
        for source in cells:
            shown.append([])
            reply = client.execute_interactive(
                source, timeout=60, output_hook=lambda message: shown[-1].append(message["msg_type"])
            )
            assert reply["content"]["status"] == "ok", reply["content"]
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
        manager.cleanup_resources()
    outputs = [[kind for kind in kinds if kind not in ("status", "execute_input")] for kinds in shown]
    assert outputs == [[], ["display_data"], ["execute_result"], []]
    result = from_json(StepResult, json.loads(bench.result.read_text(encoding="utf-8")))
    assert (result.contradictions, result.problems, result.session) == ((), (), ())
    assert {"pandas", "matplotlib"} <= set(result.modules)
    assert set(result.outputs) == {"fig"}


def test_the_users_mlflow_calls_are_kept_in_the_steps_run(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "meta_path", list(sys.meta_path))
    bench.begin(bench.manifest())
    bench.end()
    assert not any("mlflow" in type(finder).__module__ for finder in sys.meta_path)
    monkeypatch.setenv("STEPMILL_MLFLOW_RUN", "0123")
    bench.begin(bench.manifest())
    assert any("mlflow" in type(finder).__module__ for finder in sys.meta_path)
