"""Why a step is not the same in several runs: the causes that lie in the step itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stepmill.comparing.rows import LETTERS, all_equal, merged, per_run
from stepmill.model.artifact import ABSENT
from stepmill.model.comparison import CauseKind, DivergedBecause
from stepmill.model.quantities import listed, value_text
from stepmill.model.run import StepStatus

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from stepmill.model.comparison import RunFacts, StepFacts

_MOST_NAMED = 3


def causes(runs: Sequence[RunFacts], facts: Sequence[StepFacts | None]) -> tuple[DivergedBecause, ...]:
    """Return the causes, the most telling first; empty if all that differs comes from steps before it."""
    missing = [letter for letter, each in zip(LETTERS, facts, strict=False) if each is None]
    if missing:
        there = [letter for letter in LETTERS[: len(facts)] if letter not in missing]
        return (DivergedBecause(kind=CauseKind.STEPS, text=f"only {listed(there)} has it"),)
    known = [each for each in facts if each is not None]
    found = [
        *_code(known),
        *_parameters(runs, known),
        *_components(known),
        *_environment(known),
        *_files(known),
    ]
    failures = list(_failures(known))
    if not found and not failures:
        found += _not_reproducible(known)
    return (*found, *failures)


def _code(facts: Sequence[StepFacts]) -> Iterator[DivergedBecause]:
    digests = [each.code_digest for each in facts]
    if all_equal(digests) or "" in digests:  # "": nothing is known of the code
        return
    changed = _differing([each.definitions for each in facts])
    if not all_equal([each.body_digest for each in facts]):
        cells = merged([[f"[{cell}]" for cell in each.cells] for each in facts])
        yield DivergedBecause(kind=CauseKind.CODE, text=f"its code is another (cell {listed(cells)})")
    if changed:
        names = listed(f"{name}()" for name in changed[:_MOST_NAMED])
        yield DivergedBecause(kind=CauseKind.CODE, text=f"{names}, which it uses, is another")
    elif is_replayed_code_changed(facts):
        yield DivergedBecause(kind=CauseKind.CODE, text="the code that is replayed before it is another")
    elif all_equal([each.body_digest for each in facts]):
        told = "another version of stepmill read its code"
        if not all_equal([each.options for each in facts]):
            told = "its options are others"
        yield DivergedBecause(kind=CauseKind.CODE, text=told)


def is_replayed_code_changed(facts: Sequence[StepFacts]) -> bool:
    """Tell whether what runs before the cells is another; a code digest counts options, too."""
    if not all_equal([each.body_digest for each in facts]):
        return False
    return not all_equal([[source for _, _, source in each.replayed] for each in facts])


def _parameters(runs: Sequence[RunFacts], facts: Sequence[StepFacts]) -> Iterator[DivergedBecause]:
    for name in merged([each.parameters for each in facts]):
        values = [run.parameters.get(name) for run in runs]
        digests = [each.components.get(f"parameter:{name}") for each in facts]
        if not all_equal(values):
            texts = [value_text(run.parameters[name]) if name in run.parameters else None for run in runs]
            yield DivergedBecause(kind=CauseKind.PARAMETER, text=f"{name} is {per_run(texts)}")
        elif None not in digests and not all_equal(digests):
            yield DivergedBecause(kind=CauseKind.PARAMETER, text=f"{name}, a secret, has another value")


def _components(facts: Sequence[StepFacts]) -> Iterator[DivergedBecause]:
    """Name the parts of the key that stand nowhere else: modules, Python, kernel, seed."""
    made = [each.components for each in facts]
    if not all(made):
        return
    for key in _differing(made):
        kind, _, subject = key.partition(":")
        values = [each.get(key) for each in made]
        if kind == "module":
            yield DivergedBecause(kind=CauseKind.MODULE, text=f"{subject} is another")
        elif kind == "python":
            yield DivergedBecause(kind=CauseKind.ENVIRONMENT, text=f"Python is {per_run(values)}")
        elif kind == "kernel":
            yield DivergedBecause(kind=CauseKind.ENVIRONMENT, text=f"the kernel is {per_run(values)}")
        elif kind == "seed":
            yield DivergedBecause(
                kind=CauseKind.RANDOM, text=f"its derived seed is {per_run(values, 'none')}"
            )


def _environment(facts: Sequence[StepFacts]) -> Iterator[DivergedBecause]:
    versions = [each.distributions for each in facts]
    changed = [name for name in _differing(versions) if all(name in each for each in versions)]
    for name in changed[:_MOST_NAMED]:
        yield DivergedBecause(
            kind=CauseKind.ENVIRONMENT, text=f"{name} is {per_run([each[name] for each in versions])}"
        )
    variables = [each.environment for each in facts]
    for name in _differing(variables):
        if all(name in each for each in variables):
            text = f"the environment variable {name} has another value"
            yield DivergedBecause(kind=CauseKind.ENVIRONMENT, text=text)


def _files(facts: Sequence[StepFacts]) -> Iterator[DivergedBecause]:
    read = [{a.path: a.digest for a in each.files if a.mode not in ("write", "folder")} for each in facts]
    if not all(each.components for each in facts):
        return
    for path in _differing(read)[:_MOST_NAMED]:
        values = [each.get(path) for each in read]
        if ABSENT in values:
            texts = ["missing" if value == ABSENT else "there" for value in values]
            yield DivergedBecause(kind=CauseKind.FILE, text=f"the file {path} is {per_run(texts)}")
        elif None not in values:
            listed = any(a.path == path and a.mode == "list" for each in facts for a in each.files)
            yield DivergedBecause(kind=CauseKind.FILE, text=_listing(path) if listed else _content(path))


def _content(path: str) -> str:
    return f"the file {path} that it reads has other content"


def _listing(path: str) -> str:
    what = "the notebook's folder" if path == "." else f"the folder {path}"
    return f"{what} that it lists has other files"


def _failures(facts: Sequence[StepFacts]) -> Iterator[DivergedBecause]:
    failed = {
        letter: each.error or "see `stepmill show`"
        for letter, each in zip(LETTERS, facts, strict=False)
        if each.status is StepStatus.FAILED
    }
    if failed and (len(failed) < len(facts) or len(set(failed.values())) > 1):
        for letter, error in failed.items():
            yield DivergedBecause(kind=CauseKind.FAILURE, text=f"it failed in {letter}: {error}")


def _not_reproducible(facts: Sequence[StepFacts]) -> Iterator[DivergedBecause]:
    """Name what differs in the outputs of a step that was given the same in all runs."""
    inputs = [
        {k: v for k, v in each.components.items() if k.startswith(("input:", "random:"))} for each in facts
    ]
    if not all(each.components for each in facts) or not all_equal(inputs):
        return
    if not all(each.status is not None and each.status.is_good for each in facts):
        return
    given = [{value.name: value.ref.digest for value in each.values} for each in facts]
    names = _differing(given)
    if names:
        why = merged([each.volatile for each in facts])
        reason = f" (it uses {listed(why)})" if why else ""
        what = listed(names[:_MOST_NAMED])
        text = f"its {what} came out otherwise though nothing it is made from differs{reason}"
        yield DivergedBecause(kind=CauseKind.NOT_REPRODUCIBLE, text=text)


def _differing(facts: Sequence[Mapping[str, str]]) -> list[str]:
    return [name for name in merged(facts) if not all_equal([each.get(name) for each in facts])]


def sentence(name: str, found: Iterable[DivergedBecause]) -> str:
    """Return "train is the first step that diverged: alpha is 0.1 in A and 0.3 in B."."""
    return f"{name} is the first step that diverged: {'; '.join(cause.text for cause in found)}."
