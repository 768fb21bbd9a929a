# Each target builds what it needs in .venv, with uv where there is one and pip otherwise.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
UV := $(shell command -v uv 2>/dev/null)
PLUGINS := $(wildcard plugins/*)
EDITABLE := $(foreach plugin,$(PLUGINS),-e $(plugin))

ifdef UV
NEW_VENV := uv venv -q --python $(PYTHON) $(VENV)
INSTALL := uv pip install -q --python $(BIN)/python
else
NEW_VENV := $(PYTHON) -m venv $(VENV) && $(BIN)/python -m pip install -q --upgrade 'pip>=25.1'
INSTALL := $(BIN)/python -m pip install -q
endif

.PHONY: help serve test soak check bench docs format clean
help: ## what there is to make
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/:/' | column -t -s:

$(VENV)/.hub: pyproject.toml $(wildcard plugins/*/pyproject.toml)
	@test -x $(BIN)/python || ($(NEW_VENV))
	$(INSTALL) -e . $(EDITABLE)
	@touch $@

$(VENV)/.dev: $(VENV)/.hub
	$(INSTALL) --group check
	@touch $@

serve: $(VENV)/.hub ## a running hub with the four plugins and a demo workflow
	$(BIN)/hub serve --demo

test: $(VENV)/.dev ## all tests but the long ones, with coverage
	$(BIN)/python -m pytest -q -m "not soak" --cov --cov-report=term:skip-covered --cov-fail-under=95

soak: $(VENV)/.dev ## the long runs: kills, floods, fuzzing
	$(BIN)/python -m pytest -q -m soak

check: $(VENV)/.dev ## style, types, layers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/.dev ## measures, beside baselines taken in the same run
	@command -v wrk >/dev/null || (apt-get update -qq && apt-get install -y -qq wrk) || echo "install wrk for the HTTP figures"
	$(BIN)/python -m tests.bench

docs: $(VENV)/.dev ## write the generated pages of docs/ anew
	$(BIN)/python -m tests.docs

format: $(VENV)/.dev
	$(BIN)/ruff check --fix -q . || true
	$(BIN)/ruff format -q .

clean:
	rm -rf $(VENV) dist .mypy_cache .ruff_cache .pytest_cache .coverage*
