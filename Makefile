# What people and CI type. The work is in tools/; docs/setup.md tells every override.
MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help
.PHONY: help setup venv run test check bench clean constraints

PYTHON := .venv/bin/python
# The engine that setup found; whoever names one in DOCKER_HOST has it.
WITH_ENGINE = DOCKER_HOST=$${DOCKER_HOST:-$$(cat .cache/engine-url 2>/dev/null)}
TESTS ?= tests
PYTEST_ARGS ?=
BENCH ?= $(patsubst bench/%.py,%,$(shell grep -l __main__ bench/*.py 2>/dev/null))
BENCH_ARGS ?=

help: ## say what there is
	@sed -n 's/^\([a-z]*\):[^#]*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

setup: venv ## everything that this machine needs: environment, engine, base image
	@$(PYTHON) -m tools.machine setup

venv:
	@tools/venv.sh

run: setup ## start the server and print the ssh line
	@$(WITH_ENGINE) exec .venv/bin/vibetui serve

test: venv ## every test (ENGINE=none: those that need no engine; TESTS=path, PYTEST_ARGS=...)
	@$(PYTHON) -m tools.machine setup --tests
	@$(WITH_ENGINE) exec $(PYTHON) -m pytest $(TESTS) $(PYTEST_ARGS) \
	    $(if $(filter none,$(ENGINE)),-m "not docker and not e2e")

check: venv ## style, types and who may import whom
	@$(PYTHON) -m ruff check
	@$(PYTHON) -m ruff format --check
	@$(PYTHON) -m mypy
	@$(PYTHON) -m mypy tools
	@.venv/bin/lint-imports

bench: setup ## measure (BENCH="open ...", BENCH_ARGS=--json)
	@set -e; for name in $(BENCH); do $(WITH_ENGINE) $(PYTHON) -m bench.$$name $(BENCH_ARGS); done

constraints: ## pin the newest releases that pyproject.toml allows
	@tools/constraints.sh

clean: ## undo setup (FORCE=1: don't ask before removing workspaces)
	@if [ -x $(PYTHON) ]; then $(PYTHON) -m tools.machine clean $(if $(filter 1,$(FORCE)),--force); fi
	@tools/venv.sh --remove
	@rm -rf .cache build dist *.egg-info vibetui/agent/bin .mypy_cache .ruff_cache \
	    .pytest_cache .hypothesis .import_linter_cache snapshot_report.html
	@find . -name __pycache__ -prune -exec rm -rf {} +
