"""Past runs: listed, compared, looked into, downloaded, deleted and restored."""

from __future__ import annotations

import io
import json
import shutil
import zipfile
from typing import TYPE_CHECKING, Any

import pytest

from cli.past_runs import past_run
from server.conftest import Site
from server.past import FIRST, PNG, SECOND, two_runs
from stepmill import api
from stepmill.model.run import RunStatus
from stepmill.planning.project import Project
from stepmill.running.deleting import forget_deleted

if TYPE_CHECKING:
    from tornado.httpclient import HTTPResponse

OF = {"path": "n.ipynb"}
STRANGE = [
    "..",
    "../..",
    "%2e%2e%2f",
    "20260101-100000-aaaa/../x",
    "latest",
    "20260101",
    "20260101-100000-ffff",
]
PARTS = ["step", "notebook", "picture", "artifact"]


async def raw(site: Site, route: str, **query: str) -> HTTPResponse:
    path = ("stepmill", "api", *route.split("/"))
    return await site.fetch(*path, raise_error=False, params=query | OF)  # type: ignore[no-any-return]


async def test_runs_say_what_they_changed(site: Site) -> None:
    two_runs(site)
    document = (await site.ask("history", path="n.ipynb")).document
    assert [(run["run_id"], run["changed"]) for run in document["runs"]] == [
        (SECOND, ["alpha 0.1 → 0.3"]),
        (FIRST, None),
    ]
    assert document["total"] == 2
    assert {run["mlflow_page"] for run in document["runs"]} == {None}
    limited = (await site.ask("history", path="n.ipynb", limit="1")).document
    assert ([run["run_id"] for run in limited["runs"]], limited["total"]) == ([SECOND], 2)


async def test_a_tracking_server_has_a_page_for_the_run(site: Site) -> None:
    folder, _ = two_runs(site)
    state = {
        "schema": 1, "run_id": FIRST, "state": "delivered", "experiment": "n", "notebook": "n.ipynb",
        "project_root": "/p", "started_s": 0.0, "pid": 1, "tracking_uri": "https://mlflow.example/",
        "experiment_id": "7", "mlflow_run_id": "abc",
    }  # fmt: skip
    (folder.path / "tracking.json").write_text(json.dumps(state))
    document = (await site.ask("history", path="n.ipynb")).document
    assert document["runs"][1]["mlflow_page"] == "https://mlflow.example/#/experiments/7/runs/abc"
    (folder.path / "tracking.json").write_text(json.dumps({**state, "tracking_uri": "javascript:alert(1)//"}))
    document = (await site.ask("history", path="n.ipynb")).document
    assert document["runs"][1]["mlflow_page"] is None


async def compared(site: Site, *runs: str) -> Any:
    options = {"params": [("path", "n.ipynb"), *(("run", run) for run in runs)], "raise_error": False}
    response = await site.fetch("stepmill", "api", "comparison", **options)
    return response.code, json.loads(response.body)


async def test_the_first_run_that_is_named_is_the_baseline(site: Site) -> None:
    two_runs(site)
    status, found = await compared(site, SECOND, FIRST)
    assert (status, found["diverged"]) == (200, "fit")
    assert "alpha is 0.3 in A and 0.1 in B" in found["sentence"]
    assert [step["divergence"] for step in found["steps"]] == ["same", "diverged"]
    assert found["texts"][0]["diffs"][1][-1] == "+score 0.35"
    assert found["markdown"].startswith("**fit is the first step")


@pytest.mark.parametrize("runs", [(), (FIRST,), (FIRST,) * 11], ids=["none", "one", "eleven"])
async def test_two_to_ten_runs_are_compared(site: Site, runs: tuple[str, ...]) -> None:
    two_runs(site)
    status, document = await compared(site, *runs)
    assert (status, document["error"]["code"]) == (422, "SM001")


async def test_a_run_that_was_deleted_meanwhile_is_said_to_be_missing(site: Site) -> None:
    _, second = two_runs(site)
    shutil.rmtree(second.path)
    status, document = await compared(site, FIRST, SECOND)
    assert (status, document["error"]["code"]) == (404, "SM092")
    assert SECOND in document["message"]
    assert (await site.ask(f"runs/{SECOND}/step", path="n.ipynb", step="fit")).status == 404


async def test_no_other_folder_is_reached_by_a_run_id(site: Site) -> None:
    two_runs(site)
    (site.root / ".stepmill" / "run.json").write_text("{}")
    for part in PARTS:
        for run_id in STRANGE:
            response = await raw(site, f"runs/{run_id}/{part}", step="load", name="df", digest="0" * 64)
            assert response.code == 404, (part, run_id)


async def test_no_other_folder_is_reached_by_a_step(site: Site) -> None:
    two_runs(site)
    for part in ("step", "notebook", "artifact"):
        for step in ("..", "../../x", "nope", "fit/../load", "\0"):
            assert (await raw(site, f"runs/{FIRST}/{part}", step=step, name="df")).code == 404, (part, step)


async def test_runs_of_another_notebook_are_not_shown(site: Site) -> None:
    two_runs(site)
    past_run(
        site.root.resolve(), "20260101-120000-cccc", {"load": {"x": 1}}, notebook_source="/elsewhere/m.ipynb"
    )
    assert (await raw(site, "runs/20260101-120000-cccc/step", step="load")).code == 404
    assert (await site.ask("history", path="n.ipynb")).document["total"] == 2


async def test_a_step_has_what_it_took_and_gave(site: Site) -> None:
    two_runs(site)
    document = (await site.ask(f"runs/{SECOND}/step", path="n.ipynb", step="fit")).document
    assert [(one["name"], one["producer"], one["shape"]) for one in document["inputs"]] == [
        ("df", "load", "3 \N{MULTIPLICATION SIGN} 2")
    ]
    assert document["inputs"][0]["preview"]["columns"] == ["age", "who"]
    assert [one["name"] for one in document["outputs"]] == ["score", "api_key"]
    assert document["outputs"][1]["preview"].get("masked") is True
    assert "hush" not in json.dumps(document)
    assert document["parameters"] == {"alpha": 0.3}
    assert document["texts"] == [{"cell": 1, "text": "score 0.55"}]
    assert [one["run_id"] for one in document["history"]] == [FIRST, SECOND]
    picture = await raw(site, f"runs/{SECOND}/picture", digest=document["pictures"][0]["digest"])
    assert (picture.code, picture.headers["Content-Type"]) == (200, "image/png")
    assert picture.body == PNG[:-1] + b"\x83"
    assert (await raw(site, f"runs/{FIRST}/picture", digest=document["pictures"][0]["digest"])).code == 404


async def test_the_executed_notebook_is_given_out(site: Site) -> None:
    first, _ = two_runs(site)
    document = (await site.ask(f"runs/{FIRST}/notebook", path="n.ipynb")).document
    assert document["cells"][1]["outputs"][0]["text"] == "score 0.35\n"
    of_step = await site.ask(f"runs/{FIRST}/notebook", path="n.ipynb", step="fit")
    assert (of_step.status, "reused" in of_step.document["error"]["hint"]) == (404, True)
    first.notebook.write_text("{", encoding="utf-8")
    assert (await site.ask(f"runs/{FIRST}/notebook", path="n.ipynb")).status == 404


async def test_an_artifact_is_a_zip_of_its_parts(site: Site) -> None:
    two_runs(site)
    response = await raw(site, f"runs/{FIRST}/artifact", step="load", name="df")
    assert (response.code, response.headers["Content-Disposition"]) == (
        200,
        "attachment; filename*=UTF-8''df.zip",
    )
    archive = zipfile.ZipFile(io.BytesIO(response.body))
    names = archive.namelist()
    assert names[:2] == ["README.txt", "artifact.json"]
    assert all(name.startswith("parts/") and ".." not in name for name in names[2:])
    assert f"stepmill.open_run('{FIRST}').load('load', 'df')" in archive.read("README.txt").decode()
    assert (await raw(site, f"runs/{FIRST}/artifact", step="fit", name="api_key")).code == 403
    assert (await raw(site, f"runs/{FIRST}/artifact", step="fit", name="nope")).code == 404
    shutil.rmtree(site.root / ".stepmill" / "artifacts")
    assert (await raw(site, f"runs/{FIRST}/artifact", step="load", name="df")).code == 404


async def test_a_run_is_deleted_and_restored(site: Site) -> None:
    folder, _ = two_runs(site)
    route = f"runs/{FIRST}/deletion"
    assert (await site.ask(route, {}, path="n.ipynb")).status == 204
    assert not folder.path.exists()
    assert [run["run_id"] for run in (await site.ask("history", path="n.ipynb")).document["runs"]] == [SECOND]
    assert (await site.ask(route, {}, path="n.ipynb")).status == 404
    assert (await site.ask(route, method="DELETE", path="n.ipynb")).status == 204
    assert (await site.ask("history", path="n.ipynb")).document["total"] == 2
    again = await site.ask(route, method="DELETE", path="n.ipynb")
    assert (again.status, again.code) == (422, "SM001")
    for strange in STRANGE[:4]:
        assert (await raw_delete(site, strange)) == 404


async def raw_delete(site: Site, run_id: str) -> int:
    path = ("stepmill", "api", "runs", run_id, "deletion")
    return int((await site.fetch(*path, method="DELETE", params=OF, raise_error=False)).code)


async def test_deleted_runs_are_forgotten_in_time(site: Site) -> None:
    two_runs(site)
    assert (await site.ask(f"runs/{FIRST}/deletion", {}, path="n.ipynb")).status == 204
    forget_deleted(Project(site.root))
    deleted = site.root / ".stepmill" / "deleted" / FIRST
    assert deleted.is_dir()
    forget_deleted(Project(site.root), older_than_s=-60.0)
    assert not deleted.exists()


async def test_a_run_that_goes_on_is_not_deleted(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    first, _ = two_runs(site)
    run = api.Run(first, api.open_run(FIRST, site.root).summary)
    going = type(run.summary)(**{**_fields(run.summary), "status": RunStatus.RUNNING})
    monkeypatch.setattr("stepmill.api.runs.open_run", lambda *_: api.Run(first, going))
    reply = await site.ask(f"runs/{FIRST}/deletion", {}, path="n.ipynb")
    assert (reply.status, "is going on" in reply.document["message"]) == (422, True)
    assert first.path.is_dir()


def _fields(summary: Any) -> dict[str, Any]:
    return {name: getattr(summary, name) for name in summary.__dataclass_fields__}
