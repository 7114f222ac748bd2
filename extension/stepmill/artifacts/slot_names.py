"""What `copyreg` leaves on the class of what it reduces: taken off again, for `dir(K)` would show it."""

from __future__ import annotations

SLOT_NAMES = "__slotnames__"


def has_slot_names(kind: type) -> bool:
    """Tell whether an object of exactly this class was reduced before."""
    return SLOT_NAMES in vars(kind)


def drop_slot_names(kind: type) -> None:
    """Make the class as it was before an object of it was reduced."""
    if SLOT_NAMES in vars(kind):
        type.__delattr__(kind, SLOT_NAMES)
