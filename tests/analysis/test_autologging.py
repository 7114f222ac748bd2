"""`mlflow.autolog()` is a setting: it is made again in the process of each step that may train."""

from __future__ import annotations

import pytest

from analysis.notebooks import pipeline

IMPORTS = "import mlflow\nimport pandas as pd\nfrom sklearn.linear_model import Ridge"
LOAD = "%%step load\ndf = pd.read_csv('d.csv')"
CALLS = [
    "mlflow.autolog()",
    "mlflow.sklearn.autolog(silent=True)",
    "mlflow.xgboost.autolog(log_models=False)",
]
STEPS = [
    pytest.param("model = Ridge().fit(df, df)", True, id="one-that-trains"),
    pytest.param("import helpers\nmodel = helpers.train(df)", True, id="one-whose-helper-may-train"),
    pytest.param("total = df.x.sum()", False, id="one-that-only-reads-a-table"),
]


def setup_of(step: str, *sources: str) -> str:
    found = pipeline(*sources)
    assert found.errors == ()
    return "\n".join(fragment.source for fragment in found.step(step).setup)


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize(("body", "replayed"), STEPS)
def test_an_untagged_call_is_repeated_in_steps_that_may_train(
    call: str, body: str, *, replayed: bool
) -> None:
    setup = setup_of("s", IMPORTS, call, LOAD, f"%%step s\n{body}")
    assert (call in setup) is replayed
    assert ("import mlflow" in setup) is replayed


def test_a_step_that_takes_a_model_may_score_it() -> None:
    fit, score = "%%step fit\nmodel = Ridge().fit(df, df)", "%%step score\nprint(model.score(df, df))"
    assert "mlflow.autolog()" in setup_of("score", IMPORTS, "mlflow.autolog()", LOAD, fit, score)


def test_a_call_in_a_step_holds_for_the_steps_below() -> None:
    fit = "%%step fit\nmlflow.autolog()\nmodel = Ridge().fit(df, df)"
    other = "%%step other\nsecond = Ridge().fit(df, df)"
    assert "mlflow.autolog()" in setup_of("other", IMPORTS, LOAD, fit, other)


def test_a_call_below_a_step_is_not_its_own() -> None:
    fit = "%%step fit\nmodel = Ridge().fit(df, df)"
    assert "autolog" not in setup_of("fit", IMPORTS, LOAD, fit, "mlflow.autolog()")
