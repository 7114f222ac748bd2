"""Prepares what is uploaded with a run: masked copies of notebooks, pages, graph and summary."""

from __future__ import annotations

import json
import shutil
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from stepmill.model.codec import from_json, to_json
from stepmill.model.run import RunSummary, StepOutcome
from stepmill.tracking.entries import was_executed
from stepmill.tracking.lineage import Lineage
from stepmill.tracking.masking import Mask
from stepmill.tracking.pages import page_writer, read_notebook_document
from stepmill.tracking.state import STAGED_FOLDER, write_json

LARGEST_BYTES = 64 * 1024 * 1024  # bigger notebooks stay in the run's folder only


class Staging:
    """Writes the uploads of one run to `runs/<id>/tracking/`; `warnings` say what was left out.

    Copies are made because the originals may hold secrets, and because a delivery that fails now
    must be able to succeed later, when the secrets are no longer known.
    """

    def __init__(self, folder: Path, mask: Mask) -> None:
        self.folder = folder
        self.mask = mask
        self.warnings: list[str] = []
        self._writer = cache(page_writer)

    @property
    def is_done(self) -> bool:
        return (self.pipeline_folder / "run.json").is_file()  # written last

    @property
    def pipeline_folder(self) -> Path:
        """Folder with the files for the parent run."""
        return self.folder / STAGED_FOLDER / "pipeline"

    def step_folder(self, step: str) -> Path:
        """Folder with the files for a step's run; named by digest, as step names may be odd."""
        return self.folder / STAGED_FOLDER / f"step-{sha256(step.encode()).hexdigest()[:16]}"

    def stage_step(self, step: str, outcome: StepOutcome, title: str) -> None:
        """Write the copies of one step's executed notebook."""
        if outcome.notebook:
            self._notebook(Path(outcome.notebook), self.step_folder(step), f"{step}, {title}")

    def lineage(self) -> Lineage:
        """Return what `stage` was given as lineage."""
        path = self.folder / STAGED_FOLDER / "lineage.json"
        return from_json(Lineage, json.loads(path.read_text("utf-8"))) if path.is_file() else Lineage()

    def stage(self, summary: RunSummary, lineage: Lineage) -> None:
        """Write all copies that are not there yet."""
        self.pipeline_folder.mkdir(parents=True, exist_ok=True)
        for name in ("graph.json", "graph.svg"):
            self._copy_text(self.folder / name, self.pipeline_folder / name)
        title = f"{summary.pipeline} {summary.run_id}"
        whole = Path(summary.notebook) if summary.notebook else self.folder / "notebook.ipynb"
        self._notebook(whole, self.pipeline_folder, title)
        for name, outcome in summary.steps.items():
            if was_executed(outcome) and not self.step_folder(name).exists():
                self.stage_step(name, outcome, title)
        masked = self.mask.document(to_json(lineage))
        write_json(self.folder / STAGED_FOLDER / "lineage.json", masked)
        self._summary(summary)

    def stage_summary(self, summary: RunSummary) -> None:
        """Write the summary alone, which is masked already: all that is safe once the secrets are gone."""
        self.pipeline_folder.mkdir(parents=True, exist_ok=True)
        self._summary(summary)
        self.warnings.append(
            "its notebooks were not uploaded: they may hold the value of a secret parameter, which nobody "
            "knows any more"
        )

    def _summary(self, summary: RunSummary) -> None:
        write_json(self.pipeline_folder / "run.json", self.mask.document(to_json(summary)))

    def discard(self) -> None:
        """Remove the copies, once they are delivered."""
        shutil.rmtree(self.folder / STAGED_FOLDER, ignore_errors=True)

    def _copy_text(self, source: Path, target: Path) -> None:
        if not source.is_file():
            return
        text = source.read_text(encoding="utf-8")
        if source.suffix == ".json":
            write_json(target, self.mask.document(json.loads(text)))
        else:
            target.write_text(self.mask.text(text), encoding="utf-8")

    def _notebook(self, source: Path, target: Path, title: str) -> None:
        source = source if source.is_absolute() else self.folder / source
        if not source.is_file():
            return
        if source.stat().st_size > LARGEST_BYTES:
            self.warnings.append(f"{source.name} is larger than 64 MiB and was not uploaded: see {source}")
            return
        target.mkdir(parents=True, exist_ok=True)
        document: dict[str, Any] = self.mask.document(read_notebook_document(source))
        write_json(target / "notebook.ipynb", document)
        try:
            page = self._writer()(document, title)
        except Exception as error:  # noqa: BLE001 - any output may trip nbconvert; the .ipynb is there
            self.warnings.append(f"no HTML page of {source.name}: {type(error).__name__}: {error}")
            return
        (target / "notebook.html").write_text(self.mask.text(page), encoding="utf-8")
