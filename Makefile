# `make run` starts Daedam and `make test` proves it; both first install what they need.

BIN := .venv/bin

# What the tests need beyond the packages in README's first line, by Debian's names. Elsewhere set
# it to nothing, and DAEDAM_CHROMIUM and DAEDAM_FIREFOX to the browsers.
APT_TEST_PACKAGES ?= chromium firefox-esr fonts-noto-cjk coturn prometheus caddy redis-server \
	simple-whip-client
# Models that only tests use; the server's own are fetched without being named.
TEST_MODELS ?= kokoro-voices

# Named one by one: newer releases of Node take a folder for a module.
PAGE_TESTS = $(wildcard tests/static/*.test.js)
JOURNEYS = $(wildcard tests/browser/*.test.js)

.DEFAULT_GOAL := help
.PHONY: help run test format types screenshots lock clean

help: ## This list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 16

run: ## Install, fetch the models, start the server [PORT=9000] [ARGS="--data DIR"]
	@tools/environment
	@$(BIN)/daedam models fetch
	@exec $(BIN)/daedam serve $(if $(PORT),--port $(PORT)) $(ARGS)

test: ## Install, then formatting, lint, types, import contracts and every test [ARGS="-k note"]
	@tools/debian-packages $(APT_TEST_PACKAGES)
	@tools/environment --test
	@tools/node-environment
	@$(BIN)/daedam models fetch
	@$(if $(TEST_MODELS),$(BIN)/daedam models fetch $(TEST_MODELS))
	@echo "== formatting" && $(BIN)/ruff format --check .
	@echo "== lint" && $(BIN)/ruff check .
	@echo "== types" && $(BIN)/mypy
	@node_modules/.bin/tsc --project . && node_modules/.bin/tsc --project tests
	@echo "== import contracts" && $(BIN)/lint-imports
	@echo "== tests of the pages' modules" && node --import ./tests/node18.js --test $(PAGE_TESTS)
	@echo "== tests" && $(BIN)/pytest $(ARGS)
	@echo "== journeys in browsers" && node --test --test-concurrency=1 $(JOURNEYS)

format: ## Format the code and mend what lint can mend
	@tools/environment --test
	@$(BIN)/ruff format . && $(BIN)/ruff check --fix .

types: ## Write the pages' message types and the documents of the wire anew from the code
	@tools/environment
	@$(BIN)/python -m tools.messages_dts && $(BIN)/python -m tools.contracts

screenshots: ## Take the pictures in docs anew (run make test before)
	@node tests/browser/screenshots.js

lock: ## Pin the dependencies of pyproject.toml anew [UPGRADE=1]
	@tools/environment
	@UPGRADE=$(UPGRADE) tools/lock

clean: ## Remove what was installed and built here; interviews and models stay
	rm -rf .venv node_modules build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
