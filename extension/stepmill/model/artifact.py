"""Stored values, and what a step leaves behind for the cache."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

ABSENT = "absent"
"""The digest of a name that is not bound: a fact like any other value."""

FOLDER = "folder"
"""The digest of a folder that a step made."""

QUESTIONS = ("kind", "size", "time", "link")
"""What can be asked about a file without opening it: see `stepmill.artifacts.file_digests.answer`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArtifactRef:
    """Names a stored value: its digest and, for a bundle, the member it is.

    Values that share objects are stored as one bundle so that identities survive; each of their
    names then has the same `digest` and its own `member`.
    """

    digest: str
    member: str = ""
    type_name: str = ""
    size_bytes: int = 0

    @property
    def is_absent(self) -> bool:
        return self.digest == ABSENT


@dataclass(frozen=True, slots=True, kw_only=True)
class FileAccess:
    """A file that a step read or wrote, or asked about.

    `path` is relative to the notebook's folder where it lies below it, else absolute; forward
    slashes. `digest` is that of the content at that time, or `ABSENT`. It is that of the listing
    where `mode` is "list", of the normalised source where it is "code" (a module of the project that
    was imported), and where it is one of `QUESTIONS` it is the answer.
    """

    path: str
    mode: str  # "read", "write", "list", "code", "folder" (it made one), or one of QUESTIONS
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StepRecord:
    """One observation of a step: under this key, with these observations, it gave these outputs.

    Attributes
    ----------
    key
        Static key: the digest of `components`.
    components
        What the key was made of: flat name -> digest ("code", "definition:f", "parameter:alpha",
        "input:df", "python", "module:helpers.py" …); the difference of two records explains a re-run.
    outputs
        Name -> stored value; a name with the digest `ABSENT` was not bound.
    random
        Generator -> stored state after the step.
    cells
        Digest of the JSON list with the outputs of the step's cells, in order.
    files
        Observed reads and writes. A hit requires reads to be as they were.
    distributions, environment
        Observed distribution versions, and keyed hashes of environment variables.
    seed
        The seed derived for an unseeded step that may draw.
    """

    key: str
    step: str
    run_id: str
    created_s: float
    seconds: float
    components: Mapping[str, str] = field(default_factory=dict)
    outputs: Mapping[str, ArtifactRef] = field(default_factory=dict)
    random: Mapping[str, ArtifactRef] = field(default_factory=dict)
    skipped: Mapping[str, str] = field(default_factory=dict)
    cells: str = ""
    files: tuple[FileAccess, ...] = ()
    distributions: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)
    seed: int | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredValue:
    """One value that a step of a run gave, as far as it can be told without loading it.

    Attributes
    ----------
    ref
        What is stored, or was.
    is_stored
        Whether it is still in the store: the digest stays known when the value is removed.
    preview
        What was noted down when it was stored: JSON values, see `stepmill.artifacts.previews`.
    picture
        Digest of the stored PNG, "" without one.
    """

    step: str
    name: str
    ref: ArtifactRef
    is_stored: bool = True
    preview: Mapping[str, Any] = field(default_factory=dict)
    picture: str = ""

    @property
    def shape(self) -> str:
        """The shape as people write it ("1,309" by "12"), the length of a container, or ""."""
        if "shape" in self.preview:
            sizes = self.preview["shape"]
            return " \N{MULTIPLICATION SIGN} ".join(f"{size:,}" for size in sizes) if sizes else "scalar"
        return f"{self.preview['length']:,}" if "length" in self.preview else ""
