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
        "red-scratch/type-and-size-look",
    }
)
"""Cases that ought to be equal."""

WRONG_TODAY: dict[str, Verdict] = {
    # memory shared by an array and a bytearray does not survive the store
    "red-frames/np-memory-shared-frombuffer": Verdict.SILENTLY_WRONG,
    # state kept on functions, classes and enum members that are reached through other objects
    "red-project/hidden-class-in-dict": Verdict.SILENTLY_WRONG,
    "red-python/flag-enum-and-state-on-member": Verdict.SILENTLY_WRONG,
    # free variables of __hash__ are needed before the set that calls it is loaded
    "red-python/eq-and-hash-log": Verdict.CRASHED,
    # one Index object in two frames is two after the store
    "session/index-object-of-two-frames": Verdict.SILENTLY_WRONG,
    # the state of a project's module is compared from the step's start: not yet there, if the step imports it
    "session/module-that-changes-its-own-globals": Verdict.SILENTLY_WRONG,
    # state of the process that nothing watches
    "red-world/current-figure-across-steps": Verdict.SILENTLY_WRONG,
    "red-world/numpy-legacy-rand-state-object": Verdict.SILENTLY_WRONG,
    # a second run, where a later step has changed the file of an earlier one
    "red-project/hidden-file-iterator": Verdict.SILENTLY_WRONG,
    "red-world/input-file-shipped-modified-by-step": Verdict.SILENTLY_WRONG,
    "red-world/jsonl-appended-in-loop": Verdict.SILENTLY_WRONG,
    "red-world/sqlite-file-two-steps": Verdict.CRASHED,
}
"""Cases that are wrong, and how."""

EXPORT_REFUSED: frozenset[str] = frozenset(
    {
        # magics that measure, or are the notebook's own; shells whose output is kept
        "ipython/bash-out-variable",
        "ipython/timeit-assigns-nothing",
        "red-world/magic-in-if-and-function",
        "red-world/python-subshell-cell",
        "red-world/timeit-mutates",
        "red-world/user-defined-magic",
        # the IPython shell itself, and what `%%capture` keeps
        "ipython/capture-out",
        "ipython/get-ipython",
        "ipython/load-shows-a-file",
        "ipython/underscore-within-step",
        "red-scratch/capture-clobbers",
        "red-world/capture-then-show",
        "red-world/display-handle-update",
        # a text that is executed in the module `__main__`
        "library/profiled-text-changes-a-name",
        # names asked for by text, or of the module `__main__`
        "hidden channel/import-main",
        "hidden channel two/attributes-of-main",
        "control flow/conditional-only-definition",
        "hidden channel/locals-and-dir",
        # what a function, or a module that prints, cannot say
        "red-python/annotations-evaluated",
        "red-python/shadow-print-and-open",
    }
)
"""Pipelines that are refused as plain modules: strict, too."""

NAMED_AFTER_THE_FILE = frozenset({"red-project/hidden-argparse-parse", "red-world/warnings-catch-record"})
"""Cases whose values hold the name of the file that runs: a module has another one than a notebook."""
