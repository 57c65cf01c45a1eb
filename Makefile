# Two commands matter: `make run` serves a small demo observatory, `make test` runs the whole suite.
PYTHON ?= python3
PORT ?= 8000
VENV := .venv
PY := $(VENV)/bin/python
CLIENT := .venv-client

.PHONY: run test lint bench lock clean

run: $(VENV)/.ready
	$(PY) manage.py migrate --verbosity 0
	$(PY) manage.py seed_demo
	exec $(PY) manage.py up --port $(PORT)

test: $(VENV)/.ready-dev $(CLIENT)/.ready
	$(PY) -m pytest -n 2 $(ARGS)

lint: $(VENV)/.ready-dev
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy
	$(VENV)/bin/lint-imports
	$(PY) manage.py makemigrations --check --dry-run
	$(PY) manage.py check --fail-level WARNING

bench: $(VENV)/.ready-dev $(CLIENT)/.ready
	$(PY) -m tests.bench $(ARGS)

# Hashes of everything, for every platform; needs `uv`.
lock:
	for name in requirements requirements-dev requirements-client; do \
	    uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header $$name.in -o $$name.txt; \
	done

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.ready: requirements.txt | $(VENV)/bin/python
	$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	touch $@

$(VENV)/.ready-dev: requirements-dev.txt $(VENV)/.ready
	$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	touch $@

$(CLIENT)/.ready: requirements-client.txt
	$(PYTHON) -m venv $(CLIENT)
	$(CLIENT)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-client.txt
	touch $@

clean:
	rm -rf $(VENV) $(CLIENT)
