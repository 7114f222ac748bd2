"""What a materializer is, and how the one for a value is found without importing its library."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol

from stepmill.artifacts.reach import ReachMaker, nothing
from stepmill.errors import PluginError
from stepmill.plugins import entry_points_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from stepmill.artifacts.hashing import Buffer
    from stepmill.artifacts.scope import Scope

GROUP = "stepmill.materializers"
_OURS = "stepmill."
_broken: dict[str, str] = {}
"""Why materializers of others were left out; each is said once."""


class NotExactError(Exception):
    """The format cannot hold the value exactly; the next materializer is asked."""


@dataclass(frozen=True, slots=True)
class Encoded:
    """A value as bytes.

    Attributes
    ----------
    header
        JSON types; together with the parts it names the value: equal header and parts must mean
        values that user code cannot tell apart.
    parts
        Name -> buffers, concatenated in this order. They may be memory of the value itself.
    identities
        Finds, part -> what its bytes say, where equal values may have different bytes; the digest is of
        this. Made late, as reach and picture are: a value that goes into a bundle needs none of it.
    definitions
        Notebook definitions (name -> digest) that the bytes refer to.
    reach
        Finds the mutable objects inside the value; leave it out for immutable values only.
    preview
        Makes JSON types for people, a few kilobytes; no part of the digest. Without it the value is
        described like any other. See `stepmill.artifacts.previews` for the keys that are drawn.
    picture
        Draws a PNG for people, or returns None; no part of the digest.
    """

    header: Mapping[str, Any]
    parts: Mapping[str, Sequence[Buffer]] = field(default_factory=dict)
    identities: Callable[[], Mapping[str, Buffer]] = dict
    definitions: Mapping[str, str] = field(default_factory=dict)
    reach: ReachMaker = nothing
    preview: Callable[[], Mapping[str, Any]] | None = None
    picture: Callable[[], bytes | None] | None = None


class Materializer(Protocol):
    """Saves and loads one family of types. Instances are shared: keep no state in them."""

    priority: int
    """Lower ones are asked first; the pickle, which takes anything, has 1000."""

    def accepts(self, value: Any) -> bool:
        """Tell whether to try `encode`. Look at `type(value)`; import nothing; exact types only."""
        ...

    def encode(self, value: Any, scope: Scope) -> Encoded:
        """Return the value as bytes; raise NotExactError where this format loses something."""
        ...

    def decode(self, header: Mapping[str, Any], parts: Mapping[str, memoryview], scope: Scope) -> Any:
        """Return a new value. The parts are private memory: it may live in them and write there."""
        ...


@cache
def materializers() -> Mapping[str, Materializer]:
    """Return the installed materializers by entry-point name, in the order of asking.

    One of somebody else's that does not load is left out, and said.
    """
    found: dict[tuple[int, str], Materializer] = {}
    for point in entry_points_of(GROUP):
        try:
            materializer = point.load()()
            found[int(materializer.priority), point.name] = materializer
        except Exception as error:
            if point.value.startswith(_OURS):
                raise
            _leave_out(point.name, point.value, error)
    return {name: found[priority, name] for priority, name in sorted(found)}


def for_value(value: Any) -> Iterator[tuple[str, Materializer]]:
    """Yield the materializers that may hold `value`, the fastest exact one first."""
    for name, materializer in materializers().items():
        try:
            accepted = materializer.accepts(value)
        except Exception as error:  # noqa: BLE001 - raised again, unless it is a stranger's
            left_out(name, materializer, error)
            continue
        if accepted:
            yield name, materializer


def left_out(name: str, materializer: Materializer, error: Exception) -> None:
    """Say that a materializer of somebody else's failed and the next is asked; raise `error` for ours.

    Call it where `error` is being handled.
    """
    module = type(materializer).__module__
    if module.startswith(_OURS):
        raise error
    _leave_out(name, module, error)


def _leave_out(name: str, where: str, error: Exception) -> None:
    if name in _broken:
        return
    _broken[name] = f"{type(error).__name__}: {error}"
    # no warning: the user's filters may make errors of these
    sys.stderr.write(
        f"stepmill: the materializer {name!r} ({where}) does not work and is left out: {_broken[name]}\n"
    )


def by_name(name: str) -> Materializer:
    """Return one materializer; raises PluginError where it is not installed."""
    found = materializers().get(name)
    if found is None and name in _broken:
        raise PluginError(
            f"a stored value needs the materializer {name!r}, which does not load: {_broken[name]}",
            hint="repair or upgrade what it comes from",
        )
    if found is None:
        raise PluginError(
            f"a stored value needs the materializer {name!r}, which is not installed",
            hint=f"installed: {', '.join(materializers())}",
        )
    return found
