"""What the codes of this room mean, with examples: for the docs and `stepmill explain`.

The messages themselves are put together where a cell is read, for they depend on what stands there.
"""

from __future__ import annotations

from stepmill.model.diagnostic import Severity
from stepmill.model.rule import Rule
from stepmill.notebook import codes

_UNREADABLE = "A `%%step` line that is read in another way than you meant it would make another pipeline."
_METADATA = "Jupyter shows a cell's metadata in its property inspector."


def _rule(
    code: str,
    title: str,
    hint: str,
    why: str,
    *,
    bad: tuple[str, ...] = (),
    good: tuple[str, ...] = (),
    at: tuple[int, int] = (0, 1),
    severity: Severity = Severity.ERROR,
    more: str = "",
) -> Rule:
    return Rule(
        code=code, severity=severity, title=title, message=title, hint=hint, why=why, bad=bad, at=at,
        good=good, more=more,
    )  # fmt: skip


_ALL = (
    _rule(
        codes.NAME_MISSING,
        "a `%%step` line without a name",
        "write `%%step NAME`, for example `%%step train`",
        "Steps are told apart by their names; cells with one name are one step.",
        bad=("%%step\nx = 1",),
        good=("%%step train\nx = 1",),
    ),
    _rule(
        codes.NAME_INVALID,
        "a step name that is refused",
        "use letters, digits, `-` and `_`; `setup` is the name of the implicit first step",
        "A step's name is also the name of a folder, and stands on command lines.",
        bad=("%%step a/b\nx = 1",),
        good=("%%step a_b\nx = 1",),
    ),
    _rule(
        codes.OPTION_UNKNOWN,
        "a word on the `%%step` line that is no option",
        "correct it, or put it behind a `#`",
        _UNREADABLE,
        bad=("%%step train --retry 2\nx = 1",),
        good=("%%step train --retries 2\nx = 1",),
    ),
    _rule(
        codes.VALUE_MISSING,
        "an option without its value, or a value where none belongs",
        "write the value behind the option, as in `--retries 2`",
        _UNREADABLE,
        bad=("%%step train --retries\nx = 1",),
        good=("%%step train --retries 2\nx = 1",),
    ),
    _rule(
        codes.VALUE_INVALID,
        "a value that cannot be read",
        "durations look like `90s`, `10m`, `1d`; sizes like `512MB`, `8GB`; lists like `a,b`",
        _UNREADABLE,
        bad=("%%step train --timeout soon\nx = 1",),
        good=("%%step train --timeout 10m\nx = 1",),
    ),
    _rule(
        codes.OPTION_TWICE,
        "an option given twice, or two that exclude each other",
        "keep one of them",
        _UNREADABLE,
        bad=("%%step train --retries 1 --retries 2\nx = 1",),
        good=("%%step train --retries 2\nx = 1",),
    ),
    _rule(
        codes.QUOTE_OPEN,
        "a quotation mark that is never closed",
        "close it, or remove it",
        _UNREADABLE,
        bad=("%%step 'train\nx = 1",),
        good=("%%step train\nx = 1",),
    ),
    _rule(
        codes.SYNTAX_ERROR,
        "a cell that is neither Python nor IPython syntax",
        "correct the line; or tag the cell `raises-exception`, if it is there to show the error",
        "What cannot be read cannot be followed: the cell may bind anything.",
        bad=("%%step a\nx = (1",),
        good=("%%step a\nx = (1)",),
        at=(0, 2),
    ),
    _rule(
        codes.MAGIC_NOT_FIRST,
        "a cell magic below other code",
        "move it to the top of the cell, or split the cell",
        "IPython knows a cell magic only as the first line of its cell.",
        bad=("x = 1\n%%step a\ny = 2",),
        good=("x = 1", "%%step a\ny = 2"),
        at=(0, 2),
    ),
    _rule(
        codes.TAG_TWICE,
        "two of `%%step`, `%%parameters`, `%%scratch` in one cell",
        "remove one of the two lines, or split the cell",
        "A cell belongs to one step, or is one thing.",
        bad=("%%step a\n%%step b\nx = 1",),
        good=("%%step a\nx = 1",),
        at=(0, 2),
    ),
    _rule(
        codes.TAGS_DIFFER,
        "the magic and the metadata of one cell say different things",
        "keep one of them, or make them equal",
        "Only you know which of the two is meant.",
        more=_METADATA,
    ),
    _rule(
        codes.METADATA_INVALID,
        "metadata of a cell that cannot be understood",
        'write it as in `{"stepmill": {"step": "train"}}`, or use the cell tag `step:train`',
        _UNREADABLE,
        more=_METADATA,
    ),
    _rule(
        codes.METADATA_UNKNOWN,
        "a key of a cell's metadata that means nothing to us",
        "correct its spelling, or remove it",
        "An option that is not understood is not followed.",
        severity=Severity.WARNING,
        more=_METADATA,
    ),
    _rule(
        codes.INJECTED,
        "a cell that papermill injected",
        "delete it; give parameters with `-p NAME=VALUE`",
        "It holds the parameters of an earlier execution and would hide the notebook's own.",
        severity=Severity.INFO,
    ),
    _rule(
        codes.TAG_UNSEEN,
        "a tag below a cell magic whose body is not plain Python",
        "put the tag above the magic",
        "`%%bash` and the like take the tag for a part of their body, so the cell would be no step.",
        bad=("%%bash\n%%step a\nls",),
        good=("%%step a\n%%bash\nls",),
        at=(0, 2),
    ),
)
RULES = {rule.code: rule for rule in _ALL}
