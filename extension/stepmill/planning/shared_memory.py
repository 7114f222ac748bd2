"""An array over the memory of a value that a step has changed in place: seen when the step has run.

Where a text stands between the brackets (`x["a"] = 1`), the analysis takes `x` for a frame, in which a
column is put in place of another; arrays that show the old one stay as they are. In a series it is an
item, and such arrays change with it. What `x` is, only the run can tell.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stepmill.errors import StepFailed
from stepmill.planning.keys import artifact_digest

if TYPE_CHECKING:
    from stepmill.model.artifact import StepRecord
    from stepmill.model.pipeline import Step

_SERIES, _ARRAY = "pandas.Series", "numpy.ndarray"


def find_lost_write(step: Step, record: StepRecord) -> StepFailed | None:
    """Return why an array is not what Run All would have made of it, if `record` shows that it may be so."""
    shared = {i.name: i.group for i in step.inputs if i.group is not None}
    written = [i.name for i in step.inputs if not i.unchanged and i.name in shared]
    for name in written:
        if not _is(name, _SERIES, record) or not _has_changed(name, record):
            continue
        same = [other for other, group in shared.items() if group == shared[name]]
        arrays = [other for other in same if _is(other, _ARRAY, record)]
        lost = [other for other in arrays if not _has_changed(other, record)]
        if lost:
            return StepFailed(
                f"step {step.name!r} changes the series {name!r} in place, and the array {lost[0]!r} may "
                "show its memory: in a process of its own the array stays as it was",
                hint=f"make {lost[0]!r} a copy (`.to_numpy(copy=True)`), or do both in one step; "
                "--lenient lets it pass",
                cell=min(step.cells),
                step=step.name,
            )
    return None


def _is(name: str, type_name: str, record: StepRecord) -> bool:
    return name in record.outputs and record.outputs[name].type_name == type_name


def _has_changed(name: str, record: StepRecord) -> bool:
    return artifact_digest(record.outputs[name]) != record.components.get(f"input:{name}")
