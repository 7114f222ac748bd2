"""Notebook files, good and bad, and what each cell is to the pipeline."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from stepmill.errors import NotebookError
from stepmill.model.cell import Role, StepOptions
from stepmill.model.diagnostic import Severity
from stepmill.notebook import codes
from stepmill.notebook.reading import parse_document, read_notebook

if TYPE_CHECKING:
    from pathlib import Path


def code(source: str | list[str], *, tags: list[str] | None = None, **metadata: Any) -> dict[str, Any]:
    if tags is not None:
        metadata["tags"] = tags
    return {
        "cell_type": "code",
        "metadata": metadata,
        "source": source,
        "outputs": [],
        "execution_count": None,
    }


def document(*cells: dict[str, Any], **metadata: Any) -> dict[str, Any]:
    return {"nbformat": 4, "nbformat_minor": 4, "metadata": metadata, "cells": list(cells)}


def write(path: Path, content: Any) -> Path:
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


ROLES = [
    pytest.param(code("x = 1"), Role.UNTAGGED, None, id="untagged"),
    pytest.param(code(""), Role.UNTAGGED, None, id="empty"),
    pytest.param(code("%%step train\nx = 1"), Role.STEP, "train", id="magic"),
    pytest.param(code("\n# note\n%%step train\nx = 1"), Role.STEP, "train", id="comments and blanks above"),
    pytest.param(code("%%time\n%%step train\nx = 1"), Role.STEP, "train", id="%%time above"),
    pytest.param(code("%%parameters # these\nx = 1"), Role.PARAMETERS, None, id="parameters magic"),
    pytest.param(code("%%scratch\nx = 1"), Role.SCRATCH, None, id="scratch magic"),
    pytest.param(code("x", tags=["step:train"]), Role.STEP, "train", id="step tag"),
    pytest.param(code("x", tags=["parameters"]), Role.PARAMETERS, None, id="papermill's tag"),
    pytest.param(code("x", tags=["skip-execution"]), Role.SKIPPED, None, id="skip-execution"),
    pytest.param(
        code("%%step a/b\nx = (", tags=["skip-execution"]), Role.SKIPPED, None, id="skipped with mistakes"
    ),
    pytest.param(code("x", stepmill={"step": "train"}), Role.STEP, "train", id="metadata"),
    pytest.param(code("x", stepmill={"scratch": True}), Role.SCRATCH, None, id="scratch metadata"),
    pytest.param(code("x", stepmill={"parameters": True}), Role.PARAMETERS, None, id="parameters metadata"),
    pytest.param(
        code("x", stepmill={"role": "body", "cell": 3}), Role.UNTAGGED, None, id="our own step notebook"
    ),
    pytest.param(
        code("%%step t\nx", tags=["step:t"], stepmill={"step": "t"}), Role.STEP, "t", id="all agree"
    ),
    pytest.param(code("%%parameters\nx", tags=["parameters"]), Role.PARAMETERS, None, id="both parameters"),
    pytest.param(code(["%%step t\n", "x = 1"]), Role.STEP, "t", id="source as a list"),
    pytest.param(code("%%steps t\nx"), Role.UNTAGGED, None, id="whole words only"),
    pytest.param(code("x", tags="step:t"), Role.UNTAGGED, None, id="tags that are no list"),
    pytest.param(
        {"cell_type": "markdown", "metadata": {}, "source": "%%step t"}, Role.TEXT, None, id="markdown"
    ),
    pytest.param({"cell_type": "raw", "source": ["a", "b"]}, Role.TEXT, None, id="raw, without metadata"),
]


@pytest.mark.parametrize(("cell", "role", "step"), ROLES)
def test_a_cell_has_its_role(cell: dict[str, Any], role: Role, step: str | None) -> None:
    (read,) = parse_document(document(cell), "n").cells
    assert (read.role, read.step, read.problems) == (role, step, ())


def test_options_come_from_magic_and_metadata_together() -> None:
    cell = code("%%step t --cpus 2 --retries 1", stepmill={"step": "t", "retries": 1, "after": ["a"]})
    (read,) = parse_document(document(cell), "n").cells
    assert read.options == StepOptions(cpus=2.0, retries=1, after=("a",))
    assert read.problems == ()


PROBLEMS = [
    pytest.param(code("%%step a\nx", tags=["step:b"]), codes.TAGS_DIFFER, 1, id="magic and tag differ"),
    pytest.param(code("x", tags=["step:a", "step:b"]), codes.TAGS_DIFFER, None, id="two tags differ"),
    pytest.param(
        code("x", tags=["step:a"], stepmill={"step": "b"}), codes.TAGS_DIFFER, None, id="tag, metadata"
    ),
    pytest.param(code("%%step a\nx", tags=["parameters"]), codes.TAGS_DIFFER, 1, id="step and parameters"),
    pytest.param(
        code("%%step a --retries 1\nx", stepmill={"step": "a", "retries": 2}),
        codes.TAGS_DIFFER,
        1,
        id="options",
    ),
    pytest.param(code("%%step a\n%%step b\nx"), codes.TAG_TWICE, 2, id="second tag"),
    pytest.param(code("%%step a\n\n# c\n%%scratch\nx"), codes.TAG_TWICE, 4, id="second tag of another kind"),
    pytest.param(code("x = 1\n%%step a\ny"), codes.MAGIC_NOT_FIRST, 2, id="tag below code"),
    pytest.param(code("%%step a\nx = 1\n%%step b\ny"), codes.MAGIC_NOT_FIRST, 3, id="second tag below code"),
    pytest.param(code("%%bash\n%%step a\nls"), codes.TAG_UNSEEN, 2, id="tag below %%bash"),
    pytest.param(code("# c\n%%step a/b\nx"), codes.NAME_INVALID, 2, id="odd name"),
    pytest.param(code("%%time\n%%step a --foo\nx"), codes.OPTION_UNKNOWN, 2, id="unknown option"),
    pytest.param(code("%%scratch now\nx"), codes.OPTION_UNKNOWN, 1, id="scratch takes nothing"),
    pytest.param(code("x", stepmill=["step"]), codes.METADATA_INVALID, None, id="metadata is no object"),
    pytest.param(code("x", tags=["step:a/b"]), codes.NAME_INVALID, None, id="odd name in a tag"),
    pytest.param(code("x = ("), codes.SYNTAX_ERROR, 1, id="syntax error"),
]


@pytest.mark.parametrize(("cell", "problem", "line"), PROBLEMS)
def test_a_mistake_in_a_cell_is_its_problem(cell: dict[str, Any], problem: str, line: int | None) -> None:
    read = parse_document(document(code("fine = 1"), cell), "n").cells[1]
    assert (problem, line) in [(found.code, found.line) for found in read.problems]
    assert all(found.cell == 1 and found.is_error and found.hint for found in read.problems)


def test_injected_parameters_are_left_out_with_a_word() -> None:
    (read,) = parse_document(document(code("a = 1", tags=["injected-parameters"])), "n").cells
    assert (read.role, read.python) == (Role.SKIPPED, "")
    assert [(p.code, p.severity) for p in read.problems] == [(codes.INJECTED, Severity.INFO)]


def test_a_cell_that_may_raise_says_so() -> None:
    (read,) = parse_document(document(code("1/0", tags=["raises-exception"])), "n").cells
    assert read.may_raise


def test_a_cell_that_may_raise_may_be_no_python() -> None:
    broken = code("x = 1\ny = (", tags=["raises-exception"])
    (read,) = parse_document(document(broken), "n").cells
    assert (read.python, read.lines, read.body, read.problems) == ("pass", (2,), "x = 1\ny = (", ())
    (read,) = parse_document(document(code("%%step a --what\ny = (", tags=["raises-exception"])), "n").cells
    assert {problem.code for problem in read.problems} >= {codes.SYNTAX_ERROR}


def test_body_and_python_keep_the_lines() -> None:
    (read,) = parse_document(document(code("# top\n%%step t --cpus 2\n%time x = 1\ny = 2")), "n").cells
    assert read.body == "# top\n# %%step t --cpus 2\n%time x = 1\ny = 2"
    assert read.python == "# top\n# %%step t --cpus 2\nx = 1\ny = 2"
    assert read.lines == (1, 2, 3, 4)


BODIES = [
    pytest.param("x = 1", "x = 1", id="untagged: as it is"),
    pytest.param("%%step t", "# %%step t", id="nothing below"),
    pytest.param("%%step t\n  x = 1", "# %%step t\nx = 1", id="dedented as the magic does"),
    pytest.param("%%step t\n%%bash\nls", "\n%%bash\nls", id="cell magic below: a blank line"),
    pytest.param("# c\n%%step t\n\n%%bash\nls", "\n\n\n%%bash\nls", id="comments give way as well"),
    pytest.param("%%time\n%%step t\nx = 1", "%%time\n# %%step t\nx = 1", id="cell magic above"),
    pytest.param("%%time\n%%step t\n%%capture\nx = 1", "%%time\n\n%%capture\nx = 1", id="above and below"),
    pytest.param("%%step t\ncd data", "# %%step t\n%cd data", id="automagic gets its percent sign"),
    pytest.param("%%step t\r\nx = 1\r\n", "# %%step t\nx = 1\n", id="Windows line ends"),
]


@pytest.mark.parametrize(("source", "body"), BODIES)
def test_the_body_runs_without_our_magics(source: str, body: str) -> None:
    (read,) = parse_document(document(code(source)), "n").cells
    assert read.body == body


def test_names_of_other_cells_settle_what_a_cell_means() -> None:
    notebook = parse_document(
        document(
            code("ls = [1]"), code("%%step t\nls"), code("!echo $HOME $ls"), code("!echo $ls"), code("cd x")
        ),
        "n",
    )
    assert [cell.python for cell in notebook.cells[1:]] == [
        "# %%step t\nls",
        "get_ipython().system('echo $HOME $ls')",
        "get_ipython().system('echo $ls', (ls))",
        "get_ipython().run_line_magic('cd', 'x')",
    ]
    assert notebook.cells[1].body == "# %%step t\nls"


def test_a_star_import_may_bind_what_a_command_reads() -> None:
    notebook = parse_document(
        document(code("from m import *"), code("!ls {folder}"), code("!echo $HOME")), "n"
    )
    assert [cell.python for cell in notebook.cells[1:]] == [
        "get_ipython().system('ls {folder}', (folder))",
        "get_ipython().system('echo $HOME')",
    ]


def test_kernel_and_ids_are_kept(tmp_path: Path) -> None:
    spec = {"name": "py311", "display_name": "Python", "language": "python"}
    path = write(tmp_path / "a b ü.ipynb", document({**code("x"), "id": "abc"}, kernelspec=spec))
    loaded = read_notebook(path)
    assert (loaded.notebook.kernel_name, loaded.notebook.name) == ("py311", "a b ü.ipynb")
    assert loaded.notebook.cells[0].cell_id == "abc"
    assert loaded.path == path


@pytest.mark.parametrize("metadata", [{}, {"kernelspec": None}, {"language_info": {"name": "IPython"}}])
def test_python_is_presumed(metadata: dict[str, Any]) -> None:
    assert parse_document(document(code("x"), **metadata), "n").kernel_name == ""


@pytest.mark.parametrize(
    "metadata",
    [
        {"kernelspec": {"name": "ir", "display_name": "R", "language": "R"}},
        {"kernelspec": {"name": "julia-1.9", "display_name": "Julia"}, "language_info": {"name": "julia"}},
    ],
)
def test_another_language_is_refused(metadata: dict[str, Any]) -> None:
    with pytest.raises(NotebookError, match=r"is written in (R|julia)") as caught:
        parse_document(document(code("x"), **metadata), "n")
    assert "Python kernel" in caught.value.hint


def test_nbformat_3_is_upgraded(tmp_path: Path) -> None:
    cells = [
        {
            "cell_type": "code",
            "input": "%%step t\nx = 1",
            "language": "python",
            "outputs": [],
            "metadata": {},
        },
        {"cell_type": "markdown", "source": "text", "metadata": {}},
    ]
    old = {"nbformat": 3, "nbformat_minor": 0, "metadata": {"name": ""}, "worksheets": [{"cells": cells}]}
    loaded = read_notebook(write(tmp_path / "old.ipynb", old))
    assert loaded.document["nbformat"] == 4
    assert [cell.role for cell in loaded.notebook.cells] == [Role.STEP, Role.TEXT]


def test_a_notebook_node_is_read_as_well() -> None:
    import nbformat

    node = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("%%step t\nx = 1")])
    assert parse_document(node, "memory").cells[0].step == "t"


BYTES = [
    pytest.param(b"", "is empty", "", id="empty"),
    pytest.param(b" \n", "is empty", "", id="blank"),
    pytest.param(b'{"cells": [\n {"a" 1}]}', "line 2, column 7", "version control", id="broken JSON"),
    pytest.param(b'{"cells": [], "nbf', "no valid JSON", "cut off", id="cut off"),
    pytest.param(b'{\n<<<<<<< HEAD\n "a": 1\n=======\n', "no valid JSON", "line 2", id="merge conflict"),
    pytest.param(
        b"version https://git-lfs.github.com/spec/v1\n", "no valid JSON", "git lfs pull", id="LFS pointer"
    ),
    pytest.param('{"a": "ü"}'.encode("latin-1"), "not UTF-8", "UTF-8", id="Latin-1"),
    pytest.param("{}".encode("utf-16"), "not UTF-8", "UTF-8", id="UTF-16"),
    pytest.param(b"[1]", "holds a list", "", id="a list"),
    pytest.param(b'{"a": 1}', "JSON without cells", ".ipynb", id="other JSON"),
    pytest.param(b'{"cells": []}', "does not say its nbformat", "", id="no nbformat"),
    pytest.param(b'{"cells": [], "nbformat": 5}', "nbformat 5", "nbformat 4", id="too new"),
    pytest.param(b'{"nbformat": 4, "cells": {}}', "'cells' is an object", "", id="cells no list"),
    pytest.param(b'{"nbformat": 4}', "JSON without cells|'cells' is missing", "", id="cells missing"),
    pytest.param(b'{"nbformat": 4, "metadata": [], "cells": []}', "'metadata' is a list", "", id="metadata"),
    pytest.param(b'{"nbformat": 4, "cells": [1]}', "cell 0: it is a number", "", id="cell no object"),
    pytest.param(
        b'{"nbformat": 4, "cells": [{"cell_type": "x"}]}', "unknown cell type 'x'", "", id="cell type"
    ),
    pytest.param(
        b'{"nbformat": 4, "cells": [{"cell_type": "code"}]}', "source is missing", "", id="no source"
    ),
    pytest.param(b'{"nbformat": 3, "worksheets": 5}', "nbformat 3", "", id="damaged old notebook"),
    pytest.param(b"[" * 100_000, "nested too deeply", "", id="bottomless JSON"),
]


@pytest.mark.parametrize(("content", "said", "hint"), BYTES)
def test_a_bad_file_is_said_what_is_wrong_with(tmp_path: Path, content: bytes, said: str, hint: str) -> None:
    path = tmp_path / "bad.ipynb"
    path.write_bytes(content)
    with pytest.raises(NotebookError, match=said) as caught:
        read_notebook(path)
    assert hint in caught.value.hint
    assert "bad.ipynb" in caught.value.message


def test_json_error_carries_line_and_column(tmp_path: Path) -> None:
    path = tmp_path / "bad.ipynb"
    path.write_text('{"cells": [\n {"a" 1}]}')
    with pytest.raises(NotebookError) as caught:
        read_notebook(path)
    assert (caught.value.line, caught.value.column) == (2, 6)


def test_byte_order_mark_does_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "a.ipynb"
    path.write_text(json.dumps(document(code("x = 1"))), encoding="utf-8-sig")
    assert read_notebook(path).notebook.cells[0].python == "x = 1"


def test_a_missing_file_suggests_the_near_one(tmp_path: Path) -> None:
    write(tmp_path / "churn.ipynb", document())
    for wrong in ("chrun.ipynb", "churn"):
        with pytest.raises(NotebookError, match="there is no file") as caught:
            read_notebook(tmp_path / wrong)
        assert "did you mean" in caught.value.hint
        assert "churn.ipynb" in caught.value.hint


def test_a_folder_is_no_notebook(tmp_path: Path) -> None:
    write(tmp_path / "a.ipynb", document())
    with pytest.raises(NotebookError, match="is a folder") as caught:
        read_notebook(tmp_path)
    assert "a.ipynb" in caught.value.hint


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may read everything")
def test_an_unreadable_file_says_so(tmp_path: Path) -> None:
    path = write(tmp_path / "a.ipynb", document())
    path.chmod(0)
    with pytest.raises(NotebookError, match="Permission denied"):
        read_notebook(path)


def test_the_document_is_not_touched(tmp_path: Path) -> None:
    given = document(code("%%step t\nx = 1", tags=["step:t"]))
    before = json.dumps(given)
    parse_document(given, "n")
    assert json.dumps(given) == before


def test_plain_notebooks_need_neither_nbformat_nor_ipython(tmp_path: Path) -> None:
    cells = [
        code("%load_ext stepmill"),
        code("%matplotlib inline\nimport a"),
        code("%%step t\n%time x = 1\n!ls {x}"),
    ]
    path = write(tmp_path / "a.ipynb", document(*cells))
    script = (
        "import sys, pathlib; from stepmill.notebook.reading import read_notebook;"
        f"read_notebook(pathlib.Path({str(path)!r}));"
        "print(sorted({'nbformat', 'IPython', 'pandas', 'blake3', 'jsonschema'} & set(sys.modules)))"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"
