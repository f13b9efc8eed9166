# `make help` lists what there is. Everything runs in `.venv`, which is set up when needed.

PYTHON ?= python3
CONSTRAINTS := constraints/constraints.txt
VENV := .venv
PY := $(VENV)/bin/python
READY := $(VENV)/.ready
BENCH_CONSTRAINTS := constraints/bench.txt
BENCH_VENV := .venv-bench
BENCH_PY := $(BENCH_VENV)/bin/python
BENCH_READY := $(BENCH_VENV)/.ready
BENCH_OPTIONS ?=
SCALE_CONSTRAINTS := constraints/scale.txt
SCALE_VENV := .venv-scale
SCALE_PY := $(SCALE_VENV)/bin/python
SCALE_READY := $(SCALE_VENV)/.ready
STORES_CONSTRAINTS := constraints/stores.txt
STORES_VENV := .venv-stores
STORES_PY := $(STORES_VENV)/bin/python
STORES_READY := $(STORES_VENV)/.ready
STORES ?= s3 gcs azure
AZURITE := azurite@3.37.0
WORKERS ?= 2

.DEFAULT_GOAL := help
.PHONY: help demo ui screenshots test test-versions test-stores lint bench waits batch hops chaos gallery scale constraints clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

demo: $(READY) ## run a real Airflow on a local stand-in of the service: one video, extended twice
	@$(PY) -m devtools.demo

ui: $(READY) ## the same, with every example loaded, left running to click through (Ctrl-C stops it)
	@$(PY) -m devtools.ui

test-versions: $(READY) ## the built wheel on every Airflow from 3.1 to 3.4 (VERSIONS="3.2", INTEGRATION=1)
	@$(PY) -m pip install --quiet --quiet --constraint $(CONSTRAINTS) --group lock
	@$(PY) -m devtools.versions test $(VERSIONS) $(if $(INTEGRATION),--integration)

screenshots: $(READY) ## make the pictures of the page for README and docs, with the Chromium of this machine
	@$(PY) -m devtools.screenshots

test-stores: $(STORES_READY) ## what is stored, on S3, Google Cloud Storage and Azure, played locally (STORES="gcs azure")
	PATH="$(CURDIR)/$(STORES_VENV)/node_modules/.bin:$$PATH" STORES="$(STORES)" $(STORES_PY) -m pytest -m stores -n $(WORKERS) tests/storage

test: lint ## lint, then every test (WORKERS=2 processes at once)
	$(PY) -m pytest -n $(WORKERS) --dist loadgroup --no-loadscope-reorder

lint: $(READY) ## ruff and mypy
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy

bench: $(BENCH_READY) ## what waiting, importing and saving cost, beside other providers (8 minutes)
	@$(BENCH_PY) -m devtools.bench $(BENCH_OPTIONS)

waits: $(READY) ## a thousand tasks wait at once in one real triggerer (five minutes)
	@$(PY) -m devtools.scale.waits

batch: $(READY) ## a thousand videos at the true rate limit, in a real Airflow (ten minutes)
	@$(PY) -m devtools.scale.batch

hops: $(READY) ## 200 videos that are ready in 3 s, at the limit, beside two busy loops, three times (half an hour)
	@$(PY) -m devtools.scale.hops

chaos: $(READY) ## kill Airflow's processes and spoil the service's answers while 200 videos are made (SEED=1 VIDEOS=200 RECORDS=1 AIRFLOW=3.2)
	@$(if $(AIRFLOW),$(PY) -m pip install --quiet --quiet --constraint $(CONSTRAINTS) --group lock)
	@$(if $(AIRFLOW),$(PY) -m devtools.versions set-up $(AIRFLOW))
	@$(if $(AIRFLOW),.venv-$(AIRFLOW)/bin/python,$(PY)) -m devtools.chaos --seed $(or $(SEED),1) --videos $(or $(VIDEOS),200) $(if $(filter 1,$(RECORDS)),--records)

gallery: $(SCALE_READY) ## how long the page of videos takes with 100,000 of them in PostgreSQL (VIDEOS=100000)
	@$(SCALE_PY) -m devtools.scale.gallery --videos $(or $(VIDEOS),100000) --write

scale: $(SCALE_READY) ## 500 videos on PostgreSQL, Celery, two workers and two triggerers, killed midway (VIDEOS=500 SEED=1 KILLS=0 RECORDS=1)
	@$(SCALE_PY) -m devtools.scale.paid_once --seed $(or $(SEED),1) --videos $(or $(VIDEOS),500) \
		$(if $(filter 0,$(KILLS)),--no-kills) $(if $(filter 1,$(RECORDS)),--records)

constraints: $(READY) ## pin anew what pyproject.toml and constraints/airflow.in allow
	$(PY) -m pip install --quiet --quiet --constraint $(CONSTRAINTS) --group lock
	$(PY) -m uv pip compile --quiet --upgrade --universal --python-version 3.10 \
		--no-header --no-annotate --no-emit-index-url \
		--extra sandbox --group dev --group build --group lock --constraint constraints/airflow.in \
		--output-file $(CONSTRAINTS) pyproject.toml
	$(PY) -m uv pip compile --quiet --upgrade --universal --python-version 3.10 \
		--no-header --no-annotate --no-emit-index-url \
		--group bench --group build --constraint constraints/airflow.in \
		--output-file $(BENCH_CONSTRAINTS) pyproject.toml
	$(PY) -m uv pip compile --quiet --upgrade --universal --python-version 3.10 \
		--no-header --no-annotate --no-emit-index-url \
		--extra sandbox --group scale --group build --constraint constraints/airflow.in \
		--output-file $(SCALE_CONSTRAINTS) pyproject.toml
	$(PY) -m uv pip compile --quiet --upgrade --universal --python-version 3.10 \
		--no-header --no-annotate --no-emit-index-url \
		--extra sandbox --group stores --group build --group lock --constraint constraints/airflow.in \
		--output-file $(STORES_CONSTRAINTS) pyproject.toml
	$(PY) -m devtools.versions pin

clean: ## remove the environments, the homes of what was run, and all caches
	rm -rf $(VENV) $(BENCH_VENV) $(SCALE_VENV) $(STORES_VENV) .venv-3.* .batch .chaos .demo .hops .scale .waits build dist .coverage .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# A failed set-up leaves no stamp, so the next run starts it again.
$(READY): pyproject.toml $(CONSTRAINTS)
	@$(PYTHON) devtools/check_python.py
	@test -x $(PY) || $(PYTHON) -m venv --clear $(VENV)
	@echo "Setting up $(VENV); the first time takes a minute or two."
	@$(PY) -m pip install --quiet --quiet --constraint $(CONSTRAINTS) --upgrade pip editables hatchling
	@$(PY) -m pip install --quiet --quiet --constraint $(CONSTRAINTS) --no-build-isolation --group dev --editable '.[sandbox]'
	@touch $@

$(SCALE_READY): pyproject.toml $(SCALE_CONSTRAINTS)
	@$(PYTHON) devtools/check_python.py
	@test -x $(SCALE_PY) || $(PYTHON) -m venv --clear $(SCALE_VENV)
	@echo "Setting up $(SCALE_VENV); the first time takes a minute or two."
	@$(SCALE_PY) -m pip install --quiet --quiet --constraint $(SCALE_CONSTRAINTS) --upgrade pip editables hatchling
	@$(SCALE_PY) -m pip install --quiet --quiet --constraint $(SCALE_CONSTRAINTS) --no-build-isolation --group scale --editable '.[sandbox]'
	@touch $@

# pip takes half an hour to see how the three stores' providers fit together; uv takes seconds.
$(STORES_READY): pyproject.toml $(STORES_CONSTRAINTS)
	@$(PYTHON) devtools/check_python.py
	@command -v npm >/dev/null || { echo "make test-stores needs Node.js with npm, for azurite, which plays Azure (Debian: apt-get install npm)."; exit 1; }
	@test -x $(STORES_PY) || $(PYTHON) -m venv --clear $(STORES_VENV)
	@echo "Setting up $(STORES_VENV); the first time takes a minute or two."
	@$(STORES_PY) -m pip install --quiet --quiet --constraint $(STORES_CONSTRAINTS) --upgrade pip editables hatchling uv
	@$(STORES_PY) -m uv pip install --quiet --python $(STORES_PY) --constraint $(STORES_CONSTRAINTS) --no-build-isolation --group stores --editable '.[sandbox]'
	@npm install --silent --no-save --no-audit --no-fund --prefix $(STORES_VENV) $(AZURITE)
	@touch $@

# The other providers stay out of the environment that tests run in: there they would slow every start of Airflow.
$(BENCH_READY): pyproject.toml $(BENCH_CONSTRAINTS)
	@$(PYTHON) devtools/check_python.py
	@test -x $(BENCH_PY) || $(PYTHON) -m venv --clear $(BENCH_VENV)
	@echo "Setting up $(BENCH_VENV); the first time takes a minute or two."
	@$(BENCH_PY) -m pip install --quiet --quiet --constraint $(BENCH_CONSTRAINTS) --upgrade pip editables hatchling
	@$(BENCH_PY) -m pip install --quiet --quiet --constraint $(BENCH_CONSTRAINTS) --no-build-isolation --group bench --editable .
	@touch $@
