"""What is looked at: a notebook with what runs taught us about it. Nothing is planned or run.

Apart from the rest of `running`, so that the panel's first graph does not wait for what it does not need.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stepmill.analysis import analyze as analyze_notebook
from stepmill.artifacts.store import open_store
from stepmill.config import load_settings
from stepmill.errors import KernelError
from stepmill.model.facts import FactKind
from stepmill.notebook.modules import exported_names, is_project_module
from stepmill.notebook.own_modules import OwnSources
from stepmill.notebook.reading import parse_document
from stepmill.notebook.scripts import script_text
from stepmill.notebook.search_path import module_search
from stepmill.planning.facts import FactBook
from stepmill.planning.facts import in_force as facts_in_force
from stepmill.planning.kernels import find_kernel
from stepmill.planning.keys import digest_of
from stepmill.planning.project import Project, find_root

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stepmill.config import Settings
    from stepmill.model.cell import Notebook
    from stepmill.model.facts import Fact
    from stepmill.model.pipeline import Pipeline


@dataclass(frozen=True, slots=True)
class Inspection:
    """A notebook as it was read, cell by cell, and the pipeline that it is."""

    notebook: Notebook
    pipeline: Pipeline


def inspect(
    document: Mapping[str, Any], *, path: str | Path | None = None, project: str | Path | None = None
) -> Inspection:
    """Return cells and pipeline of a notebook in memory, for example one with unsaved changes.

    `path` is where it lies, or is going to: remembered facts and local modules are looked up there.

    Raises
    ------
    NotebookError
        It is no notebook, or not for Python.
    """
    if path is not None:
        return inspect_file(parse_document(document, Path(path).name), Path(path), project)
    notebook = parse_document(document, "notebook")
    return Inspection(notebook, analyze_with_facts(notebook, Path.cwd(), None))


def inspect_file(notebook: Notebook, path: Path, project: str | Path | None) -> Inspection:
    """Return cells and pipeline of a notebook that lies, or is going to, at `path`."""
    home = project_of(path, project)
    book = FactBook(open_store(home.state), home.relative(path))
    folder = path.resolve().parent
    search_path = search_path_of(notebook.kernel_name)
    return Inspection(notebook, analyze_with_facts(notebook, folder, book, search_path))


def analyze_with_facts(
    notebook: Notebook,
    folder: Path,
    book: FactBook | None,
    sys_path: tuple[str, ...] = (),
    *,
    anew: bool = False,
) -> Pipeline:
    """Analyse a notebook in `folder`, with the remembered facts whose step has not changed since.

    `anew`: as `analyze` has it.
    """
    search = module_search(notebook, folder, sys_path)
    sources = OwnSources(search)
    analyze = partial(
        analyze_notebook,
        modules=partial(exported_names, search=search),
        is_local=cache(partial(is_project_module, search=search)),
        scripts=partial(script_text, folder=folder),
        sources=sources,
        anew=anew,
    )
    bare = analyze(notebook)
    remembered = book.recall() if book is not None else ()
    if not remembered:
        return bare
    valid = tuple(fact for fact in facts_in_force(remembered, bare) if _is_of_this_text(fact, sources))
    return analyze(notebook, facts=valid) if valid else bare


def text_digest(module: str, sources: OwnSources) -> str:
    """Return a digest of the source of an own module, "" if there is none to read."""
    source = sources(module)
    return "" if source is None else digest_of(source.text)


def _is_of_this_text(fact: Fact, sources: OwnSources) -> bool:
    """Tell whether what was seen of a module was seen of the source that it has now."""
    return fact.kind is not FactKind.UNSTEADY or text_digest(fact.names[0], sources) == fact.names[2]


def project_of(path: Path, project: str | Path | None) -> Project:
    """Return the project of a notebook; its settings are asked only where none is given."""
    if project is not None:
        return Project(find_root(path, Path(project)))
    return surroundings(path, None)[1]


def surroundings(path: Path, project: str | Path | None, **arguments: Any) -> tuple[Settings, Project]:
    """Return the settings for a notebook, and its project, which the settings may name."""
    folder = path.resolve().parent
    named = None if project is None else str(project)
    settings = load_settings((find_root(path), folder), project=named, **arguments)
    return settings, Project(find_root(path, Path(settings.project) if settings.project else None))


def trusted_project(notebook: str | Path) -> Path:
    """Return the project of a notebook as far as it can be told without running a file that lies beside it.

    A `stepmill_config.py` in the project is code: who merely looks at a notebook must not run it.
    """
    path = Path(notebook)
    settings = load_settings((find_root(path), path.resolve().parent), run_files=False)
    return find_root(path, Path(settings.project) if settings.project else None)


def search_path_of(kernel_name: str) -> tuple[str, ...]:
    """Return where the kernel finds modules; ours, if it is not installed: looking needs no kernel."""
    try:
        return find_kernel(kernel_name).sys_path
    except KernelError:
        return ()
