# Four commands: run, test, check, bench. The others support them.
PYTHON ?= python3
NEWER_PYTHON ?= python3.12
VENV := .venv
PY := $(VENV)/bin/python
SCANNER := var/scan/venv
INTEROP := var/interop/venv
.DEFAULT_GOAL := help
.PHONY: help run install test test-all test-newest test-without-log check chaos cluster monitoring scan interop adversary signals fuzz bench messages lock lock-age system package test-handbook debian pictures fonts

help:
	@echo "make run       the appeal in demo mode on http://127.0.0.1:8000"
	@echo "make test      the tests, on SQLite and PostgreSQL, with a real browser"
	@echo "make test-all  make check, every test, and the scanner"
	@echo "make check     lint, types, and whether the locks hold on any day"
	@echo "make chaos     hundreds of kills, full disks, wrong clocks: what is survived"
	@echo "make cluster   Patroni, etcd, HAProxy, PgBouncer: a cluster is started and broken, machine by machine"
	@echo "make monitoring  the alerts of Prometheus: their tests, and what fires when a real site breaks"
	@echo "make scan      a black-box scanner over the running site, signed in and not"
	@echo "make interop   the public log against another implementation of its specifications"
	@echo "make fuzz      a fuzzer against all that reads what strangers send"
	@echo "make adversary  two worlds that differ in one person, timed from outside"
	@echo "make signals    how often honest days and forged signatures are noticed, simulated"
	@echo "make bench     the benchmarks"
	@echo "make package   builds wheel, sdist, a .deb for each Debian and an image, installs each and signs there"
	@echo "make test-handbook  runs the commands of the handbook on booted Debian 12 and 13"
	@echo "make lock-age  how old the lock is, and which packages have a newer release"
	@echo "make pictures  the pictures of the README, made of the example campaign"
	@echo "make fonts     the fonts of the site, made of those of the letters"

run: install
	@PETITION_MODE=demo $(PY) -m petition demo --example
	@PETITION_MODE=demo $(PY) -m petition serve

install: $(VENV)/.installed

$(VENV)/.installed: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Petition needs Python 3.11 or newer: set PYTHON=python3.11." >&2; exit 1; }
	@test -x $(PY) || echo "Making $(VENV) with $$($(PYTHON) --version)"
	@test -x $(PY) || $(PYTHON) -m venv $(VENV) || { echo "Python's venv is missing: on Debian and Ubuntu install python3-venv." >&2; exit 1; }
	@sh tests/install.sh $(PY) requirements.lock
	@$(PY) -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.installed-tests: $(VENV)/.installed tests/requirements.lock
	@sh tests/install.sh $(PY) tests/requirements.lock
	@touch $@

# The scanner's dependencies are none of ours. One of them comes as source alone; what builds it is locked too.
$(SCANNER)/.installed: tests/scan-build.lock tests/scan.lock
	@$(PYTHON) -m venv --clear $(SCANNER)
	@$(SCANNER)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r tests/scan-build.lock
	@sh tests/install.sh $(SCANNER)/bin/python tests/scan.lock --no-deps --no-build-isolation
	@touch $@

$(VENV)/.locks-checked: $(VENV)/.installed-tests requirements.lock tests/locks.py
	$(PY) -m tests.locks
	@touch $@

# The other implementation of the log needs Python 3.12, so it has an environment of its own.
$(INTEROP)/.installed: tests/interop.lock
	@command -v $(NEWER_PYTHON) >/dev/null || { echo "This needs Python 3.12 or newer: set NEWER_PYTHON." >&2; exit 1; }
	@$(NEWER_PYTHON) -m venv --clear $(INTEROP)
	@sh tests/install.sh $(INTEROP)/bin/python tests/interop.lock --no-deps
	@touch $@

interop: $(INTEROP)/.installed
	$(INTEROP)/bin/python -m tests.log.interop

# Times a real server and its emails in two worlds: twenty minutes with TRIALS=2000 in each.
adversary: $(VENV)/.installed-tests system
	$(PY) -m tests.adversary $(TRIALS)

signals: $(VENV)/.installed-tests
	$(PY) -m tests.signals

# Bytes made by a fuzzer against all that reads what strangers send: FUZZ_SECONDS for each target.
fuzz: $(VENV)/.installed-tests
	@sh tests/install.sh $(PY) tests/fuzz.lock --no-deps
	$(PY) -m tests.fuzz $(FUZZ_SECONDS)

# What no Python package brings: a browser, a database server, and PDF readers that we did not write.
system:
	@sh tests/system.sh

# What `make chaos`, `cluster`, `test-handbook` and `package` run is not run here.
OTHERS := --ignore tests/chaos --ignore tests/cluster --ignore tests/log/chaos --ignore tests/handbook --ignore tests/packages --ignore tests/project/test_package.py
TESTS := $(PY) -m pytest $(OTHERS) --durations 20
# Two workers more than there are cores, four at most: a test spends much of its time waiting for other processes.
WORKERS = -n $$($(PY) -c 'import os; print(min(os.cpu_count() + 2, 4))') --maxschedchunk 8
COVERED := --cov --cov-report=term-missing:skip-covered --cov-fail-under=95
# Kills, failover, full disks, wrong clocks, crowds: they need the machine to themselves, so they run one by one.
CHAOS := $(PY) -m pytest tests/chaos $(wildcard tests/log/chaos)
ALONE := $(PY) -m pytest tests/project -m alone
KILLS ?= 150
FUZZ_SECONDS ?= 20

test: $(VENV)/.installed-tests system
	PETITION_TEST_EXAMPLES=50 $(TESTS) $(WORKERS) -m "not slow and not long"

test-all: check $(SCANNER)/.installed system
	$(TESTS) $(WORKERS) -m "not slow and not long and not browser and not alone" $(COVERED)
	$(TESTS) $(WORKERS) -m "(slow or long or browser) and not alone"
	$(CHAOS)
	$(ALONE)
	$(PY) -m tests.scan visitor
	@[ ! -d tests/cluster ] || { sh tests/cluster/system.sh && $(PY) -m pytest tests/cluster/test_files.py; }

# All fast tests but those of the log, in a copy without its folder (docs/releasing.md has the last result).
test-without-log: $(VENV)/.installed-tests system
	PETITION_TEST_WITHOUT_LOG=all $(PY) -m pytest tests/log/test_left_out.py

# All tests that use a PostgreSQL, the slow ones too, on the newest (docs/releasing.md has the last result).
test-newest: $(VENV)/.installed-tests system
	PETITION_TEST_POSTGRESQL=newest $(TESTS) $(WORKERS) -m "not alone" --postgresql

# All of tests/chaos and tests/log/chaos; KILLS kills on each database.
chaos: $(VENV)/.installed-tests system
	PETITION_TEST_KILLS=$(KILLS) $(CHAOS)

# docs/deploy/cluster for real: the machines are network namespaces inside one of their own, which only root can make.
cluster: $(VENV)/.installed-tests system
	@sh tests/cluster/system.sh
	$$([ $$(id -u) -eq 0 ] || echo sudo) env PETITION_TEST_CLUSTER=1 unshare --net --mount $(PY) -m pytest -s tests/cluster

# The alerts of docs/deploy/monitoring, by Prometheus' own checker; and which of them fire when something of a real site breaks.
monitoring: $(VENV)/.installed-tests system
	promtool check rules docs/deploy/monitoring/rules.yml
	promtool test rules docs/deploy/monitoring/rules_test.yml
	PETITION_TEST_MONITORING=1 $(PY) -m pytest -s tests/monitoring

# Finds what anybody finds who tries every address, as a visitor (in `make test-all` too) and as an admin. It has an environment of its own.
scan: $(VENV)/.installed-tests $(SCANNER)/.installed
	$(PY) -m tests.scan

check: $(VENV)/.locks-checked
	$(PY) -m ruff check
	$(PY) -m ruff format --check
	$(VENV)/bin/lint-imports --no-cache --no-logo
	$(PY) -m mypy

bench: $(VENV)/.installed-tests
	$(PY) -m tests.bench

# Puts new strings of code and templates into the catalogues. Translators fill the gaps; the tests find them.
EXTRACT := $(VENV)/bin/pybabel -q extract -k N_ --no-location --sort-output --project=petition --copyright-holder="the authors" --msgid-bugs-address=""
messages: $(VENV)/.installed-tests
	$(EXTRACT) -F pyproject.toml -o petition/locale/messages.pot .
	$(EXTRACT) -F petition/locale/desk.toml -o petition/locale/desk.pot .
	@for po in petition/locale/*/LC_MESSAGES/*.po; do \
	  lang=$$(basename $$(dirname $$(dirname $$po))); \
	  $(VENV)/bin/pybabel -q update -l $$lang -i petition/locale/$$(basename $$po)t -o $$po --no-fuzzy-matching --ignore-obsolete; \
	done

# What pyproject.toml asks for, with hashes; newer versions once a lock is deleted. Needs uv. The pip of Python 3.11 asks for extras.
LOCK := uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-strip-extras --no-header --no-annotate --no-emit-index-url
lock:
	$(LOCK) pyproject.toml --group build -o requirements.lock
	$(LOCK) pyproject.toml --group build --group test -c requirements.lock -o tests/requirements.lock
	$(LOCK) --group scan -o tests/scan.lock
	$(LOCK) --group scan-build -o tests/scan-build.lock
	$(LOCK:3.11=3.12) --group interop -o tests/interop.lock
	$(LOCK) --group fuzz -o tests/fuzz.lock
	$(LOCK) --group fonts -o tests/fonts.lock

# Nothing changes a lock by itself. Before each release, and once a month, somebody reads this (docs/releasing.md).
lock-age: $(VENV)/.installed-tests
	@git log -1 --format='requirements.lock is of %cs (%cr).' -- requirements.lock
	@$(PY) -m pip list --outdated --exclude-editable --disable-pip-version-check

# What is published, built twice and signed on once each, and then in var/packages. Needs root and a Debian (docs/releasing.md).
package: $(VENV)/.installed-tests debian
	$(PY) -m pytest tests/project/test_package.py tests/packages
	$(PY) -m tests.packages

# Ten minutes; needs root and a Debian. Its last result is in docs/handbook-test.md.
test-handbook: $(VENV)/.installed-tests debian
	$(PY) -m pytest -s tests/handbook

# What makes a bare Debian and boots it.
debian:
	@{ command -v mmdebstrap && command -v systemd-nspawn; } >/dev/null || apt-get install -y --no-install-recommends mmdebstrap systemd-container

# The pictures of README.md, of the example campaign, into docs/pictures.
pictures: $(VENV)/.installed-tests system
	$(PY) -m tests.pictures

# The fonts of headings and figures (static/fonts). Run it when a heading needs a letter that they lack: the tests say which.
fonts: $(VENV)/.installed-tests
	@sh tests/install.sh $(PY) tests/fonts.lock --no-deps
	$(PY) -m tests.fonts
