"""A judge quick enough for thousands of programs: both runs in this process, values through the real store.

Per step the real analysis, the real encoding, the real manifest and the real nets; no kernels, no run
folder, no cache, no audit of files. Each step has a fresh namespace that is `__main__` while it runs.
"""

from __future__ import annotations

import io
import os
import random
import shutil
import sys
import types
import warnings
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from oracle.canonical import snapshot
from oracle.judge import Finding, Verdict
from stepmill.analysis import analyze
from stepmill.artifacts.signing import Signer
from stepmill.artifacts.store import Store
from stepmill.artifacts.values import load_values, same_values, save_values, sharing
from stepmill.compiler.step_notebook import compile_step
from stepmill.errors import ArtifactError
from stepmill.model.facts import FactKind
from stepmill.model.pipeline import EdgeKind
from stepmill.notebook.reading import parse_document
from stepmill.planning.manifest import build_manifest, taken_values
from stepmill_magics import nets
from stepmill_magics.generators import StepGenerators
from stepmill_magics.outputs import collect
from stepmill_magics.session import Namespace, changed_settings, process_settings

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from oracle.case import Case
    from stepmill.model.artifact import ArtifactRef
    from stepmill.model.cell import Notebook
    from stepmill.model.exchange import StepManifest
    from stepmill.model.facts import Fact
    from stepmill.model.pipeline import Pipeline, Step

MAX_ROUNDS = 8
SEED = 7
_MODULE_NAMES = frozenset({"__name__", "__builtins__"})


@dataclass(frozen=True, slots=True)
class _Done:
    """What one cell did."""

    shown: str
    error: str
    values: Mapping[str, str] = field(default_factory=dict)
    sharing: frozenset[tuple[str, str]] = frozenset()


@dataclass(frozen=True, slots=True)
class _Record:
    """What a step gave; satisfies what `taken_values` asks of a `StepRecord`."""

    outputs: Mapping[str, ArtifactRef]
    random: Mapping[str, ArtifactRef]


class MemoryFiles:
    """The files of a store that lives as long as one judgement."""

    def __init__(self) -> None:
        self._held: dict[str, bytes] = {}

    def read(self, path: str) -> memoryview:
        if path not in self._held:
            raise FileNotFoundError(path)
        return memoryview(bytearray(self._held[path]))

    def write(self, path: str, chunks: Iterable[Any], *, durable: bool = True) -> None:
        self._held[path] = b"".join(bytes(chunk) for chunk in chunks)

    def exists(self, path: str) -> bool:
        return path in self._held

    def remove(self, path: str) -> None:
        self._held.pop(path, None)

    def names(self, folder: str) -> Iterator[str]:
        start = f"{folder}/"
        yield from sorted(path[len(start) :] for path in self._held if path.startswith(start))

    def local_path(self, path: str) -> Path | None:
        return None


def quick_judge(case: Case, folder: Path) -> Finding:
    """Run `case` as Run All does and as a pipeline, steps in the order least like the notebook's.

    `folder` is emptied for each run. Doubts that the run settles are used for a second run.
    """
    document = case.document()
    notebook = parse_document(document, "case")
    with _own_process(folder, case):
        truth = _linear(case)
    facts: tuple[Fact, ...] = ()
    for _ in range(MAX_ROUNDS):
        pipeline = analyze(notebook, facts=facts)
        if pipeline.errors:
            found = "; ".join(f"{d.code} cell {d.cell} line {d.line}: {d.message}" for d in pipeline.errors)
            return Finding(verdict=Verdict.REFUSED, evidence=found)
        run = _Run(case, notebook, pipeline, truth, folder)
        finding = run.finding()
        known = {(f.kind, f.step, f.names) for f in facts}
        new = tuple(f for f in run.facts if (f.kind, f.step, f.names) not in known)
        contradicted = any(f.kind is not FactKind.UNCHANGED for f in run.facts)
        if not new:
            if contradicted:
                return Finding(verdict=Verdict.REFUSED, evidence=str(run.facts))
            return replace(finding, taught=any(f.kind is not FactKind.UNCHANGED for f in facts))
        if not contradicted and finding.verdict is not Verdict.EQUAL:
            return finding
        facts = (*facts, *new)
    return Finding(verdict=Verdict.REFUSED, evidence=f"after {MAX_ROUNDS} rounds: {facts}")


def _linear(case: Case) -> list[_Done]:
    main = _Main()
    done = []
    with main.current():
        for source, cell in zip(case.linear_sources(), case.cells, strict=True):
            ran = main.run(source)
            done.append(ran)
            if ran.error and "raises-exception" not in cell.tags:
                break
    return done


class _Main:
    """A module `__main__` of its own."""

    def __init__(self) -> None:
        self.module = types.ModuleType("__main__")
        self.names = self.module.__dict__

    @contextmanager
    def current(self) -> Iterator[None]:
        before = sys.modules["__main__"]
        sys.modules["__main__"] = self.module
        try:
            yield
        finally:
            sys.modules["__main__"] = before

    def run(self, source: str, *, look: bool = True) -> _Done:
        printed = io.StringIO()
        error = ""
        with redirect_stdout(printed), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                exec(compile(source, "<cell>", "exec", dont_inherit=True), self.names)
            except Exception as raised:
                error = f"{type(raised).__name__}: {raised}"
        found = snapshot(self.names, ()) if look else {"values": {}, "sharing": []}
        return _Done(
            printed.getvalue(), error, found["values"], frozenset((a, b) for a, b in found["sharing"])
        )


@contextmanager
def _own_process(folder: Path, case: Case | None = None) -> Iterator[None]:
    """Put back what a process has one of. With `case`, also lay out its files in the emptied folder."""
    import pandas as pd

    if case is not None:
        shutil.rmtree(folder, ignore_errors=True)
        for name, text in {"": "", **case.files}.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if name:
                path.write_text(text)
            else:
                path.mkdir(exist_ok=True)
    before, environment = (random.getstate(), np.random.get_state()), dict(os.environ)
    here, printing = Path.cwd(), np.get_printoptions()
    width, rows = pd.get_option("display.width"), pd.get_option("display.max_rows")
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(here)
        random.setstate(before[0])
        np.random.set_state(before[1])
        if environment != os.environ:
            os.environ.clear()
            os.environ.update(environment)
        if np.get_printoptions() != printing:
            np.set_printoptions(**printing)
        pd.set_option("display.width", width)
        pd.set_option("display.max_rows", rows)


class _Run:
    """One run of a pipeline: its verdict, and the facts that its nets found."""

    def __init__(
        self, case: Case, notebook: Notebook, pipeline: Pipeline, truth: list[_Done], folder: Path
    ) -> None:
        self.case = case
        self.notebook = notebook
        self.pipeline = pipeline
        self.truth = truth
        self.folder = folder
        self.store = Store("memory://", MemoryFiles(), Signer((folder / "key",)))
        self.facts: list[Fact] = []
        self.records: dict[str, _Record] = {}
        self.wrong: list[str] = []
        self.failed: list[str] = []
        self.refused: list[str] = []
        self.constants = {name for step in pipeline.steps for name in step.constants}
        self.values = {p.name: self.case.parameters.get(p.name, p.default) for p in pipeline.parameters}

    def finding(self) -> Finding:
        with _own_process(self.folder, self.case):
            for step in self._order():
                if self.pipeline.upstream(step.name) <= self.records.keys():
                    with _own_process(self.folder):
                        self._step(step)
                if self.facts and any(f.kind is not FactKind.UNCHANGED for f in self.facts):
                    return Finding(verdict=Verdict.REFUSED)
        for verdict, found in (
            (Verdict.SILENTLY_WRONG, self.wrong),
            (Verdict.CRASHED, self.failed),
            (Verdict.REFUSED, self.refused),
        ):
            if found:
                return Finding(verdict=verdict, evidence="\n".join(found))
        return Finding(verdict=Verdict.EQUAL)

    def _order(self) -> list[Step]:
        pending = [step.name for step in reversed(self.pipeline.steps)]
        done: list[str] = []
        while pending:
            ready = next(name for name in pending if self.pipeline.upstream(name) <= set(done))
            pending.remove(ready)
            done.append(ready)
        return [self.pipeline.step(name) for name in done]

    def _manifest(self, step: Step) -> StepManifest:
        inputs, states = taken_values(step, self.records)  # type: ignore[arg-type]
        return build_manifest(
            step,
            self.pipeline,
            self.notebook,
            run_id="quick",
            store="memory://",
            result=self.folder / "result.json",
            folder=self.folder,
            inputs=inputs,
            random=states,
            seed=SEED if step.unseeded else None,
            lenient=False,
        )

    def _step(self, step: Step) -> None:
        manifest = self._manifest(step)
        main = _Main()
        definitions = {d.name: d.digest for d in manifest.definitions}
        document = compile_step(
            step,
            parameters={name: (repr(self.values[name]), self.values[name]) for name in step.parameters},
            manifest_path="",
            kernel_name="python3",
        )
        cells = [c for c in document["cells"] if c["cell_type"] == "code"]
        with main.current():
            for cell in cells:
                if cell["metadata"]["stepmill"]["role"] not in ("setup", "parameters"):
                    continue
                ran = main.run(cell["source"], look=False)
                if ran.error:
                    if ran.error != self.truth[-1].error:
                        self.failed.append(f"setup of {step.name}: {ran.error}")
                    return
            refs = {one.name: one.artifact for one in manifest.inputs}
            try:
                loaded = load_values(self.store, refs, definitions=definitions, namespace=main.names)
                states = load_values(
                    self.store, manifest.random_restore, definitions=definitions, namespace=main.names
                )
            except ArtifactError as error:
                self.refused.append(f"step {step.name} cannot load: {error}")
                return
            for name, ref in refs.items():
                if ref.is_absent:
                    main.names.pop(name, None)
            main.names.update(loaded)
            self._body(step, manifest, main, definitions, states)

    def _body(
        self,
        step: Step,
        manifest: StepManifest,
        main: _Main,
        definitions: Mapping[str, str],
        states: Mapping[str, Any],
    ) -> None:
        self._compare_inputs(step, main)
        given = [one.name for one in manifest.inputs if not one.artifact.is_absent]
        names = Namespace(main.names, given)
        settings = process_settings(self.folder) if step.name in _SETTING else None
        generators = StepGenerators(states, manifest.random_watch, manifest.seed)
        generators.start()
        last = None
        for fragment in step.body:
            last = main.run(fragment.source, look=fragment is step.body[-1])
            if not self._compare_cell(step, fragment.cell, last):
                generators.stop()
                return
        after = generators.stop()
        if settings is not None:
            self._refuse_settings(step, changed_settings(settings, process_settings(self.folder)))

        def are_same(refs: Mapping[str, Any], values: Mapping[str, Any]) -> Mapping[str, bool]:
            return same_values(self.store, refs, values, definitions=definitions, namespace=main.names)

        found = [
            *nets.compared_inputs(manifest, names, are_same),
            *nets.changed_constants(manifest, names),
            *nets.unforeseen_names(manifest, names),
            *nets.unforeseen_draws(manifest, generators.moved(after)),
        ]
        compared = nets.names_to_compare(manifest, names, main.names)
        if len(compared) > 1:
            shared = sharing({name: main.names[name] for name in compared}, definitions=definitions)
            found += nets.unforeseen_sharing(manifest, shared)
        self.facts += found

        def save(values: Mapping[str, Any]) -> Any:
            return save_values(self.store, values, definitions=definitions, namespace=main.names)

        collected = collect(manifest.outputs, main.names, save)
        if collected.problems:
            self.refused.append(f"step {step.name}: {collected.problems}")
            return
        known = {name: after[name] for name in manifest.random_capture if name in after}
        self.records[step.name] = _Record(collected.refs, save(known).refs)
        if last is not None:
            self._compare_outputs(step, last)

    def _refuse_settings(self, step: Step, changed: tuple[str, ...]) -> None:
        later = [s for s in self.pipeline.steps if max(s.cells) > max(step.cells)]
        repeated = any(f.cell in step.cells for other in later[:1] for f in other.setup)
        if changed and later and not repeated:
            self.refused.append(f"step {step.name} changes {changed}")

    # -- comparing ---------------------------------------------------------------------------------

    def _compare_cell(self, step: Step, cell: int, ran: _Done) -> bool:
        """Tell whether the step goes on."""
        if cell >= len(self.truth):
            return not ran.error
        truth = self.truth[cell]
        if ran.error:
            if ran.error != truth.error:
                list_ = self.failed if not truth.error else self.wrong
                list_.append(f"cell {cell} (step {step.name}) raised {ran.error}; Run All: {truth.error}")
            return False
        if truth.error and not step.implicit:
            self.wrong.append(f"cell {cell} (step {step.name}) ended well; Run All: {truth.error}")
        if truth.shown != ran.shown and not step.implicit:
            self.wrong.append(f"cell {cell} (step {step.name}) showed {ran.shown}\n  Run All: {truth.shown}")
        return True

    def _in_one_piece(self, step: Step) -> bool:
        return (
            not step.implicit
            and max(step.cells) - min(step.cells) + 1 == len(step.cells)
            and max(step.cells) < len(self.truth)
        )

    def _compare_inputs(self, step: Step, main: _Main) -> None:
        first = min(step.cells)
        if first == 0 or not self._in_one_piece(step):
            return
        names = [one.name for one in step.inputs if one.kind is EdgeKind.DATA]
        held = {name: main.names[name] for name in names if name in main.names}
        found = snapshot(held, ())
        pairs = frozenset((a, b) for a, b in found["sharing"])
        done = _Done("", "", found["values"], pairs)
        self._compare_names(f"input of {step.name}", names, done, self.truth[first - 1])

    def _compare_outputs(self, step: Step, last: _Done) -> None:
        if self._in_one_piece(step):
            names = [one.name for one in step.outputs if one.kind is EdgeKind.DATA]
            self._compare_names(f"output of {step.name}", names, last, self.truth[max(step.cells)])

    def _compare_names(self, what: str, names: list[str], found: _Done, truth: _Done) -> None:
        for name in names:
            ours, theirs = found.values.get(name, "absent"), truth.values.get(name, "absent")
            if ours != theirs and not (self.constants and "#" in ours + theirs):
                self.wrong.append(f"{what}: {name} = {ours}\n  Run All: {theirs}")
        ours_shared = {pair for pair in found.sharing if set(pair) <= set(names)}
        theirs_shared = {pair for pair in truth.sharing if set(pair) <= set(names)}
        lost = {pair for pair in theirs_shared - ours_shared if not self._by_constant(pair, truth)}
        lost -= {pair for pair in lost if all(truth.values[name].startswith("array ") for name in pair)}
        if lost or ours_shared - theirs_shared:
            self.wrong.append(f"{what}: shared {sorted(ours_shared)}\n  Run All: {sorted(theirs_shared)}")

    def _by_constant(self, pair: tuple[str, str], truth: _Done) -> bool:
        """Tell whether the two only share what setup code makes anew in each step, as nobody changes it."""
        links = {frozenset(link) for link in truth.sharing}
        return any(frozenset({one, name}) in links or one == name for one in pair for name in self.constants)


_SETTING: frozenset[str] = frozenset({"settings"})
"""The steps of this name are watched for what they change in their process: that takes milliseconds."""
