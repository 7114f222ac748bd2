"""Cases that ought to be equal and are refused today: the analysis can still gain here.

The test is strict: a case that becomes equal must leave this list.
"""

from __future__ import annotations

REFUSED_TODAY: frozenset[str] = frozenset()
