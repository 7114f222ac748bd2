"""All rules of the analyzer: code, severity, what is said, why, and what to do.

`SM1xx` are about single cells (they belong to the notebook room), `SM2xx` are doubts and notes,
`SM3xx` refuse the pipeline. The docs page of the diagnostics is made from this table.
"""

from __future__ import annotations

from dataclasses import dataclass

from stepmill.model.diagnostic import Severity

ERROR, WARNING, INFO = Severity.ERROR, Severity.WARNING, Severity.INFO


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. `message` and `hint` are templates over the fields of the finding."""

    code: str
    severity: Severity
    title: str
    message: str
    hint: str
    why: str


def _rules(*rules: Rule) -> dict[str, Rule]:
    return {rule.code: rule for rule in rules}


RULES = _rules(
    Rule(
        "SM201", WARNING, "name without a value",
        "`{name}` has no value here when the notebook runs from top to bottom",
        "{detail}",
        "Run All would stop here with a NameError; so will the pipeline.",
    ),
    Rule(
        "SM202", INFO, "untagged code runs once, in the step `setup`",
        "this untagged code runs once, in the implicit step `setup`: it gives `{name}`, "
        "which step `{detail}` takes",
        "tag the cell with `%%step NAME` to give it a name and a place of its own",
        "Untagged code that a step needs, and that needs no step itself, is evaluated once before all steps.",
    ),
    Rule(
        "SM203", INFO, "random numbers without a seed",
        "step `{name}` draws random numbers ({detail}) that nothing in the notebook seeds",
        "seed the generator, or pass random_state=; until then stepmill gives the step a "
        "fixed seed of its own",
        "Two runs of the notebook differ; a cached result is one of many possible ones.",
    ),
    Rule(
        "SM204", INFO, "the step runs each time",
        "step `{name}` reads something that has no digest: {detail}",
        "add `--cache-for 1d` to its `%%step` line if a result may be reused for a while",
        "The clock, the network, a database or another process can answer differently each time.",
    ),
    Rule(
        "SM205", WARNING, "untagged code that may change a value",
        "this untagged code is not run in the pipeline; it is taken only to look at `{name}`, "
        "which step `{detail}` takes",
        "put `%%scratch` on the cell if it changes nothing, or tag it with `%%step NAME` if it does",
        "A call that stepmill does not know may change its object.",
    ),
    Rule(
        "SM210", WARNING, "unknown magic",
        "`{name}` is a magic that stepmill does not know: what it reads and binds cannot be seen",
        "keep it in a step that takes all it needs by ordinary statements too",
        "An unknown magic may run any code.",
    ),
    Rule(
        "SM213", WARNING, "a text that may name variables",
        "this text is put together at run time and may name variables (`@name`) that cannot be seen",
        "write the query as one literal text, or pass the values with `local_dict=`",
        "`df.query` and `eval` read variables by name.",
    ),
    Rule(
        "SM301", ERROR, "a step changes what another one has already taken",
        "this takes `{name}` from step `{detail}`, which changes it again further down "
        "(cell [{cell2}], line {line2})",
        "give the second part of `{detail}` a step name of its own",
        "A step hands on what its variables are at its end; here an earlier value is needed.",
    ),
    Rule(
        "SM302", ERROR, "a step needs two values of one name",
        "this takes `{name}` as it is now, but the step already took an earlier `{name}` "
        "(cell [{cell2}], line {line2})",
        "split the step at this cell: give this part another step name",
        "A step takes each variable once, at its start.",
    ),
    Rule(
        "SM304", ERROR, "untagged code that the pipeline cannot run",
        "this takes `{name}` from untagged code (cell [{cell2}], line {line2}) that "
        "itself needs the result of a step",
        "tag cell [{cell2}] with `%%step NAME`, or put `%%scratch` on it if it has no effect that matters",
        "Untagged code does not run between steps; without it the value would be another one.",
    ),
    Rule(
        "SM305", ERROR, "a file written by untagged code",
        "this reads `{name}`, which untagged code writes (cell [{cell2}], line {line2}) after a step has run",
        "tag cell [{cell2}] with `%%step NAME`",
        "Untagged code does not run between steps; the file would be missing or old.",
    ),
    Rule(
        "SM306", ERROR, "steps that need each other",
        "these steps need each other: {detail}",
        "split one of them into two steps, so that each value is made before it is taken",
        "A pipeline has no circles.",
    ),
    Rule(
        "SM307", ERROR, "`--after` names no step",
        "`--after {name}`: there is no step of that name",
        "{detail}",
        "The order that you asked for cannot be kept.",
    ),
    Rule(
        "SM308", ERROR, "a step after itself",
        "step `{name}` cannot come after itself",
        "remove `--after {name}` from its `%%step` line",
        "A pipeline has no circles.",
    ),
    Rule(
        "SM309", ERROR, "no steps",
        "no cell of this notebook is tagged as a step",
        "put `%%step NAME` on the first line of a cell, or the cell tag `step:NAME` in its metadata",
        "stepmill turns tagged cells into a pipeline.",
    ),
    Rule(
        "SM310", WARNING, "a step without code",
        "step `{name}` has no code",
        "remove the tag, or write something into the cell",
        "An empty step gives nothing.",
    ),
    Rule(
        "SM311", ERROR, "a class or function that a step changes",
        "this uses `{name}`, whose own state a step has changed (cell [{cell2}], line {line2})",
        "keep the changing value in an ordinary variable (a dict or a list) instead of on `{name}`",
        "Definitions are executed again in each step, so what was stored on them would be lost.",
    ),
    Rule(
        "SM312", ERROR, "a class that cannot be defined again",
        "this uses class `{name}`, whose definition (cell [{cell2}], line {line2}) "
        "depends on data or changes other names",
        "let its bases, decorators, class body and the defaults of its methods use only imports, "
        "literals and other definitions",
        "Classes are defined again in each step that uses them.",
    ),
    Rule(
        "SM320", ERROR, "process state that cannot be repeated",
        "this changes the state of the process in a way that cannot be repeated in the later steps",
        "use literal values here, in a statement of its own at the top level of the cell",
        "Each step has a process of its own; settings are repeated in each of them.",
    ),
    Rule(
        "SM321", ERROR, "process state that a run saw changing",
        "when this step ran it changed the state of its process ({name}); later steps would not see it",
        "make the change in a statement of its own with literal values, or keep the data in a variable",
        "Each step has a process of its own; only changes that the source shows can be repeated there.",
    ),
    Rule(
        "SM330", ERROR, "history of the interactive session",
        "`{name}` refers to the session's history, which differs from run to run",
        "give the value a name where it is made",
        "`_`, `Out` and `In` depend on what was executed before, and how.",
    ),
    Rule(
        "SM331", ERROR, "names that only exist at run time",
        "`{name}` reads or binds names that cannot be known before the run",
        "use the names themselves, or a dict of your own",
        "What flows between steps must be visible in the source.",
    ),
    Rule(
        "SM332", ERROR, "a star import that cannot be read",
        "`from {name} import *`: the names that it binds cannot be found out",
        "import the names that you use",
        "A star import may rebind any name.",
    ),
    Rule(
        "SM333", ERROR, "a magic that runs or loads other code",
        "`{name}` runs or loads code that cannot be seen here",
        "put that code into a module and import it, or into the cell itself",
        "It may bind any name.",
    ),
    Rule(
        "SM340", ERROR, "a value that cannot leave its process",
        "`{name}` is {detail}: it cannot be handed from step `{step}` to another one",
        "make it again in the step that uses it, or hand on what it was made from (a list, a path)",
        "Values between steps are stored; an open file, a lock or a generator cannot be.",
    ),
    Rule(
        "SM341", ERROR, "a frame and an array over the same memory",
        "this changes values of `{name}` in place, which `{detail}` shows too because it shares its memory",
        "take a copy where the array is made (`.to_numpy(copy=True)`), "
        "or change the frame by assigning a column",
        "Stored values do not keep memory that a frame and an array have in common.",
    ),
    Rule(
        "SM360", WARNING, "a parameters cell that sets no parameter",
        "this is no parameter: its value is not a literal",
        "write a number, text, list or dict; other values are computed as they stand",
        "A run can only replace literals.",
    ),
    Rule(
        "SM361", ERROR, "`--inputs` or `--outputs` names nothing",
        "`{name}` is given as {detail} of the step, but nothing in the notebook gives or takes it",
        "correct the name, or leave the option out: stepmill infers it",
        "A wrong name would silently hand on nothing.",
    ),
    Rule(
        "SM362", ERROR, "a parameter set twice",
        "the parameter `{name}` is set twice; a run could replace only one of the two",
        "keep one of the two lines",
        "The second line would undo the value that you asked for.",
    ),
)  # fmt: skip
