"""Names of steps: from the heading above, from what the step does, from what it gives."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from stepmill.notebook.step_line import parse_step_arguments

if TYPE_CHECKING:
    from collections.abc import Collection

LONGEST = 28
_IDLE = """
a an and are as at be by do does for from how i in into is it its let lets of on or our so that the their
there these this to us using use used via we what which with will you your can some now first then next s
t again just only was were did has have had been being may must should would could if why who about lets weve
youll youve want need must
"""
_IDLE_WORDS = frozenset(_IDLE.split())
_TURNING = "from in into for with using by that which where when to based of on as across over"
_TURNS = frozenset(_TURNING.split())
"""Words at which a long heading may end and still say what it is about."""
_NUMBER = re.compile(
    r"(?i)^\s*(?:(?:step|part|section|chapter|lesson|exercise|question|task|q|ex|cell|example|problem|day|week)"
    r"\s*[\d.]+[a-z]?\s*[-\u2013\u2014.:)]*\s*)?"
    r"(?:(?:[ivx]+|\d+)(?:\.\d+)*[.):]\s*|\d+(?:\.\d+)*\s+[-\u2013\u2014]?\s*)?"
)
_ASIDE = re.compile(r"\s*[(\[].*?[)\]]|\s+[-\u2013\u2014]+\s.*|[:?!;,\u2013\u2014].*")
_SAYS_NOTHING = re.compile(
    r"(?:(?:import|importing|load|loading)(?:_\w+)*_(?:libraries|library|packages|modules|dependencies)"
    r"|introduction|intro|imports?|importing|libraries|packages|dependencies|setup|set_up|overview|notebook"
    r"|contents?|table_contents|solutions?|answers?|examples?|exercises?|code|background|preliminaries"
    r"|getting_started|summary|conclusions?|references?|license|todo|notes?|prerequisites|initiali[sz]ation"
    r"|environment|agenda|learn_more|more|whats?_next|last_but_not_least|resources|steps|discussion|test|python"
    r"|data|results?|output|outline|goals?|objectives?|warnings?|tips?|explanations?|remarks?|recap|review|bonus"
    r"|learned|observations?|simple_examples?|tutorial|demonstrations?|demo|jupyter|part|questions?|task|end"
    r"|(?:\w+_)?versions?(?:_(?:packages|checks?|info|information|notebook))*)(?:_\d+)*"
)

_WHO = (
    r"(?:(?:more\s+)?about\s+)?(?:the\s+)?authors?|authors?\s+(?:recognition|disclaimer)|contacts?|credits?"
    r"|e-?mail|instructors?|lecturers?|students?|names?|date|version|github|linkedin|twitter|kaggle"
)
_BYLINE = re.compile(
    rf"(?i)\s*(?:(?:{_WHO})\s*(?:[:|].*)?|copyright\b.*|(?:\(c\)|©).*|ac?knowledge?ments?\b.*|(?:dr|prof)\.\s.*"
    r"|(?:written|created|prepared|compiled|made|maintained|developed|presented|taught)\s+by\b.*"
    r"|(?:last\s+)?(?:updated|modified|edited)\b\s*(?:on\b|by\b|:|\d).*"
    r"|.*\b(?:licen[sc]ed\s+under|all\s+rights\s+reserved)\b.*"
    r"|.*\bunder\s+(?:an?\s|the\s)?(?:creative\s+commons|cc[- ]by|mit|bsd|apache)\b.*"
    r"|.*(?:\bprofessor\b|\bundergraduate\b|\w@\w|https?://|\bwww\.|\blinkedin\b).*)"
)
_BY = re.compile(r"\s*[Bb]y:?(?:\s+[A-Z][\w.'-]*)+\s*")


def is_byline(text: str) -> bool:
    """Tell whether a heading says who wrote the notebook, when, or where to write to."""
    return bool(_BYLINE.fullmatch(text) or _BY.fullmatch(text))


def name_of_heading(text: str) -> str:
    """Return a short step name for a heading; "" if it says nothing about what the step does."""
    text = unicodedata.normalize("NFKC", text)
    without_number = _NUMBER.sub("", text, count=1)
    behind = without_number.partition(":")[2]
    for candidate in (_ASIDE.sub("", without_number), behind, without_number, text):
        words = _telling(candidate)
        if words and not _SAYS_NOTHING.fullmatch("_".join(words)):
            return as_name("_".join(_shortened(words, candidate)))
    return ""


def _telling(text: str) -> list[str]:
    """Return the words that say something; a number at the beginning does not."""
    words = [word for word in _words(text) if word not in _IDLE_WORDS]
    while words and words[0][0].isdigit():
        del words[0]
    return words


def _shortened(words: list[str], text: str) -> list[str]:
    """Return as many words as a short name has, up to a preposition if that leaves enough of them."""
    if len("_".join(words)) > LONGEST:
        every = _words(text)
        for place, word in enumerate(every):
            before = [w for w in every[:place] if w in words]
            if word in _TURNS and len(before) >= 2:
                words = before
                break
    kept = [words[0][:LONGEST]]
    for word in words[1:]:
        if len("_".join([*kept, word])) > LONGEST:
            break
        kept.append(word)
    return kept


def as_name(text: str) -> str:
    """Return `text` as a valid step name; "" if it cannot be one."""
    text = text.strip("._-")
    if text and not text[0].isidentifier():
        text = f"part_{text}"
    if text == "setup":
        return ""
    return text if text and parse_step_arguments(text).is_good else ""


def unique(wanted: str, taken: Collection[str]) -> str:
    """Return `wanted`, with a number behind it if that name is taken."""
    name, number = wanted, 2
    while name in taken:
        name, number = f"{wanted}_{number}", number + 1
    return name


def _words(text: str) -> list[str]:
    text = re.sub(r"['\u2019]s\b|['\u2019]", "", text.lower())
    text = re.sub(r"(?<=\d)-(?=[a-z])", "", text)  # `10-fold`
    return [word for word in re.findall(r"[^\W_]+", text) if all(("a" + c).isidentifier() for c in word)]
