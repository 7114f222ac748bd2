"""An edge in doubt."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stepmill.analysis.rules.tagging import add_option, tag
from stepmill.model.diagnostic import Fix, Severity
from stepmill.model.pipeline import SETUP_STEP, EdgeKind
from stepmill.model.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stepmill.analysis.rules.view import View
    from stepmill.model.diagnostic import Diagnostic
    from stepmill.model.pipeline import Edge

RULE = Rule(
    code="SM206",
    severity=Severity.INFO,
    title="an edge in doubt",
    message="step `{consumer}` waits for `{producer}`, which {detail}",
    label="{doubt}",
    other="{here}",
    hint="{todo}",
    why="stepmill cannot tell what such a line does; until a run has shown it, the steps keep their order.",
    more=(
        "The result is right either way; `--strict` refuses such a notebook. After the first run a variable\n"
        "is in doubt no more: the step's input was compared with what the step left behind."
    ),
    bad=(
        "import mylib",
        "%%step load\nrows = mylib.load()",
        "%%step look\nrows.inspect()",
        "%%step count\nn = len(rows)",
    ),
    at=(2, 2),
    good=(
        "import mylib",
        "%%step load\nrows = mylib.load()",
        "%%step look\nprint(rows)",
        "%%step count\nn = len(rows)",
    ),
)


def check(view: View) -> Iterator[Diagnostic]:
    """Order that is given in another way too, by data or by `--after`, is beyond doubt."""
    doubtful = [edge for edge in view.edges if edge.doubtful]
    certain = {(e.producer, e.consumer) for e in view.edges if not e.doubtful} if doubtful else set()
    said: set[tuple[str, str, str]] = set()
    for edge in doubtful:
        about = edge.name if edge.kind is EdgeKind.DATA else ""
        key = (edge.producer, edge.consumer, about)
        if key[:2] not in certain and key not in said:
            said.add(key)
            yield _diagnostic(view, edge)


def _diagnostic(view: View, edge: Edge) -> Diagnostic:
    given, taken = edge.evidence
    detail, doubt, here = f"may change `{edge.name}`", f"may change `{edge.name}`", "takes it"
    todo = f"nothing: the first run finds out; or hand this line a copy of `{edge.name}`"
    if edge.kind is EdgeKind.FILE:
        detail, doubt, here = "may touch the same files", "touches files", "touches files, too"
        todo = (
            "nothing: the result is right either way; "
            f"`--after {edge.producer}` on the `%%step` line of `{edge.consumer}` says that it is meant"
        )
        if edge.producer == SETUP_STEP:
            name = f"cell [{given.cell}]"
            todo = f"tag {name} with `%%step NAME`, and say `--after NAME` where `{edge.consumer}` is tagged"
    return view.diagnose(
        RULE, given, edge.name, other=taken, producer=edge.producer, consumer=edge.consumer, detail=detail,
        doubt=doubt, here=here, todo=todo,
    )  # fmt: skip


def fixes(view: View, found: Diagnostic) -> tuple[Fix, ...]:
    """Which files a command touches, nobody can tell from its line; the order of the notebook is safe."""
    for edge in view.edges:
        here = edge.evidence and (edge.evidence[0].cell, edge.evidence[0].line) == (found.cell, found.line)
        if not here or edge.kind is not EdgeKind.FILE or f"`{edge.consumer}` waits" not in found.message:
            continue
        if edge.producer != SETUP_STEP:
            title = f"keep the order: `--after {edge.producer}` on step `{edge.consumer}`"
            return add_option(view, edge.consumer, f"--after {edge.producer}", title)
        for tagged in tag(view, edge.evidence[0].cell, "files", "make"):
            name = tagged.edits[0].text.split()[1]
            after = add_option(view, edge.consumer, f"--after {name}", "")
            title = f"{tagged.title}, and keep the order: `--after {name}` on step `{edge.consumer}`"
            return tuple(Fix(title=title, edits=(*tagged.edits, *one.edits)) for one in after)
    return ()
