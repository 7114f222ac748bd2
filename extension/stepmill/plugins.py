"""The plug-in door: one registry over one entry-point group, for our own parts and anybody's."""

from __future__ import annotations

import os
import sys
from functools import lru_cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Generic, TypeVar, cast

from stepmill.errors import PluginError

T = TypeVar("T")

BY_NAME = "stepmill.by_name"
"""The audit event that something of a module is asked for by name, as pickle's own `pickle.find_class`."""


def entry_points_of(group: str) -> tuple[EntryPoint, ...]:
    """Return the entry points of a group, anybody's. All are read at once, and again if packages change.

    To read them is to open a file or two of every package that is installed: a tenth of what it takes to
    start a run, and four parties ask for a group of theirs.
    """
    return tuple(_all_entry_points(tuple((path, _changed_ns(path)) for path in sys.path)).select(group=group))


@lru_cache(maxsize=1)
def _all_entry_points(folders: tuple[tuple[str, int], ...]) -> Any:  # noqa: ARG001 - what it depends on
    return entry_points()


def _changed_ns(path: str) -> int:
    try:
        return os.stat(path or ".").st_mtime_ns  # noqa: PTH116 - as they stand on `sys.path`
    except OSError:
        return -1


class Registry(Generic[T]):
    """The plug-ins of one entry-point group. Listing them imports none of them."""

    def __init__(self, group: str) -> None:
        self.group = group

    def names(self) -> list[str]:
        """Return the installed plug-in names, sorted."""
        return sorted({point.name for point in entry_points_of(self.group)})

    def load(self, name: str) -> T:
        """Import the plug-in called `name`.

        Raises
        ------
        PluginError
            Nothing is registered under `name`, or what is registered does not import, or is not there.
        """
        found = [point for point in entry_points_of(self.group) if point.name == name]
        if not found:
            raise PluginError(
                f"no {self.group!r} plug-in is called {name!r}",
                hint=f"installed: {', '.join(self.names()) or 'none'}",
            )
        sys.audit(BY_NAME, found[0].module, found[0].attr)
        try:
            return cast("T", found[0].load())
        except (ImportError, AttributeError) as error:  # the latter: it has no such class
            raise PluginError(
                f"plug-in {name!r} does not import: {error}",
                hint=f"it comes from {found[0].value!r}; install what that module needs",
            ) from error
