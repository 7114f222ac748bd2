"""What to call a part of a notebook: its heading, what it does, to what, what it gives."""

from __future__ import annotations

import ast
import re
from collections import Counter
from typing import TYPE_CHECKING

from stepmill.suggestion.headings import COMMENT
from stepmill.suggestion.naming import LONGEST, as_name, name_of_heading, unique
from stepmill.suggestion.roles import Work, deeds

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from stepmill.suggestion.borders import Item
    from stepmill.suggestion.headings import Heading

_SAYS_LITTLE = {
    "df", "data", "result", "results", "res", "ret", "out", "tmp", "temp", "fig", "axes", "plt", "img",
    "value", "values",
}  # fmt: skip
_SENTENCE_WORDS = 10
_FILE = re.compile(r"(?:.*[/\\])?([^/\\.]{3,40})(?:\.\w{1,8})+")
_READS = re.compile(r"read_\w+|load\w*|open|genfromtxt|imread|urlopen|urlretrieve")


def name_of_part(
    role: str,
    heading: Heading | None,
    members: Sequence[Item],
    following: Sequence[Item],
    taken: Collection[str],
) -> str:
    """Return the best name for a step that is not taken; a number behind it only if there is none.

    The words of a comment, or of a heading that is a whole sentence, count only if nothing else tells
    what the step is for.
    """
    from_heading = name_of_heading(heading.text) if heading is not None else ""
    is_title = heading is not None and heading.level < COMMENT and not _is_sentence(heading.text)
    if from_heading and is_title:
        return unique(from_heading, taken)
    found = [name for name in _candidates(role, from_heading, members, following) if as_name(name)]
    return next((name for name in found if name not in taken), unique(found[0], taken))


def taken_from(item: Item, cells: Collection[int]) -> list[str]:
    """Return the variables that the cell takes from these."""
    return [name for name, taken in item.facts.takes.items() if taken.giver in cells]


def _candidates(role: str, comment: str, members: Sequence[Item], following: Sequence[Item]) -> Iterator[str]:
    """Yield names, the best first."""
    own = {item.index for item in members}
    product = _telling(name for item in following for name in taken_from(item, own))
    subject = _telling(
        name for item in members for name in item.facts.takes if name not in taken_from(item, own)
    )
    short = comment if comment.count("_") < 3 else ""
    if not role:
        yield from filter(None, (short, f"make_{product}" if product else "", comment))
        yield f"explore_{subject}" if subject else "explore"
        yield "explore"
        return
    yield role
    deed = _file(members) if role == Work.LOAD else _deed(role, members)
    about = {Work.LOAD: (deed, product, subject), Work.PLOT: (subject, deed)}.get(
        Work(role), (product, deed, subject)
    )
    yield from (f"{role}_{word}" for word in about if word)
    yield from filter(None, (short, comment))


def _telling(names: Iterator[str]) -> str:
    """Return the commonest name, in small letters, that says more than `df` or `x`."""
    counts = Counter(name.lower().strip("_") for name in names)
    telling = [name for name in counts if name.rstrip("0123456789_") not in _SAYS_LITTLE]
    found = [name for name in telling if 2 < len(name) <= LONGEST // 2 + 6]
    return as_name(max(found, key=lambda name: counts[name], default=""))


def _deed(role: str, members: Sequence[Item]) -> str:
    """Return what is called most of what makes the part what it is: `ridge`, `groupby`, `hist`."""
    counts = Counter(deed for item in members for deed in deeds(item.facts.tree, role))
    commonest = max(counts, key=lambda name: counts[name], default="")
    return as_name(commonest.removesuffix("plot") or commonest)


def _file(members: Sequence[Item]) -> str:
    """Return what the first file that is read is called."""
    for item in members:
        for node in ast.walk(item.facts.tree):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            path = node.args[0]
            if not (
                _READS.fullmatch(called) and isinstance(path, ast.Constant) and isinstance(path.value, str)
            ):
                continue
            if match := _FILE.fullmatch(path.value):
                words = re.findall(r"[a-z]\w*?(?=_|$)|[a-z]+", match[1].lower())
                return as_name("_".join(words)[: LONGEST - 5].strip("_"))
    return ""


def _is_sentence(text: str) -> bool:
    words = len(text.split())
    return words >= _SENTENCE_WORDS or (words > _SENTENCE_WORDS // 2 and text.rstrip().endswith((".", ",")))
