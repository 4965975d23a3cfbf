# Every target sets up what it needs: only Python 3.11+ and make are taken for granted.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
WORKERS ?= 2

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-wheel check format bench lock clean

help:
	@echo "make demo    the whole story on real data, in a fresh directory (about two minutes)"
	@echo "make test    the tests, against the checkout; make check has those of the documentation"
	@echo "make check   lint, types, layering, documentation, and the tests against the built wheel"
	@echo "make bench   the benchmarks; tables and JSON go to benchmarks/out"
	@echo "make lock    resolve the dependencies anew into requirements.lock"

setup: $(READY)

$(READY): pyproject.toml requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed, this is " + sys.version.split()[0] if sys.version_info < (3, 11) else 0)'
	@if command -v uv >/dev/null 2>&1; then \
	  [ -x $(BIN)/python ] || uv venv --quiet --python "$$($(PYTHON) -c 'import sys; print(sys.executable)')" $(VENV); \
	  uv pip install --quiet --python $(BIN)/python -r requirements.lock && \
	  uv pip install --quiet --python $(BIN)/python --no-deps -e .; \
	else \
	  [ -x $(BIN)/python ] || $(PYTHON) -m venv $(VENV); \
	  $(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.lock && \
	  $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -e .; \
	fi
	@touch $(READY)

demo: setup
	$(BIN)/mlview demo --out demo-out

test: setup
	$(BIN)/python -m pytest -q -n $(WORKERS) --dist worksteal --ignore tests/docs

check: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -q -n $(WORKERS) --dist worksteal tests/docs mlview --doctest-modules -p no:cacheprovider
	$(MAKE) --no-print-directory test-wheel

# The package as users get it: built, installed alone, and tested from outside the checkout.
test-wheel: setup
	@rm -rf build/wheel && mkdir -p build/wheel
	$(BIN)/python -m build --quiet --wheel --no-isolation --outdir build/wheel .
	@$(BIN)/python tests/wheel/run.py build/wheel/*.whl

format: setup
	$(BIN)/ruff check --fix --quiet .
	$(BIN)/ruff format --quiet .

bench: setup
	$(BIN)/python benchmarks/run.py

lock: setup
	@command -v uv >/dev/null 2>&1 || $(BIN)/python -m pip install --quiet uv
	@PATH="$(BIN):$$PATH" uv pip compile --quiet --universal --python-version 3.11 --no-header --no-annotate --no-emit-index-url --extra dev pyproject.toml -o requirements.lock

clean:
	rm -rf $(VENV) build dist demo-out benchmarks/out .pytest_cache .mypy_cache .ruff_cache .hypothesis
