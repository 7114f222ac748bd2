from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from planning.pipelines import FIT, LOAD, chain
from stepmill.artifacts.store import open_store
from stepmill.model.facts import Fact, FactKind
from stepmill.planning.facts import FactBook, in_force

if TYPE_CHECKING:
    from pathlib import Path

MUTATES = Fact(kind=FactKind.MUTATES, step="fit", names=("df",), code_digest=FIT.body_digest)


def book(folder: Path, notebook: str = "n.ipynb") -> FactBook:
    return FactBook(open_store(folder), notebook)


def test_facts_are_remembered_per_notebook(tmp_path: Path) -> None:
    assert book(tmp_path).remember([MUTATES]) == (MUTATES,)
    assert book(tmp_path).recall() == (MUTATES,)
    assert book(tmp_path, "other.ipynb").recall() == ()


def test_what_was_known_is_not_new(tmp_path: Path) -> None:
    book(tmp_path).remember([MUTATES])
    assert book(tmp_path).remember([MUTATES, replace(MUTATES, message="again")]) == ()


def test_a_fact_about_changed_code_replaces_the_old_one(tmp_path: Path) -> None:
    newer = replace(MUTATES, code_digest="other code")
    book(tmp_path).remember([MUTATES])
    assert book(tmp_path).remember([newer]) == (newer,)
    assert book(tmp_path).recall() == (newer,)


def test_facts_hold_while_the_code_of_their_step_is_the_same(tmp_path: Path) -> None:
    outdated = replace(MUTATES, code_digest="other code")
    homeless = replace(MUTATES, step="gone")
    assert in_force([MUTATES, outdated, homeless], chain(LOAD, FIT)) == (MUTATES,)


def test_damaged_and_newer_documents_count_as_empty(tmp_path: Path) -> None:
    book(tmp_path).remember([MUTATES])
    (path,) = tmp_path.glob("facts/*.json")
    path.write_text(path.read_text().replace("mutates", "a-kind-of-the-future"))
    assert book(tmp_path).recall() == ()
    path.write_text("{ torn")
    assert book(tmp_path).recall() == ()
    assert book(tmp_path).remember([MUTATES]) == (MUTATES,)
