# `make demo` and `make test` do all of their own set-up; everything else is for those who work on the project.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export PYTHONPATH := tools:tests

.PHONY: help demo test soak bench bench-scale bench-soak bench-plot profile lint check generate docs e2e venv lock clean

help: ## Show what can be made
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

demo: venv ## Show the operator at work on a local API server with a simulated Apinizer (KEEP=1 keeps it running)
	@KEEP="$(KEEP)" $(BIN)/python -m demo

test: venv lint ## Check style, types, layers and drift, then run every test that needs no cluster of its own
	$(BIN)/python -m controlplane binaries
	$(BIN)/python -m pytest -n $(TEST_PROCESSES) --dist loadfile $(PYTEST_ARGS)

soak: venv ## Play a storm over everything (SOAK_SECONDS=600, SOAK_JWKS=300), then new stories (SOAK_EXAMPLES=2000)
	$(BIN)/python -m controlplane binaries
	SOAK_SECONDS=$(SOAK_SECONDS) SOAK_JWKS=$(SOAK_JWKS) $(BIN)/python -m pytest tests/chaos -s $(PYTEST_ARGS)
	SOAK_EXAMPLES=$(SOAK_EXAMPLES) $(BIN)/python -m pytest tests/lifecycle tests/planning -s $(PYTEST_ARGS)

# Tests wait more than they compute; each process has an API server and a simulator of its own.
TEST_PROCESSES ?= 3

SOAK_SECONDS ?= 600
SOAK_JWKS ?= 300
SOAK_EXAMPLES ?= 2000

bench: venv ## Hold the operator against a bare program in every scenario, in an hour and a half (BENCH_PAIRS=3)
	$(BIN)/python -m controlplane binaries
	$(BENCH) --sizes $(BENCH_SIZES) --jwks $(BENCH_JWKS) --pairs $(BENCH_PAIRS) \
	  --large-pairs $(BENCH_LARGE_PAIRS) --soak-minutes $(BENCH_SOAK_MINUTES) \
	  --json build/bench.json --svg build/bench.svg $(BENCH_ARGS)

bench-scale: venv ## Let both do a backlog of BENCH_SCALE=50000 JWKs, and the operator start again over it
	$(BIN)/python -m controlplane binaries
	$(BENCH) --sizes $(BENCH_SCALE) --pairs 1 --only backlog,restart --json build/bench-scale.json $(BENCH_ARGS)

bench-soak: venv ## Change descriptions for BENCH_SOAK_MINUTES=30 over BENCH_JWKS=1000: does memory grow?
	$(BIN)/python -m controlplane binaries
	$(BENCH) --jwks $(BENCH_JWKS) --only soak --soak-minutes $(BENCH_SOAK_MINUTES) \
	  --json build/bench-soak.json $(BENCH_ARGS)

bench-plot: venv ## Draw build/bench.svg from BENCH_JSON=build/bench.json
	PYTHONPATH=.:tools:tests $(BIN)/python -m benchmarks.plot $(BENCH_JSON) build/bench.svg

BENCH := PYTHONPATH=.:tools:tests $(BIN)/python -m benchmarks
BENCH_SIZES ?= 100,1000,10000
BENCH_JWKS ?= 1000
BENCH_PAIRS ?= 3
BENCH_LARGE_PAIRS ?= $(BENCH_PAIRS)
BENCH_SCALE ?= 50000
BENCH_SOAK_MINUTES ?= 30
BENCH_JSON ?= build/bench.json

profile: venv ## Find where CPU time and memory of the operator go (PROFILE_JWKS=1000); writes to build/profile
	$(BIN)/python -m controlplane binaries
	PYTHONPATH=.:tools:tests $(BIN)/python -m benchmarks.profile --jwks $(PROFILE_JWKS) --into build/profile

PROFILE_JWKS ?= 1000

lint: venv ## Style, types, import contracts, Dockerfile, generated files
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/hadolint Dockerfile manifests/olm/bundle.Dockerfile
	$(BIN)/python -m jwk_operator.api.generate --check
	$(BIN)/python -m decisions --check
	$(BIN)/python -m health --check
	$(BIN)/python -m dashboard --check
	$(BIN)/python -m chart --check
	$(BIN)/python -m olm --check
	$(BIN)/python -m reference --check

generate: venv ## Write CRDs and reference pages from the models, decision table and health checks from the decisions
	$(BIN)/python -m jwk_operator.api.generate
	$(BIN)/python -m decisions
	$(BIN)/python -m health
	$(BIN)/python -m dashboard
	$(BIN)/python -m chart
	$(BIN)/python -m olm
	$(BIN)/python -m reference

docs: venv ## Build the documentation as a static site in build/site; a warning is an error
	$(BIN)/python -m docsite

e2e: venv ## End-to-end tests: in the cluster of KUBECONFIG with the image JWK_OPERATOR_IMAGE, or else in one made by kind
	$(BIN)/python -m kindcluster $(BIN)/python -m pytest tests/e2e -m e2e $(PYTEST_ARGS)

venv: $(VENV)/.made ## Make .venv with everything that is needed, from lock files with hashes

$(VENV)/.made: requirements/dev.lock pyproject.toml simulator/pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed; set PYTHON to one, e.g. make $(MAKECMDGOALS) PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e . -e simulator
	@touch $@

lock: ## Resolve the lock files anew (needs uv)
	uv pip compile -q pyproject.toml $(LOCK_FLAGS) -o requirements/runtime.lock
	uv pip compile -q pyproject.toml --group dev $(LOCK_FLAGS) -o requirements/dev.lock
	uv pip compile -q requirements/build.in $(LOCK_FLAGS) -o requirements/build.lock

LOCK_FLAGS := --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url

clean: ## Remove what was made here; the cached control plane stays
	rm -rf $(VENV) build .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
