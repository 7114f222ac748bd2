from __future__ import annotations

import json

from stepmill.model.diagnostic import Diagnostic, Place, Severity
from stepmill.model.graph import graph_document
from stepmill.model.pipeline import (
    Definition,
    Edge,
    EdgeKind,
    Fragment,
    Input,
    Output,
    Parameter,
    Pipeline,
    Step,
)

LOAD = Step(
    name="load",
    cells=(1,),
    outputs=(Output(name="df"), Output(name="numpy", kind=EdgeKind.RANDOM)),
    parameters=("path",),
)
FIT = Step(
    name="fit",
    cells=(2, 4),
    inputs=(
        Input(name="df", producer="load"),
        Input(name="numpy", producer="load", kind=EdgeKind.RANDOM),
    ),
    after=("load",),
    setup=(
        Fragment(cell=0, line=1, source="import numpy as np"),
        Fragment(cell=1, line=3, source="def f():\n    pass"),
    ),
    definitions=(Definition(name="f", digest="d", step="load"), Definition(name="g", digest="e")),
)
PIPELINE = Pipeline(
    name="n",
    steps=(LOAD, FIT),
    edges=(
        Edge(
            producer="load",
            consumer="fit",
            name="df",
            doubtful=True,
            evidence=(Place(cell=1, line=2, column=4), Place(cell=2, line=1)),
        ),
    ),
    parameters=(
        Parameter(name="path", type="str", default="x.csv", place=Place(cell=0), span=(1, 0, 1, 0)),
        Parameter(name="api_key", type="str", default="hunter2", place=Place(cell=0), span=(1, 0, 1, 0)),
        Parameter(
            name="mode",
            type="literal",
            default="a",
            place=Place(cell=0),
            span=(1, 0, 1, 0),
            choices=("a", "b"),
            optional=True,
        ),
    ),
    diagnostics=(Diagnostic(code="SM1", severity=Severity.WARNING, message="m", cell=1, line=2, hint="h"),),
)


def test_the_graph_is_the_contracts_document() -> None:
    assert graph_document(PIPELINE) == {
        "schema": 1,
        "steps": [
            {
                "name": "load",
                "cells": [1],
                "inputs": {},
                "outputs": ["df"],
                "parameters": ["path"],
                "after": [],
                "setup": "",
                "definitions": {},
            },
            {
                "name": "fit",
                "cells": [2, 4],
                "inputs": {"df": "load"},
                "outputs": [],
                "parameters": [],
                "after": ["load"],
                "setup": "import numpy as np\ndef f():\n    pass",
                "definitions": {"f": "load", "g": None},
            },
        ],
        "edges": [["load", "fit", "df"]],
        "edge_details": [
            {
                "producer": "load",
                "consumer": "fit",
                "name": "df",
                "kind": "data",
                "doubtful": True,
                "evidence": [{"cell": 1, "line": 2}, {"cell": 2, "line": 1}],
            }
        ],
        "parameters": {
            "path": {"type": "str", "default": "x.csv"},
            "api_key": {"type": "str", "default": "********"},
            "mode": {"type": "literal", "default": "a", "choices": ["a", "b"], "optional": True},
        },
        "diagnostics": [
            {
                "code": "SM1",
                "severity": "warning",
                "message": "m",
                "cell": 1,
                "line": 2,
                "column": None,
                "name": None,
                "hint": "h",
                "end_column": None,
                "why": "",
                "label": "",
                "others": [],
                "fixes": [],
            }
        ],
        "silenced": [],
    }


def test_the_graph_is_json() -> None:
    document = graph_document(PIPELINE)
    assert json.loads(json.dumps(document)) == document
