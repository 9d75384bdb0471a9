# Every target first creates a .venv in this checkout, from the committed lock.
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/installed

.PHONY: setup lint test test-slow demo bench lock dist clean

setup: $(STAMP)

$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "chatctl needs Python 3.11 or newer; try: make PYTHON=python3.11 $(MAKECMDGOALS)" >&2; exit 2; }
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

test: $(STAMP)
	$(BIN)/pytest -n 2 --dist worksteal -m "not slow"

# Tests that take many seconds, wait for time to pass, or repeat the others on PostgreSQL 16.
test-slow: $(STAMP)
	$(BIN)/pytest -n 2 --dist worksteal -m slow

demo: $(STAMP)
	$(BIN)/chatctl demo

# All benchmarks, or only some: GROUPS="migrations audits".
bench: $(STAMP)
	$(BIN)/python -m benchmarks --json bench.json $(GROUPS)

# Run this after changing the dependencies in pyproject.toml.
lock: $(STAMP)
	$(BIN)/uv pip compile pyproject.toml --all-extras --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --quiet -o requirements.lock

# The wheel and the source, in dist/.
dist: $(STAMP)
	rm -rf dist
	$(BIN)/python -m hatchling build -d dist

clean:
	rm -rf .venv .chatctl dist
