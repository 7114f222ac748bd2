"""Two past runs of one notebook, made by hand: another parameter, another picture, another text."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import pandas as pd

from cli.past_runs import past_run
from stepmill.model.artifact import FileAccess, StepRecord
from stepmill.model.pipeline import Edge, Fragment, Input, Pipeline, Step

if TYPE_CHECKING:
    from server.conftest import Site
    from stepmill.running.folder import RunFolder

FIRST, SECOND = "20260101-100000-aaaa", "20260101-110000-bbbb"
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
PIPELINE = Pipeline(
    name="n.ipynb",
    steps=(
        Step(
            name="load",
            cells=(0,),
            body=(Fragment(cell=0, line=1, source="# %%step load\ndf = read()"),),
            code_digest="load",
            body_digest="load",
        ),
        Step(
            name="fit",
            cells=(1,),
            body=(Fragment(cell=1, line=1, source="# %%step fit\nscore = fit(df, alpha)"),),
            inputs=(Input(name="df", producer="load"),),
            parameters=("alpha",),
            code_digest="fit",
            body_digest="fit",
        ),
    ),
    edges=(Edge(producer="load", consumer="fit", name="df"),),
)


def two_runs(site: Site) -> tuple[RunFolder, RunFolder]:
    """Write `n.ipynb` and both runs; the second has alpha 0.3."""
    site.write("n.ipynb", "%%step load\ndf = read()", "%%step fit\nscore = fit(df, alpha)")
    return _run(site, FIRST, 0.1, PNG), _run(site, SECOND, 0.3, PNG[:-1] + b"\x83")


def _run(site: Site, run_id: str, alpha: float, png: bytes) -> RunFolder:
    df = pd.DataFrame({"age": [1.0, None, 3.0], "who": ["a", "b", "a"]})
    folder = past_run(
        site.root.resolve(),
        run_id,
        {"load": {"df": df}, "fit": {"score": 0.25 + alpha, "api_key": "hush"}},
        records={
            "load": _record(files=(FileAccess(path="a.csv", mode="read", digest="f1"),)),
            "fit": _record(components={"code": "c", "parameter:alpha": str(alpha), "input:df": "d"}),
        },
        pipeline=PIPELINE,
        parameters={"alpha": alpha},
        metrics={"f1": 0.5 + alpha},
        started_s=1_767_261_600.0,
    )
    shown = [
        {"output_type": "stream", "name": "stdout", "text": f"score {0.25 + alpha}\n"},
        {
            "output_type": "display_data",
            "data": {"image/png": base64.b64encode(png).decode()},
            "metadata": {},
        },
    ]
    document = {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {},
        "cells": [
            {"cell_type": "code", "source": "%%step load", "outputs": []},
            {"cell_type": "code", "source": "%%step fit", "outputs": shown},
        ],
    }
    folder.notebook.write_text(json.dumps(document), encoding="utf-8")
    return folder


def _record(**facts: Any) -> StepRecord:
    made = {"components": {"code": "c", "python": "3.12.1"}, "distributions": {"pandas": "2.1"}, **facts}
    return StepRecord(key="k", step="", run_id="", created_s=0.0, seconds=1.0, **made)
