"""What a real server replies: kept in `samples/`, where the panel's tests read it, and as OpenAPI says.

After a change that is meant: STEPMILL_UPDATE_GOLDEN=1 python -m pytest tests/server/test_samples.py
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

import stepmill.server
from server.conftest import Reply, Site, notebook_of
from server.past import FIRST, SECOND, two_runs
from stepmill.server.app import StepmillApp

SAMPLES = Path(__file__).parent / "samples"
OPENAPI = yaml.safe_load((Path(stepmill.server.__file__).parent / "openapi.yaml").read_text())
ROUTES = OPENAPI["paths"]
CELLS = (
    "# text\nA small pipeline",
    "import math\n\n\ndef area(radius):\n    return math.pi * radius**2",
    "%%parameters\nradius = 2.0\nunit: str = 'cm'",
    "%%step measure --metrics size\nsize = area(radius)",
    "%%step tell\nprint(f'{size:.2f} {unit}²')",
    "size",
)
BROKEN = ("%%step a\nx = undefined_name + 1", "x = x + 1", "%%step b\nprint(x)")
FAILING = ("%%step a\nx = [1, 2]", "%%step b\ny = x[5]", "%%step c\nprint(y)")
BLANKS = (
    (re.compile(r"\d{8}-\d{6}-[0-9a-f]{4}"), "20260101-100000-0000"),
    (re.compile(r"\b[0-9a-f]{32,64}\b"), "digest"),
    (re.compile(r"since [\d:]+, process \d+ on [^\"]+?(?=\"|$)"), "since 10:00:00, process 1 on host"),
)
WORDS = {"version": "0.1.0", "traceback": "\u001b[31mIndexError\u001b[39m: list index out of range"}
NUMBERS = {"time_s": 1767261600.0, "started_s": 1767261600.0, "seconds": 0.5, "expected_seconds": 0.5}


@pytest.fixture
def recorder(site: Site) -> Recorder:
    return Recorder(site)


class Recorder:
    """Compares replies with the samples, after what differs each time is blanked."""

    def __init__(self, site: Site) -> None:
        self.site = site

    async def check(
        self, name: str, route: str, body: Any = None, *, method: str = "", of: str = "", **query: Any
    ) -> Reply:
        """Make a request and compare the reply; `of` is the route as OpenAPI has it, where it differs."""
        reply = await self.site.ask(route, body, method=method, **query)
        how = method or ("GET" if body is None else "POST")
        request = {"method": how, "route": of or route, **({} if body is None else {"body": _shown(body)})}
        sample = {"request": request | ({"query": query} if query else {}), "status": reply.status}
        self.compare(name, {**sample, "reply": reply.document})
        return reply

    def compare(self, name: str, sample: Any) -> None:
        file = SAMPLES / f"{name}.json"
        text = json.dumps(self._blanked(sample), indent=2, ensure_ascii=False, sort_keys=True) + "\n"
        if os.environ.get("STEPMILL_UPDATE_GOLDEN"):
            file.write_text(text, encoding="utf-8")
        assert text == file.read_text(encoding="utf-8")

    def _blanked(self, value: Any, key: str = "") -> Any:
        if isinstance(value, dict):
            return {self._text(name): self._blanked(item, name) for name, item in value.items()}
        if isinstance(value, list):
            return [self._blanked(item) for item in (thinned(value) if key == "events" else value)]
        if isinstance(value, str):
            return WORDS.get(key) or self._text(value) if value else value
        return NUMBERS[key] if isinstance(value, float) and key in NUMBERS else value

    def _text(self, text: str) -> str:
        text = text.replace(str(self.site.root.resolve()), "/home/me/project")
        for pattern, blank in BLANKS:
            text = pattern.sub(blank, text)
        return text


def thinned(events: list[Any]) -> list[Any]:
    """Keep of a step's progress the first and the last cell: what comes between depends on the machine."""
    kept = [e for e in events if e["event"] != "step-progress" or e["cell"] in (1, e["cells"])]
    return [{**event, "number": number} for number, event in enumerate(kept)]


def _shown(body: Any) -> Any:
    return body.decode() if isinstance(body, bytes) else body


async def test_what_is_read(recorder: Recorder) -> None:
    await recorder.check("status", "status")
    await recorder.check("analyze", "analyze", {"path": "nb.ipynb", "notebook": notebook_of(*CELLS)})
    await recorder.check(
        "analyze-problems", "analyze", {"path": "nb.ipynb", "notebook": notebook_of(*BROKEN)}
    )
    recorder.site.write("nb.ipynb", *CELLS)
    await recorder.check("plan", "plan", {"path": "nb.ipynb", "parameters": {"radius": 3.0}})
    await recorder.check("runs-none", "runs", path="nb.ipynb")


@pytest.mark.kernel
async def test_a_run(recorder: Recorder) -> None:
    recorder.site.write("nb.ipynb", *CELLS)
    body = {"path": "nb.ipynb", "parameters": {"radius": 3.0}}
    run_id = (await recorder.check("run-started", "runs", body)).document["run_id"]
    await recorder.site.until_over(run_id, "nb.ipynb")
    await recorder.check("runs", "runs", path="nb.ipynb")
    await recorder.check("run", f"runs/{run_id}", of="runs/{run_id}", path="nb.ipynb")
    await recorder.check("events", f"runs/{run_id}/events", of="runs/{run_id}/events", path="nb.ipynb")
    await recorder.check("plan-cached", "plan", body)


async def test_past_runs(recorder: Recorder) -> None:
    two_runs(recorder.site)
    await recorder.check("history", "history", path="n.ipynb")
    await recorder.check("comparison", "comparison", path="n.ipynb", run=[FIRST, SECOND])
    route = {"of": "runs/{run_id}/step", "path": "n.ipynb"}
    await recorder.check("step", f"runs/{SECOND}/step", step="fit", **route)
    await recorder.check("error-step", f"runs/{SECOND}/step", step="nope", **route)


@pytest.mark.kernel
async def test_a_run_that_fails(recorder: Recorder) -> None:
    recorder.site.write("nb.ipynb", *FAILING)
    run_id = (await recorder.site.ask("runs", {"path": "nb.ipynb"})).document["run_id"]
    await recorder.site.until_over(run_id, "nb.ipynb")
    await recorder.check("run-failed", f"runs/{run_id}", of="runs/{run_id}", path="nb.ipynb")
    await recorder.check("events-failed", f"runs/{run_id}/events", of="runs/{run_id}/events", path="nb.ipynb")


@pytest.mark.kernel
async def test_what_is_refused(recorder: Recorder) -> None:
    site = recorder.site
    site.write("nb.ipynb", *CELLS)
    site.write("broken.ipynb", *BROKEN)
    await recorder.check("error-no-json", "analyze", b"{", method="POST")
    await recorder.check("error-not-found", "plan", {"path": "missing.ipynb"})
    await recorder.check("error-diagnostics", "runs", {"path": "broken.ipynb"})
    await recorder.check("error-parameter", "runs", {"path": "nb.ipynb", "parameters": {"radius": "3"}})
    site.write("slow.ipynb", "%%step a\nimport time\ntime.sleep(600)")
    run_id = (await site.ask("runs", {"path": "slow.ipynb"})).document["run_id"]
    await recorder.check("error-locked", "runs", {"path": "nb.ipynb"})
    await site.ask(f"runs/{run_id}", method="DELETE", path="slow.ipynb")
    await site.until_over(run_id, "slow.ipynb")


def validator(schema: dict[str, Any]) -> Draft202012Validator:
    """Return a validator that knows the document's components."""
    return Draft202012Validator({**schema, "components": OPENAPI["components"]})


@pytest.mark.parametrize("file", sorted(SAMPLES.glob("*.json")), ids=lambda file: file.stem)
def test_a_sample_is_as_openapi_says(file: Path) -> None:
    sample = json.loads(file.read_text(encoding="utf-8"))
    request, status = sample["request"], str(sample["status"])
    operation = ROUTES[f"/{request['route']}"][request["method"].lower()]
    if status in operation["responses"]:
        schema = operation["responses"][status]["content"]["application/json"]["schema"]
        if "requestBody" in operation:
            asked = operation["requestBody"]["content"]["application/json"]["schema"]
            validator(asked).validate(request["body"])
    else:
        schema = OPENAPI["components"]["responses"]["Error"]["content"]["application/json"]["schema"]
    validator(schema).validate(sample["reply"])


def test_openapi_has_the_routes_that_there_are() -> None:
    app = StepmillApp()
    app.initialize_settings()
    app.initialize_handlers()
    served = {
        route.removeprefix("/stepmill/api").replace("([^/]+)", "{run_id}"): {
            method for method in ("get", "post", "delete") if method in vars(handler)
        }
        for route, handler, *_ in app.handlers
    }
    written = {route: {m for m in ("get", "post", "delete") if m in ROUTES[route]} for route in ROUTES}
    assert served == written


def test_the_schemas_are_schemas() -> None:
    for schema in OPENAPI["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)
