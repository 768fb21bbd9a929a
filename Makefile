# Each target builds what it needs in .venv, with uv where there is one and pip otherwise; versions are those of
# constraints.txt.
VENV := .venv
BIN := $(VENV)/bin
UV := $(shell command -v uv 2>/dev/null)
PLUGINS := $(patsubst %/pyproject.toml,%,$(wildcard plugins/*/pyproject.toml))
EDITABLE := -e . $(foreach plugin,$(PLUGINS),-e $(plugin))
BUILD := hatchling editables

ifndef PYTHON
PYTHON := $(shell for one in python3.11 python3 python3.12 python3.13; do \
	"$$one" -c "import sys; sys.exit(sys.version_info < (3, 11))" >/dev/null 2>&1 && echo "$$one" && break; done)
endif

ifdef UV
INSTALL := uv pip install -q --python $(BIN)/python -c constraints.txt
else
INSTALL := $(BIN)/python -m pip install -q --disable-pip-version-check -c constraints.txt
endif

# Bytecode is kept, so that what is started many times starts quickly.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help serve test coverage soak check bench docs format lock clean
help: ## what there is to make
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "The hub needs Python 3.11 or later: install it, or name it with make PYTHON=/path/to/python" >&2; exit 1; }
	@"$(PYTHON)" -c "import sys; sys.exit(sys.version_info < (3, 11))" || { echo "$(PYTHON) is no Python 3.11 or later" >&2; exit 1; }
ifdef UV
	uv venv -q --python $(PYTHON) $(VENV)
else
	$(PYTHON) -m venv --without-pip $(VENV)
endif

ifndef UV
$(VENV)/.pip: $(BIN)/python
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(BIN)/python -m ensurepip >/dev/null 2>&1 \
		|| $(PYTHON) -m pip --python $(BIN)/python install -q pip \
		|| { echo "Neither pip nor ensurepip works: install your system's python3-pip or python3-venv" >&2; exit 1; }
	@$(INSTALL) --upgrade pip
	@touch $@
endif

$(VENV)/.hub: $(if $(UV),$(BIN)/python,$(VENV)/.pip) pyproject.toml constraints.txt $(addsuffix /pyproject.toml,$(PLUGINS))
	$(INSTALL) $(BUILD)
	$(INSTALL) --no-build-isolation $(EDITABLE)
	@touch $@

$(VENV)/.dev: $(VENV)/.hub
	$(INSTALL) --group check
	@touch $@

serve: $(VENV)/.hub ## a running hub with the four plugins and a demo workflow
	@exec $(BIN)/hub serve --demo

SUITE := -q -n auto --dist loadfile -m "not soak"

test: $(VENV)/.dev ## all tests but the long ones
	$(BIN)/python -m pytest $(SUITE)

coverage: $(VENV)/.dev ## the same tests, measured: at least 95 % of hub/
	$(BIN)/python -m coverage erase
	$(BIN)/python -m coverage run -m pytest $(SUITE)
	$(BIN)/python -m coverage combine -q
	$(BIN)/python -m coverage report --fail-under=95

soak: $(VENV)/.dev ## the long runs: kills, floods, fuzzing
	$(BIN)/python -m pytest -q -m soak

check: $(VENV)/.dev ## style, types, layers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(foreach plugin,$(PLUGINS),$(BIN)/mypy $(plugin)/tests &&) true
	$(BIN)/lint-imports

bench: $(VENV)/.dev ## measures, beside baselines taken in the same run
	@command -v wrk >/dev/null || (apt-get update -qq && apt-get install -y -qq wrk) || echo "install wrk for the HTTP figures"
	$(BIN)/python -m tests.bench

docs: $(VENV)/.dev ## write the generated pages of docs/ anew
	$(BIN)/python -m tests.docs

format: $(VENV)/.dev ## style, mended where that can be done
	$(BIN)/ruff check --fix -q . || true
	$(BIN)/ruff format -q .

lock: ## choose the newest versions for constraints.txt anew (needs uv)
	printf '%s\n' $(foreach one,. $(PLUGINS),'-e $(one)') | uv pip compile -q --universal --python-version 3.11 --upgrade \
		--no-header --no-annotate --no-emit-index-url --no-emit-find-links --no-emit-package integration-hub \
		$(foreach one,$(notdir $(PLUGINS)),--no-emit-package hub-$(one)) - --group check -o constraints.txt

clean: ## remove what was built
	rm -rf $(VENV) dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .coverage*
