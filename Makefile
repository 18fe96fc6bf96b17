# Two commands make a newcomer happy: `make start` and `make test`. `make help` lists the rest.
SHELL := /bin/bash
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.complete

.DEFAULT_GOAL := help
.PHONY: help env start down test test-slow test-all check lint types layers bench chaos docs-figures clean

help:  ## list the commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

env: $(STAMP)  ## build .venv/ from the lock file

# uv comes from the lock file's own list, so that .venv is all that is ever made. Without compiled bytecode
# every training process would spend 20 s importing TensorFlow.
$(STAMP): pyproject.toml uv.lock
	@$(PYTHON) -c 'import sys; sys.exit(not ((3, 11) <= sys.version_info < (3, 14)))' || { \
	  echo "Python 3.11 to 3.13 is needed; $(PYTHON) is $$($(PYTHON) --version 2>&1). Try: make env PYTHON=python3.11"; exit 1; }
	@$(PYTHON) -m venv .venv || { rm -rf .venv; \
	  echo "Python's venv module is missing. On Debian and Ubuntu: apt-get install python3-venv"; exit 1; }
	@uv=$$(sed -n '/^name = "uv"$$/{n;s/version = "\(.*\)"/\1/p;q}' uv.lock); \
	  $(BIN)/python -m pip install --quiet --disable-pip-version-check "uv==$$uv"
	$(BIN)/uv sync --frozen --compile-bytecode --python $(BIN)/python
	@touch $(STAMP)

start: env  ## start the platform and look at an example that trains (Ctrl-C ends it)
	$(BIN)/nntracker start

down: env  ## end a platform that runs in the background
	$(BIN)/nntracker down

# Tests wait for others most of the time. Those of a file stay together: they share what they start.
WORKERS ?= 2
PYTEST := $(BIN)/pytest --numprocesses $(WORKERS) --dist loadfile

test: check  ## the fast suite, on a real PostgreSQL, a real Ray and a real browser (WORKERS=2)
	$(PYTEST) -m "not slow and not timescale"

test-slow: env  ## the slow ones alone
	$(PYTEST) -m "slow or timescale"

test-all: check  ## every test, the slow ones too
	$(PYTEST)

check: env lint types layers  ## ruff, mypy and the import order

lint: env
	$(BIN)/ruff check --no-cache .
	$(BIN)/ruff format --no-cache --check .

types: env
	$(BIN)/mypy

layers: env
	$(BIN)/lint-imports --no-cache

bench: env  ## measure speed and memory against their goals (benchmarks/results/)
	$(BIN)/python -m benchmarks

SEED ?= 1
FAULTS ?= 20

chaos: env  ## strike running experiments with seeded faults, then look for what was lost (SEED=.. FAULTS=..)
	$(BIN)/python -m tests.chaos.suite --seed $(SEED) --faults $(FAULTS)

docs-figures: env  ## take the pictures of the manual again (docs/pages/)
	$(BIN)/python -m tests.pictures

clean:  ## remove .venv/ and caches; data folders are left alone
	rm -rf .venv .mypy_cache .ruff_cache .import_linter_cache
