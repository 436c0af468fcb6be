# `make` alone lists what there is to make.
PYTHON ?= python3
PORT ?= 8600
STORE ?= store/uphill.db
BIN := .venv/bin
export OMP_NUM_THREADS ?= 1

.PHONY: help setup run test test-fast check bench
help:
	@echo "make run      set up and serve the app (PORT=8600 STORE=store/uphill.db)"
	@echo "make test     set up and run every test, the browser ones too"
	@echo "make check    formatting, linting and types"
	@echo "make bench    run the benchmarks and write docs/benchmarks.md"
	@echo "make setup    only install into .venv"

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Uphill needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) --version 2>&1). Try: make PYTHON=python3.12 run"; exit 1; }
	@$(PYTHON) -m venv .venv || { echo "Creating .venv failed; on Debian and Ubuntu install the package python3-venv first"; exit 1; }

.venv/run.installed: requirements.txt | .venv/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

# The compiled inner loops, made before the first run instead of in it.
.venv/kernels.compiled: engine/kernels.py engine/layers.py engine/compiled.py .venv/run.installed
	$(BIN)/python -c "from engine import kernels; kernels.ready()"
	@touch $@

.venv/test.installed: requirements-dev.txt .venv/run.installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@

setup: .venv/kernels.compiled

run: setup
	@UPHILL_STORE="$(STORE)" exec $(BIN)/streamlit run app.py --server.port $(PORT)

test: .venv/test.installed .venv/kernels.compiled
	@./tests/browser/install-chromium
	$(BIN)/python -m pytest tests -n 2 --dist loadfile --no-loadscope-reorder

check: .venv/test.installed
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

bench: .venv/test.installed .venv/kernels.compiled
	$(BIN)/python benchmarks/report.py --write
