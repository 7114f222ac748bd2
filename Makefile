# One command each. `make check` is what the CI runs; it needs python3 >= 3.11 with venv, nothing else.
# VENV is made on first use; set it to use another place: make check VENV=/tmp/somewhere
PYTHON ?= python3
VENV ?= .venv
WORKERS ?= 2
ARGS ?=
BIN = $(VENV)/bin

.PHONY: check install lint test bench clean

check: lint test

install: $(VENV)/.installed

$(VENV)/.installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e ".[dev,lab]"
	touch $@

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: install
	$(BIN)/python -m pytest -n $(WORKERS) $(ARGS)

bench: install
	$(BIN)/python benchmarks/run_all.py

clean:
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
