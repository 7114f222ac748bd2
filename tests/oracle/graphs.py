"""The graph of a case in one line, so that a change of the analyzer shows in which cases it changes what."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from stepmill import api
from stepmill.analysis.build import forget
from stepmill.model.pipeline import EdgeKind

if TYPE_CHECKING:
    from oracle.case import Case
    from stepmill.model.pipeline import Edge, Pipeline

PATH = Path(__file__).with_name("graphs.txt")


def graph_of(case: Case, folder: Path) -> str:
    """Analyse `case` in an empty `folder` that becomes its project, and return its graph."""
    for path, text in case.files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, "utf-8")
    notebook = folder / "case.ipynb"
    notebook.write_text(json.dumps(case.document()), "utf-8")
    forget()  # what was found in another case of that name
    return described(api.analyze(notebook, project=folder))


def described(pipeline: Pipeline) -> str:
    """Return edges, the cells from which steps get definitions and the like, and findings at cell and line.

    `a>b x*`: b takes x from a and may change it, `x?`: in doubt. `b<0 3`: code of cells 0, 3 goes before b.
    """
    unchanged = {(step.name, i.name) for step in pipeline.steps for i in step.inputs if i.unchanged}
    pairs = sorted({(edge.producer, edge.consumer) for edge in pipeline.edges})
    edges = []
    for pair in pairs:
        names = [_name(e, unchanged) for e in pipeline.edges if (e.producer, e.consumer) == pair]
        edges.append(f"{'>'.join(pair)} {' '.join(sorted(names))}")
    before = [(step.name, sorted({fragment.cell for fragment in step.setup})) for step in pipeline.steps]
    setup = sorted(f"{name}<{' '.join(map(str, cells))}" for name, cells in before if cells)
    findings = sorted(f"{found.code}@{found.cell}.{found.line}" for found in pipeline.diagnostics)
    return " | ".join(", ".join(part) for part in (edges or ["-"], setup, [" ".join(findings)]) if any(part))


def _name(edge: Edge, unchanged: set[tuple[str, str]]) -> str:
    if edge.kind is not EdgeKind.DATA:
        return f"{edge.kind}:{edge.name}{'?' * edge.doubtful}"
    return f"{edge.name}{'' if (edge.consumer, edge.name) in unchanged else '*'}{'?' * edge.doubtful}"
