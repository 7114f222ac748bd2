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
        # loading the set calls `__hash__`, which needs a list that is loaded with it
        "red-python/eq-and-hash-log",
        "red-scratch/type-and-size-look",
    }
)
"""Cases that ought to be equal."""

WRONG_TODAY: dict[str, Verdict] = {
    # a second run: what uses a database runs each time, and finds it as the run before left it
    "red-world/sqlite-file-two-steps": Verdict.CRASHED,
}
"""Cases that are wrong, and how."""

TAUGHT: frozenset[str] = frozenset(
    {
        "hidden state/same-code-twice-changes-its-input",
        "library/sklearn-scaler-in-place",
        "own project/changes-what-its-name-lets-go-of-deleted",
        "own project/changes-what-its-name-lets-go-of-rebound",
        "own project/changes-what-its-name-lets-go-of-rebound-before",
        "own project/changes-what-its-name-lets-go-of-rebound-to-the-result",
        "red-alias/closed-dict-fromkeys",
        "red-frames/bound-method-variable",
        "red-frames/groupby-iteration-stores",
        "red-frames/index-through-alias",
        "red-frames/inplace-flag-in-kwargs",
        "red-frames/lists-in-frame-mutated-via-iterrows",
        "red-frames/lists-in-frame-mutated-via-values",
        "red-frames/np-method-out-positional-dot",
        "red-frames/np-nan-to-num-copy-false",
        "red-frames/np-out-keyword-variants",
        "red-frames/np-unpacked-rows-write",
        "red-frames/object-series-of-instances",
        "red-frames/pandas-eval-target",
        "red-python/cached-property-state",
        "red-python/class-defined-in-helper",
        "red-sixth/labels-named-through-a-name-of-an-earlier-step",
        "red-python/object-setattr",
        "red-world/cwd-in-with-chdir",
        "red-world/draw-in-lambda-default-factory",
        "red-world/local-module-mutates-argument",
        "red-world/local-module-writes-file",
        "red-world/scaler-copy-false",
        "red-world/sklearn-check-random-state-none",
        "red-world/unseeded-cv-scores",
        "red-world/unseeded-kfold-shuffle",
        "trial-world/subplot-in-loop-list",
        "unseen state/index-of-two-frames-its-columns",
        "unseen state/index-of-two-frames-named-by-rename",
        "unseen state/index-of-two-frames-named-in-a-helper",
        "unseen state/index-of-two-frames-named-through-a-variable",
    }
)
"""Cases of which the analysis learns an edge from a run: all others it reads from the code."""

SHOWN_INLINE: frozenset[str] = frozenset(
    {
        "ipython/help-line",
        "red-world/current-figure-across-steps",
        "red-world/question-mark-and-semicolon",
        "trial-world/setting-literal-rebound",
        "trial-world/subplot-in-loop-list",
        "unseen state/figure-handed-on-and-drawn-on-as-the-current-one",
    }
)
"""Cases that cannot be judged with kernels: there a figure is shown, and closed, when its cell ends, and
help goes to a pager.

The truth comes from one process without that. `stepmill verify`, whose Run All is a kernel, finds them equal.
"""

EXPORT_REFUSED: frozenset[str] = frozenset(
    {
        "judged/magics-that-functions-of-the-shell-run",
        # magics that measure, or are the notebook's own; shells whose output is kept
        "ipython/pylab-names",  # the names it imports are not written out
        "ipython/pylab-names-inside-a-step",
        "random/pylab-by-magic",
        "ipython/bash-out-variable",
        "ipython/timeit-assigns-nothing",
        "red-world/magic-in-if-and-function",
        "red-world/python-subshell-cell",
        "red-world/timeit-cell-and-line-output",
        "red-world/timeit-mutates",
        "red-world/user-defined-magic",
        # the IPython shell itself, and what `%%capture` keeps
        "ipython/capture-out",
        "ipython/get-ipython",
        "ipython/load-shows-a-file",
        "ipython/xdel-of-another-steps-variable",
        "ipython/underscore-within-step",
        "red-scratch/capture-clobbers",
        "red-world/capture-then-show",
        "red-world/display-handle-update",
        # scripts that it executes
        "ipython/run-script",
        "red-world/load-then-line",
        "red-world/run-with-namespace",
        "script/classes-and-functions-of-a-script",
        "script/data-made-by-a-script",
        "script/files-that-exec-executes",
        "script/script-in-the-notebooks-names",
        "script/script-written-by-a-cell",
        "script/seed-and-settings-of-a-script",
        # a text that is executed in the module `__main__`
        "library/profiled-text-changes-a-name",
        # modules of the project whose import may not move to the top
        "own module/seeds-at-import-below-a-seed-of-the-notebook",
        "own module/draws-at-import-in-one-step",
        "own module/path-at-import",
        "own project/path-that-a-module-adds",
        "own project/star-of-a-module-from-a-path-that-a-module-adds",
        "own module/folder-changed-at-import",
        # names asked for by text, or of the module `__main__`
        "hidden channel/import-main",
        "hidden channel two/attributes-of-main",
        "control flow/conditional-only-definition",
        "hidden channel/locals-and-dir",
        "hidden channel/names-of-the-notebook-by-another-name",
        # what a function, or a module that prints, cannot say
        "red-python/annotations-evaluated",
        "red-python/shadow-print-and-open",
    }
)
"""Pipelines that are refused as plain modules: strict, too."""

NAMED_AFTER_THE_FILE = frozenset({"red-project/hidden-argparse-parse"})
"""Cases whose values hold the name of the file that runs: a module has another one than a notebook."""
