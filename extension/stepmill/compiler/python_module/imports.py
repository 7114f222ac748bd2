"""The import block: each name once, only what is used, in the order that isort and ruff keep."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from stepmill.analysis.bringing import may_act_on_others
from stepmill.compiler.python_module.headings import WIDTH

if TYPE_CHECKING:
    from stepmill.compiler.python_module.borrowed import ImportKey


@dataclass(slots=True)
class Imported:
    """One imported name with the comments around its line."""

    key: ImportKey
    lead: list[str] = field(default_factory=list)
    tail: str = ""


def has_effect(key: ImportKey) -> bool:
    """Tell whether an import may matter though nothing uses its name: it may register something."""
    return may_act_on_others(key[0])


def is_future(key: ImportKey) -> bool:
    """Tell whether it is an import from `__future__`."""
    return key[0] == "__future__"


def import_lines(found: Iterable[Imported], used: set[str], is_local: Callable[[str], bool]) -> list[str]:
    """Return the lines of one import block; names outside of `used` are marked as unused."""
    unique: dict[ImportKey, Imported] = {}
    for one in found:
        known = unique.setdefault(one.key, one)
        if known is not one and not known.lead:
            known.lead = one.lead
    sections: dict[int, list[Imported]] = {}
    for one in unique.values():
        sections.setdefault(_section(one.key[0], is_local), []).append(one)
    lines: list[str] = []
    for number in sorted(sections):
        if lines:
            lines.append("")
        lines += _section_lines(sections[number], used)
    return lines


def _section(module: str, is_local: Callable[[str], bool]) -> int:
    root = module.partition(".")[0]
    if module == "__future__":
        return 0
    if module.startswith("."):
        return 4
    if root in sys.stdlib_module_names:
        return 1
    return 3 if is_local(root) else 2


def _section_lines(found: list[Imported], used: set[str]) -> list[str]:
    lines: list[str] = []
    plain = [one for one in found if not one.key[1]]
    for one in sorted(plain, key=lambda one: (one.key[0].lower(), one.key[0], one.key[2])):
        module, _, name = one.key
        renamed = "" if name == module.partition(".")[0] else f" as {name}"
        lines += [*one.lead, _with_comment(f"import {module}{renamed}", one, used)]
    groups: dict[tuple[str, str], list[Imported]] = {}
    for one in found:
        if one.key[1]:
            renamed = "" if one.key[1] == one.key[2] else one.key[2]
            groups.setdefault((one.key[0], renamed), []).append(one)
    for (module, renamed), members in sorted(groups.items(), key=lambda item: (item[0][0].lower(), item[0])):
        lines += [line for one in members for line in one.lead]
        lines += _from_lines(module, renamed, members, used)
    return lines


def _from_lines(module: str, renamed: str, members: list[Imported], used: set[str]) -> list[str]:
    members = sorted(members, key=lambda one: _member_order(one.key[1]))
    names = [f"{one.key[1]} as {renamed}" if renamed else one.key[1] for one in members]
    if len(members) == 1:
        return [_with_comment(f"from {module} import {names[0]}", members[0], used)]
    tails = dict.fromkeys(one.tail for one in members if one.tail)
    line = f"from {module} import {', '.join(names)}"
    marked = [one for one in members if one.key[2] not in used and not is_future(one.key)]
    if len(line) <= WIDTH and not marked:
        return [f"{line}  {' '.join(tails)}" if tails else line]
    inner = [_with_comment(f"    {name},", one, used) for name, one in zip(names, members, strict=True)]
    return [f"from {module} import (", *inner, ")"]


def _member_order(name: str) -> tuple[int, str, str]:
    kind = 0 if name.isupper() and len(name) > 1 else 1 if name[:1].isupper() else 2
    return kind, name.lower(), name


def _with_comment(line: str, one: Imported, used: set[str]) -> str:
    if one.key[2] in used or is_future(one.key):
        return f"{line}  {one.tail}" if one.tail else line
    return f"{line}  # noqa: F401  it may register something"
