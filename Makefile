# Two commands matter: `make run` serves a small demo observatory, `make test` runs the whole suite.
PYTHON ?= python3
PORT ?= 8000
VENV := .venv
PY := $(VENV)/bin/python
CLIENT := .venv-client

.PHONY: run test lint bench lock clean

run: $(VENV)/.ready
	$(PY) manage.py migrate --verbosity 0
	PUBLIC_URL=$${PUBLIC_URL:-http://localhost:$(PORT)} $(PY) manage.py seed_demo --if-possible
	exec $(PY) manage.py up --port $(PORT)

test: $(VENV)/.ready-dev $(CLIENT)/.ready
	$(PY) -m pytest -n 2 --dist loadgroup $(ARGS)

lint: $(VENV)/.ready-dev
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy
	$(PY) -m mypy --strict apps/rules apps/certify apps/core
	$(VENV)/bin/lint-imports
	$(PY) manage.py makemigrations --check --dry-run
	$(PY) manage.py check --fail-level WARNING

bench: $(VENV)/.ready-dev $(CLIENT)/.ready
	$(PY) -m tests.bench $(ARGS)

# Collects docs/changes under the version of crds_server/__init__.py.
.PHONY: changelog
changelog: $(VENV)/.ready-dev
	$(VENV)/bin/towncrier build --yes --version "$$($(PY) -c 'import crds_server; print(crds_server.__version__)')"

# Hashes of everything, for every platform; needs `uv`.
lock:
	for name in requirements requirements-dev requirements-client requirements-synphot; do \
	    uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header $$name.in -o $$name.txt; \
	done

# Debian keeps the module that makes environments in a package of its own.
.PHONY: venv-module
venv-module:
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || { \
	    echo "Installing Debian's python3-venv, which this Python lacks."; \
	    sudo=$$([ "$$(id -u)" = 0 ] || echo sudo); \
	    $$sudo apt-get update -qq && $$sudo apt-get install -y -qq python3-venv >/dev/null; \
	}

$(VENV)/bin/python: | venv-module
	$(PYTHON) -m venv $(VENV)

$(VENV)/.ready: requirements.txt | $(VENV)/bin/python
	$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	touch $@

$(VENV)/.ready-dev: requirements-dev.txt $(VENV)/.ready
	$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	touch $@

$(CLIENT)/.ready: requirements-client.txt | venv-module
	$(PYTHON) -m venv $(CLIENT)
	$(CLIENT)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-client.txt
	touch $@

clean:
	rm -rf $(VENV) $(CLIENT)

# Brings what the pages take from others, at the versions of the lock file; needs npm, which nothing else does.
.PHONY: vendor
vendor:
	cd static/vendor && npm ci --ignore-scripts --no-audit --no-fund
	cp static/vendor/node_modules/@fontsource-variable/inter/files/inter-latin-wght-normal.woff2 static/vendor/inter/inter.woff2
	cp static/vendor/node_modules/@fontsource-variable/inter/LICENSE static/vendor/inter/LICENSE
	rm -r static/vendor/node_modules
	cd static/vendor && sha256sum inter/* > SHA256SUMS
