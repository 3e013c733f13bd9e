# `make help` says what there is. GNU make 4.3, any POSIX shell, Python 3.11 or newer; nothing else.

PYTHON ?= python3
OUT    ?= build/demo
KILLS  ?= 60
QUICK  ?=
UPGRADE ?=

VENV := .venv
BIN  := $(VENV)/bin
UV   := VIRTUAL_ENV=$(VENV) $(BIN)/uv --quiet --no-progress
# Several workers, but everything that needs the broker on one of them: there is one broker.
# --timeout: seconds for one test with its fixtures; a longer one says so with @pytest.mark.timeout.
PYTEST := $(BIN)/pytest --timeout=120 -n auto --maxprocesses=8 --dist=loadgroup

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.SUFFIXES:
MAKEFLAGS += --no-print-directory

##@ Use

.PHONY: help
help:  ## Say what there is
	@awk 'BEGIN {FS = ":.*## "} \
	  /^##@/ {printf "\n%s\n", substr($$0, 5)} \
	  /^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: setup
setup: $(VENV)/.installed  ## Create .venv from the lock file (instant when it is up to date)

.PHONY: demo
demo: setup  ## Play the founding scenario on a real Kafka (OUT=build/demo)
	@$(BIN)/hub demo --out "$(OUT)"

##@ Work

.PHONY: check
check: format-check lint types imports fast  ## What the build runs: format, lint, types, imports, fast tests

.PHONY: test
test: setup  ## All tests, on a real broker too
	$(PYTEST)

.PHONY: fast
fast: setup  ## The tests that need no broker and no database server
	$(PYTEST) -q -m "not integration"

.PHONY: format-check
format-check: setup  ## Is everything formatted?
	$(BIN)/ruff format --check --quiet .

.PHONY: lint
lint: setup  ## ruff, every rule; each exception stands in pyproject.toml with its reason
	$(BIN)/ruff check --quiet .

.PHONY: types
types: setup  ## mypy, strict
	$(BIN)/mypy --no-error-summary

.PHONY: imports
imports: setup  ## Do the imports follow the arrow?
	$(BIN)/lint-imports --no-logo

.PHONY: format
format: setup  ## Format, and mend what ruff can mend safely
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

##@ Measure

.PHONY: bench
bench: setup  ## Ratios against bare baselines, to build/bench.json (QUICK=1 for fewer rounds)
	$(BIN)/python -m tests.bench --out build/bench.json $(if $(QUICK),--quick)

.PHONY: chaos
chaos: setup  ## Kill everything at random under load and count what is lost (KILLS=60)
	$(BIN)/python -m tests.chaos --kills "$(KILLS)"

##@ Keep

.PHONY: lock
lock: $(VENV)/.uv  ## Write requirements.lock from pyproject.toml (UPGRADE=1 for newer versions)
	$(UV) pip compile pyproject.toml --all-extras --universal --python-version 3.11 --generate-hashes \
	  $(if $(UPGRADE),--upgrade) --custom-compile-command "make lock" --output-file requirements.lock

.PHONY: clean
clean:  ## Remove what was made here, .venv too
	rm -rf $(VENV) build dist .coverage .coverage.* .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# ---------------------------------------------------------------- the environment

# uv, by its own lines of the lock file: what installs is checked like what is installed.
$(VENV)/.uv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "error: $(PYTHON) is not Python 3.11 or newer: found $$($(PYTHON) --version 2>&1)" >&2; \
	  echo "hint: name one that is, for example make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "error: $(PYTHON) cannot make virtual environments: its venv module is missing" >&2; \
	  echo "hint: on Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	@echo "setup 1/3: virtual environment in $(VENV)"
	@$(PYTHON) -m venv $(VENV)
	@awk '/^uv==/ {on = 1; print; next} /^[^ ]/ {on = 0} on && /--hash=/' requirements.lock > $(VENV)/uv.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r $(VENV)/uv.lock
	@touch $@

$(VENV)/.synced: $(VENV)/.uv requirements.lock
	@echo "setup 2/3: $$(grep -c '^[a-zA-Z0-9]' requirements.lock) libraries from requirements.lock (up to a few minutes the first time)"
	@$(UV) pip sync --require-hashes requirements.lock
	@touch $@

# The build runs on the locked hatchling, not on one fetched now.
$(VENV)/.installed: $(VENV)/.synced pyproject.toml
	@echo "setup 3/3: liaison-hub itself"
	@$(UV) pip install --no-deps --no-build-isolation --editable .
	@touch $@
