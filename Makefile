# One command does everything: `make`. CI runs `make ci`, which is the same and the trials against other programs.
VENV ?= .venv
PY := $(VENV)/bin/python
export HF_HUB_OFFLINE := 1
# What is tried starts Python hundreds of times. Where the environment forbids to keep what was compiled, each start would
# compile it all again.
unexport PYTHONDONTWRITEBYTECODE
# With these and --jobs, what each part says is shown as a whole, once it has ended.
SIDE_BY_SIDE := --no-print-directory --output-sync=recurse

.PHONY: all test pages deep deeds test-twice pages-twice deep-twice deeds-twice fuzz-twice lint types install clients oracle fuzz cluster cluster-trials cluster-benchmark ray plugins packages docs clean ci

all: lint types test

# Everything a fresh machine needs, into $(VENV); done again only when the project file changes.
install: $(VENV)/.installed
$(VENV)/.installed: pyproject.toml constraints.txt
	test -x $(PY) || python3 -m venv $(VENV)
	$(PY) -m pip install --quiet --upgrade "pip>=25.1"
	$(PY) -m pip install --quiet --no-compile --constraint constraints.txt --editable ".[all,bundled]" --group dev
	touch $@

# As many processes as WORKERS says, one more than two cores since tests also wait; whole files go to each, the slow
# ones first. 0: in this process, as plain pytest.
WORKERS ?= 3
test: install
	$(PY) -m pytest --numprocesses $(WORKERS) --dist loadfile --no-loadscope-reorder --durations 15

# What `test` leaves out for its minutes, or tries with few examples: all of it, with many.
deep: install
	EMBEDINGEST_DEEP=1 $(PY) -m pytest -m "deep or hypothesis" --numprocesses $(WORKERS) --dist loadfile --durations 15 --no-loadscope-reorder

# Everything that people do to a folder while it is followed, each deed by events and by polling; `test` plays a sixteenth.
deeds: install
	EMBEDINGEST_DEEDS=all $(PY) -m pytest tests/deeds --numprocesses $(WORKERS) --dist loadfile

# The page in a browser: Chromium, which is installed where that can be done (Debian, as root). Pictures of every view lie
# in tests/pages/shots afterwards.
pages: install
	$(PY) tests/pages/chromium.py
	$(PY) -m pytest tests/pages --numprocesses 2 --dist loadfile

# For CI: what failed runs once more, alone, and is named. What then passes hangs on timing: it is a defect to mend,
# and no reason to refuse a change. More than MAY_FAIL failures are none of that kind.
MAY_FAIL ?= 3
PYTEST_LAST_FAILED = .pytest_cache/v/cache/lastfailed
test-twice deep-twice deeds-twice: %-twice: install
	rm -f $(PYTEST_LAST_FAILED)
	$(MAKE) $* WORKERS=$(WORKERS) VENV=$(VENV) || { \
	  failed=$$(grep -c '": true' $(PYTEST_LAST_FAILED)) && [ "$$failed" -le $(MAY_FAIL) ] && \
	  echo "=== $$failed failed: once more, alone. What passes now is flaky and must be mended." && \
	  EMBEDINGEST_DEEP=1 EMBEDINGEST_DEEDS=all $(PY) -m pytest --last-failed --last-failed-no-failures none -m "" -rA; }

pages-twice: install
	rm -f $(PYTEST_LAST_FAILED)
	$(MAKE) pages VENV=$(VENV) || { \
	  failed=$$(grep -c '": true' $(PYTEST_LAST_FAILED)) && [ "$$failed" -le $(MAY_FAIL) ] && \
	  echo "=== $$failed failed: once more, alone. What passes now is flaky and must be mended." && \
	  $(PY) -m pytest tests/pages --last-failed --last-failed-no-failures none -rA; }

fuzz-twice: install
	$(MAKE) fuzz VENV=$(VENV) || { \
	  echo "=== fuzz failed: once more. What passes now is flaky and must be mended." && $(MAKE) fuzz VENV=$(VENV); }

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
	$(PY) tests/fuzz/raw.py --requests 2000

# What a run on many nodes promises, from outside: real processes that are killed, a bucket behind a proxy that fails.
# Trials wait, and what the benchmark measures of small runs says little, so both go at once. It leaves out its kills at
# random moments, since trials kill too: `benchmarks/cluster.py --only kills` plays a hundred.
cluster: install
	$(MAKE) $(SIDE_BY_SIDE) --jobs 2 cluster-trials cluster-benchmark

# What is asked of Ray's actors alone, where Ray is.
ray: install
	$(PY) tests/cluster/acceptance/run.py tests/cluster/test_ray.py

cluster-trials: install
	$(PY) tests/cluster/acceptance/run.py

cluster-benchmark: install
	$(PY) benchmarks/cluster.py --small --only sleeping overhead rows --results build/cluster-results

# The reference pages, from the program itself; a test says when they are stale.
docs: install
	$(PY) docs/reference/generate.py

plugins:
	plugins/check.sh $(VENV)-plugins

# The packages as others get them, the image, the units, every Python and system; needs the network.
packages: install
	packaging/check.sh $(VENV)

# What waits for a network, for one core or for another program goes beside its like, the longest first; what is left takes
# all cores by itself.
BESIDE := plugins packages fuzz-twice clients types oracle
ci: install
	$(MAKE) lint
	$(MAKE) $(SIDE_BY_SIDE) --jobs 3 $(BESIDE:%=timed-%)
	$(MAKE) timed-test-twice
	$(MAKE) timed-pages-twice
	$(MAKE) timed-deep-twice
	$(MAKE) timed-deeds-twice
	$(MAKE) timed-cluster
	$(MAKE) timed-ray

timed-%:
	@began=$$(date +%s) && $(MAKE) --no-print-directory $* && echo "=== $*: $$(($$(date +%s) - began)) s"

clean:
	rm -rf $(VENV) $(VENV)-plugins $(VENV)-release .ci-venv .ci-venv-plugins .ci-venv-release build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
