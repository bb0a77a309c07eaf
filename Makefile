# Everything that this project is asked to do, one word each.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin

.DEFAULT_GOAL := help

.PHONY: help
help: ## say what each word does
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

$(VENV)/.runs: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	@touch $@

$(VENV)/.tests: $(VENV)/.runs
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@

.PHONY: run
run: $(VENV)/.runs ## set up, then judge the claims and write report/hybrid-batches/index.html
	$(BIN)/claimcheck run claims/

.PHONY: check
check: lint test ## pass all checks and tests; this is what CI runs

.PHONY: lint
lint: $(VENV)/.tests ## style, types, who may import whom
	$(BIN)/ruff check claimcheck tests tools
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

.PHONY: test
test: $(VENV)/.tests ## the tests
	$(BIN)/python -m pytest

.PHONY: schemas
schemas: $(VENV)/.runs ## write the JSON Schemas that editors read
	mkdir -p schemas
	$(BIN)/claimcheck schema claim > schemas/claim-v1.json
	$(BIN)/claimcheck schema reproduction > schemas/reproduction-v1.json
	$(BIN)/claimcheck schema report > schemas/report-v1.json

.PHONY: calibration
calibration: $(VENV)/.runs ## simulate again how often the rules are right, for docs/calibration.md and every report; RUNS=folder of runs
	$(BIN)/claimcheck selftest $(if $(RUNS),--store $(RUNS)) --write docs/calibration.md --write claimcheck/report/calibration.json

.PHONY: report
report: $(VENV)/.runs ## make the example report and its runs under reports/ again, from the data in CLAIMCHECK_DATA
	$(BIN)/claimcheck data verify xquad-r mlqa-r
	find reports/hybrid-batches/store -mindepth 1 -type d -prune -exec rm -rf {} +
	$(BIN)/claimcheck run claims/ --store reports/hybrid-batches/store --out reports/hybrid-batches
	rm -rf reports/hybrid-batches/store/locks reports/hybrid-batches/store/parts
