"""What an exporter is: a plug-in of the group `stepmill.exporters` that writes a pipeline in another form."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from stepmill.plugins import Registry

if TYPE_CHECKING:
    from stepmill.model.cell import Notebook
    from stepmill.model.pipeline import Pipeline


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What an exporter must know of the world; it reads nothing itself.

    `modules` returns the names that a star import binds, None if nobody knows; `is_local` tells the
    project's own modules. `folder` is the way from the written file's folder to the notebook's, with
    forward slashes, "" if they are one. `own_code` are the texts of the project's own modules.
    """

    modules: Callable[[str], frozenset[str] | None]
    is_local: Callable[[str], bool]
    folder: str = ""
    own_code: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """The text of the file. The rest tells a test how it relates to the notebook.

    `functions`: function of the text -> local names of the notebook that it may set. `cells`: those
    whose code is in it. `left_out`: names that other code of the notebook sets.
    """

    text: str
    functions: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    cells: tuple[int, ...] = ()
    left_out: frozenset[str] = frozenset()


class Exporter(Protocol):
    """`suffix` is that of the files it writes, such as ".py"."""

    suffix: str

    def export(self, notebook: Notebook, pipeline: Pipeline, world: Surroundings) -> Exported:
        """Return the pipeline, which has no errors, as a file of this kind.

        Called by `stepmill export`. Raises ExportRefused where the form cannot say what the notebook does.
        """
        ...


EXPORTERS: Registry[type[Exporter]] = Registry("stepmill.exporters")
