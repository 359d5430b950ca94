# Graph CMDB: what people and the continuous integration call. `make help` lists it.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_DEFAULT_TIMEOUT ?= 60

.DEFAULT_GOAL := help
.PHONY: help run test check bench lab lab-down pins clean

help: ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; set PYTHON=/path/to/python3.11" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { echo "this Python has no venv module; on Debian: apt-get install python3-venv" >&2; exit 1; }

$(VENV)/.run: requirements/run.txt pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements/run.txt
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev: requirements/dev.txt pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements/dev.txt
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@ $(VENV)/.run

run: $(VENV)/.run ## scan this machine, show what was found and serve on http://127.0.0.1:8000 (ONCE=1 stops after showing)
	$(BIN)/cmdb start $(if $(ONCE),--once)

test: $(VENV)/.dev ## install what the tests need and run all of them
	sh tests/support/install.sh
	$(BIN)/python -m pytest

check: $(VENV)/.dev ## lint, types, layers and architecture tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest tests/architecture

bench: $(VENV)/.dev ## print every performance claim as a ratio against its peer (minutes)
	$(BIN)/python -m benchmarks.impact
	$(BIN)/python -m benchmarks.snmp
	$(BIN)/python -m benchmarks.sweep
	$(BIN)/python -m benchmarks.search
	$(BIN)/python -m benchmarks.ingest

lab: $(VENV)/.dev ## bring up the network lab (root)
	sh tests/support/install.sh
	$(BIN)/python -m tests.lab build
	$(BIN)/python -m tests.lab up

lab-down: ## stop the network lab
	$(BIN)/python -m tests.lab down

pins: $(VENV)/.dev ## compile the requirement files anew
	sh requirements/compile.sh

clean: ## remove the virtual environment
	rm -rf $(VENV)
