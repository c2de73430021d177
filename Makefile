# Two targets matter: `make run` (the whole platform, one machine, no accounts) and `make test`.
PYTHON ?= python3
V := .venv
PY := $(V)/bin/python

.PHONY: help run test bench soak lint format lock clean

help:
	@echo "make run     start the demo: web, worker, sandbox, agents (PORT, SANDBOX_PORT, MCP_PORT)"
	@echo "make test    every check, then the tests on SQLite and, where they answer, PostgreSQL and Redis"
	@echo "make bench   measure against the floors of docs/benchmarks.md; figures in var/bench.json"
	@echo "make soak    the same tests and benchmarks at full size (long)"
	@echo "make lint    ruff, mypy, import directions    make format  let ruff rewrite"
	@echo "make lock    lock the requirements again      make clean   remove .venv, var and caches"

# The marker is newer than both locks when everything in them is installed.
$(V)/.ok: requirements.txt tests/requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	 || { echo "Python 3.11 or newer is needed: $(PYTHON) is older."; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null \
	 || { echo "Python's venv is missing: install python3-venv."; exit 1; }
	@echo "Installing into $(V) (a minute or two, the first time only) ..."
	@$(PYTHON) -m venv $(V)
	@$(PY) -m pip install -q --disable-pip-version-check uv==0.13.9 || true
	@$(PY) -m uv pip sync -q --python $(PY) --require-hashes requirements.txt tests/requirements.txt \
	 || $(PY) -m pip install -q --disable-pip-version-check --require-hashes \
	    -r requirements.txt -r tests/requirements.txt
	@touch $@

run: $(V)/.ok
	@$(PY) manage.py demo

test: $(V)/.ok
	@tests/run

bench: $(V)/.ok
	@$(PY) -m tests.benchmarks

soak: $(V)/.ok
	@SOAK=1 tests/run
	@SOAK=1 $(PY) -m tests.benchmarks

lint: $(V)/.ok
	@tests/run lint

format: $(V)/.ok
	@$(V)/bin/ruff check --fix -q . ; $(V)/bin/ruff format .

lock: $(V)/.ok
	@$(PY) -m uv pip compile -q --universal --python-version 3.11 --generate-hashes \
	  --no-header --no-emit-index-url requirements.in -o requirements.txt
	@$(PY) -m uv pip compile -q --universal --python-version 3.11 --generate-hashes \
	  --no-header --no-emit-index-url tests/requirements.in -o tests/requirements.txt

clean:
	@rm -rf $(V) var .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
