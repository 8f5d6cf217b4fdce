# Each target is one script; what it does stands there. PYTHON chooses the interpreter: make test PYTHON=python3.12
PYTHON ?= python3
export PYTHON
# uv compiles nothing when it installs. Where nothing may be kept, each of hundreds of processes would compile its libraries again.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help demo demo-supabase test coverage check soak bench screenshots clean

help:  ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' Makefile

demo:  ## run the quickstart notebook and print its results (nothing is left in your home)
	@scripts/demo

demo-supabase:  ## the quickstart as two people in a Supabase project of this machine's own
	@scripts/demo-supabase

test:  ## install what the tests need, check the code, run all tests
	@scripts/test

coverage:  ## which lines the tests run; fails below 95 %
	@scripts/coverage

check:  ## format, lint, types, spelling, imports
	@scripts/setup -e '.[test]'
	@scripts/check

soak:  ## 300 random kills under load, of each store
	@scripts/setup -e '.[test]'
	@scripts/soak

bench:  ## measure, beside other stores
	@scripts/bench

screenshots:  ## draw docs/images anew (needs chromium)
	@scripts/setup -e '.[test]'
	@scripts/screenshots

clean:  ## remove .venv and everything that was built
	@rm -rf .venv .venv-* build dist jupyter_modelstore/static labextension/node_modules labextension/.built .cache .coverage .coverage.* .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
