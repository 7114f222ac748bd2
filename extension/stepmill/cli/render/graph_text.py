"""The pipeline for a terminal: steps in order, what each takes and gives, and the lines between them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from stepmill.cli.render.diagnostics import cut
from stepmill.cli.render.layout import joined, styled, wrapped
from stepmill.cli.render.rails import Rails, continuation, draw_rails
from stepmill.model.pipeline import Edge, EdgeKind, Parameter, Pipeline, Step
from stepmill.model.quantities import count_text, listed, value_text
from stepmill.model.secrets import MASK, is_secret_name

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rich.text import Text

ASCII = str.maketrans("●│├╮╯┬┴┼─", "*||\\/+++-")
WORDS = {
    EdgeKind.ORDER: "after",
    EdgeKind.FILE: "after",
    EdgeKind.SESSION: "keeps the settings of",
    EdgeKind.RANDOM: "goes on with the random state of",
}
VERBS = {
    EdgeKind.ORDER: ("comes first", "asked for"),
    EdgeKind.FILE: ("used first", "used then"),
    EdgeKind.RANDOM: ("left", "drawn on"),
}
"""What happens at the two places of an edge; of data: given and taken."""


def render_graph(
    pipeline: Pipeline,
    *,
    explain: bool = False,
    sources: Mapping[int, str] | None = None,
    width: int | None = None,
    has_unicode: bool = True,
) -> list[Text]:
    """Return the drawing; `explain` adds to each edge the lines of the notebook that make it one."""
    order = [step.name for step in pipeline.steps]
    rails = draw_rails(order, {name: pipeline.upstream(name) for name in order}) or {}
    lines = [styled(_headline(pipeline), "bold")]
    unread = pipeline.unread_parameters
    lines += [
        joined(
            f"  {p.name} = {_default_text(p)}",
            styled("  (no step reads it)" if p.name in unread else "", "dim"),
        )
        for p in pipeline.parameters
    ]
    lines.append(styled(""))
    for step in pipeline.steps:
        rail = rails.get(step.name, Rails(above=(), node="●", below=""))
        lines += _step_block(pipeline, step, rail, explain, sources or {}, width)
    if not has_unicode:
        lines = [_ascii(line) for line in lines]
    return lines


def cells_text(step: Step) -> str:
    """Return "cell [3]" or "cells [3] [4]"."""
    numbers = " ".join(f"[{index}]" for index in step.cells)
    return f"cell {numbers}" if len(step.cells) == 1 else f"cells {numbers}"


def edge_lines(edge: Edge, sources: Mapping[int, str], width: int | None, *, indent: int = 4) -> list[Text]:
    """Return the edge's evidence: the giving and the taking line, with their text."""
    doubt = (
        styled(" (in doubt: held to be one until a run shows otherwise)", "yellow") if edge.doubtful else ""
    )
    what = edge.name if edge.kind is EdgeKind.DATA else f"{edge.kind} {edge.name}".strip()
    head = joined(styled(f"{what}: {edge.producer} -> {edge.consumer}"), doubt)
    lines = wrapped(head, width, first=" " * indent, indent=indent + 2)
    for place, verb in zip(edge.evidence, VERBS.get(edge.kind, ("given", "taken")), strict=False):
        source = sources.get(place.cell, "").split("\n")
        line = source[place.line - 1] if 0 < place.line <= len(source) else ""
        code = line.strip()
        where = f"{verb} in cell [{place.cell}], line {place.line}"
        note = joined(
            styled(f"{where}: " if code else where, "dim"),
            cut(code, place.column - (len(line) - len(line.lstrip())), None)[0],
            styled(_other_name(edge, code), "dim"),
        )
        lines += wrapped(note, width, first=" " * (indent + 2), indent=indent + 4)
    return lines


def _other_name(edge: Edge, code: str) -> str:
    """Say so where the line has the variable by another name, or calls what has it."""
    if edge.kind is not EdgeKind.DATA or not code or re.search(rf"(?<!\w){re.escape(edge.name)}(?!\w)", code):
        return ""
    return f"  (`{edge.name}` by another name, or in a function that this calls)"


def flow_phrases(pipeline: Pipeline, step: Step) -> list[tuple[str, str]]:
    """Return what the step takes, gives and waits for, as (word, phrase) pairs."""
    phrases = [("takes", phrase) for phrase in _taken(step)]
    if step.parameters:
        phrases.append(("reads", f"{listed(step.parameters)} ({_plural('parameter', step.parameters)})"))
    edges = [e for e in pipeline.edges if e.consumer == step.name and e.kind in WORDS]
    phrases += [(WORDS[edge.kind], f"{edge.producer}{_about(edge)}") for edge in edges]
    outputs = [o.name for o in step.outputs if o.required and o.kind is EdgeKind.DATA]
    kept = [o.name for o in step.outputs if not o.required and o.kind is EdgeKind.DATA]
    if outputs:
        phrases.append(("gives", listed(outputs)))
    if kept:
        phrases.append(
            ("keeps", f"{listed(kept)} (no later step takes {'it' if len(kept) == 1 else 'them'})")
        )
    return phrases


def _plural(noun: str, names: Sequence[str]) -> str:
    return noun if len(names) == 1 else f"{noun}s"


def _about(edge: Edge) -> str:
    if edge.kind is EdgeKind.SESSION:
        return ""
    if edge.kind is EdgeKind.ORDER:
        return f" ({edge.name or '--after'})"
    return f" (file {edge.name})" if edge.kind is EdgeKind.FILE else f" ({edge.name})"


def _headline(pipeline: Pipeline) -> str:
    steps = count_text(len(pipeline.steps), "step")
    parameters = count_text(len(pipeline.parameters), "parameter")
    return f"{pipeline.name}: {steps}" + (f", {parameters}" if pipeline.parameters else "")


def _default_text(parameter: Parameter) -> str:
    return MASK if is_secret_name(parameter.name) and parameter.default else value_text(parameter.default)


def _taken(step: Step) -> list[str]:
    by_producer: dict[str, list[str]] = {}
    for taken in step.inputs:
        if taken.kind is EdgeKind.DATA:
            by_producer.setdefault(taken.producer, []).append(
                f"{taken.name}?" if taken.doubtful else taken.name
            )
    return [f"{listed(names)} from {producer}" for producer, names in by_producer.items()]


def _step_block(
    pipeline: Pipeline,
    step: Step,
    rail: Rails,
    explain: bool,
    sources: Mapping[int, str],
    width: int | None,
) -> list[Text]:
    below = continuation(rail.below) if rail.below else ""
    margin = max(len(rail.node), len(rail.below), 1) + 2
    content: list[Text] = []
    for word, phrase in flow_phrases(pipeline, step):
        room = None if width is None else width - margin
        content += wrapped(joined(styled(f"{word} ", "dim"), phrase), room, indent=4)
    if explain:
        for edge in pipeline.edges:
            if edge.consumer == step.name:
                content += edge_lines(edge, sources, None if width is None else width - margin, indent=2)
    implicit = " (untagged code, run once)" if step.implicit else ""
    title = joined(styled(step.name, "bold green"), styled(f"  {cells_text(step)}{implicit}", "dim"))
    rows = [(row, styled("")) for row in rail.above] + [(rail.node, title)]
    rows += [
        (rail.below if number == 0 else below, line) for number, line in enumerate([*content, styled("")])
    ]
    lines = [joined(styled(f"{row:<{margin}}", "blue"), line) for row, line in rows]
    for line in lines:
        line.rstrip()
    return lines


def _ascii(line: Text) -> Text:
    line.plain = line.plain.translate(ASCII)
    return line
