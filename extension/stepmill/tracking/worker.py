"""The tracking process: `python -m stepmill.tracking.worker`, one for a run in which a step executes.

A process of its own, because importing mlflow costs a second of CPU that the runner (or a Jupyter
server) should not spend under its GIL, because MLflow is set up through the environment, prints,
and may hang; and because it outlives the runner and then closes the runs as killed.

It reads one JSON object per line from stdin (`open`, `step`, `stage`, `finish`) and answers each on
stdout with `{"id", …}`, `error` in it if the command failed. When stdin ends without `finish`, the
runner died.
"""

from __future__ import annotations

import json
import os
import re
import sys
import threading
import time
import traceback
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, TextIO

from stepmill.model.codec import from_json
from stepmill.model.run import RunSummary, StepOutcome
from stepmill.tracking.delivery import Delivery
from stepmill.tracking.lineage import read_lineage
from stepmill.tracking.location import find_location, tracking_environment, without_passwords
from stepmill.tracking.masking import Mask
from stepmill.tracking.staging import Staging
from stepmill.tracking.state import (
    ABANDONED,
    DELIVERED,
    OPEN,
    PENDING,
    STAGED_FOLDER,
    STATE_FILE,
    TrackingState,
    may_be_alive,
    read_state,
    undelivered,
    write_json,
    write_state,
)

_CAUGHT_UP = 20  # earlier runs at most; `stepmill sync` delivers all
_LEFT_ALONE_S = 600
_RETRY_AFTER_S = 60  # a store that was away so long ago may be back


class Worker:
    """Serves one run. What fails is remembered, so that it fails once and not for every step."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._folder = Path()
        self._delivery: Delivery | None = None
        self._problem = ""
        self._failed_s = 0.0
        self._finished = False
        self._warnings: list[str] = []
        self._earlier: list[Path] = []

    def serve(self, commands: TextIO, replies: TextIO) -> None:
        """Answer commands until they end."""
        for line in commands:
            command = json.loads(line)
            try:
                reply = getattr(self, f"do_{command['command']}")(command)
            except Exception as error:  # noqa: BLE001 - MLflow raises anything; the run goes on
                _log_problem()
                reply = {"error": problem_text(error)}
            replies.write(json.dumps({"id": command["id"], **reply}) + "\n")
            replies.flush()
        if not self._finished:
            self._abandon()
        elif self._delivery is not None and not self._problem:
            catch_up(self._earlier, self._delivery.state, self._environ)

    def do_open(self, command: Mapping[str, Any]) -> dict[str, Any]:
        self._folder = Path(command["folder"])
        state = from_json(TrackingState, command["state"])
        self._delivery = Delivery(state, _location(state, self._environ), self._environ)
        # now that this run holds the project: later a new one may be among them
        waiting = undelivered(Path(state.project_root))
        self._earlier = [folder for folder in waiting if folder != self._folder]
        self._open()
        # while the steps run: what the end of the run will need
        threading.Thread(target=_warm_up, daemon=True).start()
        return {} if not self._problem else {"error": self._problem}

    def do_step(self, command: Mapping[str, Any]) -> dict[str, Any]:
        """Begin the step's run and hand its address over to the kernel through a file."""
        delivery = self._require()
        address: dict[str, str] = {"problem": self._problem}
        if not self._problem:
            try:
                run_id = delivery.begin_step(command["step"], command["started_s"])
            except Exception as error:  # noqa: BLE001 - the kernel must learn of it
                _log_problem()
                self._fail(error)
                address = {"problem": self._problem}
            else:
                address = {
                    "run_id": run_id,
                    "experiment_id": str(delivery.state.experiment_id),
                }
        write_json(Path(command["handover"]), address)
        return {"error": self._problem} if self._problem else dict(address)

    def do_stage(self, command: Mapping[str, Any]) -> dict[str, Any]:
        """Prepare the uploads of a step while later ones run; a retry's notebook replaces the first."""
        staging = Staging(self._folder, Mask(command["secrets"]))
        outcome = from_json(StepOutcome, command["outcome"])
        staging.stage_step(command["step"], outcome, command["title"])
        self._warnings.extend(staging.warnings)
        return {}

    def do_finish(self, command: Mapping[str, Any]) -> dict[str, Any]:
        self._finished = True
        delivery = self._require()
        if self._problem and time.monotonic() - self._failed_s > _RETRY_AFTER_S:
            self._problem = ""
            self._open()
        stored = read_state(self._folder)
        summary = stored.summary if stored else None
        if summary is None:
            raise ValueError(f"{STATE_FILE} holds no summary")
        delivery.warnings.extend(self._warnings)
        return _deliver(delivery, summary, self._folder, Mask(command["secrets"]), self._problem)

    def _open(self) -> None:
        try:
            self._require().open()
        except Exception as error:  # noqa: BLE001 - see serve
            _log_problem()
            self._fail(error)

    def _fail(self, error: Exception) -> None:
        self._problem = problem_text(error)
        self._failed_s = time.monotonic()

    def _require(self) -> Delivery:
        if self._delivery is None:
            raise RuntimeError("the run was not opened")
        return self._delivery

    def _abandon(self) -> None:
        """Close the runs: nobody will say how this one ended."""
        if self._delivery is None or self._problem:
            return
        self._delivery.deliver_kept(self._folder / STAGED_FOLDER)
        self._delivery.abandon()
        write_state(self._folder, replace(self._delivery.state, state=ABANDONED))


def deliver_again(folder: Path, environ: Mapping[str, str]) -> dict[str, Any]:
    """Deliver the finished run in `folder`; runs that an earlier attempt made are completed, not doubled."""
    state = read_state(folder)
    if state is None:
        return {"error": f"there is no {STATE_FILE} in {folder}"}
    if state.state == DELIVERED:
        return {"run_id": state.mlflow_run_id, "warnings": []}
    delivery = Delivery(state, _location(state, environ), environ)
    try:
        delivery.open(resume=True)
        if state.summary is None:
            delivery.deliver_kept(folder / STAGED_FOLDER)
            delivery.abandon()
            write_state(folder, replace(delivery.state, state=ABANDONED))
            return {"run_id": delivery.state.mlflow_run_id, "warnings": delivery.warnings}
    except Exception as error:  # noqa: BLE001 - reported, not raised: the run itself is long over
        _log_problem()
        return {"error": problem_text(error)}
    return _deliver(delivery, state.summary, folder, None if state.has_secrets else Mask(()), "")


def catch_up(earlier: list[Path], current: TrackingState, environ: Mapping[str, str]) -> None:
    """Deliver earlier runs of the project that still wait, now that their store answers.

    Called when `current` is delivered and nobody waits any more. Runs whose runner and tracking
    process both died are closed as killed. What was tried a moment ago is left alone: another
    process may still be at it.
    """
    for folder in earlier[-_CAUGHT_UP:]:
        state = read_state(folder)
        if (
            state is None
            or state.state in (DELIVERED, ABANDONED)
            or state.tracking_uri != current.tracking_uri
        ):
            continue
        age_s = time.time() - (folder / STATE_FILE).stat().st_mtime
        if may_be_alive(state.pid) if state.state == OPEN else age_s < _LEFT_ALONE_S:
            continue
        print(f"{folder.name}: {deliver_again(folder, environ)}", file=sys.stderr)  # noqa: T201 - our log


def _deliver(
    delivery: Delivery, summary: RunSummary, folder: Path, mask: Mask | None, problem: str
) -> dict[str, Any]:
    """Stage, upload, and write down how it went. Staged copies stay until they are delivered.

    With None for `mask` the secrets are not known any more: nothing is copied that may hold them.
    """
    staging = Staging(folder, mask or Mask(()))
    if not staging.is_done and mask is None:
        staging.stage_summary(summary)
    elif not staging.is_done:
        notebook = Path(delivery.state.project_root, delivery.state.notebook)
        staging.stage(summary, read_lineage(folder, delivery.state.store, notebook.parent))
    if not problem:
        try:
            delivery.finish(summary, staging)
        except Exception as error:  # noqa: BLE001 - see Worker.serve
            _log_problem()
            problem = problem_text(error)
    warnings = [*delivery.warnings, *staging.warnings]
    state = replace(
        delivery.state,
        state=PENDING if problem else DELIVERED,
        summary=replace(summary, mlflow_run_id=None if problem else delivery.state.mlflow_run_id),
        warnings=(*warnings, problem) if problem else tuple(warnings),
    )
    if not problem:
        staging.discard()
    write_state(folder, state)
    if problem:
        return {"error": problem, "warnings": warnings}
    return {"run_id": state.mlflow_run_id, "warnings": warnings}


def _location(state: TrackingState, environ: Mapping[str, str]) -> Any:
    root = Path(state.project_root)
    return find_location(root, (root / state.notebook).parent, environ)


def _warm_up() -> None:
    import nbconvert  # noqa: F401
    import nbformat  # noqa: F401


def problem_text(error: BaseException) -> str:
    """Return an error as one line, without the passwords that addresses may hold."""
    away = re.search(r"API request to (https?://[^/\s]+)\S* failed with (?:timeout )?exception", str(error))
    if away:
        return f"{without_passwords(away[1])} does not answer ({type(_deepest(error)).__name__})"
    lines = str(error).strip().splitlines() or [""]
    return without_passwords(f"{type(error).__name__}: {lines[0][:300]}".rstrip(": "))


def _deepest(error: BaseException) -> BaseException:
    while (below := error.__cause__ or error.__context__) is not None:
        error = below
    return error


def _log_problem() -> None:
    print(without_passwords(traceback.format_exc()), file=sys.stderr)  # noqa: T201 - our log


def main(arguments: list[str]) -> None:
    """Serve a run, or deliver one again: `--deliver FOLDER`."""
    replies = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # whatever prints goes to the log, not among the replies
    os.environ.update(tracking_environment(os.environ))
    # `set_terminated` would ask the server once more, only to print a link
    os.environ["MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT"] = "true"
    if arguments[:1] == ["--deliver"]:
        replies.write(json.dumps(deliver_again(Path(arguments[1]), os.environ)) + "\n")
    else:
        Worker(os.environ).serve(sys.stdin, replies)
    replies.flush()
    sys.stderr.flush()
    os._exit(0)  # tearing down what mlflow imported takes longer than the work


if __name__ == "__main__":
    main(sys.argv[1:])
