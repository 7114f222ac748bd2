"""What a run left behind, gathered for comparing; nothing stored is loaded."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from stepmill.model.codec import CodecError
from stepmill.model.comparison import RunFacts, StepFacts
from stepmill.model.pipeline import EdgeKind
from stepmill.model.run import raised
from stepmill.running.cell_outputs import cell_outputs
from stepmill.running.stored import stored_values

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stepmill.artifacts.store import Store
    from stepmill.model.artifact import StepRecord
    from stepmill.model.pipeline import Pipeline, Step
    from stepmill.model.run import RunSummary
    from stepmill.running.cell_outputs import CellOutputs
    from stepmill.running.folder import RunFolder


def run_facts(folder: RunFolder, summary: RunSummary, store: Store | None) -> RunFacts:
    """Return the facts of a run; whatever it did not come to write down is left out.

    Without a store what the steps gave, and what they showed, is left out too.
    """
    records = folder.read_records()
    steps = {step.name: step for step in pipeline.steps} if (pipeline := _pipeline(folder)) else {}
    shown = {} if store is None else cell_outputs(folder)
    after = {} if pipeline is None else _after(pipeline)
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
            replace(
                _step_facts(name, summary, steps.get(name), records.get(name), shown),
                values=tuple(values.get(name, ())),
                after=after.get(name, ()),
            )
            for name in names
        ),
    )


def _step_facts(
    name: str,
    summary: RunSummary,
    step: Step | None,
    record: StepRecord | None,
    shown: Mapping[int, CellOutputs],
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
        options=None if step is None else step.options,
        definitions={} if step is None else {d.name: d.digest for d in step.definitions if d.reached},
        parameters=() if step is None else step.parameters,
        components={} if record is None else record.components,
        files=() if record is None else record.files,
        distributions={} if record is None else record.distributions,
        environment={} if record is None else record.environment,
        volatile=() if step is None else tuple(dict.fromkeys(v.what for v in step.volatile)),
        inputs={} if step is None else {i.name: i.producer for i in step.inputs if i.kind is EdgeKind.DATA},
        texts=tuple(shown[cell].text for cell in cells if cell in shown),
        pictures=tuple(picture for cell in cells if cell in shown for picture in shown[cell].pictures),
    )


def _after(pipeline: Pipeline) -> dict[str, tuple[str, ...]]:
    """Return step -> the steps that it comes after for another reason than a value."""
    found: dict[str, tuple[str, ...]] = {}
    for edge in pipeline.edges:
        if edge.kind is not EdgeKind.DATA and edge.producer not in found.get(edge.consumer, ()):
            found[edge.consumer] = (*found.get(edge.consumer, ()), edge.producer)
    return found


def _pipeline(folder: RunFolder) -> Pipeline | None:
    try:
        return folder.read_pipeline()
    except (OSError, ValueError, CodecError):
        return None  # a run that ended before it was planned, or one of another version


def _as_tagged(source: str) -> str:
    """Return the cell as its author wrote it: the analysis makes a comment of the tag."""
    return source.removeprefix("# ") if source.startswith("# %%step") else source


def _error_text(error: Mapping[str, Any]) -> str:
    return (raised(error) or str(error.get("message", ""))).strip().split("\n")[0][:200]
