"""The pipeline as a Mermaid flow chart, for READMEs and places where no extension runs."""

from __future__ import annotations

from stepmill.model.pipeline import EdgeKind, Pipeline
from stepmill.model.quantities import listed


def mermaid_text(pipeline: Pipeline) -> str:
    """Return a `flowchart`; edges without data and edges in doubt are dotted."""
    ids = {step.name: f"s{number}" for number, step in enumerate(pipeline.steps)}
    lines = ["flowchart TD"]
    lines += [f'    {ids[step.name]}["{_quoted(step.name)}"]' for step in pipeline.steps]
    labels: dict[tuple[str, str], list[str]] = {}
    solid: set[tuple[str, str]] = set()
    for edge in pipeline.edges:
        ends = (edge.producer, edge.consumer)
        label = edge.name if edge.kind is EdgeKind.DATA else f"{edge.kind}: {edge.name}".rstrip(": ")
        labels.setdefault(ends, []).append(label)
        if edge.kind is EdgeKind.DATA and not edge.doubtful:
            solid.add(ends)
    for ends, names in labels.items():
        arrow = "-->" if ends in solid else "-.->"
        label = _quoted(listed(dict.fromkeys(names)))
        lines.append(f'    {ids[ends[0]]} {arrow}|"{label}"| {ids[ends[1]]}')
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    """Escape what Mermaid reads inside quotes: entities start with `#` and end with `;`."""
    return "".join(f"#{ord(c)};" if c in '"#;<>&`\\' or ord(c) < 32 else c for c in text)
