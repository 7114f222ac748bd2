"""The delivery state of one run: `runs/<id>/tracking.json`, and what a later delivery needs."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from stepmill import atomic
from stepmill.model.codec import CodecError, from_json, to_json
from stepmill.model.run import RunSummary
from stepmill.tracking.location import STATE_FOLDER

STATE_FILE = "tracking.json"
STAGED_FOLDER = "tracking"  # masked copies of what is to be uploaded; gone once it is delivered

OPEN = "open"  # the run goes on, or its runner died
PENDING = "pending"  # finished, not delivered (wholly)
DELIVERED = "delivered"
ABANDONED = "abandoned"  # the runner died; MLflow's runs were closed as killed


@dataclass(frozen=True, slots=True, kw_only=True)
class StepFacts:
    """What is logged of a step besides its outcome. `parameters` are masked texts."""

    cells: tuple[int, ...] = ()
    parameters: Mapping[str, str] = field(default_factory=dict)
    code_digest: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackingState:
    """How far a run has come on its way to the tracker. Holds no secrets.

    `notebook` is relative to the project root where it lies below it. `mlflow_runs` maps steps to
    their child runs. `store` is where the run's values lie. `pid` is the runner's. `has_secrets`: some
    were masked, so that files of the run that were not copied in time may hold them.
    """

    schema: int = 1
    run_id: str
    state: str
    experiment: str
    notebook: str
    project_root: str
    started_s: float
    pid: int
    parameters: Mapping[str, str] = field(default_factory=dict)
    steps: Mapping[str, StepFacts] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    tracking_uri: str = ""
    store: str = ""
    has_secrets: bool = True
    experiment_id: str | None = None
    mlflow_run_id: str | None = None
    mlflow_runs: Mapping[str, str] = field(default_factory=dict)
    summary: RunSummary | None = None
    warnings: tuple[str, ...] = ()


def write_state(folder: Path, state: TrackingState) -> None:
    """Write the state of the run in `folder`."""
    write_json(folder / STATE_FILE, to_json(state), durable=True)


def read_state(folder: Path) -> TrackingState | None:
    """Return the state of the run in `folder`; None if it was never tracked.

    Raises
    ------
    CodecError, ValueError
        The file is no delivery state; it is no JSON.
    """
    path = folder / STATE_FILE
    if not path.is_file():
        return None
    return from_json(TrackingState, json.loads(path.read_text(encoding="utf-8")))


def run_page(folder: Path) -> str | None:
    """Return the address of the run's page on the tracking server that has it; None if none has."""
    state = _state_if_readable(folder)
    if state is None or not state.mlflow_run_id or not state.experiment_id:
        return None
    if not state.tracking_uri.startswith(("http://", "https://")):
        return None  # a file: `stepmill ui` serves it when asked to
    server = state.tracking_uri.rstrip("/")
    return f"{server}/#/experiments/{quote(state.experiment_id)}/runs/{quote(state.mlflow_run_id)}"


def sent_to(folder: Path) -> str | None:
    """Return the tracking URI of the run in `folder`, delivered or not; None if it was never tracked."""
    state = _state_if_readable(folder)
    return None if state is None else state.tracking_uri


def undelivered(project_root: Path) -> list[Path]:
    """Return the folders of the runs that still wait for delivery, oldest first.

    The run that holds its project is among them, if it is tracked. Any other that has begun and did
    not end died without saying so. (Process ids would not tell: they come again after a restart.) One whose
    state is damaged, or was written by a later version, is left out: it must not stand in the way of others.
    """
    waiting = []
    for path in (project_root / STATE_FOLDER / "runs").glob(f"*/{STATE_FILE}"):
        state = _state_if_readable(path.parent)
        if state is not None and state.state not in (DELIVERED, ABANDONED):
            waiting.append((state.started_s, path.parent))
    return [folder for _, folder in sorted(waiting)]


def _state_if_readable(folder: Path) -> TrackingState | None:
    try:
        return read_state(folder)
    except (OSError, ValueError, CodecError):
        return None


def write_json(path: Path, document: Any, *, durable: bool = False) -> None:
    """Write `document` so that readers see the whole file or the old one; see `atomic.write_text`."""
    atomic.write_text(path, json.dumps(document, ensure_ascii=False, indent=1), durable=durable)


def may_be_alive(pid: int) -> bool:
    """Tell whether a process has this id: the runner, or one that came later."""
    if os.name == "nt":  # os.kill(pid, 0) would end the process there
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
