"""What runner and step kernel tell each other: the manifest goes in, the result comes out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from stepmill.model.artifact import ArtifactRef, FileAccess
from stepmill.model.facts import Fact
from stepmill.model.pipeline import Definition, Output


@dataclass(frozen=True, slots=True, kw_only=True)
class StepInput:
    """A stored value to load under `name` before the user's cells run. `shown_by`: as in `Input`."""

    name: str
    artifact: ArtifactRef
    unchanged: bool = True  # compare at the end; a difference contradicts the analysis
    doubtful: bool = False
    group: int | None = None
    shown_by: tuple[str, ...] = ()

    @property
    def is_compared(self) -> bool:
        """Whether the object is compared with what was stored, once the step is over."""
        return self.unchanged or self.doubtful


@dataclass(frozen=True, slots=True, kw_only=True)
class StepManifest:
    """Everything a step kernel has to know; written by the runner beside the step notebook.

    Paths are absolute. `random_restore` maps a generator to its stored state; `random_watch` are
    the generators that the notebook seeds and this step is held not to draw from; `seed` is set
    for generators nobody seeded. `foreseen` are all names that may be bound when the step ends;
    `wanted` are the names that other cells of the notebook read.
    """

    schema: int = 1
    run_id: str
    step: str
    store: str
    result: str
    folder: str
    inputs: tuple[StepInput, ...] = ()
    outputs: tuple[Output, ...] = ()
    definitions: tuple[Definition, ...] = ()
    foreseen: frozenset[str] = frozenset()
    wanted: frozenset[str] = frozenset()
    constants: tuple[str, ...] = ()  # replayed values that nothing may change in place
    random_restore: Mapping[str, ArtifactRef] = field(default_factory=dict)
    random_capture: tuple[str, ...] = ()
    random_watch: tuple[str, ...] = ()
    seed: int | None = None
    metrics: tuple[str, ...] = ()
    lenient: bool = False
    by_hand: bool = False  # somebody works in the step notebook: nothing is watched, nothing kept
    names_labels: bool = False  # some cell names an Index in place: frames over one Index share it


@dataclass(frozen=True, slots=True, kw_only=True)
class StepProblem:
    """Why the outputs of a step could not be taken, as the errors of `stepmill.errors` say it."""

    code: str
    message: str
    hint: str = ""
    name: str = ""
    type_name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepResult:
    """What a step kernel found when the user's cells were through.

    `contradictions` are facts that the analysis did not foresee: unless the run is lenient the
    step then counts as failed and nothing of it is cached.
    """

    schema: int = 1
    step: str
    outputs: Mapping[str, ArtifactRef] = field(default_factory=dict)
    random: Mapping[str, ArtifactRef] = field(default_factory=dict)
    skipped: Mapping[str, str] = field(default_factory=dict)  # kept outputs that were not stored, why
    contradictions: tuple[Fact, ...] = ()
    learned: tuple[Fact, ...] = ()  # doubts that were settled
    problems: tuple[StepProblem, ...] = ()
    files: tuple[FileAccess, ...] = ()
    modules: tuple[str, ...] = ()  # top-level modules that the step's code brought in
    sys_path: tuple[str, ...] = ()
    python: str = ""
    metrics: Mapping[str, float] = field(default_factory=dict)
    session: tuple[str, ...] = ()  # process settings that the step left changed: "directory", "environment:X"
    by_name: tuple[str, ...] = ()  # modules of the project of which a pickle or a plug-in named something
    environment: tuple[str, ...] = ()  # variables that the step's code looked at; "*": at all names
    uses: tuple[str, ...] = ()  # settings in which an earlier step's change would show: "module:helpers"
    own_data: Mapping[str, str] = field(default_factory=dict)  # "module:name" -> three digests
    volatile: tuple[
        str, ...
    ] = ()  # what was touched and has no digest: "network: host", "subprocess: program"
    load_seconds: float = 0.0
    save_seconds: float = 0.0
