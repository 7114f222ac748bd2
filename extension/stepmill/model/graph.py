"""The pipeline as the document that `stepmill graph --json` prints: a fixed contract."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stepmill.model.codec import SCHEMA, to_json
from stepmill.model.pipeline import Edge, EdgeKind, Parameter, Pipeline, Step
from stepmill.model.secrets import MASK, is_secret_name

if TYPE_CHECKING:
    from stepmill.model.diagnostic import Place


def graph_document(pipeline: Pipeline) -> dict[str, Any]:
    """Return the graph as JSON types. Cells count from 0, lines from 1 within the cell."""
    return {
        "schema": SCHEMA,
        "steps": [_step(step) for step in pipeline.steps],
        "edges": [[edge.producer, edge.consumer, edge.name] for edge in pipeline.edges],
        "edge_details": [_edge(edge) for edge in pipeline.edges],
        "parameters": {parameter.name: _parameter(parameter) for parameter in pipeline.parameters},
        "diagnostics": to_json(pipeline.diagnostics),
        "silenced": to_json(pipeline.silenced),
    }


def _parameter(parameter: Parameter) -> dict[str, Any]:
    """Return the type and the default, and the choices where there are some; secrets are masked."""
    is_secret = is_secret_name(parameter.name) and parameter.default
    document = {"type": parameter.type, "default": MASK if is_secret else parameter.default}
    if parameter.choices:
        document["choices"] = list(parameter.choices)
    if parameter.optional:
        document["optional"] = True
    return document


def _step(step: Step) -> dict[str, Any]:
    return {
        "name": step.name,
        "cells": list(step.cells),
        "inputs": {taken.name: taken.producer for taken in step.inputs if taken.kind is EdgeKind.DATA},
        "outputs": [given.name for given in step.outputs if given.kind is EdgeKind.DATA],
        "parameters": list(step.parameters),
        "after": list(step.after),
        "setup": "\n".join(fragment.source for fragment in step.setup),
        "definitions": {definition.name: definition.step for definition in step.definitions},
    }


def _edge(edge: Edge) -> dict[str, Any]:
    return {
        "producer": edge.producer,
        "consumer": edge.consumer,
        "name": edge.name,
        "kind": edge.kind.value,
        "doubtful": edge.doubtful,
        "evidence": [_place(place) for place in edge.evidence],
    }


def _place(place: Place) -> dict[str, int]:
    return {"cell": place.cell, "line": place.line}
