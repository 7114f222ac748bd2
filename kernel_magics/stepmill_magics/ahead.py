"""Imported by the fork server before any step runs: what every step's kernel needs of ours.

No kernel imports this module itself. Nothing here looks at the user's files or at the running shell.
"""

from __future__ import annotations

import stepmill_magics.magics
import stepmill_magics.runtime  # noqa: F401
from stepmill.artifacts.materializers.base import materializers
from stepmill.model.codec import get_ready
from stepmill.model.exchange import StepManifest

get_ready(StepManifest)
materializers()  # keeps what it finds in the metadata of all that is installed
