"""From what a step's kernel reports to the record that publishes it."""

from __future__ import annotations

import ast
import json
import posixpath
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stepmill import atomic
from stepmill.model.artifact import FileAccess, StepRecord
from stepmill.notebook.ipython import to_python
from stepmill.planning.distributions import distributions_by_module, installed_versions, used_distributions
from stepmill.planning.evidence import code_document
from stepmill.planning.file_digests import UNREADABLE
from stepmill.planning.process_state import LEFT, OWN_DATA, USES
from stepmill.syntax import parse_or_empty

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from stepmill.model.exchange import StepResult
    from stepmill.model.pipeline import Step
    from stepmill.notebook.reached import Reached
    from stepmill.planning.observations import World


_LONGEST_PATH = 255


def make_record(
    step: Step,
    result: StepResult,
    world: World,
    *,
    key: str,
    components: Mapping[str, str],
    own_code: Mapping[str, Reached],
    run_id: str,
    created_s: float,
    seconds: float,
    cells: str,
    parameters: Mapping[str, str],
    seed: int | None,
    memory: Path,
    left: Iterable[str] = (),
    uses: Iterable[str] = (),
) -> StepRecord:
    """Return the record of a step that ran to its end.

    `parameters` are those the step reads, as text, for later explanations; `memory` is the folder in
    which the lists of installed files are kept between runs; `left` are settings of its process that
    the step left changed, `uses` those in which an earlier step's change would have shown.
    """
    sys_path = _libraries(result.sys_path, world)
    return StepRecord(
        key=key,
        step=step.name,
        run_id=run_id,
        created_s=created_s,
        seconds=seconds,
        components=dict(components),
        outputs=dict(result.outputs),
        random=dict(result.random),
        skipped=dict(result.skipped),
        cells=cells,
        files=observed_files(step, result, components, world, (created_s - seconds, created_s)),
        distributions=_distributions(result.modules, sys_path, memory / "distributions.json"),
        environment={name: world.hash_of_variable(name) for name in {*step.environment, *result.environment}},
        metrics=dict(result.metrics),
        seed=seed,
        extra={
            "parameters": dict(parameters),
            "sys_path": list(sys_path),
            "volatile": list(result.volatile),
            "code": world.store.put_json(code_document(step, own_code, world)),
            LEFT: list(left),
            USES: list(uses),
            OWN_DATA: dict(result.own_data),
        },
    )


def observed_files(
    step: Step,
    result: StepResult,
    components: Mapping[str, str],
    world: World,
    ran: tuple[float, float],
) -> tuple[FileAccess, ...]:
    """Return what counts of the accesses that the kernel saw, and the files it could not see.

    Modules that are part of the key are left out, unless the step came to parts of them in a way that the key
    does not foresee (`StepResult.by_name`). Compiled libraries and other programs open files
    unseen: a file of the project that the step's code names in a literal counts as read, unless it
    was written while the step ran: from one of the times `ran` to the other.
    """
    paths = () if result.by_name else _module_paths(components)
    keyed = {str((world.folder / path).resolve()) for path in paths}
    seen = [a for a in result.files if a.mode != "code" or str(world.path_of(a).resolve()) not in keyed]
    known = {access.path for access in seen if access.mode in ("read", "write")}
    named = [
        FileAccess(path=path, mode="read", digest=digest)
        for path in sorted(_literal_paths(step) - known)
        if (digest := _untouched(path, world, ran))
    ]
    return (*seen, *named)


def _module_paths(components: Mapping[str, str]) -> list[str]:
    return sorted(name.removeprefix("module:") for name in components if name.startswith("module:"))


def _literal_paths(step: Step) -> set[str]:
    """Return the string literals of the step's code that may be paths, relative ones in plain form."""
    sources = [fragment.source for fragment in (*step.body, *step.setup)]
    trees = [parse_or_empty(to_python(source).code) for source in sources]
    texts = {
        node.value
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    return {
        posixpath.normpath(text) for text in texts if 0 < len(text) <= _LONGEST_PATH and text.isprintable()
    }


def _untouched(path: str, world: World, ran: tuple[float, float]) -> str:
    """Return the digest of a file of the project that was not written in the time `ran`, else ""."""
    target = world.folder / path
    try:
        status = target.stat()
    except (OSError, ValueError):
        return ""
    inside = any(map(target.is_relative_to, world.roots)) and not target.is_relative_to(world.state)
    if not inside or not stat.S_ISREG(status.st_mode) or ran[0] <= status.st_mtime <= ran[1]:
        return ""
    found = world.files.content(target)
    return "" if found == UNREADABLE else found


def _libraries(sys_path: Iterable[str], world: World) -> tuple[str, ...]:
    """Return the entries of a kernel's `sys.path` that hold distributions, not the user's own modules."""
    entries = (Path(entry) for entry in sys_path if entry)
    return tuple(str(entry) for entry in entries if entry.is_dir() and entry != world.folder)


def _distributions(modules: Iterable[str], sys_path: Iterable[str], memory: Path) -> dict[str, str]:
    remembered = _read(memory)
    before = json.dumps(remembered, sort_keys=True)
    entries = tuple(sys_path)
    by_module = distributions_by_module(entries, remembered)
    if json.dumps(remembered, sort_keys=True) != before:
        atomic.write_text(memory, json.dumps(remembered))
    return used_distributions(modules, by_module, installed_versions(entries))


def _read(memory: Path) -> dict[str, Any]:
    try:
        document = json.loads(memory.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}  # only a memory: what is missing is listed again
    return document if isinstance(document, dict) else {}


def body_outputs(executed: Mapping[str, Any]) -> dict[int, list[dict[str, Any]]]:
    """Return the outputs of the user's cells in an executed step notebook, by their index in the source."""
    found: dict[int, list[dict[str, Any]]] = {}
    for cell in executed.get("cells", ()):
        about = cell.get("metadata", {}).get("stepmill", {})
        if about.get("role") == "body" and isinstance(about.get("cell"), int):
            found.setdefault(about["cell"], []).extend(cell.get("outputs", ()))
    return found


def outputs_by_cell(step: Step, outputs: list[list[dict[str, Any]]]) -> dict[int, list[dict[str, Any]]]:
    """Return recorded outputs (one list per cell of the step, in order) by the cells' indices now.

    Cells that were joined or split since keep all outputs: what is left over stands under the last.
    """
    cells = [fragment.cell for fragment in step.body] or list(step.cells)
    found = dict(zip(cells, outputs, strict=False))
    for extra in outputs[len(cells) :]:
        found[cells[-1]] = [*found[cells[-1]], *extra]
    return found
