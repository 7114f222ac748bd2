"""What the analysis may have missed, looked for when a step ends: each finding is a fact.

A contradiction says that the step did what the analysis held it not to do; the run then learns the
fact and plans again. Names of variables and of the step are in the message, for the user.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stepmill.model.facts import Fact, FactKind
from stepmill.model.pipeline import EdgeKind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from typing import TypeAlias

    from stepmill.model.artifact import ArtifactRef
    from stepmill.model.exchange import StepInput, StepManifest
    from stepmill_magics.session import Namespace

    AreSame: TypeAlias = Callable[[Mapping[str, ArtifactRef], Mapping[str, Any]], Mapping[str, bool]]


def compared_inputs(manifest: StepManifest, names: Namespace, are_same: AreSame) -> Iterator[Fact]:
    """Yield MUTATES for inputs that changed but were held to be only read, UNCHANGED for settled doubts.

    The object that was loaded is looked at, whatever its name is bound to now: another name may
    still show it to a later step. One that nothing holds any more, and that was nobody else's, cannot
    matter. A doubt is settled only if the name is bound to that object still.
    """
    rebound = names.rebound()
    compared = [one for one in manifest.inputs if _is_to_compare(one, names)]
    same = are_same(
        {one.name: one.artifact for one in compared},
        {one.name: names.loaded[one.name].value for one in compared},
    )
    for given in compared:
        if given.unchanged and not same[given.name]:
            message = (
                f"step {manifest.step!r} changes its input {given.name}, which it was taken to only read"
            )
            yield _fact(FactKind.MUTATES, manifest, (given.name, *given.shown_by), message)
        elif given.doubtful and same[given.name] and given.name not in rebound:
            message = f"step {manifest.step!r} leaves its input {given.name} as it was"
            yield _fact(FactKind.UNCHANGED, manifest, (given.name,), message)


def _is_to_compare(given: StepInput, names: Namespace) -> bool:
    held = names.loaded.get(given.name)
    return held is not None and not held.is_gone and given.is_compared


def changed_constants(manifest: StepManifest, names: Namespace) -> Iterator[Fact]:
    """Yield MUTATES for containers and definitions of the setup code that the step changed, others read."""
    outputs = {output.name for output in manifest.outputs}
    for name in names.changed_constants():
        if name in manifest.wanted and name not in outputs:
            message = (
                f"step {manifest.step!r} changes {name}, which was taken to stay as the setup code made it"
            )
            yield _fact(FactKind.MUTATES, manifest, (name,), message)


def unforeseen_names(manifest: StepManifest, names: Namespace) -> Iterator[Fact]:
    """Yield BINDS for each name that other cells read, and that the step bound or deleted unforeseen."""
    for name in sorted((names.rebound() & manifest.wanted) - manifest.foreseen):
        message = f"step {manifest.step!r} binds or deletes {name} in a way that its source does not show"
        yield _fact(FactKind.BINDS, manifest, (name,), message)


def unforeseen_draws(manifest: StepManifest, moved: Iterable[str]) -> Iterator[Fact]:
    """Yield DRAWS for each watched generator that moved."""
    for generator in moved:
        message = (
            f"step {manifest.step!r} draws from the random generator of {generator}, which was not foreseen"
        )
        yield _fact(FactKind.DRAWS, manifest, (generator,), message)


def names_to_compare(manifest: StepManifest, names: Namespace, namespace: Mapping[str, Any]) -> list[str]:
    """Return the bound names whose values must not share objects unless they are known to.

    These are the outputs and the inputs that are still there: what later steps can come to hold.
    """
    found = {output.name for output in manifest.outputs if output.kind is EdgeKind.DATA}
    found |= {name for name, held in names.loaded.items() if held.holds(namespace.get(name))}
    return sorted(found & namespace.keys())


def unforeseen_sharing(manifest: StepManifest, shared: Iterable[frozenset[str]]) -> Iterator[Fact]:
    """Yield SHARES for each set of names that share objects though they are not of one group."""
    outputs = {output.name: output.group for output in manifest.outputs if output.kind is EdgeKind.DATA}
    inputs = {given.name: given for given in manifest.inputs}
    for names in shared:
        groups = {outputs.get(name, _group_of(inputs.get(name))) for name in names}
        one_group = len(groups) == 1 and None not in groups
        if one_group or _came_together(
            [inputs.get(name) for name in names if name not in outputs], len(names)
        ):
            continue
        listed = sorted(names)
        message = (
            f"after step {manifest.step!r} {_words(listed)} share an object, so a change of one would be "
            "seen in the other; they were taken to be independent"
        )
        yield _fact(FactKind.SHARES, manifest, tuple(listed), message)


def _group_of(given: StepInput | None) -> int | None:
    return None if given is None else given.group


def _came_together(inputs: list[StepInput | None], count: int) -> bool:
    """Return whether all `count` names are inputs that were stored as one bundle, so nothing is new."""
    digests = {given.artifact.digest for given in inputs if given is not None}
    return len(inputs) == count and None not in inputs and len(digests) == 1


def _words(names: list[str]) -> str:
    return " and ".join((", ".join(names[:-1]), names[-1]))


def _fact(kind: FactKind, manifest: StepManifest, names: tuple[str, ...], message: str) -> Fact:
    return Fact(kind=kind, step=manifest.step, names=names, message=message)
