"""The notebook libraries are imported without the parser that nobody uses, which still works."""

from __future__ import annotations

import importlib.util
import subprocess
import sys

import pytest

CHECK = """
import sys
from stepmill.execution.lean import import_notebook_libraries
import_notebook_libraries()
print("nbclient" in sys.modules, "rfc3987_syntax" in sys.modules)
import jsonschema
checker = jsonschema.Draft202012Validator.FORMAT_CHECKER
print(checker.conforms("http://example.org/", "iri"), checker.conforms("no iri", "iri"))
"""


@pytest.mark.skipif(importlib.util.find_spec("rfc3987_syntax") is None, reason="not installed here")
def test_the_parser_is_loaded_when_it_is_used() -> None:
    done = subprocess.run([sys.executable, "-c", CHECK], capture_output=True, text=True, check=True)
    assert done.stdout == "True False\nTrue False\n"
