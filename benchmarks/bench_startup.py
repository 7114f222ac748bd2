"""How long until `stepmill --help` answers, against an interpreter that does nothing."""

from __future__ import annotations

import sys

from measure import STEPMILL, cost_of, report


def main() -> None:
    report(
        "start-up (goal: `stepmill --help` at most 0.3 s)",
        {
            "python -c pass": cost_of((sys.executable, "-c", "pass"), times=7),
            "import stepmill": cost_of((sys.executable, "-c", "import stepmill"), times=7),
            "import stepmill_magics": cost_of((sys.executable, "-c", "import stepmill_magics"), times=7),
            "stepmill --help": cost_of((*STEPMILL, "--help"), times=7),
        },
        floor="python -c pass",
    )


if __name__ == "__main__":
    main()
