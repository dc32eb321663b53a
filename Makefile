# make demo and make test each make the environment first. Needs Python >= 3.11 and a POSIX shell.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.DEFAULT_GOAL := help
.PHONY: help demo test lint types contracts check bench docs faults nightly bluez clean

help: ## list the targets
	@grep -hE '^[a-z]+:.*## ' Makefile | sed 's/:.*## /\t/'

$(READY): requirements-dev.lock pyproject.toml
	@PYTHON=$(PYTHON) bash .ci/system-libraries
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --require-hashes -r requirements-dev.lock
	@# pip would compile on one core, and the tests of packages too; a file that is no Python is no failure
	@$(BIN)/python -m compileall -q -j 0 -x '/tests?/' $(VENV)/lib rehabctl > /dev/null 2>&1 || true
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

demo: $(READY) ## build the demo clinic and open it
	@$(BIN)/rehabctl demo

test: $(READY) ## run the tests
	$(BIN)/python -m pytest -m "not nightly"

lint: $(READY) ## style and security rules
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(READY) ## strict types
	$(BIN)/pyright

contracts: $(READY) ## which package may import which
	$(BIN)/lint-imports

check: lint types contracts test ## everything that CI runs

bench: $(READY) ## print each ratio against its limit
	@for file in benchmarks/*.py; do $(BIN)/python $$file || exit 1; done

docs: $(READY) ## write the generated pages
	$(BIN)/python docs/generate_cli_reference.py
	$(BIN)/python docs/generate_access_matrix.py

faults: $(READY) ## two hundred kills at random moments; nothing may be lost
	@seed=$${REHABCTL_FAULT_SEED:-$$(date +%s)}; echo "REHABCTL_FAULT_SEED=$$seed"; \
	REHABCTL_FAULT_SEED=$$seed $(BIN)/python -m pytest tests/faults

nightly: $(READY) ## the long campaigns
	REHABCTL_TEST_EXAMPLES=new $(BIN)/python -m pytest

bluez: $(READY) ## virtual sensors under the real BlueZ, in a virtual machine (Debian, 100 MB)
	bash tests/peripherals/bluez/run.sh

clean: ## remove the environment and caches
	rm -rf $(VENV) .pytest_cache .ruff_cache .hypothesis
