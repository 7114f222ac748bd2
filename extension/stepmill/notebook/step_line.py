"""The grammar of `%%step NAME [options]`: one for kernel, analyzer and panel.

    %%step train --inputs X,y --outputs model --after load --after check --no-cache --cache-for 1d
           --retries 2 --timeout 10m --cpus 2 --gpus 1 --memory 8GB --metrics f1,auc   # a comment

Words are split at blanks; quotation marks hold a word together; `--option=value` is the same as
`--option value`. The same options may stand in the cell's metadata (`parse_step_metadata`).
"""

from __future__ import annotations

import keyword
import math
import unicodedata
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from stepmill.errors import UsageError
from stepmill.model.cell import StepOptions
from stepmill.model.diagnostic import Diagnostic, Severity
from stepmill.notebook import codes
from stepmill.notebook.quantities import parse_duration_s, parse_size_bytes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

NO_OPTIONS = StepOptions()
MAX_NAME_CHARACTERS = 100
_MAX_NAME_BYTES = 200  # step names become folder names, and file systems stop at 255 bytes
_NAME_HINT = "write %%step NAME, for example %%step train"
_RESERVED = "setup"  # the implicit first step
_IGNORED_KEYS = frozenset({"step", "role", "cell", "parameters", "scratch"})


@dataclass(frozen=True, slots=True, kw_only=True)
class StepLine:
    """What a `%%step` line says. `given` holds the fields of `options` that it names.

    With an error among `problems`, `name` is the name as far as it could be read, or "".
    """

    name: str
    options: StepOptions = NO_OPTIONS
    given: frozenset[str] = frozenset()
    problems: tuple[Diagnostic, ...] = ()

    @property
    def is_good(self) -> bool:
        return not any(problem.is_error for problem in self.problems)


@dataclass(frozen=True, slots=True)
class _Word:
    text: str
    column: int
    quoted: bool = False


class _Refused(Exception):  # noqa: N818 - never leaves this module
    """A word that cannot be taken: becomes a diagnostic."""

    def __init__(self, code: str, message: str, column: int, hint: str = "", name: str | None = None) -> None:
        super().__init__(message)
        self.diagnostic = Diagnostic(
            code=code, severity=Severity.ERROR, message=message, column=column, hint=hint, name=name
        )


@dataclass(frozen=True, slots=True)
class _Option:
    """`field` of StepOptions, and how its value is read; None takes no value."""

    field: str
    read: Callable[[_Word, str], Any] | None
    repeatable: bool = False


def parse_step_line(line: str) -> StepLine:
    """Parse a whole line such as `%%step train --retries 2`. Columns count its characters from 0."""
    start = line.index("%%step") + len("%%step") if "%%step" in line else 0
    return parse_step_arguments(line[start:], offset=start)


def parse_step_arguments(text: str, *, offset: int = 0) -> StepLine:
    """Parse what follows `%%step`; `offset` is where `text` begins on the user's line."""
    problems: list[Diagnostic] = []
    values: dict[str, Any] = {}
    name = ""
    try:
        words = list(_split(text, offset))
        name = _take_name(words, offset)
        for option, flag, value in _options(words):
            _add(values, option, flag, value, problems)
    except _Refused as refused:
        problems.append(refused.diagnostic)
    return _finish(name, values, problems)


def parse_step_metadata(metadata: Mapping[str, Any]) -> StepLine:
    """Parse a cell's `stepmill` metadata, such as `{"step": "train", "after": ["load"], "timeout": "10m"}`.

    Keys are the options of the line, with `-` or `_`; lists may be JSON lists, numbers numbers.
    """
    problems: list[Diagnostic] = []
    values: dict[str, Any] = {}
    name = metadata.get("step", "")
    if not isinstance(name, str):
        problems.append(_metadata_problem(codes.METADATA_INVALID, "'step' must be a string", "step"))
        name = ""
    for key, value in metadata.items():
        if key not in _IGNORED_KEYS:
            _add_metadata(values, key, value, problems)
    try:
        name = _check_name(name, 0)
    except _Refused as refused:
        problems.append(refused.diagnostic)
    return _finish(name, values, [_without_column(problem) for problem in problems])


def format_step_line(name: str, options: StepOptions = NO_OPTIONS) -> str:
    """Return the `%%step` line that means `name` and `options`."""
    words = ["%%step", name]
    for field in ("inputs", "outputs", "after", "metrics"):
        value = getattr(options, field)
        if value or (value is not None and field in ("inputs", "outputs")):
            words += [f"--{field}", ",".join(value) or '""']
    if not options.cache:
        words.append("--no-cache")
    for flag, number, unit in (
        ("cache-for", options.cache_for_s, "s"),
        ("retries", options.retries or None, ""),
        ("timeout", options.timeout_s, "s"),
        ("cpus", options.cpus, ""),
        ("gpus", options.gpus, ""),
        ("memory", options.memory_bytes, ""),
    ):
        if number is not None:
            words += [f"--{flag}", f"{_plain(number)}{unit}"]
    return " ".join(words)


def step_name(text: str) -> str:
    """Return `text` as a step name in its normal form.

    Raises
    ------
    UsageError
        It cannot be one.
    """
    try:
        return _check_name(text, 0)
    except _Refused as refused:
        raise UsageError(refused.diagnostic.message, hint=refused.diagnostic.hint) from None


def _check_name(name: str, column: int) -> str:
    """Return the step name in its normal form (NFC), or raise what makes a diagnostic of it."""
    name = unicodedata.normalize("NFC", name)
    if not name:
        raise _Refused(
            codes.NAME_MISSING, "this step has no name", column, "write %%step NAME, for example %%step train"
        )
    odd = next((i for i, c in enumerate(name) if not _fits(c, first=i == 0)), None)
    if odd is not None:
        raise _refused_character(name, odd, column)
    if name == _RESERVED:
        hint = "it stands for the step that runs untagged code; choose another, for example 'prepare'"
        raise _Refused(codes.NAME_INVALID, "the step name 'setup' is reserved", column, hint, name)
    if name.endswith("."):
        message = f"the step name {name!r} must not end with a full stop"
        raise _Refused(codes.NAME_INVALID, message, column + len(name) - 1, "leave it out", name)
    if len(name) > MAX_NAME_CHARACTERS or len(name.encode()) > _MAX_NAME_BYTES:
        message = f"the step name is too long: {len(name)} characters ({len(name.encode())} bytes)"
        hint = f"at most {MAX_NAME_CHARACTERS} characters and {_MAX_NAME_BYTES} bytes: it names a folder"
        raise _Refused(codes.NAME_INVALID, message, column, hint)
    return name


def _fits(character: str, *, first: bool) -> bool:
    if first:
        return character.isidentifier()
    return ("a" + character).isidentifier() or character in "-."


def _refused_character(name: str, index: int, column: int) -> _Refused:
    character = name[index]
    visible = character.isprintable() and not character.isspace()
    shown = repr(character) if visible else "a blank" if character == " " else f"U+{ord(character):04X}"
    hint = "a step name begins with a letter or '_', then letters, digits, '_', '-', '.'"
    message = f"{shown} cannot begin a step name" if index == 0 else f"{shown} cannot stand in a step name"
    suggestion = "".join(c if _fits(c, first=False) else "_" for c in name).strip("._-")
    if suggestion and not _fits(suggestion[0], first=True):
        suggestion = f"step_{suggestion}"
    if suggestion and suggestion != _RESERVED:
        hint += f"; for example {suggestion[:MAX_NAME_CHARACTERS]!r}"
    return _Refused(codes.NAME_INVALID, message, column + index, hint, name)


def _split(text: str, offset: int) -> Iterator[_Word]:
    """Split at blanks outside quotation marks; a word that begins with `#` starts a comment."""
    position, end = 0, len(text)
    while position < end:
        if text[position].isspace():
            position += 1
            continue
        if text[position] == "#":
            return
        start, parts, quoted = position, [], False
        while position < end and not text[position].isspace():
            if text[position] in "'\"":
                close = text.find(text[position], position + 1)
                if close < 0:
                    message = f"this {text[position]} is never closed"
                    raise _Refused(codes.QUOTE_OPEN, message, offset + position, "close it on the same line")
                parts.append(text[position + 1 : close])
                position, quoted = close + 1, True
            else:
                parts.append(text[position])
                position += 1
        yield _Word("".join(parts), offset + start, quoted)


def _take_name(words: list[_Word], offset: int) -> str:
    if not words or (words[0].text.startswith("-") and not words[0].quoted):
        column = words[0].column if words else offset
        hint = f"the name comes first: %%step NAME {words[0].text}" if words else _NAME_HINT
        raise _Refused(codes.NAME_MISSING, "this step has no name", column, hint)
    word = words.pop(0)
    return _check_name(word.text, word.column + (1 if word.quoted and word.text else 0))


def _options(words: list[_Word]) -> Iterator[tuple[_Option, _Word, _Word | None]]:
    """Yield (option, its word, its value) for the words after the name; `words` is used up."""
    while words:
        flag = words.pop(0)
        if not flag.text.startswith("--") or flag.quoted:
            raise _unexpected(flag)
        name, equals, attached = flag.text.partition("=")
        option = _OPTIONS.get(name[2:])
        if option is None:
            raise _unknown(_Word(name, flag.column))
        if option.read is None:
            if equals:
                raise _Refused(
                    codes.VALUE_MISSING, f"{name} takes no value", flag.column, f"write just {name}"
                )
            yield option, _Word(name, flag.column), None
            continue
        value = _Word(attached, flag.column + len(name) + 1) if equals else _next_value(name, flag, words)
        while value.text.endswith(",") and words and not words[0].text.startswith("-"):
            value = _Word(value.text + words.pop(0).text, value.column)  # `a, b`: the blank does no harm
        yield option, _Word(name, flag.column), value


def _next_value(name: str, flag: _Word, words: list[_Word]) -> _Word:
    if not words or (words[0].text.startswith("--") and not words[0].quoted):
        example = _EXAMPLES[name[2:]]
        message = f"{name} needs a value"
        raise _Refused(codes.VALUE_MISSING, message, flag.column, f"for example {name} {example}", name)
    return words.pop(0)


def _unexpected(word: _Word) -> _Refused:
    if word.text.startswith("-"):
        return _unknown(_Word("--" + word.text.lstrip("-"), word.column))
    hint = "a step has one name, of one word; options begin with '--', and lists have commas: --inputs a,b"
    return _Refused(codes.OPTION_UNKNOWN, f"unexpected word {word.text!r}", word.column, hint, word.text)


def _unknown(word: _Word) -> _Refused:
    name = word.text[2:].replace("_", "-").lower()
    near = [name] if name in _OPTIONS else get_close_matches(name, _OPTIONS, n=1, cutoff=0.6)
    hint = (
        f"did you mean --{near[0]}?"
        if near
        else f"options are {', '.join(f'--{known}' for known in _OPTIONS)}"
    )
    return _Refused(codes.OPTION_UNKNOWN, f"unknown option {word.text}", word.column, hint, word.text)


def _add(
    values: dict[str, Any], option: _Option, flag: _Word, value: _Word | None, problems: list[Diagnostic]
) -> None:
    """Read one option into `values`; a bad one becomes a problem, and the rest is still read."""
    try:
        values[option.field] = _read(values, option, flag, value)
    except _Refused as refused:
        problems.append(refused.diagnostic)


def _read(values: dict[str, Any], option: _Option, flag: _Word, value: _Word | None) -> Any:
    if option.field in values and not option.repeatable:
        raise _Refused(codes.OPTION_TWICE, f"{flag.text} is given twice", flag.column, "keep one", flag.text)
    if {option.field, *values} >= {"cache", "cache_for_s"}:
        message = "--no-cache and --cache-for exclude each other"
        raise _Refused(codes.OPTION_TWICE, message, flag.column, "keep one of them", flag.text)
    if option.read is None or value is None:
        return False
    read = option.read(value, flag.text)
    return tuple(dict.fromkeys((*values.get(option.field, ()), *read))) if option.repeatable else read


def _add_metadata(values: dict[str, Any], key: str, value: Any, problems: list[Diagnostic]) -> None:
    name = key.replace("_", "-").lower()
    if name == "cache" and isinstance(value, bool):
        name, value = "no-cache", not value
    option = _OPTIONS.get(name)
    if option is None:
        near = get_close_matches(name, _OPTIONS, n=1, cutoff=0.6)
        hint = f"did you mean {near[0]!r}?" if near else ""
        message = f"the stepmill metadata has a key {key!r} that means nothing here"
        problems.append(_metadata_problem(codes.METADATA_UNKNOWN, message, key, hint, Severity.WARNING))
    elif option.read is None:
        if not isinstance(value, bool):
            problems.append(_metadata_problem(codes.METADATA_INVALID, f"{key!r} must be true or false", key))
        elif value:
            _add(values, option, _Word(key, 0), None, problems)
    elif isinstance(value, bool) or not isinstance(value, (str, int, float, list)):
        problems.append(
            _metadata_problem(codes.METADATA_INVALID, f"{key!r} has a value of the wrong kind", key)
        )
    else:
        text = ",".join(map(str, value)) if isinstance(value, list) else str(value)
        _add(values, option, _Word(key, 0), _Word(text, 0), problems)


def _metadata_problem(
    code: str, message: str, key: str, hint: str = "", severity: Severity = Severity.ERROR
) -> Diagnostic:
    return Diagnostic(code=code, severity=severity, message=message, name=key, hint=hint)


def _without_column(problem: Diagnostic) -> Diagnostic:
    return Diagnostic(
        code=problem.code,
        severity=problem.severity,
        message=f"cell metadata: {problem.message}",
        name=problem.name,
        hint=problem.hint,
    )


def _finish(name: str, values: dict[str, Any], problems: list[Diagnostic]) -> StepLine:
    if values.get("after") and name in values["after"]:
        message = f"the step {name!r} cannot come after itself"
        problems.append(_metadata_problem(codes.VALUE_INVALID, message, name, "leave it out of --after"))
    return StepLine(
        name=name, options=StepOptions(**values), given=frozenset(values), problems=tuple(problems)
    )


def _read_names(word: _Word, flag: str) -> tuple[str, ...]:
    names = []
    for part, column in _parts(word):
        if not part.isidentifier() or keyword.iskeyword(part):
            message = f"{flag}: {part!r} is no variable name"
            raise _Refused(codes.VALUE_INVALID, message, column, f"for example {flag} a,b", part)
        names.append(unicodedata.normalize("NFKC", part))  # as Python itself does
    return tuple(dict.fromkeys(names))


def _read_steps(word: _Word, flag: str) -> tuple[str, ...]:
    steps = tuple(part if part == _RESERVED else _check_name(part, column) for part, column in _parts(word))
    if not steps:
        raise _Refused(
            codes.VALUE_MISSING, f"{flag} needs a step name", word.column, f"for example {flag} load"
        )
    return steps


def _parts(word: _Word) -> Iterator[tuple[str, int]]:
    """Yield the parts between commas, each with its column. A last comma does no harm."""
    column = word.column + (1 if word.quoted else 0)
    pieces = word.text.split(",")
    for index, piece in enumerate(pieces):
        part = piece.strip()
        if part:
            yield part, column + len(piece) - len(piece.lstrip())
        elif 0 < index < len(pieces) - 1 or (index == 0 and len(pieces) > 1):
            raise _Refused(codes.VALUE_INVALID, "a name is missing before this comma", column)
        column += len(piece) + 1


def _read_count(word: _Word, flag: str) -> int:
    if not word.text.isascii() or not word.text.isdigit():
        raise _no_number(word, flag, "a whole number, 0 or more")
    return int(word.text)


def _read_amount(word: _Word, flag: str) -> float:
    try:
        amount = float(word.text)
    except ValueError:
        raise _no_number(word, flag, "a number") from None
    if not math.isfinite(amount) or amount < 0 or (amount == 0 and flag.endswith("cpus")):
        raise _no_number(word, flag, "a positive number")
    return amount


def _read_duration(word: _Word, flag: str) -> float:
    seconds = parse_duration_s(word.text)
    if seconds is None or seconds <= 0:
        hint = "write a number and a unit: 90s, 10m, 1h30m, 1d"
        raise _Refused(
            codes.VALUE_INVALID, f"{flag}: {word.text!r} is no duration", word.column, hint, word.text
        )
    return seconds


def _read_size(word: _Word, flag: str) -> int:
    size_bytes = parse_size_bytes(word.text)
    if not size_bytes:
        hint = "write a number and a unit: 512MB, 8GB, 8GiB"
        message = f"{flag}: {word.text!r} is no size"
        raise _Refused(codes.VALUE_INVALID, message, word.column, hint, word.text)
    return size_bytes


def _no_number(word: _Word, flag: str, wanted: str) -> _Refused:
    message = f"{flag} needs {wanted}, not {word.text!r}"
    return _Refused(codes.VALUE_INVALID, message, word.column, f"for example {flag} 2", word.text)


def _plain(number: float) -> str:
    return str(int(number)) if number == int(number) else repr(number)


_OPTIONS = {
    "inputs": _Option("inputs", _read_names, repeatable=True),
    "outputs": _Option("outputs", _read_names, repeatable=True),
    "after": _Option("after", _read_steps, repeatable=True),
    "no-cache": _Option("cache", None),
    "cache-for": _Option("cache_for_s", _read_duration),
    "retries": _Option("retries", _read_count),
    "timeout": _Option("timeout_s", _read_duration),
    "cpus": _Option("cpus", _read_amount),
    "gpus": _Option("gpus", _read_amount),
    "memory": _Option("memory_bytes", _read_size),
    "metrics": _Option("metrics", _read_names, repeatable=True),
}
_EXAMPLES = {
    "inputs": "a,b", "outputs": "model", "after": "load", "cache-for": "1d", "retries": "2", "timeout": "10m",
    "cpus": "2", "gpus": "1", "memory": "8GB", "metrics": "f1,auc",
}  # fmt: skip
