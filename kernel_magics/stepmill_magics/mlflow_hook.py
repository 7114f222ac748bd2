"""Keeps the user's own mlflow calls inside the MLflow run of the step that this kernel executes.

The tracking room sets `STEPMILL_MLFLOW_RUN` in the kernel of a step: the id of the step's run, or the
path of a file in which it will stand. (Our variables repeat some of MLflow's, because setup cells
that run before the hook is installed make MLflow overwrite its own.) Nothing happens until mlflow is
imported. Then the step's run becomes the root of every thread's stack of active runs: what is
logged goes there, `start_run` makes runs below it, and nothing here ends it, as the runner knows
how the step ended. Without these variables, as when a step notebook is opened by hand, nothing is
touched.

MLflow has no public door for this. Every private name is looked up first; if one is missing, MLflow
is left as it is with the run in `MLFLOW_RUN_ID`, which serves plain calls.
"""

from __future__ import annotations

import functools
import inspect
import json
import os
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any

from stepmill_magics.mlflow_kept import (
    KEPT_VARIABLE,
    KeepingStore,
)
from stepmill_magics.mlflow_kept import install as install_keeping

RUN_VARIABLE = "STEPMILL_MLFLOW_RUN"
URI_VARIABLE = "STEPMILL_MLFLOW_TRACKING_URI"
EXPERIMENT_VARIABLE = "STEPMILL_MLFLOW_EXPERIMENT_ID"
PIPELINE_VARIABLE = "STEPMILL_MLFLOW_PIPELINE_RUN"
STEP_VARIABLE = "STEPMILL_MLFLOW_STEP"

_PATIENCE_S = 60.0
_PATIENCE_WITH_A_SERVER_S = 20.0  # then calls are kept: the runner may still wait for it to answer
_adoptions: list[_Adoption] = []  # at most one


def install(environ: Mapping[str, str]) -> None:
    """Adopt mlflow when it is imported, or at once if it is; do nothing without a run in `environ`.

    Called by `%stepmill_begin` before the user's cells.
    """
    if not environ.get(RUN_VARIABLE) or any(isinstance(finder, _Finder) for finder in sys.meta_path):
        return
    mlflow = sys.modules.get("mlflow")
    if mlflow is None:
        sys.meta_path.insert(0, _Finder(environ))
    elif not _adoptions:
        _adopt(mlflow, environ)


def uninstall() -> None:
    """Stop waiting for mlflow to be imported. What was adopted stays so."""
    sys.meta_path[:] = [finder for finder in sys.meta_path if not isinstance(finder, _Finder)]


def logged_metrics() -> dict[str, float]:
    """Return the last value of each metric that this process logged in this step; asks nobody.

    Those of a run that the code started itself count if it started exactly one. Empty if the step did
    not import mlflow. Called by `%stepmill_end`, so that the cache record of the step holds them.
    """
    return _adoptions[0].logged_metrics() if _adoptions else {}


@dataclass(frozen=True)
class _Address:
    """Where the step's run is. Without an id for a `problem`, because of which calls are kept."""

    run_id: str
    experiment_id: str
    pipeline_run: str = ""
    step: str = ""
    kept: str = ""
    problem: str = ""


class _Finder:
    """First on `sys.meta_path`, it lets the others find mlflow and adopts the module once it is loaded."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != "mlflow":
            return None
        uninstall()
        found = (finder.find_spec(fullname, path, target) for finder in list(sys.meta_path))
        spec = next((spec for spec in found if spec is not None), None)
        if spec is not None and spec.loader is not None:
            self._adopt_after(spec.loader)
        return spec

    def _adopt_after(self, loader: Any) -> None:
        execute = loader.exec_module

        def exec_module(module: ModuleType) -> None:
            execute(module)
            _adopt(module, self._environ)

        loader.exec_module = exec_module


def _adopt(mlflow: ModuleType, environ: Mapping[str, str]) -> None:
    try:
        address = _address(environ)
        if address is None:
            return
        # what we cannot patch, and child processes, find the run here
        if address.run_id:
            os.environ["MLFLOW_RUN_ID"] = address.run_id
        if address.experiment_id:
            os.environ["MLFLOW_EXPERIMENT_ID"] = address.experiment_id
        _adoptions.append(_Adoption(mlflow, address, environ.get(URI_VARIABLE, "")))
    except Exception as error:  # noqa: BLE001 - the user's step must not fail for its tracking
        _say(f"mlflow calls may not be kept with this step ({type(error).__name__}: {error})")


def _address(environ: Mapping[str, str]) -> _Address | None:
    """Return where the step's run is; None, and a line to the user, if calls are not redirected."""
    value, kept = environ[RUN_VARIABLE], environ.get(KEPT_VARIABLE, "")
    address = _Address(
        value,
        environ.get(EXPERIMENT_VARIABLE, ""),
        environ.get(PIPELINE_VARIABLE, ""),
        environ.get(STEP_VARIABLE, ""),
        kept,
    )
    if not value.endswith(".json"):
        return address
    document = _handed_over(Path(value), environ)
    if "run_id" in document:
        return replace(address, run_id=document["run_id"], experiment_id=document["experiment_id"])
    if kept:
        return replace(address, run_id="", experiment_id="", problem=str(document["problem"]))
    _say(f"MLflow does not work for this run ({document['problem']}); mlflow calls are not redirected")
    return None


def _handed_over(path: Path, environ: Mapping[str, str]) -> dict[str, str]:
    """Return what the runner says of the step's run, or why there is none."""
    is_far = environ.get(URI_VARIABLE, "").startswith(("http://", "https://"))
    patience_s = _PATIENCE_WITH_A_SERVER_S if is_far else _PATIENCE_S
    deadline = time.monotonic() + patience_s
    while not path.exists():
        if time.monotonic() > deadline:
            return {"problem": f"no run for this step within {patience_s:.0f} s"}
        time.sleep(0.02)
    document: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    return document if document.keys() & {"run_id", "problem"} else {"problem": f"{path} says nothing"}


class _Adoption:
    """mlflow's fluent interface with the step's run as the root of every stack."""

    def __init__(self, mlflow: ModuleType, address: _Address, uri: str) -> None:
        from mlflow.tracking import fluent

        self._mlflow: Any = mlflow
        self._fluent: Any = fluent
        self._uri = uri or mlflow.get_tracking_uri()
        self._store = install_keeping(self._uri, lambda real: _keeping(real, address, self._uri))
        self._address = replace(address, run_id=self._store.run_id, experiment_id=self._store.experiment_id)
        # private names, all of them: an AttributeError here leaves MLflow as it is
        self._stacks: Any = fluent._active_run_stack
        self._last: Any = fluent._last_active_run_id
        self._known = (self._stacks.default_factory, fluent._active_experiment_id, fluent.ActiveRun)
        self._lock = threading.RLock()
        self._said: set[str] = set()
        self._real_start = fluent.start_run
        self._real_end = fluent.end_run
        self._undo_choices()
        self._plant_root()
        self._replace(
            {
                fluent.start_run: self._start_run(),
                fluent.end_run: self._end_run(),
                fluent.last_active_run: self._last_active_run(),
                fluent.set_experiment: self._set_experiment(),
                mlflow.set_tracking_uri: self._set_tracking_uri(),
            }
        )

    def logged_metrics(self) -> dict[str, float]:
        """See `logged_metrics` of the module."""
        runs = self._store.logged
        below = [logged for logged in runs.values() if logged.parent == self._address.run_id]
        own = below[:1] if len(below) == 1 else []
        found = {key: m.value for run in (*own, runs[self._address.run_id]) for key, m in run.metrics.items()}
        return {key: float(value) for key, value in found.items()}

    @functools.cached_property
    def _root(self) -> Any:
        """The step's run as an active run; the store is first asked when something is logged."""
        return self._fluent.ActiveRun(self._mlflow.MlflowClient(self._uri).get_run(self._address.run_id))

    def _undo_choices(self) -> None:
        """Go back to the pipeline's store and experiment; setup cells may have chosen others."""
        if self._mlflow.get_tracking_uri() != self._uri:
            self._say_tracking_uri(self._mlflow.get_tracking_uri())
            self._mlflow.set_tracking_uri(self._uri)
        if self._fluent._active_experiment_id not in (None, self._address.experiment_id):
            _say("the experiment set in a setup cell is not used: this step logs to its pipeline's")
        self._fluent._active_experiment_id = None

    def _plant_root(self) -> None:
        """Let every stack begin with the root: those of threads to come, of forked processes, ours.

        MLflow asks the stack wherever it looks for the active run, autologging included.
        """
        made_by_setup_cells = self._stacks.get_all_thread_values().values()
        self._stacks.default_factory = lambda: [self._root]
        for stack in made_by_setup_cells:
            stack.insert(0, self._root)

    def _replace(self, functions: Mapping[Any, Any]) -> None:
        """Put our functions wherever a loaded module holds MLflow's by its own name, or `__main__` by any."""
        names = {function.__name__ for function in functions}
        main = sys.modules["__main__"]
        for module in list(sys.modules.values()):
            space = getattr(module, "__dict__", None)
            if not isinstance(space, dict):
                continue
            for name in list(space) if module is main else names.intersection(space):
                try:
                    ours = functions.get(space[name])
                except TypeError:  # an unhashable value of the user's
                    continue
                if ours is not None:
                    space[name] = ours

    def _start_run(self) -> Callable[..., Any]:
        real, signature = self._real_start, inspect.signature(self._real_start)

        @functools.wraps(real)
        def start_run(*args: Any, **kwargs: Any) -> Any:
            given = signature.bind(*args, **kwargs).arguments
            stack = self._stacks.get()
            if given.get("run_id") == self._address.run_id:
                return stack[0]
            with self._lock:
                return self._start_below(stack, given)

        return start_run

    def _start_below(self, stack: list[Any], given: dict[str, Any]) -> Any:
        if given.get("run_id") is None:
            given["tags"] = {**(given.get("tags") or {}), **self._user_tags()}
            given["experiment_id"] = self._root.info.experiment_id
        elsewhere = given.get("parent_run_id") not in (None, stack[-1].info.run_id)
        with _without_run_id():
            if len(stack) > 1:
                return self._real_start(**given)  # below a run of the user's, by MLflow's own rules
            if not elsewhere:
                return self._real_start(**{**given, "nested": True})
            stack.clear()  # below a run that the user names, which MLflow wants to be on top
            try:
                return self._real_start(**given)
            finally:
                stack.insert(0, self._root)

    def _user_tags(self) -> dict[str, str]:
        tags = {"stepmill.kind": "user", "stepmill.run": self._address.pipeline_run}
        tags["stepmill.step"] = self._address.step
        return {name: value for name, value in tags.items() if value}

    def _last_active_run(self) -> Callable[..., Any]:
        real = self._fluent.last_active_run

        @functools.wraps(real)
        def last_active_run() -> Any:
            if len(self._stacks.get()) > 1:
                return real()
            return self._mlflow.get_run(self._last.get() or self._address.run_id)

        return last_active_run

    def _end_run(self) -> Callable[..., None]:
        @functools.wraps(self._real_end)
        def end_run(*args: Any, **kwargs: Any) -> None:
            with self._lock, _without_run_id():
                if len(self._stacks.get()) > 1:
                    self._real_end(*args, **kwargs)
                    return
            self._last.set(self._address.run_id)

        return end_run

    def _set_experiment(self) -> Callable[..., Any]:
        real = self._fluent.set_experiment

        @functools.wraps(real)
        def set_experiment(*args: Any, **kwargs: Any) -> Any:
            given = inspect.signature(real).bind(*args, **kwargs).arguments
            wanted = given.get("experiment_name") or given.get("experiment_id")
            client = self._mlflow.MlflowClient(self._uri)
            if f"experiment {wanted}" not in self._said:
                self._said.add(f"experiment {wanted}")
                _say(f"set_experiment({wanted!r}) is noted; this step logs to its pipeline's experiment")
                client.set_tag(self._address.run_id, "stepmill.user_experiment", str(wanted))
            return client.get_experiment(self._root.info.experiment_id)

        return set_experiment

    def _set_tracking_uri(self) -> Callable[[Any], None]:
        @functools.wraps(self._mlflow.set_tracking_uri)
        def set_tracking_uri(uri: Any) -> None:
            if str(uri) != self._uri:
                self._say_tracking_uri(uri)

        return set_tracking_uri

    def _say_tracking_uri(self, uri: Any) -> None:
        if f"uri {uri}" not in self._said:
            self._said.add(f"uri {uri}")
            _say(
                "set_tracking_uri is not followed inside a pipeline; to log there, "
                "start stepmill with MLFLOW_TRACKING_URI set"
            )


def _keeping(make_real: Callable[[], Any], address: _Address, uri: str) -> KeepingStore:
    store = KeepingStore(
        make_real,
        Path(address.kept) if address.kept else None,
        {"step": address.step, "pipeline_run": address.pipeline_run, "started_s": time.time()},
        uri=uri,
        run_id=address.run_id,
        experiment_id=address.experiment_id,
        say=_say,
    )
    if address.problem:
        store.go_away(address.problem)
    return store


class _without_run_id:  # noqa: N801 - reads as a statement
    """Hides `MLFLOW_RUN_ID` from MLflow, which would resume that run, and puts it back."""

    def __enter__(self) -> None:
        self._value = os.environ.pop("MLFLOW_RUN_ID", None)

    def __exit__(self, *error: object) -> None:
        if self._value is not None:
            os.environ["MLFLOW_RUN_ID"] = self._value


def _say(sentence: str) -> None:
    print(f"stepmill: {sentence}")  # noqa: T201 - a notice to the user belongs in the cell's output
