"""Installed distributions, asked of the file system: names and versions without importing anything.

Versions are read from the names of the `.dist-info` folders, which costs one directory listing per
entry of a kernel's `sys.path` instead of one parsed metadata file per distribution.
"""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_DIST_INFO = re.compile(r"^(?P<name>.+?)-(?P<version>[^-]+)(?:-py[\d.]+)?\.(?:dist-info|egg-info)$")


def normalised(name: str) -> str:
    """Return a distribution's name as indexes compare it: `Scikit_Learn` is `scikit-learn`."""
    return re.sub(r"[-_.]+", "-", name).lower()


def installed_versions(sys_path: Iterable[str]) -> dict[str, str]:
    """Return normalised name -> version of everything on `sys_path`; earlier entries win."""
    found: dict[str, str] = {}
    for entry in sys_path:
        modified = _modified_ns(entry)
        if modified is not None:
            found = {**_versions_in(entry, modified), **found}
    return found


def distributions_by_module(sys_path: Iterable[str], remembered: dict[str, Any]) -> dict[str, set[str]]:
    """Return top-level module -> normalised names of the distributions that bring it (a namespace has many).

    Reading the lists of installed files takes tenths of a second: `remembered` (JSON values, changed
    in place) keeps them per folder, as long as the folder's time of change is the same.
    """
    found: dict[str, set[str]] = {}
    for entry in sys_path:
        modified = _modified_ns(entry)
        if modified is None:
            continue
        known = remembered.get(entry)
        if not isinstance(known, dict) or known.get("modified_ns") != modified:
            known = {"modified_ns": modified, "modules": _modules_in(entry)}
            remembered[entry] = known
        for module, names in known["modules"].items():
            found.setdefault(module, set()).update(names)
    return found


def used_distributions(
    modules: Iterable[str], by_module: Mapping[str, Iterable[str]], versions: Mapping[str, str]
) -> dict[str, str]:
    """Return name -> version of the distributions that the top-level `modules` came from."""
    names = {name for module in modules for name in by_module.get(module, ())}
    return {name: versions[name] for name in sorted(names) if name in versions}


def _modified_ns(folder: str) -> int | None:
    try:
        path = Path(folder)
        return path.stat().st_mtime_ns if path.is_dir() else None
    except OSError:
        return None


@lru_cache(maxsize=64)
def _versions_in(folder: str, modified_ns: int) -> Mapping[str, str]:  # noqa: ARG001 - part of the cache's key
    found: dict[str, str] = {}
    for entry in Path(folder).iterdir():
        if not entry.name.endswith((".dist-info", ".egg-info")):
            continue
        match = _DIST_INFO.match(entry.name)
        name, version = (match["name"], match["version"]) if match else _from_metadata(entry)
        if name:
            found[normalised(name)] = version
    return found


def _from_metadata(entry: Path) -> tuple[str, str]:
    """Return name and version of an `.egg-info` whose folder name has no version."""
    information = entry / "PKG-INFO" if entry.is_dir() else entry
    try:
        lines = information.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return "", ""
    fields = dict(line.split(": ", 1) for line in lines if ": " in line)
    return fields.get("Name", ""), fields.get("Version", "")


def _modules_in(folder: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for entry in sorted(Path(folder).glob("*.dist-info")):
        match = _DIST_INFO.match(entry.name)
        for module in _top_level(entry) if match else ():
            found.setdefault(module, []).append(normalised(match["name"] if match else ""))
    for entry in sorted(Path(folder).glob("*.egg-info/top_level.txt")):
        match = _DIST_INFO.match(entry.parent.name)
        name = match["name"] if match else _from_metadata(entry.parent)[0]
        for module in entry.read_text(encoding="utf-8", errors="replace").split():
            found.setdefault(module, []).append(normalised(name))
    return found


def _top_level(dist_info: Path) -> set[str]:
    """Return the top-level modules of one distribution, from its list of installed files."""
    try:
        record = (dist_info / "RECORD").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return set()
    modules = set()
    for line in record.splitlines():
        path = line.split(",", 1)[0].strip('"')
        first, separator, _ = path.partition("/")
        if separator and not first.endswith((".dist-info", ".data")) and first not in ("..", "__pycache__"):
            modules.add(first)
        elif not separator and first.endswith((".py", ".so", ".pyd")):
            modules.add(first.split(".", 1)[0])
    return modules
