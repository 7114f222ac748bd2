from __future__ import annotations

from stepmill.running.step import secret_variable


def test_each_secret_has_a_variable_of_its_own() -> None:
    """Two parameters whose names differ by case only got one value."""
    names = ("api_key", "API_KEY", "Api_Key", "token", "größe_key", "GRÖSSE_KEY")
    variables = {secret_variable(name).upper() for name in names}
    assert len(variables) == len(names)
    assert secret_variable("api_key") == "STEPMILL_PARAMETER_API_KEY"
