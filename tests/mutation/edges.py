"""Which edges does no result need?

`python tests/mutation/edges.py [--every N] [NAME…]` takes the cases of the oracle (those with one of NAME in
their name, every Nth) whose pipeline equals Run All, and runs each once more for each of its edges without
that edge: the consumer does not get the value, and need not wait for it. If all is equal still, in the
notebook's order and in the reversed one, the edge is false. Prints the false ones, and the precision per
category. Cases whose first run taught the analysis something are left out: their edges are others then.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import Counter
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest import mock

sys.path.insert(0, str(Path(__file__).parents[1]))

from oracle.harness import CellRun, ForkServer, lay_out, linear_run
from oracle.judge import Verdict, has_free_choices, judge_pipeline
from oracle.table import all_cases
from stepmill import api
from stepmill.model.pipeline import EdgeKind
from stepmill.running import bench, inspecting

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from oracle.case import Case
    from stepmill.model.pipeline import Edge, Pipeline


def without(pipeline: Pipeline, dropped: Edge) -> Pipeline:
    """Return the pipeline without one edge and without the input that comes by it."""
    key = (dropped.producer, dropped.consumer, dropped.name, dropped.kind)
    edges = tuple(e for e in pipeline.edges if (e.producer, e.consumer, e.name, e.kind) != key)
    steps = []
    for step in pipeline.steps:
        inputs = tuple(
            given for given in step.inputs if (given.producer, step.name, given.name, given.kind) != key
        )
        steps.append(replace(step, inputs=inputs))
    return replace(pipeline, edges=edges, steps=tuple(steps))


@contextmanager
def dropping(edge: Edge | None) -> Iterator[None]:
    """Let the analysis find all edges but one."""
    whole = inspecting.analyze_with_facts

    def analyze(*arguments: Any, **options: Any) -> Pipeline:
        found = whole(*arguments, **options)
        return found if edge is None else without(found, edge)

    with (
        mock.patch.object(bench, "analyze_with_facts", analyze),
        mock.patch.object(inspecting, "analyze_with_facts", analyze),
    ):
        yield


def is_equal(
    case: Case, truth: Sequence[CellRun], server: ForkServer, edge: Edge | None, folder: Path
) -> bool:
    """Tell whether the pipeline without `edge` gives what Run All gives, in either order."""
    with dropping(edge):
        first = judge_pipeline(case, truth, server, folder / "pipeline", reverse=False)
        if first.verdict is not Verdict.EQUAL:
            return False
        if not has_free_choices(api.analyze(folder / "pipeline" / "case.ipynb")):
            return True
        other = judge_pipeline(case, truth, server, folder / "reversed", reverse=True)
        return other.verdict is Verdict.EQUAL


def try_case(case: Case, server: ForkServer) -> tuple[int, list[Edge]] | None:
    """Return the number of edges, and those that the pipeline does not need; None if it is not equal."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        truth = linear_run(case, server, folder / "linear")
        if not is_equal(case, truth, server, None, folder):
            return None
        edges = api.analyze(lay_out(case, folder / "bare"), project=folder / "bare").edges
        notebook = folder / "pipeline" / "case.ipynb"
        if edges != api.analyze(notebook, project=folder / "pipeline").edges:
            return None
    found = []
    for edge in edges:
        with tempfile.TemporaryDirectory() as name:
            if edge.kind is not EdgeKind.ORDER and is_equal(case, truth, server, edge, Path(name)):
                found.append(edge)
    return len(edges), found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--every", type=int, default=1)
    options = parser.parse_args()
    chosen = [c for c in all_cases() if not options.names or any(name in c.name for name in options.names)]
    server = ForkServer()
    edges, false = Counter[str](), Counter[str]()
    for case in chosen[:: options.every]:
        found = try_case(case, server) if case.expect != "refused" else None
        if found is None:
            continue
        edges[case.category] += found[0]
        false[case.category] += len(found[1])
        for edge in found[1]:
            print(f"{case.name}: {edge.producer} -> {edge.consumer} {edge.name!r} ({edge.kind})", flush=True)
    server.close()
    for category in sorted(edges):
        print(_line(category, edges[category], false[category]))
    print(_line("all", edges.total(), false.total()))


def _line(title: str, edges: int, false: int) -> str:
    share = 100 * (edges - false) / edges if edges else 100.0
    return f"{title:<20}{edges:>6} edges {false:>4} never needed {share:>7.1f} %"


if __name__ == "__main__":
    main()
