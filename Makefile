# The words that a person and CI share. Nothing here needs more than bash, make and Python 3.11.
.DEFAULT_GOAL := help
.PHONY: help up down test check docs lock tracking browser referees clean runtime dev
SHELL := bash
PYTHON ?= python3
export PYTHON

help:  ## what there is
	@sed -n 's/^\([a-z]*\):.*## /  make \1	/p' Makefile

up: runtime  ## bring up the environment `local` on this machine
	@.venv/bin/seedbed up local

# The data in the local account goes too: it lives on this machine only, and `up` makes the account anew.
down: runtime  ## destroy the environment `local`, with its data, and stop the local cloud
	@.venv/bin/seedbed down local --yes --delete-data

test: dev tracking browser  ## every test: unit, policies, integration on the real engine
	@.venv/bin/python -m engine
	@.venv/bin/python -m pytest -n 2 --dist loadscope --no-loadscope-reorder

check: dev  ## format, lint, types
	@.venv/bin/ruff format --check .
	@.venv/bin/ruff check .
	@.venv/bin/pyrefly check

docs: dev  ## regenerate what is generated: schema, settings guide, controls table, types of the local cloud, pictures
	@.venv/bin/python -m stacks.settings schema
	@.venv/bin/python -m stacks.settings guide
	@.venv/bin/python -m policies guide
	@.venv/bin/python -m tests.localcloud.types_page
	@.venv/bin/python -m seedbed.picture prod docs/environment.svg
	@.venv/bin/python -m benchmarks.makespan docs/makespan.svg

LOCK = .venv/bin/uv pip compile --quiet --generate-hashes --no-emit-index-url --no-emit-find-links --no-annotate \
	--python-version 3.11

lock: dev  ## write the hash-locked requirements anew from requirements/*.in
	@$(LOCK) requirements/runtime.in -o requirements/runtime.txt
	@$(LOCK) requirements/dev.in -o requirements/dev.txt
	@$(LOCK) requirements/tracking.in -o requirements/tracking.txt
	@$(LOCK) requirements/browser.in -o requirements/browser.txt
	@$(LOCK) requirements/checkov.in -o requirements/checkov.txt
	@$(LOCK) --no-deps requirements/prowler.in -o requirements/prowler.txt
	@$(LOCK) requirements/benchmarks.in -o requirements/benchmarks.txt

tracking:  ## set up MLflow for `seedbed tracking`, 900 MB in .venv-tracking
	@requirements/install tracking

browser:  ## set up the browser that tests open pages in, 440 MB in .venv-browser
	@requirements/install browser

referees: dev  ## what other people's scanners say of the same resources, 540 MB in .venv-checkov and .venv-prowler; for the night
	@requirements/install checkov
	@requirements/install prowler
	@.venv/bin/python -m engine
	@.venv/bin/python -m pytest -n 0 referees

# Does not destroy anything: `make down` does. Binaries in the user's cache stay.
clean:  ## remove caches and the virtual environment; a running local environment is left alone
	@rm -rf .venv .venv-tracking .venv-browser .venv-checkov .venv-prowler .pytest_cache .ruff_cache .hypothesis ./*.egg-info
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

runtime:
	@requirements/install runtime

dev:
	@requirements/install dev
