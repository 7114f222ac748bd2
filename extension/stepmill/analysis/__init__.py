"""From cells to a pipeline: what flows between the steps, inferred without running anything.

The order in which data flows: `units` (statements) → `interpreter` (effects of each, with the
abstract values of `values` and the aliases of `heap`) → `flow` (who gives what to whom) →
`assembly` (steps) → `records` (model records), `rules` (diagnostics). `build` is the way in.
"""

from __future__ import annotations

from stepmill.analysis.build import analyze
from stepmill.analysis.corrections import step_options

__all__ = ["analyze", "step_options"]
