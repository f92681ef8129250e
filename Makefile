# Everything runs inside .venv, which is made on first use; only python3 (3.11 or newer), make and a package index are needed.

VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
LOWEST := .venv-lowest
LOWEST_INSTALLED := $(LOWEST)/.installed
BENCH_INSTALLED := $(VENV)/.installed-bench
CANDIDATES := python3.13 python3.12 python3.11 python3.14 python3
USABLE := import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(shell for name in $(CANDIDATES); do "$$name" -c '$(USABLE)' >/dev/null 2>&1 && echo "$$name" && break; done)

# Passed on as they are: make demo DEMO_ARGS="--rate 50 --duration 30", make test TEST_ARGS="-k sketch".
DEMO_ARGS ?=
TEST_ARGS ?=
# Processes that run the tests, each file in one; 0 for none but this one. A Redis of one's own is not shared.
# They keep what they compile, whatever the environment says: hundreds of processes start, each a quarter faster by it.
TEST_WORKERS ?= $(if $(TOKENPULSE_TEST_REDIS_URL),0,3)
CHAOS_ARGS ?=
FUZZ_ARGS ?=
FUZZ_SECONDS ?= 60

.DEFAULT_GOAL := help
.PHONY: help demo test lowest check format docs coverage recordings chaos fuzz bench install clean

help: ## List these targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(INSTALLED) ## Simulated traffic through the middleware, numbers in the reader; Ctrl-C ends it (DEMO_ARGS)
	@$(BIN)/tokenpulse demo $(DEMO_ARGS)

test: $(INSTALLED) ## Run the tests; installs redis-server first when it is missing (TEST_ARGS, TEST_WORKERS)
	@sh tests/support/ensure_redis_server.sh
	PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -q -n $(TEST_WORKERS) --dist loadfile $(TEST_ARGS)

lowest: $(LOWEST_INSTALLED) ## Run the tests with the lowest versions of what is required, in .venv-lowest (TEST_ARGS, TEST_WORKERS)
	@sh tests/support/ensure_redis_server.sh
	$(LOWEST)/bin/python -m pytest -q -n $(TEST_WORKERS) --dist loadfile $(TEST_ARGS)

check: $(INSTALLED) ## Lint, formatting, types, import rules
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(INSTALLED) ## Rewrite the sources in the house format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: $(INSTALLED) ## Write the parts of the documentation that repeat the code
	$(BIN)/python -m tokenpulse_reader.exposition.document > docs/metrics.md
	$(BIN)/python -m tests.support.documentation

coverage: $(INSTALLED) ## Run the tests with branch coverage, then print what is not covered
	@sh tests/support/ensure_redis_server.sh
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest -q $(TEST_ARGS)
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

recordings: $(INSTALLED) ## Replay the recorded provider answers through the middleware
	$(BIN)/python -m pytest -q tests/recordings $(TEST_ARGS)

chaos: $(INSTALLED) ## Break Redis and the way to it while writers write; every count must come out right (CHAOS_ARGS)
	@sh tests/support/ensure_redis_server.sh
	$(BIN)/python -m tests.chaos $(CHAOS_ARGS)

fuzz: $(INSTALLED) ## Throw mutated streams at everything that reads (FUZZ_SECONDS, FUZZ_ARGS)
	$(BIN)/python -m tests.fuzz --seconds $(FUZZ_SECONDS) $(FUZZ_ARGS)

bench: $(BENCH_INSTALLED) ## Measure overhead and memory on this machine
	@sh tests/support/ensure_redis_server.sh
	$(BIN)/python -m tests.bench

install: $(INSTALLED) ## Make .venv with the package (editable) and the development tools

clean: ## Remove .venv, caches and build results
	rm -rf $(VENV) $(LOWEST) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build dist .coverage .coverage.*
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(INSTALLED): pyproject.toml
	@if [ -z "$(PYTHON)" ]; then \
		echo "No Python 3.11 or newer with the venv module was found (looked for: $(CANDIDATES))." >&2; \
		echo "Install one (Debian, Ubuntu: apt-get install python3 python3-venv) or name it: make PYTHON=/path/to/python3 ..." >&2; \
		exit 1; \
	fi
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || "$(PYTHON)" -m venv --clear $(VENV) # also one that was left half made
	@echo "Installing tokenpulse and the development tools into $(VENV) (once)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1'
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[reader]' --group dev
	@touch $@

$(LOWEST_INSTALLED): $(INSTALLED) tests/support/lowest_versions.py
	@echo "Installing tokenpulse with the lowest versions it takes into $(LOWEST)"
	@$(BIN)/python -m venv --clear $(LOWEST)
	@$(BIN)/python -m tests.support.lowest_versions > $(LOWEST)/constraints.txt
	@$(LOWEST)/bin/python -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1'
	@$(LOWEST)/bin/python -m pip install --quiet --disable-pip-version-check --constraint $(LOWEST)/constraints.txt --editable '.[reader]' --group dev
	@touch $@

$(BENCH_INSTALLED): $(INSTALLED)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --group bench
	@touch $@
