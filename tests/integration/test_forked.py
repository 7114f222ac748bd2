"""Runs with forked and with started kernels: the same results, records and observations."""

from __future__ import annotations

import json
import shutil
import tempfile
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from integration.notebooks import Workplace, digests, statuses
from stepmill.cli.main import app
from stepmill.execution.forking import kept
from stepmill.execution.forking.servers import is_possible
from stepmill.model.codec import to_json

if TYPE_CHECKING:
    from stepmill import api

pytestmark = [
    pytest.mark.kernel,
    pytest.mark.slow,
    pytest.mark.skipif(not is_possible(), reason="only Linux can fork safely"),
]

CELLS = (
    "import os\nimport numpy as np, pandas as pd\nimport matplotlib.pyplot as plt\nfrom mine import doubled",
    "%%step load\ntable = pd.read_csv('table.csv')\nnp.random.seed(3)\nnoise = np.random.rand(3)",
    "%%step change\ntable['c'] = doubled(table['a'])\nhome = os.environ.get('SOME_FOLDER', '')\nprint(table)",
    "%%step draw\nmore = np.random.rand()\nplt.plot(table['c'])\nplt.title(plt.get_backend())",
    "%%step plain\nimport xml.dom\nkind = sorted(vars(xml.dom))[-1]\nos.path.exists('nothing.txt')",
)
OF_EVERY_RUN = ("run_id", "created_s", "seconds", "cells")
OURS = ("stepmill/", "stepmill_magics/")
"""In a checkout our own files count as the user's where a kernel imports them itself."""


def record_of(run: api.Run, step: str) -> dict[str, Any]:
    records = json.loads((run.folder.path / "records.json").read_text("utf-8"))["steps"]
    record: dict[str, Any] = {k: v for k, v in records[step].items() if k not in OF_EVERY_RUN}
    record["files"] = [f for f in record["files"] if not any(part in f["path"] for part in OURS)]
    return record


@pytest.fixture
def written(place: Workplace) -> Workplace:
    (place.folder / "table.csv").write_text("a,b\n1,x\n2,y\n3,z\n")
    (place.folder / "mine.py").write_text("import json\n\ndef doubled(values):\n    return values * 2\n")
    place.write(*CELLS)
    return place


def text_of(place: Workplace, run: api.Run) -> str:
    return "".join(place.cell_outputs(run, 0)[0]["text"])


def shown(place: Workplace, run: api.Run) -> list[Any]:
    return [place.cell_outputs(run, cell) for cell in range(1, len(CELLS))]


def test_both_ways_give_the_same(written: Workplace) -> None:
    cold = written.run(forked=False)
    fresh = written.run(forked=True, refresh=True)
    assert [event.data for event in written.events if event.kind == "step-kernel"] == []
    failed = [outcome.error for outcome in fresh.steps.values() if not outcome.status.is_good]
    assert set(statuses(fresh).values()) == {"executed"}, failed
    assert digests(fresh) == digests(cold)
    assert shown(written, fresh) == shown(written, cold)
    for step in cold.steps:
        assert record_of(fresh, step) == record_of(cold, step), step


def test_what_one_way_stores_the_other_reuses(written: Workplace) -> None:
    written.run(forked=True)
    assert set(statuses(written.run(forked=False)).values()) == {"cached"}


def forbidden(*_: Any) -> int:
    raise PermissionError("as in some containers")


def test_why_a_kernel_was_not_forked_stands_in_the_events(place: Workplace, monkeypatch: Any) -> None:
    monkeypatch.setattr("os.pidfd_open", forbidden)
    place.write("%%step one\nx = 1")
    assert place.run(forked=True).check().steps["one"].status.value == "executed"
    (told,) = [event for event in place.events if event.kind == "step-kernel"]
    assert to_json(told)["data"] == {
        "forked": False,
        "reason": "this system cannot fork safely: that needs Linux and pidfd",
    }


def test_a_matplotlibrc_is_heeded_and_observed(place: Workplace) -> None:
    (place.folder / "matplotlibrc").write_text("lines.linewidth: 7\n")
    place.write("%%step one\nimport matplotlib\nwidth = matplotlib.rcParams['lines.linewidth']\nprint(width)")
    run = place.run(forked=True)
    assert text_of(place, run) == "7.0\n"
    assert {f["path"] for f in record_of(run, "one")["files"]} == {"matplotlibrc"}
    (place.folder / "matplotlibrc").write_text("lines.linewidth: 8\n")
    again = place.run(forked=True)
    assert text_of(place, again) == "8.0\n"


def test_the_setting(place: Workplace, monkeypatch: Any) -> None:
    place.write(
        "%%step one\nimport os\nf = open(f'/proc/{os.getppid()}/cmdline')\nprint('zygote' in f.read())"
    )
    monkeypatch.setenv("STEPMILL_FORKED", "yes")
    assert text_of(place, place.run()) == "True\n"
    assert text_of(place, place.run(forked=False, refresh=True)) == "False\n"


def test_the_next_run_has_the_fork_server_of_the_one_before(
    place: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    private = tempfile.mkdtemp(prefix="sm-")  # short, as names of sockets must be
    monkeypatch.setenv("XDG_RUNTIME_DIR", private)
    monkeypatch.setenv("STEPMILL_KEEP_S", "60")
    place.write("%%step one\nimport json.tool, os\nprint(os.getppid())\nopen('made.txt', 'w').close()")
    shown = [text_of(place, place.run(refresh=True)) for _ in range(3)]
    (one,) = kept.waiting()
    assert shown == [f"{one.pids[0]}\n"] * 3
    listed = json.loads(CliRunner().invoke(app, ["kernels", "--json"]).stdout)
    assert listed["waiting"][0]["folder"] == str(place.folder)
    assert str(one.pids[0]) in CliRunner().invoke(app, ["kernels"]).stdout
    assert place.run(forked=False, refresh=True).check()
    assert kept.waiting() == [one]
    assert CliRunner().invoke(app, ["kernels", "stop"]).stdout == "1 fork server ended\n"
    assert CliRunner().invoke(app, ["kernels"]).stdout == "nothing waits\n"
    shutil.rmtree(private)
