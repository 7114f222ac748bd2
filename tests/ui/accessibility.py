"""What axe finds that is serious."""

from __future__ import annotations

import json
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
