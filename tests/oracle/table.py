"""All cases: every `Category` in a module of the folder `cases` counts."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from oracle.case import Case, Category


def all_cases() -> tuple[Case, ...]:
    """Return every case, in the order of the files; names are unique."""
    files = sorted(Path(__file__).with_name("cases").glob("*.py"))
    modules = [import_module(f"oracle.cases.{file.stem}") for file in files]
    held = [value for module in modules for value in vars(module).values()]
    cases = tuple(case for category in held if isinstance(category, Category) for case in category.cases)
    names = [case.name for case in cases]
    assert len(names) == len(set(names)), sorted(n for n in names if names.count(n) > 1)
    return cases
