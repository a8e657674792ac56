# One command does everything: `make`. CI runs `make ci`, which is the same and the trials against other programs.
VENV ?= .venv
PY := $(VENV)/bin/python
export HF_HUB_OFFLINE := 1

.PHONY: all test lint types install clients oracle fuzz plugins docs clean ci

all: lint types test

# Everything a fresh machine needs, into $(VENV); done again only when the project file changes.
install: $(VENV)/.installed
$(VENV)/.installed: pyproject.toml constraints.txt
	test -x $(PY) || python3 -m venv $(VENV)
	$(PY) -m pip install --quiet --upgrade "pip>=25.1"
	$(PY) -m pip install --quiet --constraint constraints.txt --editable ".[all,bundled]" --group dev
	touch $@

# As many processes as WORKERS says; whole files go to each, the slow ones first. 0: in this process, as plain pytest.
WORKERS ?= 2
test: install
	$(PY) -m pytest --numprocesses $(WORKERS) --dist loadfile --no-loadscope-reorder

lint: install
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .

types: install
	$(PY) -m mypy

# Against other people's programs: their clients, their engine, their request generator; and the plug-ins as strangers.
clients: install
	$(PY) tests/clients/run.py

oracle: install
	$(PY) tests/oracle/run.py

fuzz: install
	$(PY) tests/fuzz/run.py

# The reference pages, from the program itself; a test says when they are stale.
docs: install
	$(PY) docs/reference/generate.py

plugins:
	plugins/check.sh $(VENV)-plugins

ci: lint types test clients oracle fuzz plugins

clean:
	rm -rf $(VENV) $(VENV)-plugins .ci-venv .ci-venv-plugins build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
