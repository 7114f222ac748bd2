"""What cells showed, as comparisons read it from the executed copy of a notebook."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

from stepmill.running.cell_outputs import cell_outputs
from stepmill.running.folder import RunFolder

PNG = base64.b64encode(b"\x89PNG").decode()


def folder_with(tmp_path: Path, *outputs: Any) -> RunFolder:
    cells = [{"cell_type": "markdown"}, {"cell_type": "code", "outputs": list(outputs)}]
    (tmp_path / "run").mkdir()
    folder = RunFolder(tmp_path, "run")
    folder.notebook.write_text(json.dumps({"cells": cells}), encoding="utf-8")
    return folder


def stream(text: str, name: str = "stdout") -> dict[str, Any]:
    return {"output_type": "stream", "name": name, "text": text}


def display(**data: Any) -> dict[str, Any]:
    named = {name.replace("__", "/"): content for name, content in data.items()}
    return {"output_type": "display_data", "data": named, "metadata": {}}


def test_text_and_pictures_stand_apart(tmp_path: Path) -> None:
    shown = [
        stream("a\nb <x at 0x7f00aa11bb22>\n"),
        stream("warned", "stderr"),
        display(text__plain="   a\n0  1", text__html="<table></table>"),
        display(text__plain="<Figure>", image__png=PNG),
    ]
    found = cell_outputs(folder_with(tmp_path, *shown))
    assert list(found) == [1]
    assert found[1].text.text == "a\nb <x at 0x…>\n\n   a\n0  1"
    assert len(found[1].pictures) == 1


def test_a_cell_without_text_has_no_digest(tmp_path: Path) -> None:
    found = cell_outputs(folder_with(tmp_path, display(text__plain="<Figure>", image__png=PNG)))
    assert (found[1].text.text, found[1].text.digest) == ("", "")


def test_long_texts_are_cut_but_known_whole(tmp_path: Path) -> None:
    texts = []
    for last in "xy":
        (tmp_path / last).mkdir()
        lines = "\n".join([*(str(n) for n in range(2000)), last])
        texts.append(cell_outputs(folder_with(tmp_path / last, stream(lines)))[1].text)
    assert texts[0].text == texts[1].text
    assert texts[0].text.endswith("… 1,001 more lines")
    assert texts[0].digest != texts[1].digest


def test_a_damaged_copy_is_one_without_outputs(tmp_path: Path) -> None:
    folder = folder_with(tmp_path)
    folder.notebook.write_text("{", encoding="utf-8")
    assert cell_outputs(folder) == {}
