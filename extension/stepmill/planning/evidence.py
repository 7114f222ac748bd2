"""What exactly changed: the first line of code, and what can be told of two values without loading them."""

from __future__ import annotations

import ast
import re
from copy import copy
from difflib import SequenceMatcher
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from stepmill.errors import ArtifactError
from stepmill.model.secrets import is_secret_name
from stepmill.notebook.ipython import to_python
from stepmill.notebook.reached import without
from stepmill.planning.keys import digest_of
from stepmill.planning.own_code import OwnCode
from stepmill.syntax import parse_or_empty

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from stepmill.artifacts.store import Store
    from stepmill.model.artifact import StepRecord
    from stepmill.model.pipeline import Fragment, Step
    from stepmill.notebook.reached import Reached
    from stepmill.planning.observations import World

_LONGEST_LINE = 70
_LONGEST_VALUE = 40
_MOST_COLUMNS = 3
_FLOAT = re.compile(r"-?\d+\.\d+(e[+-]\d+)?")


class Line(NamedTuple):
    """One line of code with its place; `cell` is None in a module."""

    cell: int | None
    number: int
    text: str

    @property
    def place(self) -> str:
        return f"line {self.number}" if self.cell is None else f"line {self.number} of cell {self.cell}"


class Apart(NamedTuple):
    """The lines of code that is replayed: those of imports, by the name that each binds, and the others."""

    imports: dict[str, Line]
    others: list[Line]


def code_document(step: Step, own_code: Mapping[str, Reached], world: World) -> dict[str, Any]:
    """Return the code that a step ran with, as the next explanation needs it.

    Of its modules there are the lines that count for it; `whole` has digests of all that they say.
    """
    texts = {path: _module_text(world, path) for path in own_code}
    modules = {path: without(texts[path], part.hidden) for path, part in own_code.items()}
    return {
        "body": [[f.cell, f.line, f.source] for f in step.body],
        "setup": [[f.cell, f.line, f.source] for f in step.setup],
        "modules": {path: text for path, text in modules.items() if text},
        "whole": {path: digest_of(text) for path, text in texts.items()},
    }


class CodeNow:
    """The code of a step now, beside that of an earlier record of it."""

    def __init__(self, record: StepRecord, step: Step, world: World) -> None:
        self._step = step
        self._world = world
        self._old = _stored_code(record, world.store)

    @cached_property
    def _own_code(self) -> Mapping[str, Reached]:
        return OwnCode(self._world.folder).of(self._step)

    def of_body(self) -> str:
        """Return how the cells changed: "" if nobody knows, else ": line 2 of cell 5 is …, was …"."""
        old, new = self._old.get("body"), _fragments(self._step.body)
        if not old:
            return ""
        told = _told(_lines(old), _lines(new))
        divided = [len({cell for cell, *_ in pieces}) for pieces in (old, new)]
        return told or (": it is divided into cells otherwise" if divided[0] != divided[1] else "")

    def of_setup(self) -> str:
        """Return how the code that is replayed before the cells changed, "" if it did not."""
        if "setup" not in self._old:
            return ""
        old, new = self._old["setup"], _fragments(self._step.setup)
        was, now = _apart(old), _apart(new)
        before, after = ({line.text for line in lines} for lines in (was.others, now.others))
        told = _told(  # what is only moved is no reason
            [line for line in was.others if line.text not in after],
            [line for line in now.others if line.text not in before],
        )
        return told or _told_of_imports(was.imports, now.imports)

    def of_definition(self, name: str) -> str:
        old, new = self._old.get("setup", ()), _fragments(self._step.setup)
        was, now = _definition(name, old), _definition(name, new)
        return _told(was, now) if was and now else ""

    def is_same_module(self, path: str) -> bool:
        """Tell whether a module is as it was; then only what the step uses of it is other."""
        was: str | None = self._old.get("whole", {}).get(path)
        return was == digest_of(_module_text(self._world, path))

    def of_module(self, path: str) -> str:
        old = self._old.get("modules", {}).get(path)
        if old is None or path not in self._old.get("whole", {}):  # an older version kept all lines
            return ""
        hidden = self._own_code[path].hidden if path in self._own_code else ()
        now = without(_module_text(self._world, path), hidden)
        return _told(_lines([[None, 1, old]]), _lines([[None, 1, now]])) if now.strip() else ""


def how_values_differ(store: Store, old: str, new: str) -> str:
    """Return what is seen of two stored values, each named as in a key: "has 12 rows, had 10"."""
    before, now = _preview(store, old), _preview(store, new)
    if not before or not now or "masked" in {**before, **now}:
        return "has other content"
    for compare in (_types, _columns, _shapes, _texts, _statistics):
        found = compare(before, now)
        if found:
            return found
    return "has other content"


def _stored_code(record: StepRecord, store: Store) -> Mapping[str, Any]:
    digest = record.extra.get("code")
    if not isinstance(digest, str) or not store.has_blob(digest):
        return {}
    try:
        document = store.get_json(digest)
    except (ArtifactError, ValueError):
        return {}  # the step runs again in any case, only less is said
    return document if isinstance(document, dict) else {}


def _module_text(world: World, path: str) -> str:
    try:
        return (world.folder / path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""


def _fragments(fragments: Iterable[Fragment]) -> list[list[Any]]:
    return [[f.cell, f.line, f.source] for f in fragments]


def _lines(pieces: Iterable[Sequence[Any]]) -> list[Line]:
    """Return the lines that count: no blank ones, no comments."""
    return [
        Line(cell, first + index, text.strip())
        for cell, first, source in pieces
        for index, text in enumerate(source.split("\n"))
        if text.strip() and not text.lstrip().startswith("#")
    ]


def _apart(pieces: Iterable[Sequence[Any]]) -> Apart:
    """Return imports, of which a step may need a part, by what they bind, apart from other lines."""
    imports: dict[str, Line] = {}
    others: list[Line] = []
    for cell, first, source in pieces:
        inside: set[int] = set()
        for node in parse_or_empty(to_python(source).code).body:
            if isinstance(node, (ast.Import, ast.ImportFrom)):
                inside |= set(range(node.lineno, (node.end_lineno or node.lineno) + 1))
                for alias in node.names:
                    one = copy(node)
                    one.names = [alias]
                    name = alias.asname or alias.name
                    imports[name] = Line(cell, first + node.lineno - 1, ast.unparse(one))
        others += [line for line in _lines([[cell, first, source]]) if line.number - first + 1 not in inside]
    return Apart(imports, others)


def _told_of_imports(old: Mapping[str, Line], new: Mapping[str, Line]) -> str:
    """Return how an import changed, if there is only one of which that can be said."""
    both = [name for name in old.keys() & new.keys() if old[name].text != new[name].text]
    either = both or list(old.keys() ^ new.keys())
    if len(either) != 1:
        return ""
    return _told([old[n] for n in either if n in old], [new[n] for n in either if n in new])


def _definition(name: str, pieces: Iterable[Sequence[Any]]) -> list[Line]:
    """Return the lines of the function or class `name`."""
    for cell, first, source in pieces:
        for node in parse_or_empty(to_python(source).code).body:
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)) and node.name == name:
                text = source.split("\n")[node.lineno - 1 : node.end_lineno]
                return _lines([[cell, first + node.lineno - 1, "\n".join(text)]])
    return []


def _told(old: list[Line], new: list[Line]) -> str:
    texts = [line.text for line in old], [line.text for line in new]
    for kind, i, _, j, _ in SequenceMatcher(None, *texts, autojunk=False).get_opcodes():
        if kind == "replace" and _may_be_shown(old[i].text, new[j].text):
            now, was = where_they_differ(new[j].text, old[i].text)
            return f": {new[j].place} is `{now}`, was `{was}`"
        if kind == "insert" and _may_be_shown(new[j].text):
            return f": {new[j].place} is new, {_quoted(new[j].text)}"
        if kind == "delete" and _may_be_shown(old[i].text):
            return f": {_quoted(old[i].text)} is gone ({old[i].place})"
        if kind != "equal":
            return ""
    return ""


def _may_be_shown(*texts: str) -> bool:
    return not any(is_secret_name(word) for text in texts for word in re.findall(r"\w+", text))


def where_they_differ(one: str, other: str) -> tuple[str, str]:
    """Return two lines; where they are long, what stands around their first difference."""
    if max(len(one), len(other)) <= _LONGEST_LINE:
        return one, other
    pairs = enumerate(zip(one, other, strict=False))
    first = next((at for at, (a, b) in pairs if a != b), min(len(one), len(other)))
    start = max(0, first - _LONGEST_LINE // 2)
    return _cut(one, start), _cut(other, start)


def _cut(text: str, start: int = 0) -> str:
    before = "…" if start else ""
    room = _LONGEST_LINE - len(before)
    rest = text[start:]
    return before + (rest if len(rest) <= room else rest[: room - 1] + "…")


def _quoted(text: str) -> str:
    return f"`{_cut(text)}`"


def _preview(store: Store, component: str) -> Mapping[str, Any]:
    digest, _, member = component.partition("#")
    try:
        found = store.read_artifact(digest).get("preview", {})
    except ArtifactError:
        return {}
    shown: Mapping[str, Any] = found.get("members", {}).get(member, {}) if member else found
    return shown


def _types(before: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    old, new = before.get("type"), now.get("type")
    return f"is of type {new}, was {old}" if old != new else ""


def _columns(before: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    if "columns" not in before or "columns" not in now:
        return ""
    old, new = before["columns"], now["columns"]
    if added := [name for name in new if name not in old]:
        return f"has the new {_named(added)}"
    if lost := [name for name in old if name not in new]:
        return f"has lost the {_named(lost)}"
    if old != new:
        return "has its columns in another order"
    for name, kind, other in zip(new, before.get("dtypes", ()), now.get("dtypes", ()), strict=False):
        if kind != other:
            return f"has {other} in column {name}, had {kind}"
    return ""


def _named(names: Sequence[Any]) -> str:
    shown = ", ".join(map(str, names[:_MOST_COLUMNS])) + (", …" if len(names) > _MOST_COLUMNS else "")
    return f"column{'s' if len(names) > 1 else ''} {shown}"


def _shapes(before: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    old, new = before.get("shape"), now.get("shape")
    if old and new and old != new:
        if len(old) == len(new) and old[1:] == new[1:] and "columns" in now:
            return f"has {new[0]:,} rows, had {old[0]:,}"
        return f"has the shape {_shape(new)}, had {_shape(old)}"
    if before.get("dtype") != now.get("dtype"):
        return f"is of {now.get('dtype')}, was of {before.get('dtype')}"
    return ""


def _shape(sizes: Sequence[int]) -> str:
    return " by ".join(f"{size:,}" for size in sizes)


def _texts(before: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    old, new = before.get("text"), now.get("text")
    if isinstance(old, str) and isinstance(new, str) and old != new:
        if max(len(old), len(new)) <= _LONGEST_VALUE:
            now_text, old_text = _short(new), _short(old)
            return f"is {new}, was {old}" if now_text == old_text else f"is {now_text}, was {old_text}"
        if before.get("length") != now.get("length"):
            return f"has {now.get('length'):,} items, had {before.get('length'):,}"
    return ""


def _statistics(before: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    """Return the first column whose values differ, with a number that says so."""
    for old, new in zip(before.get("statistics", ()), now.get("statistics", ()), strict=False):
        if old == new or old.get("name") != new.get("name"):
            continue
        subject = f"other values in column {new['name']}" if new.get("name") else "other values"
        for word in ("mean", "missing", "distinct", "min", "max"):
            if old.get(word) != new.get(word) and word in old and word in new:
                return f"has {subject} ({word} {_number(new[word])}, was {_number(old[word])})"
        return f"has {subject}"
    return ""


def _short(text: str) -> str:
    """Return the text of a float with as many digits as anyone reads; other texts as they are."""
    return _number(float(text)) if _FLOAT.fullmatch(text) else text


def _number(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)
