"""What runs inside a step's kernel: `begin` before the user's cells, `end` after them.

Runner and kernel speak through two files, the manifest and the result (`stepmill.model.exchange`).
Nothing here draws from a random generator, prints, or leaves a name in the user's namespace.
"""

from __future__ import annotations

import json
import os
import platform
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stepmill import atomic
from stepmill.artifacts.store import open_store
from stepmill.artifacts.values import load_values, same_values, save_values, sharing
from stepmill.errors import ArtifactError, NotebookError, UsageError, disk_full
from stepmill.model.artifact import ABSENT, ArtifactRef
from stepmill.model.codec import from_json, to_json
from stepmill.model.exchange import StepInput, StepManifest, StepResult
from stepmill.model.facts import Fact, FactKind
from stepmill.plugins import BY_NAME
from stepmill_magics import nets
from stepmill_magics.generators import State, StepGenerators
from stepmill_magics.imports import MODULE, FreshModules
from stepmill_magics.module_data import by_name, held_data
from stepmill_magics.observation import Observer
from stepmill_magics.outputs import collect, loaded_modules, metrics_of
from stepmill_magics.places import Places
from stepmill_magics.session import (
    FIGURES,
    Namespace,
    changed_settings,
    open_figures,
    process_settings,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from stepmill.artifacts.store import Store
    from stepmill.artifacts.values import Saved


@dataclass(frozen=True, slots=True, kw_only=True)
class _ActiveStep:
    """The step between `begin` and `end`."""

    manifest: StepManifest
    store: Store
    namespace: dict[str, Any]
    names: Namespace
    generators: StepGenerators
    observer: Observer
    settings: Mapping[str, str]
    modules: FreshModules
    figures: tuple[Any, ...]
    load_seconds: float

    @property
    def definitions(self) -> Mapping[str, str]:
        """The definitions in force: a class that was loaded stands in the place of one of that name."""
        loaded = {name for name, held in self.names.loaded.items() if held.holds(self.namespace.get(name))}
        return {name: digest for name, digest in _definitions(self.manifest).items() if name not in loaded}

    def are_same(self, refs: Mapping[str, ArtifactRef], values: Mapping[str, Any]) -> Mapping[str, bool]:
        return same_values(self.store, refs, values, definitions=self.definitions, namespace=self.namespace)

    def save(self, values: Mapping[str, Any]) -> Saved:
        return save_values(
            self.store,
            values,
            definitions=self.definitions,
            namespace=self.namespace,
            labels=self.manifest.names_labels,
        )


_active: list[_ActiveStep] = []
"""The active step, if there is one."""

_watching: list[tuple[Observer, FreshModules]] = []
"""What `watch` started and no step has taken over yet."""


def watch(folder: str, report: str) -> None:
    """Observe the process from here on, before the setup code of a step imports anything.

    The runner asks for it before the first cell; `folder` is the notebook's, `report` a file that is
    there for worker processes. Where nobody asks, `begin` starts to observe.
    """
    while _watching:
        _end_watch(*_watching.pop())
    observer, modules = Observer(Path(folder), report=Path(report)), _fresh_modules(folder)
    _watching.append((observer, modules))
    observer.start()
    modules.start()


def _fresh_modules(folder: str) -> FreshModules:
    return FreshModules(Places(Path(folder)).is_project, held_data)


def _end_watch(observer: Observer, modules: FreshModules) -> None:
    modules.stop()
    observer.stop()


def begin(line: str, shell: Any) -> None:
    """Prepare the step whose manifest `line` names: load its inputs, set its generators, watch.

    `shell` is the IPython shell; only its `user_ns` is used.

    Raises
    ------
    UsageError, NotebookError
        There is no manifest, or it cannot be read.
    ArtifactError
        An input cannot be loaded; the user's cells have not run.
    """
    __tracebackhide__ = True
    started = time.perf_counter()
    _stop_active()
    manifest = _read_manifest(line)
    if os.environ.get("STEPMILL_MLFLOW_RUN"):
        from stepmill_magics import mlflow_hook

        mlflow_hook.install(os.environ)
    store = open_store(manifest.store)
    namespace = shell.user_ns
    _bind_inputs(store, manifest, namespace)
    _show_figures(shell)
    if manifest.by_hand:
        _generators(store, manifest, namespace).start()
        return
    observer, modules = _watched(manifest)
    modules.seen.clear()  # of these `settings` tells how they are now
    step = _ActiveStep(
        manifest=manifest,
        store=store,
        namespace=namespace,
        names=_names(manifest, namespace),
        generators=_generators(store, manifest, namespace),
        observer=observer,
        settings=process_settings(Path(manifest.folder)),
        modules=modules,
        figures=open_figures(),
        load_seconds=time.perf_counter() - started,
    )
    _active.append(step)
    step.generators.start()
    if not step.observer.is_active:
        step.observer.start()
        step.modules.start()


def _watched(manifest: StepManifest) -> tuple[Observer, FreshModules]:
    if _watching and _watching[0][0].is_active:
        return _watching.pop()
    report = Path(manifest.result).with_name("workers.jsonl")
    observer = Observer(Path(manifest.folder), report=report if report.parent.is_dir() else None)
    observer.saw(BY_NAME, ("*", "*"))  # nobody saw what the inputs name
    return observer, _fresh_modules(manifest.folder)


def _show_figures(shell: Any) -> None:
    """A loaded figure is displayed as in the notebook: there pyplot had been imported to make it."""
    loaded = "matplotlib.figure" in sys.modules and "matplotlib.pyplot" not in sys.modules
    if loaded and "inline" in os.environ.get("MPLBACKEND", ""):
        shell.run_line_magic("matplotlib", "inline")


def end(line: str, shell: Any) -> None:  # noqa: ARG001 - the signature of a line magic
    """Look at what the user's cells did, store the outputs, and write the step's result.

    Contradictions of the analysis are reported in the result. Unless the step is lenient its
    outputs are then not stored: the runner plans again.

    Raises
    ------
    UsageError
        No step is active: the inputs cell has not run.
    DiskFull
        There is no room for the outputs.
    """
    __tracebackhide__ = True
    if not _active:
        raise UsageError(
            "%stepmill_end: no step is active in this kernel",
            hint="run the step notebook from its inputs cell on: the one with %stepmill_begin",
        )
    step = _active.pop()
    states = step.generators.stop()  # before anything else of ours runs
    step.modules.stop()
    step.observer.stop()
    settings = process_settings(Path(step.manifest.folder))
    started = time.perf_counter()
    try:
        _write_result(Path(step.manifest.result), _result(step, states, settings, started))
    except OSError as error:
        full = disk_full(error, step.manifest.store)
        if full is None:
            raise
        raise full from None


def _result(
    step: _ActiveStep, states: Mapping[str, State], settings: Mapping[str, str], started: float
) -> StepResult:
    """Run the nets, then store the outputs; `states` are those of the generators after the user's cells."""
    manifest = step.manifest
    facts = tuple(_facts(step, states))
    contradictions = tuple(fact for fact in facts if fact.kind is not FactKind.UNCHANGED)
    result = StepResult(
        step=manifest.step,
        contradictions=contradictions,
        learned=tuple(fact for fact in facts if fact.kind is FactKind.UNCHANGED),
        files=step.observer.accesses(),
        modules=loaded_modules(step.observer.modules()),
        sys_path=tuple(sys.path),
        python=platform.python_version(),
        session=(*changed_settings({**step.settings, **step.modules.seen}, settings), *_left_open(step)),
        own_data=_own_data(step, settings),
        by_name=step.observer.by_name(),
        environment=step.observer.environment(),
        uses=_uses(step, settings),
        volatile=step.observer.volatile(),
        load_seconds=step.load_seconds,
    )
    if manifest.lenient or not contradictions:
        result = _with_outputs(result, step, states)
    return replace(result, save_seconds=time.perf_counter() - started)


def _own_data(step: _ActiveStep, settings: Mapping[str, str]) -> dict[str, str]:
    """Return "module:name" -> how that was when its import was over, when the cells began, when they ended.

    A module that the cells import is looked at then in place of their beginning.
    """
    begun = {**step.settings, **step.modules.seen}
    fresh = {**begun, **step.modules.first}
    found = {}
    for module in settings:
        if module.startswith(MODULE):
            times = [by_name(held.get(module, "")) for held in (fresh, begun, settings)]
            for name in dict.fromkeys(name for time in times for name in time):
                found[f"{module.removeprefix(MODULE)}:{name}"] = " ".join(t.get(name, "-") for t in times)
    return found


def _left_open(step: _ActiveStep) -> Iterator[str]:
    if open_figures() not in ((), step.figures):
        yield FIGURES


def _uses(step: _ActiveStep, settings: Iterable[str]) -> tuple[str, ...]:
    """Return the settings that an earlier step's process would have shown, and this one's did not."""
    modules = sorted(name for name in settings if name.startswith(MODULE))
    return tuple(modules) if step.figures else (*modules, FIGURES)


def _facts(step: _ActiveStep, states: Mapping[str, State]) -> Iterator[Fact]:
    manifest = step.manifest
    yield from nets.compared_inputs(manifest, step.names, step.are_same)
    yield from nets.changed_constants(manifest, step.names)
    yield from nets.unforeseen_names(manifest, step.names)
    yield from nets.unforeseen_draws(manifest, step.generators.moved(states))
    compared = nets.names_to_compare(manifest, step.names, step.namespace)
    if len(compared) > 1:
        values = {name: step.namespace[name] for name in compared}
        shared = sharing(values, definitions=step.definitions, labels=manifest.names_labels)
        yield from nets.unforeseen_sharing(manifest, shared)


def _with_outputs(result: StepResult, step: _ActiveStep, states: Mapping[str, State]) -> StepResult:
    manifest = step.manifest
    collected = collect(manifest.outputs, step.namespace, step.save)
    metrics, problems = metrics_of(manifest.metrics, step.namespace, manifest.step)
    hook = sys.modules.get("stepmill_magics.mlflow_hook")
    return replace(
        result,
        outputs=collected.refs,
        random=_stored_states(step, states),
        skipped=collected.skipped,
        problems=(*collected.problems, *problems),
        metrics={**(hook.logged_metrics() if hook else {}), **metrics},
    )


def _stored_states(step: _ActiveStep, states: Mapping[str, State]) -> Mapping[str, ArtifactRef]:
    """Return the states to hand on; a generator that was never loaded is as it was before the step."""
    manifest = step.manifest
    known = {name: states[name] for name in manifest.random_capture if name in states}
    unloaded = {
        name: manifest.random_restore.get(name, ArtifactRef(digest=ABSENT))
        for name in manifest.random_capture
        if name not in known
    }
    return {**unloaded, **step.save(known).refs}


def _stop_active() -> None:
    """Forget a step that began and did not end: somebody runs the notebook again by hand."""
    while _active:
        step = _active.pop()
        step.generators.stop()
        step.observer.stop()
        step.modules.stop()


def _read_manifest(line: str) -> StepManifest:
    text = line.strip()
    if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'":
        text = text[1:-1]
    if not text:
        raise UsageError(
            "%stepmill_begin needs the path of a manifest", hint='%stepmill_begin "manifest.json"'
        )
    path = Path(text)
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise UsageError(
            f"%stepmill_begin: there is no manifest {path}",
            hint="`stepmill run` writes it beside the step notebook; was it moved, or its run deleted?",
        ) from error
    except (OSError, ValueError) as error:
        raise NotebookError(f"%stepmill_begin: the manifest {path} cannot be read: {error}") from error
    return from_json(StepManifest, document)


def _definitions(manifest: StepManifest) -> dict[str, str]:
    return {definition.name: definition.digest for definition in manifest.definitions}


def _bind_inputs(store: Store, manifest: StepManifest, namespace: dict[str, Any]) -> None:
    """Load all inputs, then bind them: after an error the namespace is as it was."""
    refs = {one.name: one.artifact for one in manifest.inputs}
    try:
        values = load_values(store, refs, definitions=_definitions(manifest), namespace=namespace)
    except ArtifactError as error:
        message = f"step {manifest.step!r} cannot load its input {error.message}"  # starts with its name
        hint = error.hint or "run the pipeline again: `stepmill run` makes the value anew"
        raise type(error)(message, hint=hint) from error
    for name, ref in refs.items():
        if ref.is_absent:
            namespace.pop(name, None)
    namespace.update(values)


def _names(manifest: StepManifest, namespace: dict[str, Any]) -> Namespace:
    given = [one for one in manifest.inputs if not one.artifact.is_absent]
    changed = {one.name for one in given if not one.is_compared}
    shared = {one.name for one in given if one.is_compared and _is_shown_elsewhere(one)}
    return Namespace(namespace, [one.name for one in given], changed, shared)


def _is_shown_elsewhere(given: StepInput) -> bool:
    """Tell whether the object goes on in Run All when this step lets go of it.

    A frame and an array over one memory are stored apart.
    """
    in_memory = given.artifact.type_name.startswith(("numpy.", "pandas."))
    return bool(given.artifact.member) or (bool(given.shown_by) and in_memory)


def _generators(store: Store, manifest: StepManifest, namespace: dict[str, Any]) -> StepGenerators:
    refs = {name: ref for name, ref in manifest.random_restore.items() if not ref.is_absent}
    states = load_values(store, refs, definitions=_definitions(manifest), namespace=namespace)
    return StepGenerators(states, manifest.random_watch, manifest.seed)


def _write_result(path: Path, result: StepResult) -> None:
    atomic.write_text(path, json.dumps(to_json(result), indent=1))
