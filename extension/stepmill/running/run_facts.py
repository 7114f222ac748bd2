"""What a run left behind, gathered for comparing; nothing stored is loaded."""

from __future__ import annotations

import base64
import binascii
import json
from typing import TYPE_CHECKING, Any

from blake3 import blake3

from stepmill.model.codec import CodecError
from stepmill.model.comparison import Picture, RunFacts, StepFacts
from stepmill.running.stored import stored_values

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from stepmill.artifacts.store import Store
    from stepmill.model.artifact import StepRecord
    from stepmill.model.pipeline import Pipeline, Step
    from stepmill.model.run import RunSummary
    from stepmill.running.folder import RunFolder

_PNG = "image/png"


def run_facts(folder: RunFolder, summary: RunSummary, store: Store | None) -> RunFacts:
    """Return the facts of a run; whatever it did not come to write down is left out.

    Without a store what the steps gave, and what they drew, is left out too.
    """
    records = folder.read_records()
    steps = {step.name: step for step in pipeline.steps} if (pipeline := _pipeline(folder)) else {}
    drawn = {} if store is None else {cell: tuple(found) for cell, found in _pictures(folder).items()}
    names = dict.fromkeys([*steps, *summary.steps])
    values: dict[str, list[Any]] = {}
    for value in () if store is None else stored_values(folder, store, summary.steps):
        values.setdefault(value.step, []).append(value)
    return RunFacts(
        run_id=summary.run_id,
        status=summary.status,
        notebook=summary.notebook_source,
        started_s=summary.started_s,
        seconds=summary.seconds,
        parameters=summary.parameters,
        metrics=summary.metrics,
        steps=tuple(
            _step_facts(name, summary, steps.get(name), records.get(name), tuple(values.get(name, ())), drawn)
            for name in names
        ),
    )


def pictures_of(folder: RunFolder) -> Mapping[str, bytes]:
    """Return the PNGs that a run's cells showed, by digest."""
    return {blake3(data).hexdigest(): data for _, data in _images(folder)}


def _step_facts(
    name: str,
    summary: RunSummary,
    step: Step | None,
    record: StepRecord | None,
    values: tuple[Any, ...],
    drawn: Mapping[int, tuple[Picture, ...]],
) -> StepFacts:
    outcome = summary.steps.get(name)
    cells = {} if step is None else {f.cell: _as_tagged(f.source) for f in step.body}
    return StepFacts(
        name=name,
        status=None if outcome is None else outcome.status,
        reason="" if outcome is None else outcome.reason,
        seconds=None if outcome is None else outcome.seconds,
        error="" if outcome is None or outcome.error is None else _error_text(outcome.error),
        cells=cells,
        replayed=() if step is None else tuple((f.cell, f.line, f.source) for f in step.setup),
        code_digest="" if step is None else step.code_digest,
        body_digest="" if step is None else step.body_digest,
        definitions={} if step is None else {d.name: d.digest for d in step.definitions if d.reached},
        parameters=() if step is None else step.parameters,
        components={} if record is None else record.components,
        files=() if record is None else record.files,
        distributions={} if record is None else record.distributions,
        environment={} if record is None else record.environment,
        volatile=() if step is None else tuple(dict.fromkeys(v.what for v in step.volatile)),
        values=values,
        pictures=tuple(picture for cell in cells for picture in drawn.get(cell, ())),
    )


def _pipeline(folder: RunFolder) -> Pipeline | None:
    try:
        return folder.read_pipeline()
    except (OSError, ValueError, CodecError):
        return None  # a run that ended before it was planned, or one of another version


def _as_tagged(source: str) -> str:
    """Return the cell as its author wrote it: the analysis makes a comment of the tag."""
    return source.removeprefix("# ") if source.startswith("# %%step") else source


def _error_text(error: Mapping[str, Any]) -> str:
    raised = ": ".join(str(error[key]) for key in ("ename", "evalue") if error.get(key))
    return (raised or str(error.get("message", ""))).strip().split("\n")[0][:200]


def _pictures(folder: RunFolder) -> dict[int, list[Picture]]:
    found: dict[int, list[Picture]] = {}
    for cell, data in _images(folder):
        found.setdefault(cell, []).append(Picture(cell=cell, digest=blake3(data).hexdigest()))
    return found


def _images(folder: RunFolder) -> Iterator[tuple[int, bytes]]:
    """Yield cell index and PNG of all pictures in the executed copy of the notebook."""
    try:
        document = json.loads(folder.notebook.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return
    for index, cell in enumerate(document.get("cells", ())):
        for output in cell.get("outputs", ()):
            text = output.get("data", {}).get(_PNG)
            if text:
                try:
                    yield index, base64.b64decode("".join(text))
                except binascii.Error:
                    continue
