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
LLM_CONSTRAINTS := constraints/llm.txt
LLM_VENV := .venv-llm
LLM_PY := $(LLM_VENV)/bin/python
LLM_READY := $(LLM_VENV)/.ready
PUBLISH_CONSTRAINTS := constraints/publish.txt
PUBLISH_VENV := .venv-publish
PUBLISH_PY := $(PUBLISH_VENV)/bin/python
PUBLISH_READY := $(PUBLISH_VENV)/.ready
AZURITE := azurite@3.37.0
WORKERS ?= 2
QUICK ?= tests/kie tests/hooks tests/utils tests/links tests/test_files.py tests/test_layers.py

.DEFAULT_GOAL := help
.PHONY: help demo ui screenshots check test docs dist sbom test-versions test-stores test-llm lint bench waits batch hops chaos calls gallery scale constraints clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

demo: $(READY) ## run a real Airflow on a local stand-in of the service: one video, extended twice (FILM=1: a whole film)
	@$(PY) -m devtools.$(if $(FILM),film_demo,demo)

ui: $(READY) ## the same, with every example loaded, left running to click through (Ctrl-C stops it)
	@$(PY) -m devtools.ui

test-versions: $(READY) ## the built wheel on every Airflow from 3.1 to 3.4 (VERSIONS="3.2", INTEGRATION=1, BRIEF=1)
	@$(PY) -m pip install --quiet --quiet --constraint $(CONSTRAINTS) --group lock
	@$(PY) -m devtools.versions test $(VERSIONS) $(if $(INTEGRATION),--integration) $(if $(BRIEF),--brief)

screenshots: $(READY) ## make the pictures of the page for README and docs, with the Chromium of this machine
	@$(PY) -m devtools.screenshots

test-stores: $(STORES_READY) ## what is stored, on S3, Google Cloud Storage and Azure, played locally (STORES="gcs azure")
	PATH="$(CURDIR)/$(STORES_VENV)/node_modules/.bin:$$PATH" STORES="$(STORES)" $(STORES_PY) -m pytest -m stores -n $(WORKERS) tests/storage

test-llm: $(LLM_READY) ## the example in which a language model writes the prompt, with Airflow's provider for those
	@# The provider's client leaves its sockets and its loop to the end of the process.
	$(LLM_PY) -m pytest -n 0 -p no:unraisableexception tests/dags_examples/test_language_model.py

test: lint ## lint, then every test (WORKERS=2 processes at once)
	$(PY) -m pytest -n $(WORKERS) --dist loadgroup --no-loadscope-reorder

check: lint ## lint and the quick tests: under a minute
	$(PY) -m pytest -n $(WORKERS) -m 'not airflow and not stack and not stores' $(QUICK)

docs: $(PUBLISH_READY) ## the documentation as a site, in site/; every link is checked
	@NO_MKDOCS_2_WARNING=1 $(PUBLISH_PY) -m mkdocs build --quiet
	@echo "site/index.html"

dist: $(PUBLISH_READY) ## wheel and sdist in dist/, looked at as an index and its users would
	@rm -rf dist
	@$(PUBLISH_PY) -m hatchling build
	@$(PUBLISH_PY) -m twine check --strict dist/*
	@$(PUBLISH_VENV)/bin/check-wheel-contents dist/*.whl
	@# 8 of 10: the authors have no address of electronic mail to give
	@$(PUBLISH_VENV)/bin/pyroma --min 8 dist/*.tar.gz

sbom: $(READY) $(PUBLISH_READY) ## what the tests ran with, as a bill of materials in build/sbom.json
	@mkdir -p build
	@$(PUBLISH_PY) -m cyclonedx_py environment --output-reproducible --output-file build/sbom.json $(PY)

lint: $(READY) ## ruff and mypy
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy

bench: $(BENCH_READY) ## what waiting, importing, saving and joining cost, beside other providers (9 minutes)
	@$(BENCH_PY) -m devtools.bench $(BENCH_OPTIONS)

waits: $(READY) ## a thousand tasks wait at once in one real triggerer (five minutes)
	@$(PY) -m devtools.scale.waits

batch: $(READY) ## a thousand videos at the true rate limit, in a real Airflow (ten minutes)
	@$(PY) -m devtools.scale.batch

hops: $(READY) ## 200 videos that are ready in 3 s, at the limit, beside two busy loops, three times (half an hour)
	@$(PY) -m devtools.scale.hops

chaos: $(READY) ## kill Airflow's processes and spoil the service's answers while 200 videos are made (SEED=1 VIDEOS=200 RECORDS=1 CALLBACKS=1 SILENT=1 AIRFLOW=3.2)
	@$(if $(AIRFLOW),$(PY) -m pip install --quiet --quiet --constraint $(CONSTRAINTS) --group lock)
	@$(if $(AIRFLOW),$(PY) -m devtools.versions set-up $(AIRFLOW))
	@$(if $(AIRFLOW),.venv-$(AIRFLOW)/bin/python,$(PY)) -m devtools.chaos --seed $(or $(SEED),1) --videos $(or $(VIDEOS),200) $(if $(filter 1,$(RECORDS)),--records) $(if $(filter 1,$(CALLBACKS)),--callbacks) $(if $(filter 1,$(SILENT)),--resubmit-if-silent)

calls: $(READY) ## KIE.AI's calls wake the tasks of a real Airflow: how soon (VIDEOS=20 BURST=1 KILL=1)
	@$(PY) -m devtools.scale.calls --videos $(or $(VIDEOS),20) $(if $(filter 1,$(BURST)),--burst) $(if $(filter 1,$(KILL)),--kill)

gallery: $(SCALE_READY) ## how long the page of videos takes with 100,000 of them in PostgreSQL (VIDEOS=100000)
	@$(SCALE_PY) -m devtools.scale.gallery --videos $(or $(VIDEOS),100000) --write

scale: $(SCALE_READY) ## 500 videos on PostgreSQL, Celery, two workers and two triggerers, killed midway (VIDEOS=500 SEED=1 KILLS=0 RECORDS=1 CALLBACKS=1)
	@$(SCALE_PY) -m devtools.scale.paid_once --seed $(or $(SEED),1) --videos $(or $(VIDEOS),500) \
		$(if $(filter 0,$(KILLS)),--no-kills) $(if $(filter 1,$(RECORDS)),--records) $(if $(filter 1,$(CALLBACKS)),--callbacks)

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
	$(PY) -m uv pip compile --quiet --upgrade --universal --python-version 3.11 \
		--no-header --no-annotate --no-emit-index-url \
		--extra sandbox --group llm --group build --constraint constraints/airflow.in \
		--output-file $(LLM_CONSTRAINTS) pyproject.toml
	$(PY) -m uv pip compile --quiet --upgrade --universal --python-version 3.10 \
		--no-header --no-annotate --no-emit-index-url \
		--group pyproject.toml:publish --group pyproject.toml:build --output-file $(PUBLISH_CONSTRAINTS)
	$(PY) -m devtools.versions pin

clean: ## remove the environments, the homes of what was run, and all caches
	rm -rf $(VENV) $(BENCH_VENV) $(SCALE_VENV) $(STORES_VENV) $(LLM_VENV) $(PUBLISH_VENV) .venv-3.* .batch .calls .chaos .demo .hops .scale .waits build dist site .coverage .hypothesis .mypy_cache .pytest_cache .ruff_cache
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

$(LLM_READY): pyproject.toml $(LLM_CONSTRAINTS)
	@$(PYTHON) devtools/check_python.py
	@test -x $(LLM_PY) || $(PYTHON) -m venv --clear $(LLM_VENV)
	@echo "Setting up $(LLM_VENV); the first time takes a minute or two."
	@$(LLM_PY) -m pip install --quiet --quiet --constraint $(LLM_CONSTRAINTS) --upgrade pip editables hatchling
	@$(LLM_PY) -m pip install --quiet --quiet --constraint $(LLM_CONSTRAINTS) --no-build-isolation --group llm --editable '.[sandbox]'
	@touch $@

$(PUBLISH_READY): pyproject.toml $(PUBLISH_CONSTRAINTS)
	@$(PYTHON) devtools/check_python.py
	@test -x $(PUBLISH_PY) || $(PYTHON) -m venv --clear $(PUBLISH_VENV)
	@echo "Setting up $(PUBLISH_VENV); the first time takes half a minute."
	@$(PUBLISH_PY) -m pip install --quiet --quiet --constraint $(PUBLISH_CONSTRAINTS) --upgrade pip
	@$(PUBLISH_PY) -m pip install --quiet --quiet --constraint $(PUBLISH_CONSTRAINTS) --group publish
	@touch $@

# The other providers stay out of the environment that tests run in: there they would slow every start of Airflow.
$(BENCH_READY): pyproject.toml $(BENCH_CONSTRAINTS)
	@$(PYTHON) devtools/check_python.py
	@test -x $(BENCH_PY) || $(PYTHON) -m venv --clear $(BENCH_VENV)
	@echo "Setting up $(BENCH_VENV); the first time takes a minute or two."
	@$(BENCH_PY) -m pip install --quiet --quiet --constraint $(BENCH_CONSTRAINTS) --upgrade pip editables hatchling
	@$(BENCH_PY) -m pip install --quiet --quiet --constraint $(BENCH_CONSTRAINTS) --no-build-isolation --group bench --editable .
	@touch $@
