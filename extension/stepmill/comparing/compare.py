"""From the facts of several runs to what distinguishes them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import PurePath
from typing import TYPE_CHECKING

from stepmill.comparing.causes import causes, sentence
from stepmill.comparing.code import code_rows
from stepmill.comparing.rows import LETTERS, all_equal, merged, row, rows, telling
from stepmill.comparing.texts import text_rows
from stepmill.comparing.values import output_row
from stepmill.model.comparison import (
    CauseKind,
    ComparedRun,
    ComparedStep,
    Comparison,
    DivergedBecause,
    Divergence,
    OutputRow,
    PictureRow,
    Row,
)
from stepmill.model.quantities import count_text, listed, seconds_text, value_text
from stepmill.model.run import RunStatus, StepStatus

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from stepmill.model.comparison import RunFacts, StepFacts

MOST_RUNS = len(LETTERS)

_Steps = list[tuple[str, list["StepFacts | None"]]]
_SLOWER = 1.25
_LEAST_S = 0.3


def compare(runs: Sequence[RunFacts]) -> Comparison:
    """Return everything that two to ten runs have, side by side; equal rows say that they are."""
    steps = _side_by_side(runs)
    outputs = _outputs(steps)
    divergences = _divergences(runs, steps)
    diverged, because = divergences[0] if divergences else ("", ())
    return Comparison(
        runs=tuple(_compared(letter, run) for letter, run in zip(LETTERS, runs, strict=False)),
        sentence=_sentence(diverged, because, outputs, steps),
        diverged=diverged,
        causes=because,
        remarks=(*_also(divergences[1:]), *_remarks(runs, outputs)),
        steps=tuple(_step(name, facts, dict(divergences), outputs) for name, facts in steps),
        parameters=_parameters(runs),
        code=code_rows(runs, steps),
        environment=_environment(runs),
        files=_files(steps),
        metrics=_metrics(runs),
        outputs=outputs,
        texts=text_rows(steps),
        pictures=_pictures(steps),
        durations=_durations(runs, steps),
    )


def _compared(letter: str, run: RunFacts) -> ComparedRun:
    return ComparedRun(
        letter=letter,
        run_id=run.run_id,
        status=run.status,
        notebook=run.notebook,
        started_s=run.started_s,
        seconds=run.seconds,
        parameters=run.parameters,
        metrics=run.metrics,
    )


def _side_by_side(runs: Sequence[RunFacts]) -> _Steps:
    by_name = [{step.name: step for step in run.steps} for run in runs]
    return [(name, [each.get(name) for each in by_name]) for name in merged(by_name)]


def _divergences(runs: Sequence[RunFacts], steps: _Steps) -> list[tuple[str, tuple[DivergedBecause, ...]]]:
    """Return the steps that diverged by themselves, not only because of steps before them."""
    found = [(name, causes(runs, facts)) for name, facts in steps]
    return [(name, because) for name, because in found if because]


def _step(
    name: str,
    facts: Sequence[StepFacts | None],
    divergences: Mapping[str, tuple[DivergedBecause, ...]],
    outputs: Sequence[OutputRow],
) -> ComparedStep:
    known = [each for each in facts if each is not None]
    others = any(row.step == name and len({*row.digests} - {None}) > 1 for row in outputs)
    given = [{k: v for k, v in each.components.items() if k.startswith("input:")} for each in known]
    if name in divergences:
        divergence = Divergence.DIVERGED
    else:
        is_other = others or (all(each.components for each in known) and not all_equal(given))
        divergence = Divergence.FOLLOWED if is_other else Divergence.SAME
    return ComparedStep(
        name=name,
        divergence=divergence,
        causes=divergences.get(name, ()),
        inputs=known[0].inputs,
        after=known[0].after,
    )


def _sentence(
    diverged: str, because: Sequence[DivergedBecause], outputs: Sequence[OutputRow], steps: _Steps
) -> str:
    if not diverged:
        return "No step diverged: code, parameters, inputs and results are the same."
    others = {output.step for output in outputs if len({*output.digests} - {None}) > 1}
    text = sentence(diverged, because)
    if all(output.is_equal for output in outputs):
        return f"{text} All values are the same nevertheless."
    if not others:
        return text
    return f"{text} {len(others)} of {count_text(len(steps), 'step')} gave other values."


def _also(divergences: Sequence[tuple[str, tuple[DivergedBecause, ...]]]) -> list[str]:
    """Return sentences on steps with causes of their own that no earlier step has."""
    found: dict[str, list[str]] = {}
    alone = {cause.text for _, because in divergences for cause in because if cause.kind is CauseKind.STEPS}
    for name, because in divergences:
        texts = [cause.text for cause in because if cause.kind is not CauseKind.ENVIRONMENT]
        if texts:
            found.setdefault("; ".join(texts), []).append(name)
    told = []
    for text, names in found.items():
        who = listed(names, last=" and ")
        if text in alone:
            told.append(f"{who}: {text if len(names) == 1 else text.replace(' has it', ' has them')}")
        else:
            told.append(f"{who} diverged by {'itself' if len(names) == 1 else 'themselves'} as well: {text}")
    return told


def _remarks(runs: Sequence[RunFacts], outputs: Sequence[OutputRow]) -> list[str]:
    found = []
    if not all_equal([run.notebook for run in runs]):
        names = [f"{letter} of {PurePath(r.notebook).name}" for letter, r in zip(LETTERS, runs, strict=False)]
        found.append(f"the runs are of different notebooks ({listed(names)}): steps are matched by name")
    ended = [
        f"{letter} {run.status.value}"
        for letter, run in zip(LETTERS, runs, strict=False)
        if not _is_good(run)
    ]
    if ended:
        found.append(
            f"not all runs came to a good end ({listed(ended)}): what they did not come to is missing there"
        )
    removed = sorted({letter for output in outputs for letter in output.removed})
    if removed:
        found.append(
            f"values of {listed(removed)} were removed from the store: only digests of them can be compared"
        )
    if any(_is_older(step) for run in runs for step in run.steps):
        found.append("a run was recorded by an older version: its environment and files are not known")
    return found


def _is_older(step: StepFacts) -> bool:
    """Tell whether a step ended well and wrote down nothing of what it was made from."""
    return step.status is not None and step.status.is_good and not step.components


def _is_good(run: RunFacts) -> bool:
    return run.status is RunStatus.SUCCEEDED


def _parameters(runs: Sequence[RunFacts]) -> tuple[Row, ...]:
    found = rows([run.parameters for run in runs], lambda value: value_text(value, 200))
    return (*found, *_secrets(runs))


def _secrets(runs: Sequence[RunFacts]) -> list[Row]:
    """Return rows for masked parameters whose values differ all the same."""
    found = []
    for name in merged([run.parameters for run in runs]):
        keys = [
            next((s.components[key] for s in run.steps if (key := f"parameter:{name}") in s.components), None)
            for run in runs
        ]
        same_text = all_equal([run.parameters.get(name) for run in runs])
        if same_text and None not in keys and not all_equal(keys):
            texts = tuple(f"secret {1 + keys.index(key)}" for key in keys)
            found.append(Row(name=f"{name} (a secret)", values=texts, is_equal=False))
    return found


def _environment(runs: Sequence[RunFacts]) -> tuple[Row, ...]:
    """Return Python, the distributions that any step used, and which environment variables differ."""
    pythons = [
        listed(merged([[s.components["python"]] for s in run.steps if "python" in s.components]))
        for run in runs
    ]
    versions = [_versions(run) for run in runs]
    variables = [{k: v for step in run.steps for k, v in step.environment.items()} for run in runs]
    hashes = [row(f"variable {name}", [each.get(name) for each in variables]) for name in merged(variables)]
    known = [pythons_of or None for pythons_of in pythons]
    first = (row("Python", known),) if any(known) else ()
    partial = _partial(runs)
    found = (*first, *rows(versions), *(_named(each) for each in hashes))
    return tuple(_unless_unknown(each, partial) for each in found)


def _unless_unknown(found: Row, is_partial: Sequence[bool]) -> Row:
    """Return the row as equal where only runs lack it of which not everything is known."""
    known = [value for value in found.values if value is not None]
    lacking = [partial for value, partial in zip(found.values, is_partial, strict=True) if value is None]
    return replace(found, is_equal=True) if lacking and all(lacking) and all_equal(known) else found


def _partial(runs: Sequence[RunFacts]) -> list[bool]:
    """Tell of each run whether some step wrote down nothing, because it did not come to its end."""
    return [any(not step.components for step in run.steps) for run in runs]


def _versions(run: RunFacts) -> dict[str, str]:
    found: dict[str, list[str]] = {}
    for step in run.steps:
        for name, version in step.distributions.items():
            if version not in found.setdefault(name, []):
                found[name].append(version)
    return {name: listed(versions) for name, versions in sorted(found.items())}


def _named(hashed: Row) -> Row:
    """Return a row of keyed hashes with words in their place: they say only whether values are equal."""
    known = merged([[value] for value in hashed.values if value is not None])
    texts = tuple(None if value is None else f"value {1 + known.index(value)}" for value in hashed.values)
    return Row(name=hashed.name, values=texts, is_equal=hashed.is_equal)


def _files(steps: _Steps) -> tuple[Row, ...]:
    found: list[Row] = []
    words = {"read": "reads", "list": "lists", "write": "writes"}
    for name, facts in steps:
        accesses = [
            {f"{words.get(a.mode, a.mode)} {a.path}": a.digest for a in each.files if a.mode != "folder"}
            if each is not None
            else {}
            for each in facts
        ]
        partial = [each is not None and not each.components for each in facts]
        found += [_unless_unknown(each, partial) for each in rows(accesses, step=name)]
    return tuple(found)


def _metrics(runs: Sequence[RunFacts]) -> tuple[Row, ...]:
    found = []
    for name in merged([run.metrics for run in runs]):
        numbers = [run.metrics.get(name) for run in runs]
        found.append(Row(name=name, values=tuple(telling(numbers)), is_equal=all_equal(numbers)))
    return tuple(found)


def _outputs(steps: _Steps) -> tuple[OutputRow, ...]:
    found = []
    for name, facts in steps:
        given = [{} if each is None else {value.name: value for value in each.values} for each in facts]
        known = [each for each in facts if each is not None]
        found += [
            output_row(name, value, [each.get(value) for each in given])
            for value in merged(given)
            if not all(_is_handed_on(value, each) for each in known)
        ]
    return tuple(found)


def _is_handed_on(name: str, step: StepFacts) -> bool:
    """Tell whether the step gave `name` just as it took it: the row of the step that made it says all."""
    ref = next((value.ref for value in step.values if value.name == name), None)
    digest, _, member = step.components.get(f"input:{name}", "").partition("#")
    return ref is None or (ref.digest, ref.member) == (digest, member)


def _pictures(steps: _Steps) -> tuple[PictureRow, ...]:
    """Return the pictures that the cells of a step drew: the first with the first, and so on."""
    found: list[PictureRow] = []
    for name, facts in steps:
        drawn = [() if each is None else each.pictures for each in facts]
        for at in range(max(map(len, drawn))):
            here = [each[at] if at < len(each) else None for each in drawn]
            digests = tuple(None if picture is None else picture.digest for picture in here)
            cell = next(picture.cell for picture in here if picture is not None)
            found.append(PictureRow(step=name, cell=cell, digests=digests, is_equal=all_equal(digests)))
    return tuple(found)


def _durations(runs: Sequence[RunFacts], steps: _Steps) -> tuple[Row, ...]:
    found = [_duration(name, facts) for name, facts in steps]
    total = [run.seconds for run in runs]
    texts = tuple(seconds_text(seconds) or None for seconds in total)
    return (*found, Row(name="the whole run", values=texts, is_equal=_about_equal(total)))


def _duration(name: str, facts: Sequence[StepFacts | None]) -> Row:
    states = [None if each is None else each.status for each in facts]
    seconds = [None if each is None else each.seconds for each in facts]
    return Row(
        name=name,
        step=name,
        values=tuple(_how_long(each) for each in facts),
        is_equal=all_equal(states) and _about_equal(seconds),
    )


def _how_long(facts: StepFacts | None) -> str | None:
    if facts is None or facts.status is None:
        return None
    if facts.status is StepStatus.EXECUTED:
        return seconds_text(facts.seconds)
    ran = facts.status is StepStatus.FAILED and facts.seconds is not None
    return f"{facts.status.value}, {seconds_text(facts.seconds)}" if ran else facts.status.value


def _about_equal(seconds: Sequence[float | None]) -> bool:
    """Tell whether durations differ by no more than a machine's own unrest."""
    known = [value for value in seconds if value is not None]
    if len(known) < len(seconds):
        return not known
    return max(known) - min(known) < _LEAST_S or max(known) < _SLOWER * min(known)
