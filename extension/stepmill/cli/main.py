"""Entry point of `stepmill …` and `jupyter stepmill …`."""

from __future__ import annotations

import gc
import signal
import sys
from pathlib import Path

import click

import stepmill
from stepmill.cli.group import StepmillGroup

HELP = """Turn the notebook you have into a reproducible pipeline.

Tag cells with %%step NAME; stepmill finds out what flows between the steps, runs each in a fresh
kernel, reuses what has not changed, and says why for every step.

In all messages "cell [7]" counts the cells of the notebook from 0, text cells included. It is not
the number that Jupyter shows beside a cell after running it.
"""

EXAMPLES = (
    ("steps for a notebook that has none, in a copy", "stepmill suggest churn.ipynb"),
    ("what would keep this notebook from running as a pipeline?", "stepmill check churn.ipynb"),
    ("run it; a second time only what changed runs", "stepmill run churn.ipynb"),
    ("with another value of a parameter", "stepmill run churn.ipynb -p alpha=0.3"),
    ("compare the runs in the browser", "stepmill ui"),
)

app = StepmillGroup(
    "stepmill",
    help=HELP,
    examples=EXAMPLES,
    epilog="Exit codes: 0 fine, 1 the notebook or the run failed, 2 wrong usage, 130 interrupted.",
)
click.version_option(stepmill.__version__, message="stepmill %(version)s", help="Show the version.")(app)


_RARELY = 200_000
"""Objects between two collections of garbage, at most some 40 MB. With the usual number a run spends a tenth
of its CPU on looking through modules that it has just imported."""


def main() -> None:
    """Run the command line; leaves by SystemExit with the exit code."""
    gc.set_threshold(_RARELY, *gc.get_threshold()[1:])
    for name in (
        "SIGTERM",
        "SIGHUP",
    ):  # being told to stop, or left by the terminal, is like Ctrl-C: clean up
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is signal.SIG_DFL:  # `nohup` has it ignored
            signal.signal(number, signal.default_int_handler)
    started_as = Path(sys.argv[0]).stem
    app.main(prog_name="jupyter stepmill" if started_as.startswith("jupyter") else "stepmill")
