"""What people read, drawn from records made by hand."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from cli.golden import blanked, check_golden
from cli.samples import (
    FAILED_RUN,
    NOT_EQUAL,
    PIPELINE,
    PLAN,
    SOURCES,
    TRACEBACK,
    TRAIN,
    UNSTABLE,
    VERIFIED,
)
from stepmill.cli.render.diagnostics import render_diagnostics
from stepmill.cli.render.errors import render_error
from stepmill.cli.render.graph_text import render_graph
from stepmill.cli.render.mermaid import mermaid_text
from stepmill.cli.render.run_report import render_past_run
from stepmill.cli.render.step_text import render_step
from stepmill.cli.render.tables import plan_table
from stepmill.cli.render.verification import render_verification
from stepmill.errors import NotebookError, ParameterError, PipelineError, StepFailed
from stepmill.model.artifact import ArtifactRef, StoredValue

if TYPE_CHECKING:
    from collections.abc import Callable

NOTEBOOK = Path("churn.ipynb")
GIVEN = tuple(
    StoredValue(
        step=step,
        name=name,
        ref=ArtifactRef(digest=digest, type_name="pandas.DataFrame", size_bytes=12_345),
        preview={"shape": [1309, 12]},
    )
    for step, outcome in FAILED_RUN.steps.items()
    for name, digest in outcome.outputs.items()
)
WIDTH = 80

DRAWINGS: dict[str, Callable[[], Any]] = {
    "diagnostics": lambda: render_diagnostics(
        PIPELINE.diagnostics, notebook=NOTEBOOK, sources=SOURCES, width=WIDTH
    ),
    "graph": lambda: render_graph(PIPELINE, sources=SOURCES, width=WIDTH),
    "graph-explained": lambda: render_graph(PIPELINE, explain=True, sources=SOURCES, width=WIDTH),
    "graph-ascii": lambda: render_graph(PIPELINE, sources=SOURCES, width=WIDTH, has_unicode=False),
    "graph-mermaid": lambda: mermaid_text(PIPELINE).splitlines(),
    "step": lambda: render_step(PIPELINE, TRAIN, sources=SOURCES, width=WIDTH),
    "plan": lambda: plan_table(PLAN, width=WIDTH),
    "plan-narrow": lambda: plan_table(PLAN, width=50),
    "past-run": lambda: render_past_run(
        FAILED_RUN, sources=SOURCES, values=GIVEN, changed=("alpha 0.1 → 0.3", "clean()"), width=WIDTH
    ),
    "error-notebook": lambda: render_error(
        NotebookError("churn.ipynb does not exist", hint="notebooks here: credit.ipynb"), notebook=NOTEBOOK
    ),
    "error-with-place": lambda: render_error(
        ParameterError("'x' is no number", hint="write for example: -p alpha=0.3", cell=1, line=1, column=8),
        notebook=NOTEBOOK,
        sources=SOURCES,
    ),
    "error-pipeline": lambda: render_error(
        PipelineError("SM301: repeated", cell=6, line=2, diagnostics=PIPELINE.errors),
        notebook=NOTEBOOK,
        sources=SOURCES,
    ),
    "error-step": lambda: render_error(
        StepFailed("step train raised ValueError", cell=6, line=3, step="train", traceback=TRACEBACK),
        notebook=NOTEBOOK,
        sources=SOURCES,
    ),
    "verify-equal": lambda: render_verification(VERIFIED, width=WIDTH),
    "verify-different": lambda: render_verification(NOT_EQUAL, sources=SOURCES, width=WIDTH),
    "verify-not-reproducible": lambda: render_verification(UNSTABLE, sources=SOURCES, width=WIDTH),
}


@pytest.mark.parametrize("name", DRAWINGS)
def test_drawing_is_as_kept(name: str) -> None:
    lines = [str(line) for line in DRAWINGS[name]()]
    check_golden(name, blanked("\n".join(lines) + "\n"))


@pytest.mark.parametrize("name", ["graph", "graph-explained", "plan", "step", "diagnostics", "past-run"])
def test_lines_fit_in_eighty_columns(name: str) -> None:
    lines = DRAWINGS[name]()
    assert [line.plain for line in lines if line.cell_len > WIDTH] == []
