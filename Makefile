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
RELEASED_CONTRACT := proto/released/orch.v1.binpb

# What to run: make test TESTS='tests/unit -k lease'; make bench BENCH='import lifecycle'
TESTS ?=
# How many processes run the whole suite: make test JOBS=4
JOBS ?= 2
BENCH ?=
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

.PHONY: bench
bench: $(INSTALLED) ## Run the benchmarks (BENCH='name name' runs some)
	$(BIN)/python -m tests.bench $(BENCH)

.PHONY: image
image: $(INSTALLED) ## Build the Docker image "orch" of this tree (IMAGE=name:tag, PYTHON_IMAGE=python:3.13-slim)
	rm -f dist/orch-*.whl
	$(BIN)/python -m build --wheel --no-isolation
	docker build -f deploy/docker/Dockerfile -t $(IMAGE) $(if $(PYTHON_IMAGE),--build-arg PYTHON_IMAGE=$(PYTHON_IMAGE)) .

.PHONY: clean
clean: ## Remove everything that make made
	rm -rf $(VENV) .venv-protoc build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -not -path './.git/*' -prune -exec rm -rf {} +
