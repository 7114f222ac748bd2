"""What is written about a run: metrics, parameters, tags, in the shapes that MLflow accepts. Pure."""

from __future__ import annotations

import math
import posixpath
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Any

from stepmill.model.run import RunSummary, StepOutcome, StepStatus, raised

VALUE_LIMIT = 5900  # characters; MLflow takes 6,000 in a parameter
TAG_LIMIT = 4900  # characters; MLflow takes 5,000 in a tag on every backend
NAME_LIMIT = 250
NOTE = "mlflow.note.content"
RUN_TAG = "stepmill.run"
KIND_TAG = "stepmill.kind"
STEP_TAG = "stepmill.step"
PARENT_TAG = "mlflow.parentRunId"
SECONDS = "seconds"


def entry_name(name: str) -> str:
    """Return `name` as a key for metrics, parameters and tags; most names stay as they are."""
    allowed = re.sub(r"[^\w.\- /]", "_", name, flags=re.ASCII).strip()[:NAME_LIMIT] or "_"
    return allowed if posixpath.normpath(allowed) == allowed and allowed[0] not in "./" else _flat(allowed)


def entry_names(names: Iterable[str]) -> dict[str, str]:
    """Return each name with its key; several that would have one (`δ` and `λ`) are told apart by a digest."""
    keys = {name: entry_name(name) for name in names}
    having = Counter(keys.values())
    return {
        name: key if name == key or having[key] == 1 else _told_apart(name, key) for name, key in keys.items()
    }


def _told_apart(name: str, key: str) -> str:
    digest = sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:6]
    return f"{key[: NAME_LIMIT - 7]}_{digest}"


def _flat(name: str) -> str:
    return re.sub(r"[/.]", "_", name)


def entry_value(value: Any) -> str:
    """Return the text of a parameter, cut where MLflow would refuse it."""
    text = str(value)
    return text if len(text) <= VALUE_LIMIT else f"{text[: VALUE_LIMIT - 1]}…"


def tag_value(value: Any) -> str:
    """Return the text of a tag, cut likewise."""
    text = str(value)
    return text if len(text) <= TAG_LIMIT else f"{text[: TAG_LIMIT - 1]}…"


def finite(metrics: Mapping[str, float]) -> dict[str, float]:
    """Return `metrics` under accepted names, without infinities: MLflow would store 1.8e308 for them."""
    keys = entry_names(metrics)
    return {keys[name]: float(value) for name, value in metrics.items() if not math.isinf(value)}


def infinite(metrics: Mapping[str, float]) -> dict[str, str]:
    """Return tags for the metrics that `finite` leaves out."""
    keys = entry_names(metrics)
    return {
        f"stepmill.metric.{keys[name]}": str(value) for name, value in metrics.items() if math.isinf(value)
    }


def promoted(steps: Mapping[str, Mapping[str, float]]) -> dict[str, float]:
    """Return a pipeline's metrics from those of its steps.

    Each stands as `<step>.<metric>`, and under its bare name too when exactly one step has it.
    """
    logged_by = Counter(name for metrics in steps.values() for name in metrics)
    result = {
        name: value for metrics in steps.values() for name, value in metrics.items() if logged_by[name] == 1
    }
    result.pop(SECONDS, None)
    return result | {
        f"{step}.{name}": value for step, metrics in steps.items() for name, value in metrics.items()
    }


def was_executed(outcome: StepOutcome) -> bool:
    """Tell whether the step's own code ran in this run, to its end or not."""
    if outcome.status in (StepStatus.EXECUTED, StepStatus.FAILED):
        return True
    return outcome.status is StepStatus.CANCELLED and outcome.seconds is not None


def cached_tags(summary: RunSummary) -> dict[str, str]:
    """Return one tag for each cached step: the run that its results come from."""
    keys = entry_names(summary.steps)
    return {
        f"stepmill.cached.{keys[name]}": outcome.cached_from or "unknown"
        for name, outcome in summary.steps.items()
        if outcome.status is StepStatus.CACHED
    }


def run_note(summary: RunSummary) -> str:
    """Return a description in Markdown, which MLflow's UI shows at the head of the run."""
    lines = ["| step | status | seconds | why |", "|---|---|---:|---|"]
    for name, outcome in summary.steps.items():
        seconds = "" if outcome.seconds is None else f"{outcome.seconds:.2f}"
        cells = (name, outcome.status.value, seconds, outcome.reason)
        lines.append("| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |")
    return tag_value("\n".join(lines))


def failure_note(outcome: StepOutcome) -> str | None:
    """Return the error of a failed step as Markdown."""
    if outcome.error is None:
        return None
    error = outcome.error
    text = str(error.get("traceback") or error.get("message") or raised(error) or outcome.reason)
    plain = re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", text)
    tail = plain[-(TAG_LIMIT - 200) :]  # the end of a traceback says what happened
    return tag_value(f"```\n{tail}\n```")
