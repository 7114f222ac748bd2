"""What differs between a step now and the last time, each as one sentence with its evidence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stepmill.model.artifact import ABSENT, StepRecord
from stepmill.model.plan import Cause, Reason
from stepmill.planning.evidence import CodeNow, how_values_differ

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from stepmill.model.pipeline import Step
    from stepmill.planning.observations import World


def differences(
    last: StepRecord,
    made: Mapping[str, str],
    step: Step,
    parameters: Mapping[str, str],
    world: World,
    *,
    partial: bool = False,
) -> tuple[Reason, ...]:
    """Return why the key made of `made` is not that of `last`, the most telling reason first.

    `parameters` are the values in force as text; the old ones stand in the record's `extra`, and so
    does what is known of the code. With
    `partial`, inputs missing from `made` are not known yet, and no reason.
    """
    old = last.components
    changed = {name for name in made if old.get(name) != made[name]}
    gone = {name for name in old if name not in made}
    if partial:
        gone = {name for name in gone if not name.startswith(("input:", "random:"))}
    code = CodeNow(last, step, world)
    found: list[Reason] = [
        *_definitions(changed, old, code),
        *_parameters(changed, last.extra, parameters, old),
        *_inputs(changed, made, old, step, world),
        *_gone_inputs(gone),
        *_modules(changed, gone, old, code),
        *_platform(changed, made, old),
    ]
    named = {reason.cause for reason in found}
    if "code" in changed and Cause.DEFINITION not in named:
        found.insert(
            0, Reason(cause=Cause.CODE, message=f"its code changed{code.of_body() or code.of_setup()}")
        )
    if "metrics" in changed | gone:
        found.append(Reason(cause=Cause.CODE, message="its %%step line names other --metrics"))
    if "seed" in changed and not found:
        found.append(Reason(cause=Cause.CODE, message="the seed that was derived for it is another"))
    if not found and (changed or gone):
        what = min(changed | gone).replace(":", " ")
        found.append(Reason(cause=Cause.CODE, message=f"its {what} changed", subject=what))
    return tuple(found)


def _definitions(changed: set[str], old: Mapping[str, str], code: CodeNow) -> Iterable[Reason]:
    for name in _subjects(changed, "definition"):
        if f"definition:{name}" in old:
            message = f"definition {name}() changed{code.of_definition(name)}"
            yield Reason(cause=Cause.DEFINITION, message=message, subject=name)


def _parameters(
    changed: set[str], extra: Mapping[str, Any], parameters: Mapping[str, str], old: Mapping[str, str]
) -> Iterable[Reason]:
    before = extra.get("parameters", {})
    for name in _subjects(changed, "parameter"):
        if f"parameter:{name}" not in old:
            continue  # newly read: then the code changed too, which says more
        message = f"{name} changed"
        if name in before and name in parameters and before[name] != parameters[name]:
            message += f" from {before[name]} to {parameters[name]}"
        yield Reason(cause=Cause.PARAMETER, message=message, subject=name)


def _inputs(
    changed: set[str], made: Mapping[str, str], old: Mapping[str, str], step: Step, world: World
) -> Iterable[Reason]:
    producers = {taken.name: taken.producer for taken in step.inputs}
    for name in _subjects(changed, "input"):
        source = f"input {name} (from {producers[name]})" if name in producers else f"input {name}"
        before, now = old.get(f"input:{name}"), made[f"input:{name}"]
        if before is None:
            message = f"{source} is new"
        elif ABSENT in (before, now):
            message = f"{source} {'is not bound any more' if now == ABSENT else 'is bound now'}"
        else:
            message = f"{source} {how_values_differ(world.store, before, now)}"
        yield Reason(cause=Cause.INPUT, message=message, subject=name)
    for name in _subjects(changed, "random"):
        message = f"the random state of {name} is another"
        yield Reason(cause=Cause.INPUT, message=message, subject=name)


def _gone_inputs(gone: set[str]) -> Iterable[Reason]:
    for name in _subjects(gone, "input"):
        yield Reason(cause=Cause.INPUT, message=f"input {name} is no longer taken", subject=name)


def _modules(changed: set[str], gone: set[str], old: Mapping[str, str], code: CodeNow) -> Iterable[Reason]:
    for path in _subjects(changed, "module"):
        if code.is_same_module(path):
            continue  # what names other parts of it has changed, and says more
        what = f"changed{code.of_module(path)}" if f"module:{path}" in old else "is imported now"
        yield Reason(cause=Cause.MODULE, message=f"{path} {what}", subject=path)
    for path in _subjects(gone, "module"):
        yield Reason(cause=Cause.MODULE, message=f"{path} is not imported any more", subject=path)


def _platform(changed: set[str], made: Mapping[str, str], old: Mapping[str, str]) -> Iterable[Reason]:
    if "python" in changed:
        message = f"Python {old.get('python', 'unknown')} → {made['python']}"
        yield Reason(cause=Cause.PYTHON, message=message)
    if "kernel" in changed:
        yield Reason(cause=Cause.PYTHON, message="it runs in another kernel", subject=made["kernel"])


def _subjects(names: set[str], kind: str) -> list[str]:
    return sorted(name.split(":", 1)[1] for name in names if name.startswith(f"{kind}:"))
