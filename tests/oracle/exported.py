"""The verdict on one case as a plain module: what it prints, leaves and raises is the linear run's."""

from __future__ import annotations

import re
import traceback
from typing import TYPE_CHECKING, Any

from oracle.harness import CellRun, cell_run, lay_out, shown
from oracle.judge import Finding, Verdict
from stepmill import api
from stepmill.errors import ExportRefused, PipelineError
from stepmill.notebook.reading import read_notebook
from stepmill.running.export import export_pipeline

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from oracle.case import Case
    from oracle.harness import ForkServer
    from stepmill.compiler.exporting import Exported

_INSIDE = re.compile(r"[\w.]*<locals>\.")
_MAGIC = re.compile(r"(?m)^\s*(\w+\s*=\s*)?[%!]|\?\s*$")
_LINES = re.compile(r"\bSList(\[[^\[\]]*\])<>")


def judge_export(case: Case, server: ForkServer, folder: Path) -> Finding | None:
    """Export the case, run the module in a fresh process, compare with Run All; None if it is no pipeline."""
    notebook = lay_out(case, folder / "module")
    try:
        exported = exported_module(notebook)
    except PipelineError:
        return None
    except ExportRefused as error:
        return Finding(
            verdict=Verdict.REFUSED, evidence=f"cell {error.cell} line {error.line}: {error.message}"
        )
    except Exception:
        return Finding(verdict=Verdict.CRASHED, evidence=traceback.format_exc())
    path = notebook.with_name("exported.py")
    path.write_text(exported.text, "utf-8")
    found = cell_run(server.run_module(path, _arguments(case.parameters), exported.functions), path.parent)
    lay_out(case, folder / "linear")
    cells = [
        {"source": source, "snapshot": True, "may_raise": "raises-exception" in cell.tags}
        for source, cell in zip(case.linear_sources(), case.cells, strict=True)
    ]
    records = server.run_printed(cells, folder / "linear")
    wrong = [*_compare(case, exported, found, records, folder / "linear")]
    if wrong:
        return Finding(verdict=Verdict.SILENTLY_WRONG, evidence="\n".join([*wrong, exported.text]))
    return Finding(verdict=Verdict.EQUAL, evidence=exported.text)


def exported_module(notebook: Path) -> Exported:
    """Return what the exporter makes of a notebook, with what it says about the functions."""
    path = notebook.resolve()
    loaded = read_notebook(path).notebook
    pipeline = api.analyze(path, project=path.parent)
    return export_pipeline(loaded, pipeline, path, path.with_suffix(".py"), (), "py")


def _arguments(parameters: Mapping[str, Any]) -> list[str]:
    import json

    found: list[str] = []
    for name, value in parameters.items():
        if isinstance(value, bool):
            found.append(f"--{name}" if value else f"--no-{name}")
        else:
            found += [f"--{name}", json.dumps(value) if isinstance(value, list | dict) else str(value)]
    return found


def _compare(
    case: Case, exported: Exported, found: CellRun, records: Sequence[Mapping[str, Any]], folder: Path
) -> list[str]:
    truth = [cell_run(record, folder) for record in records]
    stopped = truth[-1].error if "raises-exception" not in case.cells[len(truth) - 1].tags else ""
    wrong = []
    kinds = {stopped.partition(":")[0], found.error.partition(":")[0]}
    if len(kinds) > 1 and kinds != {"NameError", "UnboundLocalError"}:
        wrong.append(f"it ended with {found.error!r}, Run All with {stopped!r}")
    text = "".join(piece.removeprefix("stdout|") for piece in found.shown)
    wanted = _wanted(case, exported, records, folder)
    if not _fits(text, wanted):
        wrong.append(f"it printed {text!r}\n  Run All: {wanted}")
    if not stopped and not wrong:
        wrong += _values(case, exported, found, truth[-1])
    return wrong


def _wanted(
    case: Case, exported: Exported, records: Sequence[Mapping[str, Any]], folder: Path
) -> list[tuple[str, bool]]:
    """Return (text, whether it may be missing) for what the cells in the module show."""
    pieces: list[tuple[str, bool]] = []
    for index, (cell, record) in enumerate(zip(case.cells, records, strict=False)):
        if index not in exported.cells:
            continue
        loose = cell.step is None or bool(_MAGIC.search(cell.body))
        for output in record["outputs"]:
            for piece in shown([output], folder):
                kind, _, text = piece.partition("|")
                if kind == "execute_result":
                    text = cell_text(output["data"].get("text/x-printed", text), folder) + "\n"
                elif kind == "display_data":
                    text += "\n"
                if kind != "error":
                    pieces.append((text, loose or kind != "stdout"))
    return pieces


def cell_text(text: str, folder: Path) -> str:
    """Return `text` with what differs from process to process blanked."""
    return shown([{"output_type": "stream", "name": "stdout", "text": text}], folder)[0].removeprefix(
        "stdout|"
    )


def _same(text: str) -> str:
    """Blank what a module changes on purpose: qualified names inside of step functions, IPython's lists."""
    return _LINES.sub(r"list\1", _INSIDE.sub("", text))


def _fits(text: str, pieces: Sequence[tuple[str, bool]]) -> bool:
    """Tell whether `text` is these pieces in their order; those that may be missing may also differ."""
    ends = {0}
    for piece, optional in pieces:
        after = {end + len(piece) for end in ends if text.startswith(piece, end)}
        if optional:
            lines = {i + 1 for i, character in enumerate(text) if character == "\n"}
            after |= ends | {line for line in lines if any(line > end for end in ends)}
        ends = after
    return len(text) in ends


def _values(case: Case, exported: Exported, found: CellRun, truth: CellRun) -> list[str]:
    wrong = []
    names = {n for names in exported.functions.values() for n in names}
    for name in sorted(found.values):
        if name in exported.left_out or name not in truth.values:
            continue
        if case.observe is not None and name not in case.observe:
            continue
        ours, theirs = _same(found.values[name]), _same(truth.values[name])
        if ours != theirs:
            wrong.append(f"{name} = {ours}\n  Run All: {theirs}")
    gone = {n for n in names - found.values.keys() - exported.left_out if n in truth.values}
    wrong += [f"{name} is missing" for name in sorted(gone) if not name.startswith("_")]
    kept = {n for n in found.values if n in truth.values and n not in exported.left_out}
    kept = kept if case.observe is None else kept & set(case.observe)
    ours_shared = {pair for pair in found.sharing if set(pair) <= kept}
    theirs_shared = {pair for pair in truth.sharing if set(pair) <= kept}
    if ours_shared != theirs_shared:
        wrong.append(f"shared objects {sorted(ours_shared)}\n  Run All: {sorted(theirs_shared)}")
    return wrong
