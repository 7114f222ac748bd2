"""The notebook libraries are imported without costly modules that a run does not use; these still work."""

from __future__ import annotations

import importlib.util
import subprocess
import sys

import pytest

START = "import sys; from stepmill.execution.lean import import_notebook_libraries as i; i(); "

CASES = [
    pytest.param(
        "rfc3987_syntax",
        "import jsonschema; check = jsonschema.Draft202012Validator.FORMAT_CHECKER.conforms; "
        "print(check('http://example.org/', 'iri'), check('no iri', 'iri'))",
        "True False\n",
        id="addresses",
    ),
    *(
        pytest.param(
            module,
            "import jsonschema; check = jsonschema.FormatChecker().conforms; "
            f"print(check({good!r}, {kind!r}), check({bad!r}, {kind!r}))",
            "True False\n",
            id=module,
        )
        for module, kind, good, bad in (
            ("rfc3986_validator", "uri", "http://example.org/", "no uri"),
            ("isoduration", "duration", "P1D", "a day"),
        )
    ),
    pytest.param(
        "pyarrow",
        "import papermill.iorw as p; found = p.FileSelector('a'); import pyarrow.fs; "
        "print(type(found) is pyarrow.fs.FileSelector)",
        "True\n",
        id="hadoop",
    ),
    pytest.param(
        "requests",
        """
import papermill.iorw as p
try: p.HttpHandler.read("http://127.0.0.1:9/n.ipynb")
except Exception as error: print(type(error).__module__)
""",
        "requests.exceptions\n",
        id="web-addresses",
    ),
    pytest.param(
        "entrypoints",
        "import papermill.engines as p; "
        "print(p.entrypoints.EntryPoint.__module__, 'stepmill' in p.papermill_engines._engines)",
        "entrypoints True\n",
        id="engines",
    ),
]


@pytest.mark.parametrize(("module", "use", "answer"), CASES)
def test_a_module_that_is_put_off_is_there_when_it_is_used(module: str, use: str, answer: str) -> None:
    if importlib.util.find_spec(module) is None:
        pytest.skip(f"{module} is not installed here")
    look = f"print('papermill' in sys.modules, {module!r} in sys.modules)\n"
    done = subprocess.run(
        [sys.executable, "-c", START + look + use], capture_output=True, text=True, check=True
    )
    assert done.stdout == "True False\n" + answer
