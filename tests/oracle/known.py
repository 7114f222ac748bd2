"""What the pipeline does not do right yet, case by case: the analysis can still gain here.

The test is strict in both directions: a case that comes right must leave this list, and nothing may
join it unseen. The first list costs a split that would be possible. The second breaks the promise
and is the first thing to mend; docs/limits.md says it to the user.
"""

from __future__ import annotations

from oracle.judge import Verdict

REFUSED_TODAY: frozenset[str] = frozenset(
    {
        "red-frames/squeeze-identity-alias",
        "red-scratch/seaborn-like-ax",
        "red-scratch/type-and-size-look",
        "red-world/draw-in-lambda-default-factory",
    }
)
"""Cases that ought to be equal."""

WRONG_TODAY: dict[str, Verdict] = {
    # memory shared by an array and a bytearray does not survive the store
    "red-frames/np-memory-shared-frombuffer": Verdict.SILENTLY_WRONG,
    # state kept on functions, classes and enum members that are reached through other objects
    "red-project/hidden-class-in-dict": Verdict.SILENTLY_WRONG,
    "red-project/hidden-decorator-attribute-count": Verdict.SILENTLY_WRONG,
    "red-python/dataclass-default-factory-shared": Verdict.SILENTLY_WRONG,
    "red-python/flag-enum-and-state-on-member": Verdict.SILENTLY_WRONG,
    # only the qualified name of the class differs
    "red-python/instance-of-class-defined-in-helper": Verdict.SILENTLY_WRONG,
    # free variables of __hash__ are needed before the set that calls it is loaded
    "red-python/eq-and-hash-log": Verdict.CRASHED,
    # untagged code between steps is not run, so no run can check what it would have changed
    "red-scratch/apply-lists-in-cells": Verdict.SILENTLY_WRONG,
    "red-scratch/bound-method-map": Verdict.SILENTLY_WRONG,
    "red-scratch/dispatch-dict": Verdict.SILENTLY_WRONG,
    "red-scratch/operator-call": Verdict.SILENTLY_WRONG,
    "red-world/untagged-defaultdict-look": Verdict.SILENTLY_WRONG,
    # state of the process that nothing watches
    "red-world/current-figure-across-steps": Verdict.SILENTLY_WRONG,
    "red-world/numpy-legacy-rand-state-object": Verdict.SILENTLY_WRONG,
    "red-world/who-and-whos": Verdict.SILENTLY_WRONG,
    # a second run, where a later step has changed the file of an earlier one
    "red-project/hidden-file-iterator": Verdict.SILENTLY_WRONG,
    "red-world/input-file-shipped-modified-by-step": Verdict.SILENTLY_WRONG,
    "red-world/jsonl-appended-in-loop": Verdict.SILENTLY_WRONG,
    "red-world/sqlite-file-two-steps": Verdict.CRASHED,
}
"""Cases that are wrong, and how."""
