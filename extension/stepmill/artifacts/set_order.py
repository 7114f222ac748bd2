"""Sets that iterate as they did: user code sees the order, and it depends on how the table grew.

CPython iterates a set by table slot. The slot of an item follows from its hash, the table's size and
what stood there before. So a plan (how to size the table) and an insertion order together rebuild the
iteration order; both are searched for when the set is stored, and every candidate is tried for real.
"""

from __future__ import annotations

import random
from itertools import islice, pairwise, permutations, product
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

GROWN = 0
"""The table grew item by item."""
SIZED = 1
"""The table was sized for all items at once, as copies are."""

_MAX_ITEMS = 300
_ROUNDS = 40
_ALL_ORDERS_UP_TO = 5
_RESTARTS = 20
_MAX_PLACED = 50_000  # items put into trial sets; a few milliseconds
_MIN_CANDIDATES = 6
_SMALLEST_TABLE = 16
_LINEAR_PROBES = 9
_PERTURB_SHIFT = 5
_WORD = (1 << 64) - 1


def table_plan(value: Any) -> tuple[int, list[int]]:
    """Return the plan and insertion order (positions in iteration order) that rebuild `value`.

    A larger plan is the number of slots of the table. An empty order stands for the iteration order
    itself; it is also the answer where nothing is found (large sets, or many discarded items).
    """
    order = list(value)
    if len(order) < 2 or len(order) > _MAX_ITEMS:
        return GROWN, []
    candidates = product(_starts(len(order)), _plans(len(order), type(value)))
    for start, plan in islice(candidates, _MAX_PLACED // (len(order) * _ROUNDS) + _MIN_CANDIDATES):
        found = _search(type(value), order, plan, start)
        if found is not None:
            return plan, [] if found == sorted(found) else found
    return GROWN, []


def _starts(number: int) -> Iterator[list[int]]:
    """Yield insertion orders to start from: as it iterates, all of a few, some of many."""
    yield list(range(number))
    if number <= _ALL_ORDERS_UP_TO:
        yield from map(list, permutations(range(number)))
        return
    chance = random.Random(number)  # noqa: S311 - the same orders every time, and nobody's generator
    for _ in range(_RESTARTS):
        yield chance.sample(range(number), number)


def build_set(kind: type, order: Sequence[Any], plan: int, insertion: Sequence[int]) -> Any:
    """Return a new set or frozenset of the items in `order`, made by `plan`."""
    items = [order[position] for position in insertion] if insertion else list(order)
    if plan == GROWN:
        return kind(iter(items))
    if plan == SIZED:
        return kind(dict.fromkeys(items))
    return _with_table(items, plan)


def _plans(number: int, kind: type) -> Iterator[int]:
    yield GROWN
    yield SIZED
    if kind is set:  # a frozenset cannot be thinned out afterwards
        slots = _SMALLEST_TABLE
        while slots <= 64 * number:
            if number * 5 < (slots - 1) * 3:
                yield slots
            slots *= 2


def _search(kind: type, order: list[Any], plan: int, start: list[int]) -> list[int] | None:
    """Insert, look which neighbours came out reversed, exchange their turns, until all is right."""
    rank = {item: position for position, item in enumerate(order)}
    insertion = list(start)
    for attempt in range(_ROUNDS):
        built = [rank[item] for item in build_set(kind, order, plan, insertion)]
        if all(position == at for at, position in enumerate(built)):
            return insertion
        reversed_pairs = [pair for pair in pairwise(built) if pair[0] > pair[1]]
        for first, second in reversed_pairs if attempt % 2 else reversed_pairs[:1]:
            at, other = insertion.index(first), insertion.index(second)
            insertion[at], insertion[other] = second, first
    return None


def _with_table(items: Sequence[Any], slots: int) -> set[Any]:
    """Return a set of `items` in a table of `slots` slots.

    Integers that land in slots which no item touches make the table large; then they leave again.
    """
    free = _free_slots(items, slots)
    early = items[: slots // 2 - 1]  # a larger batch would double the table
    wanted = max(slots // 4 - len(early), 5 - len(early), 0)
    known = set(items)
    fillers = [f for f in (slot + (slots << 20) for slot in free[: wanted + 5]) if f not in known][:wanted]
    built: set[Any] = set()
    built.update(dict.fromkeys([*fillers, *early]))
    built.difference_update(fillers)
    for item in items[len(early) :]:
        built.add(item)
    return built


def _free_slots(items: Sequence[Any], slots: int) -> list[int]:
    """Return the slots that stay empty when `items` are inserted into an empty table, in order."""
    taken = [False] * slots
    for item in items:
        taken[_slot(hash(item) & _WORD, slots - 1, taken)] = True
    return [slot for slot in range(slots) if not taken[slot]]


def _slot(code: int, mask: int, taken: list[bool]) -> int:
    """Return where CPython's probing puts an item with the hash `code`."""
    at, perturb = code & mask, code
    while True:
        probes = _LINEAR_PROBES if at + _LINEAR_PROBES <= mask else 0
        for slot in range(at, at + probes + 1):
            if not taken[slot]:
                return slot
        perturb >>= _PERTURB_SHIFT
        at = (at * 5 + 1 + perturb) & mask
