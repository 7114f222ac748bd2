"""`stepmill artifacts`: what a run gave, without loading anything."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from stepmill import api
from stepmill.cli.command import StepmillCommand, json_option, project_option
from stepmill.cli.json_output import print_json
from stepmill.cli.render.artifact_text import artifacts_table, render_artifact
from stepmill.cli.render.console import open_console
from stepmill.cli.render.layout import styled
from stepmill.model.codec import SCHEMA
from stepmill.model.quantities import count_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stepmill.api import Run
    from stepmill.model.artifact import StoredValue

HELP = """List what the steps of the run RUN gave: type, shape, size, digest.

With STEP only what that step gave; with NAME that value as it was noted down when it was stored: its
first rows, statistics and a histogram of each column, the parameters of an estimator, the path of a
picture. Nothing is loaded, so nothing of the notebook's code runs.

RUN is an id from `stepmill runs`, its beginning if that is unambiguous, or `latest`, which it is if
nothing is given; `latest~1` is the run before that.
"""
EXAMPLES = (
    ("what did the newest run give?", "stepmill artifacts"),
    ("what does this table look like?", "stepmill artifacts latest features df"),
    ("for a script", "stepmill artifacts latest --json"),
)


@click.command("artifacts", cls=StepmillCommand, help=HELP, examples=EXAMPLES)
@click.argument("run_id", metavar="[RUN]", default="latest")
@click.argument("step", metavar="[STEP]", required=False)
@click.argument("name", metavar="[NAME]", required=False)
@project_option
@json_option
def command(run_id: str, step: str | None, name: str | None, project: Path | None, as_json: bool) -> int:
    """Print the list, or one value."""
    run = api.open_run(run_id, project)
    found = run.artifacts(step, name)
    if as_json:
        print_json(
            {"schema": SCHEMA, "run_id": run.run_id, "artifacts": [_document(run, value) for value in found]}
        )
        return 0
    screen = open_console()
    if name is None:
        screen.write(*artifacts_table(found, width=screen.width))
        screen.write("", _summary(run, found))
        return 0
    for value in found:
        picture = _picture(run, value)
        screen.write(
            *render_artifact(value, picture=picture or "", width=screen.width, has_unicode=screen.has_unicode)
        )
    return 0


def _summary(run: Run, found: tuple[StoredValue, ...]) -> Any:
    if not found:
        return styled(f"run {run.run_id} kept no values: none of its steps came to its end", "dim")
    return styled(
        f"{count_text(len(found), 'value')} of run {run.run_id};"
        " `stepmill artifacts RUN STEP NAME` shows one of them",
        "dim",
    )


def _document(run: Run, value: StoredValue) -> Mapping[str, Any]:
    return {
        "step": value.step,
        "name": value.name,
        "digest": value.ref.digest,
        "member": value.ref.member,
        "type": value.ref.type_name,
        "size_bytes": value.ref.size_bytes,
        "shape": value.preview.get("shape"),
        "is_stored": value.is_stored,
        "preview": value.preview,
        "picture": _picture(run, value),
    }


def _picture(run: Run, value: StoredValue) -> str | None:
    """Return the path of the value's PNG, where the store is a folder and has it still."""
    path = run.store.path_of_blob(value.picture) if value.picture else None
    return str(path) if path is not None and path.exists() else None
