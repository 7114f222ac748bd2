"""One step for people: cells, options, what it takes and gives with evidence, replayed code."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

from stepmill.cli.render.diagnostics import render_diagnostics
from stepmill.cli.render.graph_text import cells_text, edge_lines, flow_phrases
from stepmill.cli.render.layout import joined, styled, wrapped
from stepmill.model.cell import StepOptions
from stepmill.model.quantities import listed, seconds_text, size_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rich.text import Text

    from stepmill.model.pipeline import Pipeline, Step


def render_step(
    pipeline: Pipeline, step: Step, *, sources: Mapping[int, str], width: int | None = None
) -> list[Text]:
    """Return everything the analysis knows of the step."""
    implicit = "; untagged code that is run once before the other steps" if step.implicit else ""
    lines = [joined(styled(step.name, "bold green"), styled(f"  {cells_text(step)}{implicit}", "dim"))]
    facts = [*flow_phrases(pipeline, step), *_facts(step)]
    for word, phrase in facts:
        lines += wrapped(joined(styled(f"{word} ", "dim"), phrase), width, first="  ", indent=6)
    edges = [e for e in pipeline.edges if step.name in (e.consumer, e.producer)]
    if edges:
        lines += [styled(""), styled("why", "bold")]
        for edge in edges:
            lines += edge_lines(edge, sources, width, indent=2)
    if step.setup:
        lines += [styled(""), styled("replayed before it in a fresh kernel", "bold")]
        for fragment in step.setup:
            lines.append(styled(f"  # cell [{fragment.cell}], line {fragment.line}", "dim"))
            lines += [styled(f"  {line}") for line in fragment.source.rstrip("\n").split("\n")]
    findings = [d for d in pipeline.diagnostics if d.cell in step.cells]
    if findings:
        lines += [styled(""), *render_diagnostics(findings, sources=sources, width=width)[:-1]]
    return lines


def _facts(step: Step) -> list[tuple[str, str]]:
    facts = [
        ("reads files", listed(step.files_read)),
        ("writes files", listed(step.files_written)),
        ("reads environment", listed(step.environment)),
        ("may draw random numbers from", listed(step.draws)),
        ("uses functions and classes", listed(d.name for d in step.definitions if d.reached)),
    ]
    facts += [
        ("cannot be cached by content:", f"{v.told} (cell [{v.place.cell}], line {v.place.line})")
        for v in step.volatile
    ]
    facts.append(("options", options_text(step.options)))
    return [(word, phrase) for word, phrase in facts if phrase]


def options_text(options: StepOptions) -> str:
    """Return the options that are not the default, as a `%%step` line has them."""
    return " ".join(
        _option(field.name, getattr(options, field.name))
        for field in fields(StepOptions)
        if getattr(options, field.name) != field.default
    )


def _option(name: str, value: Any) -> str:
    if name == "cache":
        return "--no-cache"
    flag = f"--{name.removesuffix('_s').removesuffix('_bytes').replace('_', '-')}"
    if name.endswith("_s"):
        return f"{flag} {seconds_text(value).replace(' ', '')}"
    if name.endswith("_bytes"):
        return f"{flag} {size_text(value).replace(' ', '')}"
    return f"{flag} {','.join(value) if isinstance(value, tuple) else f'{value:g}'}"
