"""Instances of the notebook's classes that do not fill their `__dict__` as pickle would.

That is those whose dict is held by others, too, and those of classes with a `__getattr__`: pickle would ask
it for `__setstate__`, when the attributes that it looks at are not there yet.
"""

from __future__ import annotations

import copyreg
import sys
import types
from contextlib import suppress
from typing import Any

from stepmill.artifacts import unpickling
from stepmill.artifacts.scope import MAIN, module_of

_REDUCERS = ("__reduce_ex__", "__reduce__")
_HOOKS = (*_REDUCERS, "__getstate__", "__setstate__", "__getnewargs__", "__getnewargs_ex__")


class States:
    """Which instances of notebook classes have a `__dict__` that others hold, too.

    Those take their dict over when they are loaded, instead of filling a new one: after
    `self.__dict__ = Shared.state`, `self.__dict__ = self`, or `d = vars(obj)`. That two instances have one
    dict is known when the second one is met: then the next pass knows.

    Those whose class says how it is pickled (`__getstate__`) are written as they are all the same: what such
    a class leaves out is there in Run All. Unless `asks`; `passed_over` tells whether there were any.
    """

    def __init__(self, value: Any, *, asks: bool = False) -> None:
        self._asks = asks
        self.passed_over = False
        parts = (
            value.values() if isinstance(value, dict) else value if isinstance(value, (list, tuple)) else ()
        )
        self._shared = {id(part) for part in parts if type(part) is dict}
        self.dicts: dict[int, Any] = {}
        self._owners: dict[int, int] = {}
        self._classes: set[type] = set()
        self.found = False

    def meet(self, obj: Any) -> bool:
        """Take note of an instance; tell whether its dict is known to be held by others."""
        try:
            state = object.__getattribute__(obj, "__dict__")
        except AttributeError:
            return False
        if state is obj:  # a dict whose items are its attributes: `self.__dict__ = self`
            return True
        if type(obj) not in self._classes:
            self._classes.add(type(obj))
            held = (
                part for base in type(obj).__mro__ if base.__module__ == MAIN for part in vars(base).values()
            )
            self._shared.update(id(part) for part in held if type(part) is dict)
        self.dicts[id(state)] = state
        if self._owners.setdefault(id(state), id(obj)) != id(obj) and id(state) not in self._shared:
            self.found = True
            self._shared.add(id(state))
        return id(state) in self._shared

    def passes_over(self, obj: Any) -> bool:
        """Tell whether an instance is to be written as it is though its class says how it is pickled."""
        passed = not self._asks and _says_how(type(obj)) and not _is_named(obj)
        self.passed_over = self.passed_over or passed
        return passed


def _says_how(kind: type) -> bool:
    """Tell whether a class whose instances are all Python has hooks of its own."""
    bases = [base for base in kind.__mro__[:-1] if base.__module__ not in ("abc", "typing")]
    hooked = kind in copyreg.dispatch_table or any(hook in vars(base) for base in bases for hook in _HOOKS)
    return hooked and all(base.__module__ == MAIN for base in bases)


def _is_named(obj: Any) -> bool:
    """Tell whether an object says that it is a global: `def __reduce__(self): return "MISSING"`."""
    given = any(hook in vars(base) for base in type(obj).__mro__[:-1] for hook in _REDUCERS)
    return given and isinstance(obj.__reduce_ex__(4), str)


def as_it_is(obj: Any) -> Any:
    """Reduce an instance to all its attributes; nothing of its class is asked, here nor there."""
    found = {}
    for base in type(obj).__mro__:
        for name, member in vars(base).items():
            if isinstance(member, types.MemberDescriptorType):
                with suppress(AttributeError):
                    found[name] = (base, member.__get__(obj))
    attributes = object.__getattribute__(obj, "__dict__") if type(obj).__dictoffset__ else {}
    return unpickling.bare, (type(obj),), (dict(attributes), found), None, None, unpickling.fill_as_it_was


def answers_for_itself(kind: type) -> bool:
    """Tell whether instances may seem to have a `__setstate__`, by a proxy's `__getattr__`."""
    return hasattr(kind, "__getattr__") and not hasattr(kind, "__setstate__")


def filled_quietly(obj: Any) -> Any:
    """Reduce an instance so that its attributes are put back without asking it."""
    reduced = obj.__reduce_ex__(4)
    if not isinstance(reduced, tuple) or len(reduced) < 3 or reduced[2] is None:
        return reduced
    maker, arguments, state, *items = reduced
    return maker, arguments, state, *items, *[None] * (2 - len(items)), unpickling.fill_quietly


def with_its_dict(obj: Any) -> Any:
    """Reduce an instance so that it takes over its dict, which others hold, too."""
    reduced = obj.__reduce_ex__(4)
    if not isinstance(reduced, tuple) or len(reduced) < 3:
        return reduced
    maker, arguments, state, *items = reduced
    if state is not vars(obj) and (state is not None or vars(obj)):
        return reduced
    return maker, arguments, vars(obj), *items, *[None] * (2 - len(items)), unpickling.take_dict


def forgetful_base(kind: type) -> type | None:
    """Return the class of Python's library that reduces instances of a notebook's class, None if none does.

    It knows nothing of the attributes that the notebook's class has given them (`class R(random.Random)`),
    and of another `__init__`.
    """
    hooks = (
        "__reduce_ex__",
        "__reduce__",
        "__getstate__",
        "__setstate__",
        "__getnewargs__",
        "__getnewargs_ex__",
    )
    for base in kind.__mro__[:-1]:
        if any(hook in vars(base) for hook in hooks):
            given = "__reduce_ex__" in vars(base) or "__reduce__" in vars(base)
            is_library = module_of(base).partition(".")[0] in sys.stdlib_module_names
            return base if given and is_library and not issubclass(base, BaseException) else None
    return None


def remembered(obj: Any, base: type) -> Any:
    """Reduce an instance as `base` does, with all its attributes, and made without its class's `__init__`."""
    reduced = obj.__reduce_ex__(4)
    held = getattr(obj, "__dict__", None) or {}
    if not isinstance(reduced, tuple) or reduced[0] is not type(obj):
        return reduced
    _, arguments, state, items, pairs = (*reduced, None, None, None)[:5]
    if any(isinstance(part, dict) and part.keys() == held.keys() for part in _parts(state)):
        return unpickling.made_by, (type(obj), base, arguments), state, items, pairs
    filled = (state, dict(held))
    return unpickling.made_by, (type(obj), base, arguments), filled, items, pairs, unpickling.fill_remembered


def _parts(state: Any) -> tuple[Any, ...]:
    return state if isinstance(state, tuple) else (state,)
