"""What a reader sees of a cell's outputs, as lines that two runs of the same code have in common.

Blanked is what differs between any two processes and says nothing: memory addresses, ids that
libraries make up for the browser, IPython's own timings, progress bars.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_BLANKS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), word)
    for pattern, word in (
        (r"\x1b\[[0-9;?]*[ -/]*[@-~]", ""),
        (r"\b0x[0-9a-fA-F]{6,}\b", "0x…"),
        (r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b", "<uuid>"),
        (r"(?m)^(CPU times: |Wall time: ).*$", r"\1<time>"),
        (r"(?m)^.* per loop \(mean.*$", "<time> per loop"),
        (r"(?m)^.*\b(Compiler|Parser)\s*: *[\d.]+ m?s.*$", r"\1: <time>"),
        (r"(?m)^.*\d+%\|.*\|.*\[.*\].*$", "<progress>"),
        (r"(?m)^.*\d+it \[.*(it/s|s/it|\?it/s)\].*$", "<progress>"),
        (r"\d+/\d+ \[?[━=>.\- ]{3,}\]?[ -]*(\d+m?s )?\d+(us|ms|s)(/step|/epoch)?(?=\s|$)", "<progress>"),
        (r"\bCell In ?\[\d+\]|<ipython-input-\d+-[0-9a-f]+>", "<cell>"),
        (r"(?<=/)(ipykernel_\d+/\d+\.py|tmp[a-z0-9_]{8}(?![a-z0-9_]))", "<temporary>"),
    )
)
_IN_MARKUP: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), word)
    for pattern, word in (
        (r"\b(sk-(?:container|estimator)-id)-\d+", r"\1-…"),
        (r"\bT_[0-9a-f]{5}(?![0-9a-f])", "T_…"),  # pandas' Styler
        (r"\b(altair-viz|df|section|itables|quickchart)-[0-9a-f-]{8,}", r"\1-…"),
        (r"(\b(?:id|for|name|aria-\w+|data-\w*id|clip-path)=\")[^\"]*\"", r'\1…"'),
        (r"(url\(#|href=\"#)[^)\"]*", r"\1…"),
        (r"<dc:date>[^<]*</dc:date>", "<dc:date>…</dc:date>"),
    )
)
_DURATION = re.compile(
    r"(?i)\d+(?:[.,]\d+)?(?:e[+-]?\d+)?(\s*)(ns|µs|us|ms|s|secs?|seconds?|mins?|minutes?|h|hours?)\b"
)
_MARKUP = ("text/html", "image/svg+xml", "text/latex", "text/markdown", "application/javascript")
_WIDGET = "application/vnd.jupyter.widget-view+json"


@dataclass(frozen=True, slots=True)
class Shown:
    """`lines` in order; what went to stderr stands apart in `warnings`."""

    lines: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def shown(outputs: Iterable[Mapping[str, Any]]) -> Shown:
    """Return what a cell shows. Execution counts, and where output went on behind stderr, do not count."""
    lines: list[str] = []
    warnings: list[str] = []
    printed: list[str] | None = None  # the stdout that the next piece goes on with
    for output in outputs:
        kind = output["output_type"]
        if kind == "stream" and output["name"] == "stderr":
            warnings.append(_text(output["text"]))
            continue
        if kind == "stream":
            printed = [*(printed or ()), _text(output["text"])]
            continue
        lines += _printed(printed)
        printed = None
        lines += _error(output) if kind == "error" else _displayed(output.get("data", {}))
    lines += _printed(printed)
    return Shown(tuple(lines), tuple(_printed(warnings or None)))


def without_durations(line: str) -> str:
    """Blank everything that may be a measured time: for cells that are known to read the clock."""
    return _DURATION.sub(r"<time>\1\2", line)


def _printed(pieces: Sequence[str] | None) -> list[str]:
    return [] if pieces is None else _lines("".join(pieces))


def _error(output: Mapping[str, Any]) -> list[str]:
    return _lines(f"{output['ename']}: {output['evalue']}")


def _displayed(data: Mapping[str, Any]) -> list[str]:
    if _WIDGET in data:  # its state lives in the browser; the text says which widget it is
        return _lines(re.sub(r"\(.*\)", "(…)", _text(data.get("text/plain", "widget")), flags=re.DOTALL))
    found = _lines(_text(data["text/plain"])) if "text/plain" in data else []
    for mime in sorted(data.keys() - {"text/plain"}):
        found += _of_type(mime, data[mime])
    return found


def _of_type(mime: str, content: Any) -> list[str]:
    if mime in _MARKUP:
        return _lines(_blanked(_text(content), _IN_MARKUP))
    if isinstance(content, (str, list)) and not mime.endswith("json"):
        text = "".join(_text(content).split())  # base64 may be broken into lines
        return [f"<{mime}, {len(text)} characters, {_fingerprint(text)}>"]
    text = _blanked(json.dumps(content, sort_keys=True, ensure_ascii=False), _BLANKS)
    return [f"<{mime}, {_fingerprint(text)}>"] if len(text) > 200 else [text]


def _fingerprint(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]


def _lines(text: str) -> list[str]:
    return _blanked(text.replace("\r\n", "\n"), _BLANKS).split("\n")


def _blanked(text: str, patterns: Iterable[tuple[re.Pattern[str], str]]) -> str:
    for pattern, word in patterns:
        text = pattern.sub(word, text)
    return text


def _text(value: Any) -> str:
    return "".join(value) if isinstance(value, list) else str(value)
