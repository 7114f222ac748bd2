"""Every error crosses a process border unchanged, has a code of its own, and says what to do."""

from __future__ import annotations

import importlib
import pickle
import pkgutil
from inspect import signature
from typing import TYPE_CHECKING

import pytest

import stepmill
from stepmill import errors
from stepmill.errors import PipelineError, StepFailed, StepmillError, UnstorableValue, UsageError
from stepmill.model.diagnostic import Diagnostic, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator


def every_error() -> list[type[StepmillError]]:
    """Return StepmillError and all its subclasses anywhere in the package."""
    for module in pkgutil.walk_packages(stepmill.__path__, "stepmill."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    return sorted({StepmillError, *below(StepmillError)}, key=lambda kind: (kind.code, kind.__name__))


def below(kind: type[StepmillError]) -> Iterator[type[StepmillError]]:
    for child in kind.__subclasses__():
        yield child
        yield from below(child)


@pytest.mark.parametrize("kind", every_error(), ids=lambda kind: kind.__name__)
def test_an_error_pickles_with_all_its_fields(kind: type[StepmillError]) -> None:
    diagnostic = Diagnostic(code="SM999", severity=Severity.ERROR, message="no", cell=1)
    samples = {"cell": 3, "line": 2, "column": 7, "diagnostics": (diagnostic,)}
    named = [name for name in signature(kind).parameters if name != "message"]
    fields = {name: samples.get(name, f"a {name}") for name in named}
    error = kind("what happened", **fields)
    copy = pickle.loads(pickle.dumps(error))
    assert (type(copy), str(copy), vars(copy)) == (kind, str(error), vars(error))
    assert {name: getattr(copy, name) for name in named} == fields


@pytest.mark.parametrize("kind", every_error(), ids=lambda kind: kind.__name__)
def test_an_error_needs_only_its_message(kind: type[StepmillError]) -> None:
    assert str(kind("what happened")) == f"[{kind.code}] what happened"


def test_codes_are_distinct() -> None:
    codes = [kind.code for kind in every_error()]
    assert len(codes) == len(set(codes))


def test_the_hint_stands_below_the_message() -> None:
    assert str(UsageError("no such step", hint="see `stepmill graph`")).splitlines() == [
        "[SM001] no such step",
        "hint: see `stepmill graph`",
    ]


def test_wrong_usage_has_its_own_exit_code() -> None:
    assert {kind.exit_code for kind in every_error() if issubclass(kind, UsageError)} == {2}
    assert (StepFailed("x").exit_code, PipelineError("x").exit_code) == (1, 1)


def test_the_tree_in_the_docstring_is_the_tree() -> None:
    assert errors.__doc__ is not None
    drawn = {word for word in errors.__doc__.split() if hasattr(errors, word)}
    assert drawn == {kind.__name__ for kind in every_error() if kind.__module__ == "stepmill.errors"}


def test_an_unstorable_value_is_named() -> None:
    error = UnstorableValue("no", name="con", type_name="sqlite3.Connection")
    assert (error.name, error.type_name) == ("con", "sqlite3.Connection")
