"""The plug-in door: one registry over one entry-point group, for our own parts and anybody's."""

from __future__ import annotations

import sys
from importlib.metadata import entry_points
from typing import Generic, TypeVar, cast

from stepmill.errors import PluginError

T = TypeVar("T")

BY_NAME = "stepmill.by_name"
"""The audit event that something of a module is asked for by name, as pickle's own `pickle.find_class`."""


class Registry(Generic[T]):
    """The plug-ins of one entry-point group. Listing them imports none of them."""

    def __init__(self, group: str) -> None:
        self.group = group

    def names(self) -> list[str]:
        """Return the installed plug-in names, sorted."""
        return sorted(entry_points(group=self.group).names)

    def load(self, name: str) -> T:
        """Import the plug-in called `name`.

        Raises
        ------
        PluginError
            Nothing is registered under `name`, or what is registered does not import, or is not there.
        """
        found = tuple(entry_points(group=self.group, name=name))
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
