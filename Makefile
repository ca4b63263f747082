# Needs Python >= 3.11 and make; everything else is fetched into .venv (PYTHON= picks another Python).
UV_VERSION := 0.13.8
BIN := .venv/bin
READY := .venv/.synced
ROUNDS := 3
SEED := 2026
export PYTHON
# Tests start many processes; without compiled files each of them compiles every library again.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-tryton test-all bench bench-rating bench-reconcile check format docs screenshots clean soak chaos

help: ## List these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

setup: $(READY) ## Install what the others need; they do it themselves

$(READY): uv.lock pyproject.toml tools/bootstrap tools/assets/package-lock.json Makefile
	@tools/bootstrap $(UV_VERSION)

demo: $(READY) ## A firm's quarter from deal to paid invoice, on simulated systems
	@$(BIN)/isthmus demo $(ARGS)

test: $(READY) ## The tests that take seconds (ARGS= goes to pytest)
	@$(BIN)/pytest -m "not slow and not tryton" -n 3 --dist loadfile $(ARGS)

test-tryton: $(READY) ## The same deals, hours and invoices in a real Tryton server
	@$(BIN)/pytest -m "tryton and not slow" -n 2 --dist loadfile $(ARGS)

test-all: $(READY) ## Every test, also crashes and real servers
	@ISTHMUS_TEST_HYPOTHESIS=searching $(BIN)/pytest -n 3 --dist loadfile $(ARGS)

bench: $(READY) ## Isthmus beside its peers on one job (ARGS=--quick, ARGS=--write)
	@$(BIN)/python bench/run.py $(ARGS)

chaos: $(READY) ## A firm at work while everything breaks, checked from outside (ROUNDS=, SEED=)
	@$(BIN)/python -m chaos --rounds $(ROUNDS) --seed $(SEED) $(ARGS)

bench-rating: $(READY) ## Time entries rated per second (ARGS=--write renews its page)
	@$(BIN)/python bench/rating.py $(ARGS)

bench-reconcile: $(READY) ## A million rows a side compared, beside DuckDB (ARGS=--quick, ARGS=--write)
	@$(BIN)/python bench/reconcile.py $(ARGS)

soak: $(READY) ## Steady work with faults for MINUTES=15: does what is held level off?
	@MINUTES=$(or $(MINUTES),15) $(BIN)/python -m chaos.soak

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

screenshots: $(READY) ## Pictures of every page of the console, on the demo's data
	@$(BIN)/python -m tests.console.pictures

clean: ## Remove .venv and all caches
	rm -rf .venv build dist .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find src tests chaos -name __pycache__ -type d -prune -exec rm -rf {} +
