# Needs Python >= 3.11 and make; everything else is fetched into .venv (PYTHON= picks another Python).
UV_VERSION := 0.13.8
BIN := .venv/bin
READY := .venv/.synced
export PYTHON
# Tests start many processes; without compiled files each of them compiles every library again.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-all bench-rating check format docs clean

help: ## List these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

setup: $(READY) ## Install what the others need; they do it themselves

$(READY): uv.lock pyproject.toml tools/bootstrap Makefile
	@tools/bootstrap $(UV_VERSION)

demo: $(READY) ## A firm's quarter from deal to paid invoice, on simulated systems
	@$(BIN)/isthmus demo $(ARGS)

test: $(READY) ## The tests that take seconds (ARGS= goes to pytest)
	@$(BIN)/pytest -m "not slow" -n 3 --dist loadfile $(ARGS)

test-all: $(READY) ## Every test, also crashes and real servers
	@$(BIN)/pytest -n 3 --dist loadfile $(ARGS)

bench-rating: $(READY) ## Time entries rated per second (ARGS=--write renews its page)
	@$(BIN)/python bench/rating.py $(ARGS)

check: $(READY) ## Format, lint, types and the direction of imports
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

format: $(READY) ## Format the code and fix what ruff can fix
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

docs: $(READY) ## Write the generated pages of docs/ again
	@$(BIN)/isthmus docs build
	@$(BIN)/python -m tests.finance.page

clean: ## Remove .venv and all caches
	rm -rf .venv build dist .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find src tests -name __pycache__ -type d -prune -exec rm -rf {} +
