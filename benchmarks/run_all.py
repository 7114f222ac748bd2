"""Run every benchmark, one after the other, each in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def main() -> int:
    here = Path(__file__).parent
    scripts = sorted(here.glob("bench_*.py"))
    return max(subprocess.run([sys.executable, str(script)], check=False).returncode for script in scripts)


if __name__ == "__main__":
    sys.exit(main())
