"""All cases, by category."""

from __future__ import annotations

from oracle.case import Case, Category
from oracle.cases import (
    aliases,
    channels,
    classes,
    files,
    flow,
    functions,
    ipython,
    libraries,
    mutation,
    order,
    parameters,
    randomness,
    scopes,
    scratch,
    session,
    unstorable,
)

MODULES = (
    aliases, channels, classes, files, flow, functions, ipython, libraries, mutation, order, parameters,
    randomness, scratch, scopes, session, unstorable,
)  # fmt: skip


def all_cases() -> tuple[Case, ...]:
    """Return every case; names are unique."""
    categories = [
        value for module in MODULES for value in vars(module).values() if isinstance(value, Category)
    ]
    cases = tuple(case for category in categories for case in category.cases)
    names = [case.name for case in cases]
    assert len(names) == len(set(names)), sorted(n for n in names if names.count(n) > 1)
    return cases
