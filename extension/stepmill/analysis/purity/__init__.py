"""What library calls do, as data: one entry a line in the `.txt` files beside this module.

An entry is a name followed by flags.

Functions are dotted names as imported, `package.*.name` wherever in a package, or prefixes ending in
`.*`; methods are bare names. Flags:

`pure`            nothing is changed; the result is new (default for functions)
`mutates[:N]`     changes the receiver, or argument N, in place
`deep`            the change may reach everything inside it
`inplace`         changes the receiver only when called with `inplace=True`
`renews`          … and puts new memory in place of the old, so arrays that show the old one stay
`stores`          keeps its arguments inside the receiver (or inside argument N of `mutates:N`)
`holds`           the result keeps its arguments
`copies`          … but for arrays, of which it makes copies (where an old version does not, the run notices)
`alias`           the result may be the receiver or an argument, or a part of it
`element`         the result is an element of the only argument, or one of several arguments
`elements`        the result is a new container of the elements of the first argument
`self`            the result is the receiver
`part`            the result is a part of the receiver or of the first argument
`fills`           looking up a key that is missing in the result adds it
`linked`          the parts of the result share objects
`immutable` `frame` `array` `container` `iterator` `handle` `figure` `object`   kind of the result
`draws:G`         draws from generator G ("numpy", "random", "torch")
`fit-draws:G`     constructs something whose fitting draws from G
`unless:K`        … unless keyword argument K is given and not None
`seeds:G`         seeds generator G
`session`         changes the state of the process
`folder`          changes the working directory to argument 0
`process`         the result is an object that the process has one of (with `holds`: unless it keeps data)
`volatile:W`      reads W, which has no digest (clock, network, subprocess, database, input)
`reads:N` `writes:N`   argument N is the path of a file that is read or written; N may be a keyword
`calls`           calls functions that it is given
`methods`         … and methods of the instances that it is given
`formula`         argument 0 is a formula that looks names up where the call stands
`examines`        goes through the functions and classes of the notebook
`pickles`         names in a pickle the definitions that its arguments carry
`unpickles`       needs the definitions that a pickle names
`strings`         reads the names that stand behind an `@` in its texts
`names`           its texts are expressions: reads the names in them
`tables`          its texts are SQL: reads the variables that stand for tables in them

`magics.txt`, `commands.txt` and `literals.txt` are lists of the same form.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


class Entry:
    """The flags of one library function or method."""

    __slots__ = ("_options", "flags")

    def __init__(self, flags: frozenset[str]) -> None:
        self.flags = flags
        self._options: dict[str, list[str]] = {}
        for flag in sorted(flags):
            prefix, colon, rest = flag.partition(":")
            if colon:
                self._options.setdefault(prefix, []).append(rest)

    def has(self, flag: str) -> bool:
        return flag in self.flags

    def option(self, prefix: str) -> str | None:
        """Return what follows `prefix:` in the flags, or None."""
        found = self._options.get(prefix)
        return found[0] if found else None

    def options(self, prefix: str) -> Sequence[str]:
        return self._options.get(prefix, ())


NOTHING = Entry(frozenset())


@cache
def _table(name: str) -> dict[str, Entry]:
    found: dict[str, Entry] = {}
    for line in files(__package__).joinpath(f"{name}.txt").read_text("utf-8").splitlines():
        words = line.split("#", 1)[0].split()
        if words:
            found[words[0]] = Entry(frozenset(words[1:]))
    return found


def is_read_only(command: str) -> bool:
    """Tell whether a shell command is known to change no file."""
    return command in _table("commands")


def is_literal_call(dotted: str) -> bool:
    """Tell whether calling the library function is as good as writing a literal."""
    return dotted in _table("literals")


def magic_kind(name: str) -> str:
    """Return what `%name` or `%%name` is: "session", "quiet", "dynamic", "script", "" if not known."""
    return next(iter(_table("magics").get(name, NOTHING).flags), "")


@cache
def function_entry(dotted: str) -> Entry | None:
    """Return the entry of a library function: its own, of `a.*.last`, `module.start*`, or a `prefix.*`."""
    table = _table("functions")
    if dotted in table:
        return table[dotted]
    parts = dotted.split(".")
    for length in range(len(parts) - 2, 0, -1):
        entry = table.get(".".join((*parts[:length], "*", parts[-1])))
        if entry is not None:
            return entry
    module, _, last = dotted.rpartition(".")
    for length in range(len(last), 0, -1):
        if f"{module}.{last[:length]}*" in table:
            return table[f"{module}.{last[:length]}*"]
    for length in range(len(parts) - 1, 0, -1):
        entry = table.get(".".join(parts[:length]) + ".*")
        if entry is not None:
            return entry
    return None


@cache
def method_entry(name: str, kind: str = "") -> Entry | None:
    """Return the entry of a method: `kind.name` first, then `name`, a `prefix*`, last `kind.*`."""
    table = _table("methods")
    for key in (f"{kind}.{name}", name):
        if key in table:
            return table[key]
    for length in range(len(name), 0, -1):
        entry = table.get(name[:length] + "*")
        if entry is not None:
            return entry
    return table.get(f"{kind}.*")


@cache
def is_mutator(method: str) -> bool:
    """Tell whether a method of that name changes its receiver in place, as far as is known."""
    entry = method_entry(method) if method else None
    return entry is not None and entry.has("mutates")
