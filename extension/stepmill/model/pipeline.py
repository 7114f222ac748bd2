"""The pipeline: steps, edges, parameters. What the analyzer infers and all later rooms read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from stepmill.model.cell import StepOptions
from stepmill.model.diagnostic import Diagnostic, Place

SETUP_STEP = "setup"
"""The name of the implicit first step, which runs untagged code once."""


class EdgeKind(StrEnum):
    """Why one step comes after another."""

    DATA = "data"
    ORDER = "order"
    FILE = "file"
    SESSION = "session"
    RANDOM = "random"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fragment:
    """A piece of source and the place it was taken from (`line` is that of its first line)."""

    cell: int
    line: int
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """A value that a step takes. `unchanged`: the analyzer holds that the step only reads it.

    `shown_by`: names that may show the same objects, where the step binds this one to something else.
    """

    name: str
    producer: str
    kind: EdgeKind = EdgeKind.DATA  # DATA, or RANDOM: the state of the generator called `name`
    unchanged: bool = True
    doubtful: bool = False
    group: int | None = None  # inputs with one number may share objects
    shown_by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """A value that a step gives.

    `required`: a later step takes it, so it must be storable. Otherwise it is kept if it can be,
    because it is what Run All leaves in the kernel.
    """

    name: str
    required: bool = True
    kind: EdgeKind = EdgeKind.DATA
    group: int | None = None  # outputs with one number may share objects
    place: Place | None = None  # the last line that gives it


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """A `def` or `class` that is replayed as source.

    `digest` names its normalised source. `reached`: code of the step can come to call it, so it is
    part of the step's key; the others are there so that stored instances find their class.
    """

    name: str
    digest: str
    step: str | None = None
    reached: bool = True


_ASKED = {
    "clock": "the clock",
    "network": "the network",
    "database": "a database",
    "subprocess": "another program",
    "process": "the process",
    "input": "the user",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Volatile:
    """Something a step reads that has no digest: the clock, the network, a subprocess, `input()`."""

    what: str
    place: Place

    @property
    def told(self) -> str:
        """What was asked, as part of a sentence: "the clock (time.time)", "another program (!ls)"."""
        kind, gap, detail = self.what.partition(" ")
        return f"{_ASKED.get(kind, kind)}{gap}{detail}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """A literal that a run may replace.

    `type` is the field's word: bool, int, float, str, none, list, dict, date, path, or the names
    of an Enum or Literal. `default` is the JSON value; `choices` are those of a Literal or Enum.
    `span` is (line, column, end line, end column) of the right-hand side within the cell's
    `python`, lines from 1, columns in UTF-8 bytes as `ast` counts.
    """

    name: str
    type: str
    default: Any
    place: Place
    span: tuple[int, int, int, int]
    optional: bool = False
    choices: tuple[Any, ...] = ()
    enum: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """`consumer` comes after `producer` because of `name`; `evidence` is (giving, taking) line."""

    producer: str
    consumer: str
    name: str
    kind: EdgeKind = EdgeKind.DATA
    doubtful: bool = False
    evidence: tuple[Place, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """The cells that share one `%%step` name: one node of the pipeline.

    Attributes
    ----------
    body
        The user's code, one fragment per cell, in notebook order.
    setup
        Replayed before the step in a fresh kernel: imports, definitions, constants, session
        settings. Fragments that read parameters stand here too.
    parameters
        Names of the parameters whose values the step can come to read.
    definitions
        Every notebook `def` and `class` in force during the step.
    binds
        Names that the step may bind; a name bound at run time outside of it contradicts us.
    imports
        Dotted names of the modules that the step's code and setup import.
    files_read, files_written
        Paths that are literals in the source, as written there.
    environment
        Environment variables that the code reads by literal name.
    draws
        Generators it may draw from or seed: "numpy", "random", "torch"; `unseeded` are those that
        nothing has seeded before.
    constants
        Replayed names whose values could be changed in place: the run checks that nothing does.
    settings
        Its code is seen to change process state: those of the later steps repeat it that can notice.
    code_digest
        Digest of the normalised AST of body, setup slice and reached definitions.
    body_digest
        Digest of the normalised AST of the body alone; remembered facts hold while it is the same.
    """

    name: str
    cells: tuple[int, ...]
    options: StepOptions = field(default_factory=StepOptions)
    implicit: bool = False
    body: tuple[Fragment, ...] = ()
    setup: tuple[Fragment, ...] = ()
    inputs: tuple[Input, ...] = ()
    outputs: tuple[Output, ...] = ()
    parameters: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    definitions: tuple[Definition, ...] = ()
    binds: frozenset[str] = frozenset()
    imports: tuple[str, ...] = ()
    files_read: tuple[str, ...] = ()
    files_written: tuple[str, ...] = ()
    environment: tuple[str, ...] = ()
    draws: tuple[str, ...] = ()
    unseeded: tuple[str, ...] = ()
    volatile: tuple[Volatile, ...] = ()
    constants: tuple[str, ...] = ()
    settings: bool = False
    code_digest: str = ""
    body_digest: str = ""

    def __post_init__(self) -> None:
        if not self.cells:
            raise ValueError(f"step {self.name!r} has no cells")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pipeline:
    """The whole graph. `steps` are in an order in which they can run.

    `silenced`: warnings and notes that comments `# stepmill: ignore[CODE]` keep out of `diagnostics`.
    """

    name: str
    steps: tuple[Step, ...]
    edges: tuple[Edge, ...] = ()
    parameters: tuple[Parameter, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    silenced: tuple[Diagnostic, ...] = ()
    seeded: tuple[str, ...] = ()  # generators that some code of the notebook seeds
    unsteady: tuple[str, ...] = ()  # "module:name" of own modules known to differ from process to process

    def step(self, name: str) -> Step:
        """Return the step called `name`; KeyError if there is none."""
        for step in self.steps:
            if step.name == name:
                return step
        raise KeyError(name)

    def upstream(self, name: str) -> frozenset[str]:
        """Return the steps that must be finished before `name` starts (direct ones)."""
        return frozenset(edge.producer for edge in self.edges if edge.consumer == name)

    def downstream(self, names: Iterable[str]) -> frozenset[str]:
        """Return all steps that come after one of `names`, at any distance."""
        found: set[str] = set()
        frontier = set(names)
        while frontier:
            frontier = {e.consumer for e in self.edges if e.producer in frontier} - found
            found |= frontier
        return frozenset(found)

    @property
    def unread_parameters(self) -> frozenset[str]:
        """The parameters that no step can come to read: another value changes nothing."""
        read = {name for step in self.steps for name in step.parameters}
        return frozenset(parameter.name for parameter in self.parameters) - read

    @property
    def errors(self) -> tuple[Diagnostic, ...]:
        return tuple(d for d in self.diagnostics if d.is_error)
