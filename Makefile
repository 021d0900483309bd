# `make run` and `make test` are all a newcomer needs; `make help` lists the rest.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: run test coverage lint bench fuzz storm docs lock wheel conformance conformance-ngsi-ld clean help

run: $(STAMP)  ## build .venv, start the whole platform and play real meters into it
	$(BIN)/mimas up --demo $(ARGS)

test: $(STAMP)  ## run every test (installs PostgreSQL, PostGIS, Mosquitto and Chromium when missing and root)
	MIMAS_TEST_INSTALL=1 $(BIN)/python -m pytest -n 2 --dist loadgroup $(ARGS)

coverage: $(STAMP)  ## the same, counting lines and branches; takes longer
	$(BIN)/python -m pytest -n 2 --dist loadgroup --cov --cov-report=term:skip-covered $(ARGS)

lint: $(STAMP)  ## style, types and import rules
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(STAMP)  ## measure the floors of the design as ratios to physical limits; writes bench.json
	$(BIN)/python -m tests.bench $(ARGS)

fuzz: $(STAMP)  ## look for uncaught errors: ten minutes for each parser and each OpenAPI; takes hours
	MIMAS_TEST_FUZZ_SECONDS=600 $(BIN)/python -m pytest tests/fuzz $(ARGS)

storm: $(STAMP)  ## fifty subscriptions and a minute of writes, with a dead, a slow and a killed endpoint and a kill -9
	MIMAS_TEST_STORM_SECONDS=60 $(BIN)/python -m pytest -s tests/e2e/test_fifty_subscriptions.py $(ARGS)

docs: $(STAMP)  ## write the generated reference pages and check every link
	$(BIN)/python docs/generate.py
	$(BIN)/python -m pytest -q tests/docs

conformance: $(STAMP)  ## run the checker's profile starter_platform against a real Mimas; ARGS=--read-only
	$(BIN)/python -m tests.starter_platform $(ARGS)

conformance-ngsi-ld: $(STAMP)  ## run the public NGSI-LD suite; SUITE_SRC names a clone of it
	$(BIN)/python -m tests.etsi $(ARGS)

wheel: $(STAMP)  ## build sdist and wheel into dist/
	$(BIN)/python -m build --no-isolation --outdir dist .

lock:  ## resolve requirements.lock again (needs uv)
	uv pip compile pyproject.toml --all-extras --universal --python-version 3.11 --generate-hashes \
		--no-strip-extras --no-emit-index-url --custom-compile-command "make lock" -o requirements.lock -q

$(STAMP): pyproject.toml requirements.lock
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Mimas needs Python 3.11 or newer")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

clean:  ## remove what was built, not what was stored
	rm -rf $(VENV) dist build .mypy_cache .ruff_cache .pytest_cache

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-20s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
