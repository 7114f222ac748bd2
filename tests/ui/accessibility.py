"""What axe finds that is serious, and what a screen reader is told."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from ui.lab import Lab

AXE = Path(__file__).parents[2] / "labextension" / "node_modules" / "axe-core" / "axe.min.js"


def serious(lab: Lab, selector: str) -> list[Any]:
    """Return the serious findings below what `selector` chooses, each with the elements that it is about."""
    if not AXE.is_file():
        pytest.skip("axe-core is not installed: npm ci in labextension does it")
    if not lab.page.evaluate("() => 'axe' in window"):
        lab.page.evaluate(AXE.read_text(encoding="utf-8"))
    script = """async selector => (await axe.run(selector, {resultTypes: ['violations']})).violations
        .filter(one => ['serious', 'critical'].includes(one.impact))
        .map(one => ({rule: one.id, where: one.nodes.map(node => node.html)}))"""
    found: list[Any] = lab.page.evaluate(script, selector)
    return list(json.loads(json.dumps(found)))


def reading(lab: Lab) -> list[str]:
    """Return what a screen reader says of the panel, in order: "role name, state", plain text as it is.

    What JupyterLab puts around it and what the graph library adds is left out; durations are N s.
    """
    told = []
    for node in _nodes(lab):
        role, name = (node.get(key, {}).get("value", "") for key in ("role", "name"))
        states = {one["name"]: one["value"].get("value") for one in node.get("properties", ())}
        if role == "StaticText" and name.strip(" ·"):
            told.append(name.strip())
        elif role in _PLACES | _CONTROLS and name not in _FOREIGN:
            value = node.get("value", {}).get("value", "")
            said = [f"{role} {name}".strip(), str(value), *_said(states)]
            told.append(", ".join(part for part in said if part))
    return [re.sub(r"\d+(\.\d)? s\b", "N s", text) for text in told]


_PLACES = frozenset(("region", "heading", "application", "image", "group", "status", "alert", "table", "row"))
_CONTROLS = frozenset(("button", "textbox", "checkbox", "searchbox", "DisclosureTriangle", "columnheader"))
_FOREIGN = frozenset(("Zoom in", "Zoom out", "Show the whole graph", "side panel content"))
_QUIET = frozenset(("StaticText", "button", "textbox", "heading", "DisclosureTriangle", "LabelText", "link"))
"""Their name is all there is to say."""


def _said(states: dict[str, Any]) -> list[str]:
    words = {"disabled": "disabled", "live": states.get("live", "")}
    if "checked" in states:
        words["checked"] = "checked" if states["checked"] == "true" else "not checked"
    return [word for state, word in words.items() if states.get(state) not in (None, False, "off")]


def accessible(lab: Lab) -> dict[str, list[str]]:
    """Return role -> names of all that is in the panel, as Chromium hands it to screen readers, in order."""
    found: dict[str, list[str]] = defaultdict(list)
    for node in _nodes(lab, quiet=frozenset()):
        found[node["role"]["value"]].append(node.get("name", {}).get("value", ""))
    return found


def _nodes(lab: Lab, quiet: frozenset[str] = _QUIET) -> list[Any]:
    """Return the nodes of the panel that are not ignored, in order; what is in a `quiet` one is left out."""
    session = lab.page.context.new_cdp_session(lab.page)
    nodes = session.send("Accessibility.getFullAXTree")["nodes"]
    session.detach()
    by_id = {node["nodeId"]: node for node in nodes}
    inside: list[Any] = [node for node in nodes if _is(node, "region", "Pipeline")]
    found = []
    while inside:
        node = inside.pop(0)
        isnt_ignored = not node.get("ignored")
        if not (isnt_ignored and node["role"]["value"] in quiet):
            inside[:0] = [by_id[child] for child in node.get("childIds", ()) if child in by_id]
        if isnt_ignored:
            found.append(node)
    return found


def _is(node: Any, role: str, name: str) -> bool:
    said = [node.get(key, {}).get("value") for key in ("role", "name")]
    return said == [role, name]
