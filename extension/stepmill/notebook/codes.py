"""The codes of this room's diagnostics. A code, once published, keeps its meaning."""

from __future__ import annotations

NAME_MISSING = "SM101"
"""A `%%step` line without a name."""

NAME_INVALID = "SM102"
"""A step name that we refuse: odd characters, too long, reserved."""

OPTION_UNKNOWN = "SM103"
"""A word on the line that is no option, or an option that does not exist."""

VALUE_MISSING = "SM104"
"""An option without its value, or a value where none belongs."""

VALUE_INVALID = "SM105"
"""A value that cannot be read: a duration, a size, a number, a list of names."""

OPTION_TWICE = "SM106"
"""An option given twice, or two options that exclude each other."""

QUOTE_OPEN = "SM107"
"""A quotation mark that is never closed."""

SYNTAX_ERROR = "SM110"
"""A cell that is neither Python nor IPython syntax."""

MAGIC_NOT_FIRST = "SM111"
"""A cell magic, ours or another, below other code: IPython only knows it as the first line."""

TAG_TWICE = "SM112"
"""Two of `%%step`, `%%parameters`, `%%scratch` in one cell."""

TAGS_DIFFER = "SM113"
"""The magic and the metadata of one cell say different things."""

METADATA_INVALID = "SM114"
"""The cell's `stepmill` metadata cannot be understood."""

METADATA_UNKNOWN = "SM115"
"""A key of the cell's `stepmill` metadata that means nothing to us."""

INJECTED = "SM116"
"""A cell that papermill injected: it is left out."""

TAG_UNSEEN = "SM117"
"""A tag below a cell magic whose body is not plain Python."""
