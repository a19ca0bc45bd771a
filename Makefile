# One command each. `make` needs Python 3.11 or newer and nothing else: it makes its own environment.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

# The first Python that is new enough and can make an environment. Another one: make PYTHON=/path/to/python3.12
PYTHON ?= $(shell for python in python3 python3.11 python3.12 python3.13 python3.14; do \
	"$$python" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo "$$python" && break; \
	done)
VENV ?= .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
# Where bytecode is not kept, every process of the tests and the demo compiles all of Orch anew.
unexport PYTHONDONTWRITEBYTECODE
RELEASED_CONTRACT := proto/released/orch.v1.binpb

# What to run: make test TESTS='tests/unit -k lease'; make bench BENCH='import lifecycle'
TESTS ?=
# How many processes run the whole suite: more than there are cores, since tests wait half of their time. make test JOBS=4
JOBS ?= 3
BENCH ?=
# make fuzz SEED=123; make schemathesis EXAMPLES=100; make record-schema COMMIT=v0.1.0
SEED ?=
EXAMPLES ?= 20
COMMIT ?=
# make bench-compare BASE=main PAIRS=12; where make bench-peers installs them, and make bench looks for them
BASE ?=
PAIRS ?= 8
PEERS_HOME ?= .venv-peers
# make simulate SEEDS=5000; make simulate SEED=123; make simulate DATABASE=postgresql
SEEDS ?= 2000
DATABASE ?= sqlite
# make soak MINUTES=30
MINUTES ?= 30
IMAGE ?= orch
PYTHON_IMAGE ?=
# make demo DEMO=--no-stay ends by itself
DEMO ?=

.PHONY: help
help: ## Show this list
	@sed -nE 's/^([a-z-]+):.*## (.*)/\1\t\2/p' $(MAKEFILE_LIST) | awk -F'\t' '{printf "  %-18s %s\n", $$1, $$2}'

# pip older than 25.1 cannot read dependency groups.
$(INSTALLED): pyproject.toml
	@[ -n "$(PYTHON)" ] || { echo "Orch needs Python 3.11 or newer with venv (Debian: apt-get install python3-venv)" >&2; exit 1; }
	[ -x $(BIN)/python ] || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1'
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable . --group dev
	@touch $@

.PHONY: install
install: $(INSTALLED) ## Make the environment in .venv (the others do it for you)

.PHONY: demo
demo: $(INSTALLED) ## See Orch work: an ETL is deployed, run, killed half-way, and goes on. Stays until Ctrl-C
	-$(BIN)/python tools/build_web.py
	$(BIN)/python examples/demo/demo.py $(DEMO)

.PHONY: tour
tour: $(INSTALLED) ## See the control plane alone, by its contract
	$(BIN)/python examples/control_plane_tour.py

.PHONY: web
web: $(INSTALLED) ## Build the screen, clients/web, where its sources have changed (an install builds it, too)
	$(BIN)/python tools/build_web.py

.PHONY: test
test: $(INSTALLED) ## Run the tests (TESTS='tests/unit -k lease' runs some)
	$(BIN)/python -m pytest $(if $(TESTS),,-n $(JOBS) --dist loadfile --no-loadscope-reorder) $(TESTS)

.PHONY: fuzz
fuzz: $(INSTALLED) ## Hostile input by chance, for MINUTES=30 (SEED=… repeats a round, TESTS='tests/fuzz/test_wire.py' runs some)
	$(BIN)/python -m tests.fuzz --minutes '$(or $(MINUTES),30)' $(if $(SEED),--seed '$(SEED)') $(TESTS)

# In an environment of its own: it is large, and only this needs it.
.PHONY: schemathesis
schemathesis: $(INSTALLED) ## Hold the HTTP edge against its OpenAPI document with Schemathesis (EXAMPLES=20 SEED=…)
	[ -x .venv-schemathesis/bin/python ] || $(PYTHON) -m venv .venv-schemathesis
	.venv-schemathesis/bin/python -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1'
	.venv-schemathesis/bin/python -m pip install --quiet --disable-pip-version-check --group schemathesis
	$(BIN)/python -m tests.e2e.http .venv-schemathesis/bin/schemathesis --max-examples '$(EXAMPLES)' $(if $(SEED),--seed '$(SEED)')

.PHONY: check
check: lint types contract verify web-check ## Everything but the tests: style, types, import rules, contract, generated files

.PHONY: lint
lint: $(INSTALLED) ## Style and import rules
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

.PHONY: types
types: $(INSTALLED) ## mypy --strict
	$(BIN)/mypy

.PHONY: web-check
web-check: $(INSTALLED) ## Types, style and generated code of the screen
	$(BIN)/python tools/build_web.py --check

.PHONY: contract
contract: $(INSTALLED) ## Lint the contract, and compare it with the released one
	$(BIN)/buf lint
	@if [ -f $(RELEASED_CONTRACT) ]; then \
		echo "$(BIN)/buf breaking --against $(RELEASED_CONTRACT)"; \
		$(BIN)/buf breaking --against $(RELEASED_CONTRACT); \
	else \
		echo "no contract has been released yet: nothing that could break"; \
	fi

.PHONY: release-contract
release-contract: $(INSTALLED) ## Record the contract that this release promises to keep
	mkdir -p $(dir $(RELEASED_CONTRACT))
	$(BIN)/buf build --exclude-source-info --output $(RELEASED_CONTRACT)

.PHONY: record-schema
record-schema: $(INSTALLED) ## Record what a release writes, for the upgrade tests (COMMIT=<git ref>, by default HEAD)
	$(BIN)/python -m tests.upgrade $(COMMIT)

.PHONY: generate
generate: $(INSTALLED) ## Generate the code of the contract (Python, TypeScript), OpenAPI, docs/state_machine.md
	$(BIN)/python tools/generate.py
	$(BIN)/python tools/generate_web.py

.PHONY: verify
verify: $(INSTALLED) ## Fail if a generated file is not what its source says
	$(BIN)/python tools/generate.py --check

.PHONY: format
format: $(INSTALLED) ## Format, and fix what can be fixed
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

.PHONY: simulate
simulate: $(INSTALLED) ## The control plane under a simulated clock with seeded faults (SEEDS=5000; SEED=123 replays one; DATABASE=postgresql)
	@$(BIN)/python -W ignore -m tests.simulation $(if $(SEED),--seed $(SEED),--seeds $(SEEDS)) --database $(DATABASE)

.PHONY: simulate-guards
simulate-guards: $(INSTALLED) ## Take out each guard of an invariant, and show which seed finds it (1000 seeds each at most)
	@$(BIN)/python -W ignore -m tests.simulation --guards

.PHONY: bench
bench: $(INSTALLED) ## Run the benchmarks (BENCH='name name' runs some)
	PEERS_HOME='$(PEERS_HOME)' $(BIN)/python -m tests.bench $(BENCH)

.PHONY: bench-compare
bench-compare: $(INSTALLED) ## Say what is slower than at BASE=<git ref>, beyond noise (BENCH='name name', PAIRS=8)
	@[ -n "$(BASE)" ] || { echo "say what to compare with: make bench-compare BASE=main" >&2; exit 2; }
	$(BIN)/python -m tests.bench.compare --pairs '$(PAIRS)' -- '$(BASE)' $(BENCH)

# Versions that our figures stand beside. Prefect admits newer releases of FastAPI, and does not start on them.
.PHONY: bench-peers
bench-peers: $(INSTALLED) ## Install Prefect and DBOS, each in an environment of its own, for the bench `peers`
	for peer in prefect dbos; do [ -x '$(PEERS_HOME)'/$$peer/bin/python ] || $(PYTHON) -m venv '$(PEERS_HOME)'/$$peer; done
	'$(PEERS_HOME)'/prefect/bin/python -m pip install --quiet --disable-pip-version-check 'prefect==3.8.8'
	'$(PEERS_HOME)'/prefect/bin/python -m pip install --quiet --disable-pip-version-check --no-deps 'fastapi==0.139.0'
	'$(PEERS_HOME)'/dbos/bin/python -m pip install --quiet --disable-pip-version-check 'dbos==3.4.0'

.PHONY: soak
soak: $(INSTALLED) ## Mixed load on Postgres: does anything grow or slow down? (MINUTES=30; samples in soak.jsonl)
	$(BIN)/python -m tests.bench.soak --minutes '$(or $(MINUTES),30)'

.PHONY: chaos
chaos: MINUTES = 10
chaos: $(INSTALLED) ## Break what an installation of real processes lives on, for MINUTES=10 (SEED=… repeats one); see docs/chaos.md
	$(BIN)/python -m tests.chaos --minutes '$(MINUTES)' $(if $(SEED),--seed '$(SEED)')

.PHONY: image
image: $(INSTALLED) ## Build the Docker image "orch" of this tree (IMAGE=name:tag, PYTHON_IMAGE=python:3.13-slim)
	rm -f dist/orch-*.whl
	$(BIN)/python -m build --wheel --no-isolation
	docker build -f deploy/docker/Dockerfile -t $(IMAGE) $(if $(PYTHON_IMAGE),--build-arg PYTHON_IMAGE=$(PYTHON_IMAGE)) .

.PHONY: clean
clean: ## Remove everything that make made
	rm -rf $(VENV) .venv-protoc .venv-peers .venv-schemathesis soak.jsonl build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -not -path './.git/*' -prune -exec rm -rf {} +
