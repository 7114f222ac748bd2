"""What a live kernel needs to stand where the notebook's cached steps left off."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from stepmill.model.artifact import ArtifactRef
from stepmill.model.pipeline import Definition, Fragment


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredName:
    """A value to load under `name`, as `step` left it."""

    name: str
    step: str
    artifact: ArtifactRef


@dataclass(frozen=True, slots=True, kw_only=True)
class MissingStep:
    """A step whose results are not restored, why, and the names that it would give."""

    step: str
    cells: tuple[int, ...]
    reason: str
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Restoration:
    """Computed from the saved notebook with its own parameters; nothing was run for it.

    Attributes
    ----------
    folder, store
        Where the notebook's code runs, and where its values are.
    setup
        Parameters, imports, definitions, constants, settings: to be executed in order, before values
        are loaded.
    restored, missing
        The steps whose results are there, and the others.
    random, random_unknown
        Generator -> its state after the last restored step; generators whose state nobody kept.
    apart
        Sets of names that may be one object after Run All, but are stored as several.
    unstored
        Name -> why a restored step's value of it is not in the store.
    unrun
        Name -> index of the untagged cell that gives it: no step runs that cell.
    """

    schema: int = 1
    folder: str
    store: str
    setup: tuple[Fragment, ...] = ()
    definitions: tuple[Definition, ...] = ()
    values: tuple[StoredName, ...] = ()
    restored: tuple[str, ...] = ()
    missing: tuple[MissingStep, ...] = ()
    random: Mapping[str, ArtifactRef] = field(default_factory=dict)
    random_unknown: tuple[str, ...] = ()
    apart: tuple[tuple[str, ...], ...] = ()
    unstored: Mapping[str, str] = field(default_factory=dict)
    unrun: Mapping[str, int] = field(default_factory=dict)
