"""Cases that ought to be equal and are refused today: the analysis can still gain here.

The test is strict: a case that becomes equal must leave this list.
"""

from __future__ import annotations

REFUSED_TODAY = frozenset(
    {
        "file/path-write-text",  # Path.mkdir is taken for a change of the process
        "order/rebinding-breaks-alias",  # the alias ends before it could matter
        "scope/type-alias-and-generics",  # Stack[int] caches on the class
    }
)
