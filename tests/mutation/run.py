"""Which flips of the purity tables and of the effect rules does no test see?

`python tests/mutation/run.py [FROM TO]` tries each mutant of the tables (or a range of them) against the
calls of `tests/reality/calls.txt`: a mutant is killed when the analyzer then says something else of a call.
`--rules` tries the effect rules: each of `rules.RULES` is taken out of the analyzer, and killed when a test
of the analysis fails, or the graph of a case of the oracle is another one.
Survivors stand in `survivors.txt`, each with a reason.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import defaultdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from mutation.mutants import Applied, Mutant, table_mutants
from mutation.rules import try_rules
from reality.observing import claimed
from reality.table import Call, read_calls

SURVIVORS = Path(__file__).with_name("survivors.txt")


def _calls_by_word(calls: list[Call]) -> dict[str, list[Call]]:
    found: dict[str, list[Call]] = defaultdict(list)
    for call in calls:
        for piece in call.source.replace("(", " ").replace(")", " ").replace(",", " ").split():
            for word in piece.split("."):
                found[word].append(call)
    return found


def _kills(mutant: Mutant, calls: list[Call], truth: dict[str, set[str]]) -> bool:
    with Applied(mutant):
        return any(claimed(call.source) != truth[call.source] for call in calls)


def try_tables(start: int, stop: int | None) -> tuple[int, list[str]]:
    """Return how many mutants were tried, and the titles of those that nothing killed."""
    calls = read_calls()
    truth = {call.source: claimed(call.source) for call in calls}
    by_word = _calls_by_word(calls)
    mutants = list(table_mutants())[start:stop]
    alive = []
    for mutant in mutants:
        last = mutant.name.rstrip("*").rstrip(".").removesuffix("()").rpartition(".")[2]
        is_prefix = mutant.name.endswith("*") or last not in by_word
        words = [word for word in by_word if word.startswith(last)] if is_prefix else [last]
        near = [call for word in words for call in by_word[word]]
        if not _kills(mutant, near, truth):
            alive.append(mutant.title)
    return len(mutants), alive


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("range", nargs="*", type=int, default=[0])
    parser.add_argument("--rules", action="store_true")
    chosen = parser.parse_args()
    started_s = time.monotonic()
    start, stop = chosen.range[0], chosen.range[1] if len(chosen.range) > 1 else None
    tried, alive = (try_rules if chosen.rules else try_tables)(start, stop)
    for title in alive:
        print(title)
    known = {line.split("  # ")[0] for line in SURVIVORS.read_text("utf-8").splitlines()}
    share = 100 * (1 - len(alive) / tried)
    print(f"{tried} mutants, {len(alive)} alive ({share:.1f} % killed), {time.monotonic() - started_s:.0f} s")
    unknown = [title for title in alive if title not in known]
    sys.exit(1 if unknown else 0)


if __name__ == "__main__":
    main()
