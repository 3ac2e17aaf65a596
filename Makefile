# Everything needs only Python 3.11 or newer, make and git; `make help` lists the targets. Without make: README.md.
SHELL := /bin/sh
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
TORCH := $(shell sed -n 's/^torch==//p' constraints.txt)
# Paths are data: $(call quote,TEXT) is one word for the shell, whatever is in it; $(value NAME) leaves `$` alone.
quote = '$(subst ','\'',$(1))'
# The first of these that runs and is one that pyproject.toml allows; or name one: make setup PYTHON=/path/to/python3.11
CANDIDATES := $(if $(value PYTHON),$(call quote,$(value PYTHON)),python3.11 python3)
ALLOWED := import sys; version = sys.version_info[:3]; sys.exit(version < (3, 11) or version == (3, 14, 1))
find_python = $(shell for p in $(CANDIDATES); do "$$p" -c '$(ALLOWED)' 2>/dev/null && { printf '%s' "$$p"; break; }; done)
NO_PYTHON := Fairness Lab needs Python 3.11 or newer, but not 3.14.1, and none of these is: $(CANDIDATES). Name one: make setup PYTHON=/path/to/python3.11
# After set-up nothing asks the network.
export HF_HUB_OFFLINE := 1
# What `make test` leaves out and `make test-rest` runs.
REST := slow or network or browser
# JupyterLab opens the first notebook, takes the course's settings (labkit/course/lab/) and remembers open tabs in work/,
# so that the tabs of other projects are not opened here. The user's own settings count as everywhere.
LAB := --LabApp.default_url=/lab/tree/work/00_start_here.ipynb --LabApp.app_settings_dir=labkit/course/lab \
	--LabApp.workspaces_dir=work/.workspaces

.DEFAULT_GOAL := help
.PHONY: help setup course lab test test-rest lint bench clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-10s %s\n", $$1, $$2}' Makefile

setup: .venv/.ready ## set up .venv and fetch what does not ship; cheap when that is done
	@$(BIN)/labkit fetch

course: setup ## execute every notebook with its solutions into build/course/
	$(BIN)/labkit run --profile default --form solution --output build/course

lab: setup ## copy missing notebooks into work/ and open JupyterLab
	$(BIN)/labkit start
	$(BIN)/python -m jupyter lab $(LAB) $(ARGS)

test: lint ## style, student notebooks against their sources, and the tests that are fast and need no network
	$(BIN)/labkit build --check
	$(BIN)/python -m pytest -m "not ($(REST))"

test-rest: setup ## the tests that `make test` leaves out: slow ones, and those that need a package index or a browser
	$(BIN)/python -m pytest -m "$(REST)"

lint: setup ## ruff: mistakes and layout; import-linter: rooms import downward only
	$(BIN)/python -m ruff check
	$(BIN)/python -m ruff format --check
	$(BIN)/lint-imports

bench: setup ## measure speed side by side with what others do; FULL=1 compares quality over seeds instead (hours)
	$(BIN)/python -m tests.benchmarks.run $(if $(FULL),--full)

clean: ## remove what runs wrote (build/); notebooks in work/ stay
	rm -rf build

# .ready is written last, .installing stands while pip is at work. Where that is found at the start, a set-up broke off
# half-way and everything begins anew; so it does when the folder was moved, or its Python is gone.
WHOLE := $(shell test ! -e .venv/.installing && $(BIN)/python -c "" 2>/dev/null && echo yes)
MOVED := $(shell test ! -e .venv/.ready || test "$$(cat .venv/.ready)" = $(call quote,$(CURDIR)) || echo yes)
AGAIN := $(if $(and $(WHOLE),$(if $(MOVED),,stayed)),,again)
.PHONY: again
again: ;

.venv/.ready: pyproject.toml constraints.txt $(AGAIN)
	$(if $(find_python),,$(error $(NO_PYTHON)))
	$(if $(AGAIN),@rm -rf .venv)
	@mkdir -p .venv && touch .venv/.installing
	@test -x $(BIN)/python || $(call quote,$(find_python)) -m venv .venv
	$(PIP) install torch==$(TORCH) $(if $(value TORCH_INDEX),--index-url $(call quote,$(value TORCH_INDEX)),-c constraints.txt)
	$(PIP) install -e '.[course,cluster,engines,excel,test]' -c constraints.txt
	@rm .venv/.installing && printf '%s\n' $(call quote,$(CURDIR)) > $@
