"""Settings: from configuration files, the environment and arguments to plain values.

Files are called `stepmill_config.py` (or `.json`) and lie in Jupyter's configuration folders, in the
project's root or beside the notebook; nearer ones win over farther ones, variables `STEPMILL_JOBS` and
so on over files, arguments over everything. A file says, for example::

    c = get_config()
    c.Stepmill.jobs = 4
    c.Stepmill.tracking = False
"""

from __future__ import annotations

import math
import os
from dataclasses import dataclass, fields, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stepmill.errors import ConfigError
from stepmill.notebook.quantities import parse_size_bytes

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

FILE_NAME = "stepmill_config"
_PREFIX = "STEPMILL_"
_LONGEST_KEEP_S = 3600
_WORDS = {
    "true": True,
    "yes": True,
    "on": True,
    "1": True,
    "false": False,
    "no": False,
    "off": False,
    "0": False,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What can be set once for many runs.

    Attributes
    ----------
    jobs
        Steps that may run at a time; None: one for each CPU.
    project
        The folder whose `.stepmill` keeps cache and runs; empty: found from the notebook.
    tracking
        Whether runs are tracked.
    tracker
        The tracker's plug-in name.
    start_timeout_s
        Seconds that a kernel may take to start.
    threads
        Threads that numerical libraries may use in one step; None: the step's share of the CPUs.
    forked
        Whether kernels are forked from a process that has imported what steps import; where that cannot
        be, they are started. False: all are started.
    keep_s
        Seconds for which the process that kernels are forked from waits after a run for the next one,
        which then starts at once; 0: it ends with the run. None: 0, but for runs from JupyterLab.
    budget
        What stored values may take of the disk, as "5GB"; more is removed after a run, the least
        valuable first. Empty: there is no limit.
    """

    jobs: int | None = None
    project: str = ""
    tracking: bool = True
    tracker: str = "mlflow"
    start_timeout_s: float = 60.0
    threads: int | None = None
    forked: bool = True
    keep_s: float | None = None
    budget: str = ""

    @property
    def budget_bytes(self) -> int | None:
        return parse_size_bytes(self.budget) if self.budget else None


def load_settings(
    folders: Iterable[Path] = (),
    *,
    environ: Mapping[str, str] | None = None,
    run_files: bool = True,
    **arguments: Any,
) -> Settings:
    """Return the settings for a notebook.

    `folders` are those with the project's own files, the farthest first. Arguments that are None
    count as not given. Without `run_files` the project's own Python files are left out.

    Raises
    ------
    ConfigError
        A file or variable cannot be understood; the message says which and why.
    """
    settings = Settings()
    own = [path for path in _files(folders) if run_files or path.suffix != ".py"]
    for path in dict.fromkeys((*_files(reversed(_jupyter_folders())), *own)):
        settings = _checked(settings, _read(path), str(path))
    variables = os.environ if environ is None else environ
    settings = _checked(settings, _from_environment(variables), "the environment")
    given = {name: value for name, value in arguments.items() if value is not None}
    return _checked(settings, given, "the arguments")


def _jupyter_folders() -> list[Path]:
    """Return Jupyter's configuration folders, the one that wins first."""
    from jupyter_core.paths import jupyter_config_path

    return [Path(folder) for folder in jupyter_config_path()]


def _files(folders: Iterable[Path]) -> Iterable[Path]:
    for folder in dict.fromkeys(folders):
        for suffix in (".json", ".py"):
            path = folder / f"{FILE_NAME}{suffix}"
            if os.path.isfile(path):  # noqa: PTH113 - false, where `Path` raises for a closed folder
                yield path


def _read(path: Path) -> Mapping[str, Any]:
    """Return what a file sets, after traitlets checked types; the user's file is run."""
    from traitlets.config.loader import JSONFileConfigLoader, PyFileConfigLoader

    loader = JSONFileConfigLoader if path.suffix == ".json" else PyFileConfigLoader
    try:
        config = loader(path.name, path=str(path.parent)).load_config()
    except Exception as error:  # a Python file may raise anything
        raise ConfigError(f"{path} cannot be read: {type(error).__name__}: {error}") from error
    section = config.get("Stepmill", {})
    unknown = sorted(set(section) - _names())
    if unknown:
        raise ConfigError(
            f"{path} sets c.Stepmill.{unknown[0]}, which does not exist",
            hint=f"settings are: {', '.join(sorted(_names()))}",
        )
    return _through_traits(config, path)


def _through_traits(config: Any, path: Path) -> dict[str, Any]:
    from traitlets import TraitError

    try:
        made = traits()(config=config)
    except TraitError as error:
        raise ConfigError(f"{path}: {error}") from error
    return {name: getattr(made, name) for name in config.get("Stepmill", {})}


@cache
def traits() -> Any:
    """Return the configurable class behind the files, made on first use: most runs have no file."""
    from traitlets import Bool, Float, Integer, Unicode
    from traitlets.config import Configurable

    class Stepmill(Configurable):
        jobs = Integer(None, allow_none=True, help="Steps that may run at a time.").tag(config=True)
        project = Unicode("", help="Folder whose .stepmill keeps cache and runs.").tag(config=True)
        tracking = Bool(True, help="Whether runs are tracked.").tag(config=True)
        tracker = Unicode("mlflow", help="Name of the tracker's plug-in.").tag(config=True)
        start_timeout_s = Float(60.0, help="Seconds that a kernel may take to start.").tag(config=True)
        threads = Integer(None, allow_none=True, help="Threads of numerical libraries in a step.").tag(
            config=True
        )
        forked = Bool(True, help="Whether kernels are forked where that can be.").tag(config=True)
        keep_s = Float(None, allow_none=True, help="Seconds that the fork server waits for another run.").tag(
            config=True
        )
        budget = Unicode("", help='Disk space for stored values, as "5GB".').tag(config=True)

    return Stepmill


def _from_environment(environ: Mapping[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in _names():
        text = environ.get(f"{_PREFIX}{name.upper()}", "")
        if text:
            found[name] = _parsed(name, text)
    return found


def _parsed(name: str, text: str) -> Any:
    kinds = {"jobs": int, "threads": int, "start_timeout_s": float, "keep_s": float}
    if name in ("tracking", "forked"):
        if text.lower() not in _WORDS:
            raise ConfigError(f"{_PREFIX}{name.upper()} is {text!r}", hint="write true or false")
        return _WORDS[text.lower()]
    try:
        return kinds.get(name, str)(text)
    except ValueError:
        wanted = "a whole number" if kinds[name] is int else "a number of seconds"
        raise ConfigError(f"{_PREFIX}{name.upper()} is {text!r}", hint=f"write {wanted}") from None


def _checked(settings: Settings, changes: Mapping[str, Any], source: str) -> Settings:
    for name in ("jobs", "threads", "start_timeout_s"):
        value = changes.get(name)
        if value is not None and not 0 < value < math.inf:
            raise ConfigError(f"{name} is {value} in {source}", hint="it must be above 0, and finite")
    if not 0 <= (changes.get("keep_s") or 0.0) <= _LONGEST_KEEP_S:
        raise ConfigError(
            f"keep_s is {changes['keep_s']} in {source}", hint=f"it must be from 0 to {_LONGEST_KEEP_S}"
        )
    budget = changes.get("budget")
    if budget and parse_size_bytes(budget) is None:
        raise ConfigError(f"budget is {budget!r} in {source}", hint="write a size: 500MB, 5GB, 20GiB")
    return replace(settings, **changes)


def _names() -> set[str]:
    return {field.name for field in fields(Settings)}
