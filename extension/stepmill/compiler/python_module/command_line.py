"""The parameters of the module: the signature of `main`, and its command line."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stepmill.compiler.python_module.borrowed import Names
from stepmill.compiler.python_module.edits import INDENT
from stepmill.compiler.python_module.headings import WIDTH
from stepmill.syntax import parse_expression

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stepmill.model.pipeline import Parameter

_ANNOTATIONS = {"date": "date", "path": "Path"}

OPTIONAL = '''def {optional}(kind):
    """Return a reader that takes `None` besides what `kind` takes."""

    def read(text):
        return None if text == "None" else kind(text)

    return read'''
PARSED = '''def {read}(text):
    """Return the {kind} that `text` is, as JSON."""
    try:
        value = {json}.loads({text})
    except ValueError:
        value = None
    if not isinstance(value, {kind}):
        raise {argparse}.ArgumentTypeError(f"{{text!r}} is no {word}, write it as JSON: {example}")
    return value'''
MEMBER = '''def {read}(text):
    """Return the member of {enum} called `text`."""
    try:
        return {enum}[text]
    except KeyError:
        names = ", ".join(member.name for member in {enum})
        raise {argparse}.ArgumentTypeError(f"{{text!r}} is none of {{names}}") from None'''


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """A parameter as its author wrote it: annotation and default as source, the comment behind it."""

    parameter: Parameter
    annotation: str = ""
    default: str = ""
    comment: str = ""


class CommandLine:
    """Writes everything about the parameters. `readers` are the functions that turn text into values."""

    def __init__(self, declared: Sequence[Declared], names: Names, description: str) -> None:
        self.declared = declared
        self.names = names
        self.description = description
        self.readers: dict[str, str] = {}
        self._optional = ""

    # -- main --------------------------------------------------------------------------------------

    def signature(self) -> list[str]:
        """Return the parameters of `main`, each with type and default."""
        return [f"{d.parameter.name}: {self._annotation(d)} = {self._default(d)}" for d in self.declared]

    def _annotation(self, declared: Declared) -> str:
        parameter = declared.parameter
        text = declared.annotation or self._inferred(parameter)
        if self._is_late(declared) and not self._takes_none(declared, text):
            return f"{text} | None"
        return text

    def _inferred(self, parameter: Parameter) -> str:
        if parameter.enum:
            return parameter.enum
        if parameter.type == "date":
            return self.names.borrow("datetime", "date")
        if parameter.type == "path":
            return self.names.borrow("pathlib", "Path")
        if parameter.type == "none":
            return "None"
        if parameter.type == "list":
            return _list_type(parameter.default)
        return parameter.type

    @staticmethod
    def _takes_none(declared: Declared, text: str) -> bool:
        return declared.parameter.optional or "None" in text or "Optional" in text

    @staticmethod
    def _is_late(declared: Declared) -> bool:
        """A list or dict is made in `main`, so that calls do not share it."""
        return declared.parameter.type in ("list", "dict") and declared.parameter.default is not None

    def _default(self, declared: Declared) -> str:
        return "None" if self._is_late(declared) and not declared.parameter.optional else declared.default

    def late_defaults(self) -> list[str]:
        """Return the lines of `main` that set lists and dicts which were not given."""
        found = []
        for declared in self.declared:
            if self._is_late(declared) and not declared.parameter.optional:
                name = declared.parameter.name
                found += [f"if {name} is None:", *f"{INDENT}{name} = {declared.default}".split("\n")]
        return found

    # -- arguments ---------------------------------------------------------------------------------

    def parser(self, function: str) -> str:
        """Return the function that reads the command line; "" without parameters."""
        argparse = self.names.borrow("argparse")
        options = [f'description="{self.description}"'] if self.description else []
        options.append(f"argument_default={argparse}.SUPPRESS")
        lines = [
            f"def {function}() -> {argparse}.Namespace:",
            f'{INDENT}"""Read the parameters from the command line; `main` knows the defaults."""',
            *_call_lines(f"parser = {argparse}.ArgumentParser", options),
        ]
        for declared in self.declared:
            lines += self._argument(declared, argparse)
        return "\n".join([*lines, f"{INDENT}return parser.parse_args()"])

    def _argument(self, declared: Declared, argparse: str) -> list[str]:
        parameter = declared.parameter
        if parameter.type == "none":
            return []
        flags = [f'"--{parameter.name.replace("_", "-")}"']
        if "_" in parameter.name.strip("_"):
            flags.append(f'"--{parameter.name}"')
        options = [*flags, *self._options(parameter, argparse)]
        if len(flags) > 1 or parameter.name.startswith("_"):
            options.append(f'dest="{parameter.name}"')
        options.append(f"help={_help(declared)}")
        return _call_lines("parser.add_argument", options)

    def _options(self, parameter: Parameter, argparse: str) -> list[str]:
        if parameter.type == "bool" and not parameter.optional:
            return [f"action={argparse}.BooleanOptionalAction"]
        reader = self._reader(parameter, argparse)
        if parameter.optional and reader:
            reader = f"{self._optional_reader()}({reader})"
        options = [f"type={reader}"] if reader and reader != "str" else []
        if parameter.choices and not parameter.enum:
            choices = [*parameter.choices, *([None] if parameter.optional else [])]
            options.append(f"choices={_literals(choices)}")
        else:
            word = _metavar(parameter)
            options += [f'metavar="{word}"'] if word else []
        return options

    def _reader(self, parameter: Parameter, argparse: str) -> str:
        if parameter.enum:
            return self._function(
                f"read_{parameter.enum.lower()}", MEMBER, enum=parameter.enum, argparse=argparse
            )
        if parameter.choices:
            kinds = {type(choice).__name__ for choice in parameter.choices if choice is not None}
            kind = kinds.pop() if len(kinds) == 1 else ""
            return kind if kind in ("str", "int", "float") else self._parsed("literal")
        if parameter.type in ("list", "dict"):
            return self._parsed(parameter.type)
        if parameter.type == "date":
            return f"{self.names.borrow('datetime', 'date')}.fromisoformat"
        if parameter.type == "path":
            return self.names.borrow("pathlib", "Path")
        if parameter.type == "bool":
            return self._parsed("bool")
        return parameter.type

    def _parsed(self, kind: str) -> str:
        json, argparse = self.names.borrow("json"), self.names.borrow("argparse")
        if kind == "literal":
            return f"{json}.loads"
        word, example = {
            "list": ("list", "[1, 2]"),
            "dict": ("dict", '{{\\"a\\": 1}}'),
            "bool": ("truth value", "true or false"),
        }[kind]
        return self._function(
            f"read_{kind}", PARSED, kind=kind, json=json, argparse=argparse, word=word,
            example=example, text="text.lower()" if kind == "bool" else "text",
        )  # fmt: skip

    def _function(self, wanted: str, template: str, **values: str) -> str:
        key = f"{wanted}:{sorted(values.items())}"
        if key not in self.readers:
            name = self.names.fresh(wanted)
            self.readers[key] = template.format(read=name, **values)
            self.readers[f"{key}:name"] = name
        return self.readers[f"{key}:name"]

    def _optional_reader(self) -> str:
        if not self._optional:
            self._optional = self.names.fresh("optional")
        return self._optional

    def functions(self) -> list[str]:
        """Return the sources of the functions that turn text into values; after `parser`."""
        found = [text for key, text in self.readers.items() if not key.endswith(":name")]
        if self._optional:
            found.append(OPTIONAL.format(optional=self._optional))
        return found


def _call_lines(function: str, arguments: Sequence[str]) -> list[str]:
    """Return a call as a formatter lays it out: on one line, on three, or one argument a line."""
    line = f"{INDENT}{function}({', '.join(arguments)})"
    if len(line) <= WIDTH:
        return [line]
    inner = f"{INDENT * 2}{', '.join(arguments)}"
    if len(inner) <= WIDTH:
        return [f"{INDENT}{function}(", inner, f"{INDENT})"]
    return [f"{INDENT}{function}(", *(f"{INDENT * 2}{argument}," for argument in arguments), f"{INDENT})"]


def names_in(declared: Declared) -> set[str]:
    """Return the names that a parameter's annotation and default use."""
    found: set[str] = set()
    for text in (declared.annotation, declared.default):
        if text:
            tree = parse_expression(f"({text})")
            found |= {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    return found


def _help(declared: Declared) -> str:
    shown = declared.default if len(declared.default) <= 40 and "\n" not in declared.default else "see main"
    comment = declared.comment.lstrip("# ").strip()
    text = f"{comment} (default: {shown})" if comment else f"default: {shown}"
    text = text.replace("\\", "\\\\").replace("%", "%%")
    return f'"{text}"' if '"' not in text else f"'{text}'" if "'" not in text else repr(text)


def _metavar(parameter: Parameter) -> str:
    if parameter.enum:
        return "NAME"
    return {"list": "JSON", "dict": "JSON", "date": "YYYY-MM-DD", "path": "PATH", "bool": "BOOL"}.get(
        parameter.type, ""
    )


def _literals(values: Sequence[object]) -> str:
    texts = [f'"{v}"' if isinstance(v, str) and '"' not in v and "\\" not in v else repr(v) for v in values]
    return f"[{', '.join(texts)}]"


def _list_type(default: object) -> str:
    kinds = {type(item).__name__ for item in default} if isinstance(default, list) else set()
    kind = kinds.pop() if len(kinds) == 1 else ""
    return f"list[{kind}]" if kind in ("str", "int", "float", "bool") else "list"
