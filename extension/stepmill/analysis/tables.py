"""Tables of the interpreter that note what a statement looks at, and what it leaves in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NoReturn, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

T = TypeVar("T")


class _Missing:
    def __repr__(self) -> str:
        return "MISSING"


MISSING: Final = _Missing()
"""Stands for the value of a key that a table has not."""


class Noted(Protocol):
    """What the interpreter keeps and `memory` compares: entries under keys, and which ones were used."""

    before: dict[Any, Any]

    @property
    def read(self) -> set[Any]: ...

    def begin(self) -> None: ...

    def value_of(self, key: Any) -> Any: ...

    def put(self, values: Mapping[Any, Any]) -> None: ...


class Table(dict[str, T]):
    """A dict that knows which of its keys the statement at hand has looked at, and which it has set.

    `read` are the keys looked at. `before` has the keys set, with what was there before. Going
    through the whole table is for when all statements are done.
    """

    __slots__ = ("before", "read")

    def __init__(self) -> None:
        super().__init__()
        self.read: set[str] = set()
        self.before: dict[str, Any] = {}

    def __getitem__(self, key: str) -> T:
        self.read.add(key)
        return dict.__getitem__(self, key)

    def __contains__(self, key: object) -> bool:
        self.read.add(key)  # type: ignore[arg-type]
        return dict.__contains__(self, key)

    def get(self, key: str, default: Any = None) -> Any:
        self.read.add(key)
        return dict.get(self, key, default)

    def __setitem__(self, key: str, value: T) -> None:
        if key not in self.before:
            self.before[key] = dict.get(self, key, MISSING)
        dict.__setitem__(self, key, value)

    def setdefault(self, key: str, default: Any = None) -> Any:
        if key in self:
            return dict.__getitem__(self, key)
        self[key] = default
        return default

    def pop(self, key: str, *default: Any) -> Any:
        self.read.add(key)
        if key not in self.before:
            self.before[key] = dict.get(self, key, MISSING)
        return dict.pop(self, key, *default)

    def __delitem__(self, key: str) -> None:
        self.pop(key)

    def update(self, *_: Any, **__: Any) -> NoReturn:
        raise NotImplementedError("one key at a time")

    def value_of(self, key: str) -> Any:
        """Return the value of `key`, or MISSING, without noting it."""
        return dict.get(self, key, MISSING)

    def known(self, keys: Iterable[str]) -> list[tuple[str, T]]:
        """Return those of `keys` that are in the table, with their values; all count as looked at."""
        keys = list(keys)
        self.read.update(keys)
        get = super().get
        return [(key, value) for key in keys if (value := get(key)) is not None]

    def begin(self) -> None:
        """Note what is looked at and set from here on."""
        if self.read:
            self.read = set()
        if self.before:
            self.before = {}

    def left(self) -> list[T]:
        """Return the values that the statement at hand has set so far."""
        get = super().get
        return [value for key in self.before if (value := get(key)) is not None]

    def put(self, values: Mapping[str, Any]) -> None:
        """Set what a statement has left in the table at another time."""
        dict.update(self, values)
        if MISSING in values.values():
            for key, value in values.items():
                if value is MISSING:
                    dict.pop(self, key, None)


def is_same(one: Any, other: Any) -> bool:
    """Tell whether two entries are surely the same for all that the analyzer does with them.

    More than equal: `1`, `1.0` and `True` are three literals.
    """
    if one is other:
        return True
    if type(one) is not type(other):
        return False
    if isinstance(one, tuple):
        return len(one) == len(other) and all(map(is_same, one, other))
    if isinstance(one, (float, complex)):
        return repr(one) == repr(other)
    return isinstance(one, (str, int, bytes, frozenset)) and bool(one == other)
