from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from planning.pipelines import FIT
from stepmill.model.artifact import ABSENT, ArtifactRef
from stepmill.model.cell import StepOptions
from stepmill.model.pipeline import Definition, Step
from stepmill.planning.keys import components, derived_seed, static_key, value_digest

DF = ArtifactRef(digest="d" * 64)


def made(step: Step = FIT, **changes: Any) -> dict[str, str]:
    known: dict[str, Any] = {
        "inputs": {"df": DF},
        "random": {},
        "parameters": {"alpha": 0.1, "unused": 1},
        "modules": {"helpers.py": "m1"},
        "python_version": "3.11.7",
    }
    return components(step, **{**known, **changes})


def test_components_have_flat_names() -> None:
    step = replace(
        FIT, definitions=(Definition(name="f", digest="f1"), Definition(name="g", digest="g1", reached=False))
    )
    assert made(step, random={"numpy": ArtifactRef(digest="s1")}, kernel="/usr/bin/python", seed=7) == {
        "code": "code of fit",
        "python": "3.11.7",
        "kernel": "/usr/bin/python",
        "seed": "7",
        "definition:f": "f1",
        "parameter:alpha": value_digest(0.1),
        "input:df": "d" * 64,
        "random:numpy": "s1",
        "module:helpers.py": "m1",
    }


def test_key_is_pinned() -> None:
    """A new value here makes every stored result unfindable: raise KEY_SCHEMA and say so in the changelog."""
    assert static_key(made()) == "ec715ec519e99fe83a8591d56325ff4595160433e12b8a5dbfd8f73373776249"


SAME = [
    pytest.param({"parameters": {"alpha": 0.1, "unused": 2}}, id="a-parameter-the-step-does-not-read"),
    pytest.param({"step": replace(FIT, name="other")}, id="the-name"),
    pytest.param({"step": replace(FIT, cells=(9,))}, id="the-place"),
    pytest.param({"step": replace(FIT, options=StepOptions(retries=3, timeout_s=5))}, id="how-it-is-run"),
    pytest.param({"inputs": {"df": replace(DF, size_bytes=9, type_name="DataFrame")}}, id="an-input's-size"),
]


@pytest.mark.parametrize("changes", SAME)
def test_key_does_not_depend_on(changes: dict[str, Any]) -> None:
    assert static_key(made(**changes)) == static_key(made())


OTHER = [
    pytest.param({"step": replace(FIT, code_digest="c2")}, id="code"),
    pytest.param({"parameters": {"alpha": 0.3}}, id="a-parameter"),
    pytest.param({"inputs": {"df": ArtifactRef(digest="e" * 64)}}, id="an-input"),
    pytest.param({"inputs": {"df": replace(DF, member="df")}}, id="the-member-of-a-bundle"),
    pytest.param({"inputs": {"df": ArtifactRef(digest=ABSENT)}}, id="an-unbound-input"),
    pytest.param({"modules": {"helpers.py": "m2"}}, id="a-local-module"),
    pytest.param({"python_version": "3.12.1"}, id="python"),
    pytest.param({"kernel": "/other/python"}, id="the-kernel"),
    pytest.param({"seed": 5}, id="a-derived-seed"),
    pytest.param({"step": replace(FIT, options=StepOptions(metrics=("f1",)))}, id="the-metrics-asked-for"),
]


@pytest.mark.parametrize("changes", OTHER)
def test_key_depends_on(changes: dict[str, Any]) -> None:
    assert static_key(made(**changes)) != static_key(made())


def test_key_does_not_depend_on_the_order_of_components() -> None:
    assert static_key(dict(reversed(made().items()))) == static_key(made())


def test_unknown_inputs_are_left_out() -> None:
    assert "input:df" not in made(inputs={})


def test_secret_parameters_stand_as_keyed_digests() -> None:
    assert made(secrets={"alpha": "keyed"})["parameter:alpha"] == "keyed"


DIFFERENT_VALUES = [
    pytest.param(1, 1.0, id="int-and-float"),
    pytest.param(1, True, id="int-and-bool"),
    pytest.param("1", 1, id="str-and-int"),
    pytest.param(0.0, -0.0, id="negative-zero"),
    pytest.param({"a": 1, "b": 2}, {"b": 2, "a": 1}, id="order-of-a-dict"),
    pytest.param({"a": [1]}, {"a": {"dict": [1]}}, id="list-and-lookalike"),
    pytest.param({"a": 1}, {"dict": [["a", 1]]}, id="dict-and-lookalike"),
    pytest.param(None, "null", id="none-and-text"),
    pytest.param([], {}, id="empty-list-and-dict"),
]


@pytest.mark.parametrize(("a", "b"), DIFFERENT_VALUES)
def test_values_that_code_can_tell_apart_have_different_digests(a: Any, b: Any) -> None:
    assert value_digest(a) != value_digest(b)


def test_derived_seed_is_pinned_and_depends_on_the_step() -> None:
    assert derived_seed(0, "fit") == 3949600344
    assert derived_seed(0, "fit") != derived_seed(0, "load")
    assert derived_seed(0, "fit") != derived_seed(1, "fit")
    assert 0 <= derived_seed(0, "fit") < 2**32
