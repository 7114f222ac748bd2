"""Sets that iterate as they did: user code sees the order, and it depends on how the table grew.

CPython iterates a set by table slot. The slot of an item follows from its hash, the table's size and
what stood there before. So a plan (how to size the table) and an insertion order together rebuild the
iteration order; both are searched for when the set is stored, and every candidate is tried for real.

For a large set the search would take too long, and for some it finds nothing. There the slots are told
from the hashes: the table has as many as the set's size in memory says, items stand in them in iteration
order, and each stands behind taken slots only. So an item goes in after those that stand where it would
have gone otherwise; and where nothing stands any more, something that has been discarded did.
"""

from __future__ import annotations

import random
from bisect import bisect_right
from itertools import islice, pairwise, permutations, product
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

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
_ENTRY_BYTES = 16
_FEWEST_SLOTS = 8
_MOST_PROBES = 200


def table_plan(value: Any) -> tuple[int, list[int]]:
    """Return the plan and insertion order (positions in iteration order) that rebuild `value`.

    A larger plan is the number of slots of the table. A number in the insertion order that is no position
    stands for an item that has been discarded: its slot, plus the number of items. An empty order stands for
    the iteration order itself; it is also the answer where nothing is found.
    """
    base: type[Any] = set if isinstance(value, set) else frozenset
    order = list(base.__iter__(value))
    if len(order) < 2:
        return GROWN, []
    found = _searched(base, order) if len(order) <= _MAX_ITEMS else None
    return found or _told_by_slots(base, value, order)


def _searched(kind: type, order: list[Any]) -> tuple[int, list[int]] | None:
    candidates = product(_starts(len(order)), _plans(len(order), kind))
    for start, plan in islice(candidates, _MAX_PLACED // (len(order) * _ROUNDS) + _MIN_CANDIDATES):
        found = _search(kind, order, plan, start)
        if found is not None:
            return plan, [] if found == sorted(found) else found
    return None


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
    """Return a new set or frozenset of the items in `order`, made by `plan`.

    `kind` may be a class of the notebook's: nothing that it overrides is called.
    """
    number = len(order)
    items = [order[position] for position in insertion if position < number] if insertion else list(order)
    if plan == GROWN:
        return _filled(kind, iter(items))
    if plan == SIZED:
        return _filled(kind, dict.fromkeys(items))
    gone = _in_slots([place - number for place in insertion if place >= number], plan, items)
    built = _with_table(kind, [*gone, *items], plan)
    for item in gone:
        set.discard(built, item)
    return built


def _filled(kind: type[Any], items: Any) -> Any:
    if issubclass(kind, frozenset):
        return frozenset.__new__(kind, items)
    made: Any = set.__new__(kind)
    set.update(made, items)
    return made


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


def _told_by_slots(kind: Any, value: Any, order: list[Any]) -> tuple[int, list[int]]:
    """Return the plan for a set that is too large to search, or where the search found nothing."""
    empty = kind.__new__(type(value))
    slots = (kind.__sizeof__(value) - kind.__sizeof__(empty)) // _ENTRY_BYTES or _FEWEST_SLOTS
    plans = (GROWN, slots, SIZED) if kind is set else (SIZED, GROWN)
    for plan in plans:  # most sets of numbers: no search
        if list(build_set(kind, order, plan, [])) == order:
            return plan, []
    gone, insertion = _by_slots([hash(item) & _WORD for item in order], slots) or ([], [])
    if gone and kind is set:
        discarded = [slot + len(order) for slot in gone]
        if list(build_set(kind, order, slots, discarded + insertion)) == order:
            return slots, discarded + insertion
    for plan in plans if insertion and not gone else ():
        if list(build_set(kind, order, plan, insertion)) == order:
            return plan, insertion
    return GROWN, []


def _by_slots(codes: Sequence[int], slots: int) -> tuple[list[int], list[int]] | None:
    """Return slots of discarded items, and an insertion order for items with these hashes in iteration order.

    None if no order is found.
    """
    places = _places(codes, slots)
    if places is None:
        return None
    holders = {slot: item for item, slot in enumerate(places)}
    before: list[list[int]] = []
    gone: set[int] = set()
    for code, place in zip(codes, places, strict=True):
        passed = []
        for slot in _probes(code, slots - 1):
            if slot == place:
                break
            if slot in holders:
                passed.append(holders[slot])
            else:
                gone.add(slot)
        before.append(passed)
    insertion = _after(before)
    return None if insertion is None else (sorted(gone), insertion)


def _places(codes: Sequence[int], slots: int) -> list[int] | None:
    """Guess the slot of each item: the first it would try behind the item before, and not too far."""
    homes = [code & (slots - 1) for code in codes]
    limits, limit = [slots] * len(codes), slots
    steady = _steady(homes)
    for item in range(len(codes) - 1, -1, -1):
        limits[item] = limit
        if item in steady:
            limit = min(limit, homes[item] + _LINEAR_PROBES + 1)
    places, last = [], -1
    for code, limit in zip(codes, limits, strict=True):
        tried = islice(_probes(code, slots - 1), _MOST_PROBES)
        found = next((slot for slot in tried if last < slot <= limit), None)
        if found is None:
            return None
        places.append(found)
        last = found
    return places


def _steady(homes: Sequence[int]) -> set[int]:
    """Return a longest choice of items whose first slots do not decrease: these stand at or near them."""
    ends: list[int] = []
    items: list[int] = []
    previous: list[int] = []
    for item, home in enumerate(homes):
        length = bisect_right(ends, home)
        previous.append(items[length - 1] if length else -1)
        ends[length : length + 1] = [home]
        items[length : length + 1] = [item]
    found, item = set(), items[-1]
    while item >= 0:
        found.add(item)
        item = previous[item]
    return found


def _after(before: Sequence[Sequence[int]]) -> list[int] | None:
    """Return all items, each behind those that have to be before it; None if that goes in a circle."""
    found: list[int] = []
    state = bytearray(len(before))  # 1: on its way, 2: placed
    for first in range(len(before)):
        pending = [first]
        while pending:
            item = pending[-1]
            if state[item]:
                pending.pop()
                if state[item] == 1:
                    found.append(item)
                state[item] = 2
                continue
            state[item] = 1
            if any(state[other] == 1 for other in before[item]):
                return None
            pending += [other for other in before[item] if not state[other]]
    return found


def _with_table(kind: type, items: Sequence[Any], slots: int) -> set[Any]:
    """Return a set of `items` in a table of `slots` slots.

    Integers that land in slots which no item touches make the table large; then they leave again.
    """
    free = _free_slots(items, slots)
    early = items[: slots // 2 - 1]  # a larger batch would double the table
    wanted = max(slots // 4 - len(early), 5 - len(early), 0)
    known = set(items)
    fillers = _in_slots(free[: wanted + 5], slots, known)[:wanted]
    built: set[Any] = _filled(kind, dict.fromkeys([*fillers, *early]))
    set.difference_update(built, fillers)
    for item in items[len(early) :]:
        set.add(built, item)
    return built


def _in_slots(places: Sequence[int], slots: int, others: Collection[Any]) -> list[int]:
    """Return integers that go into these slots of an empty table, without those that are in `others`."""
    return [number for number in (slot + (slots << 20) for slot in places) if number not in others]


def _free_slots(items: Sequence[Any], slots: int) -> list[int]:
    """Return the slots that stay empty when `items` are inserted into an empty table, in order."""
    taken = [False] * slots
    for item in items:
        taken[_slot(hash(item) & _WORD, slots - 1, taken)] = True
    return [slot for slot in range(slots) if not taken[slot]]


def _slot(code: int, mask: int, taken: list[bool]) -> int:
    """Return where CPython's probing puts an item with the hash `code`."""
    return next(slot for slot in _probes(code, mask) if not taken[slot])


def _probes(code: int, mask: int) -> Iterator[int]:
    """Yield the slots that CPython tries for an item with the hash `code`, in order, for ever."""
    at, perturb = code & mask, code
    while True:
        probes = _LINEAR_PROBES if at + _LINEAR_PROBES <= mask else 0
        yield from range(at, at + probes + 1)
        perturb >>= _PERTURB_SHIFT
        at = (at * 5 + 1 + perturb) & mask
