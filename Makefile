# Every command sets up what it needs: a .venv with the locked packages.
PYTHON ?= python3
ARGS ?=
BENCH_DATA ?=
CHAOS ?= 1
# Processes of the tests: many of them wait most of the time.
WORKERS ?= 3
BIN := .venv/bin

.PHONY: help demo test quick bench chaos format lock setup
help:
	@echo "make demo    play an incident on this machine (ARGS='--once', ARGS='--scenario exhausted-pool')"
	@echo "make test    format check, lint, types, import contracts, all tests"
	@echo "make quick   the same without the slow tests"
	@echo "make bench   the benchmarks, one table and JSON"
	@echo "make chaos   faults and kills, one table (CHAOS=5 makes the random ones five times as long)"
	@echo "make format  put the code into shape"
	@echo "make lock    resolve requirements.lock anew (needs uv)"

.venv/.ready: requirements.lock pyproject.toml scripts/install.sh
	@PYTHON="$(PYTHON)" scripts/install.sh

setup: .venv/.ready

demo: setup
	@$(BIN)/first-responder demo $(ARGS)

test: setup
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@PYTHON=$(BIN)/python WORKERS=$(WORKERS) scripts/test.sh $(ARGS)

quick: setup
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/lint-imports
	@$(BIN)/python -m pytest -q -m "not slow and not browser" $(ARGS)

bench: setup
	@BENCH_DATA="$(BENCH_DATA)" $(BIN)/python -m bench $(ARGS)

chaos: setup
	@CHAOS="$(CHAOS)" $(BIN)/python -m tests.chaos $(ARGS)

format: setup
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

lock:
	@uv pip compile --quiet --universal --generate-hashes --no-header --python-version 3.11 --extra dev pyproject.toml -o requirements.lock
