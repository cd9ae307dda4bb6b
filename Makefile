# Two commands do everything on a machine with Python 3.11 and make: `make conformance` and `make test`.
PYTHON ?= python3.11
VENV ?= .venv
RESULTS ?= results
BIN := $(VENV)/bin
READY := $(VENV)/ready

.PHONY: conformance test

conformance: $(READY)
	$(BIN)/polyloss conformance --output $(RESULTS)

test: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest -n auto --dist loadscope

$(READY): pyproject.toml constraints/py311.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints/py311.txt --editable '.[all,dev]'
	touch $@
