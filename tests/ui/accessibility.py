"""What axe finds that is serious, and what a screen reader is told."""

from __future__ import annotations

import json
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


def accessible(lab: Lab) -> dict[str, list[str]]:
    """Return role -> names of all that is in the panel, as Chromium hands it to screen readers, in order."""
    session = lab.page.context.new_cdp_session(lab.page)
    nodes = session.send("Accessibility.getFullAXTree")["nodes"]
    session.detach()
    by_id = {node["nodeId"]: node for node in nodes}
    inside: list[Any] = [node for node in nodes if _is(node, "region", "Pipeline")]
    found: dict[str, list[str]] = defaultdict(list)
    while inside:
        node = inside.pop(0)
        inside[:0] = [by_id[child] for child in node.get("childIds", ()) if child in by_id]
        if not node.get("ignored"):
            found[node["role"]["value"]].append(node.get("name", {}).get("value", ""))
    return found


def _is(node: Any, role: str, name: str) -> bool:
    said = [node.get(key, {}).get("value") for key in ("role", "name")]
    return said == [role, name]
