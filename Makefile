# Everything one does with a clone. Every target that needs the environment sets it up first, by itself.
#
# Variables for set-up: PYTHON (which Python builds the environment), VENV (where it lies), PIP_FLAGS (an index, say).
# Needs only make and Python 3.11 or newer; written for GNU make 3.81, which macOS still ships.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup bench report findings smoke test test-long faults lint docs clean lock compare compare-frozen compare-gan cuda-checks false-alarms decisions false-verdicts coverage overhead paper-step generator-step cpu-profile from-nothing reference startup

PYTHON ?=
VENV ?= .venv
PIP_FLAGS ?=
SMOKE := .smoke
# Embedded datasets always; those with files where their folder is named.
smoke-datasets = digits digits10 stripes $(if $(IMBENCH_DATA),$(notdir $(wildcard $(addprefix $(IMBENCH_DATA)/,$(with-files)))))
with-files = horse2zebra celeba cub fashion_mnist cifar10 infrared_solar_modules
# Three on two cores too: a test that runs programs waits for them.
PYTEST_FLAGS ?= -n 3 --dist worksteal
ARGS ?=
# Matrices outside of training are small: threads of a BLAS only wait for each other.
OPENBLAS_NUM_THREADS ?= 1
export OPENBLAS_NUM_THREADS

python := $(VENV)/bin/python
ready := $(VENV)/.ready

# Each word becomes one quoted option, so that CBL(beta=0.99) and US+CS arrive as they are written.
options = $(foreach word,$(2),$(1) '$(subst ','\'',$(word))')
run-options = $(call options,--dataset,$(DATASET)) $(call options,--profile,$(PROFILE)) \
	$(call options,--method,$(METHODS)) $(call options,--minority,$(MINORITY)) $(call options,--seeds,$(SEEDS)) \
	$(call options,--workers,$(WORKERS)) $(call options,--executor,$(EXECUTOR)) $(call options,--results,$(RESULTS))
report-options = $(call options,--dataset,$(DATASET)) $(call options,--profile,$(PROFILE)) \
	$(call options,--method,$(METHODS)) $(call options,--seeds,$(SEEDS)) $(call options,--results,$(RESULTS)) $(call options,--out,$(REPORTS))

help: ## show this list
	@echo 'usage: make TARGET [VARIABLE=value]...'
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  \1|\2/p' Makefile | awk -F'|' '{ printf "%-17s %s\n", $$1, $$2 }'
	@echo
	@echo 'Examples:'
	@echo '  make bench DATASET=horse2zebra PROFILE=cpu METHODS="CS OS CBL(beta=0.99)" MINORITY="25 50" SEEDS=5 WORKERS=2'
	@echo '  make setup PYTHON=python3.12 PIP_FLAGS="--extra-index-url https://download.pytorch.org/whl/cpu"'

setup: $(ready) ## install the locked environment into .venv; quick when nothing has changed

$(ready): pyproject.toml constraints.txt
	@VENV='$(VENV)' PYTHON='$(PYTHON)' PIP_FLAGS='$(PIP_FLAGS)' sh .ci/setup

# Exit status 1 of `run` says that some cells failed: the others deserve their tables.
bench: $(ready) ## run the benchmark, then write its tables; stop it at any time, run it again to go on
	@status=0; $(python) -m bench run --first-look $(run-options) $(call options,--out,$(REPORTS)) || status=$$?; \
	if [ $$status -le 1 ]; then $(python) -m bench report $(report-options) || exit; fi; exit $$status

report: $(ready) ## write the tables from the records that are there
	@$(python) -m bench report $(report-options)

findings: $(ready) ## write docs/findings.md and the opening of README from the records of results/reference
	@$(python) -m bench findings --readme README.md $(ARGS)

# The rows of bench.toml everywhere; of what else is registered, and of compositions that papers name, one fit; of ten
# classes a generator, too.
registered = $$($(python) -m bench list methods --json | sed -n 's/^ *"method": "\(.*\)",$$/--method \1/p')

smoke: $(ready) ## run every method on tiny subsets in about two minutes; touches neither results/ nor reports/
	@rm -rf $(SMOKE)
	@$(python) -m bench run --profile smoke --seeds 2 $(call options,--dataset,$(smoke-datasets)) --results $(SMOKE)/results
	@$(python) -m bench run --profile smoke --seeds 1 --dataset digits $(registered) \
		$(call options,--method,LDAM+DRW CBL(beta=0.9999)+Focal) --results $(SMOKE)/results
	@$(python) -m bench run --profile smoke --seeds 1 --dataset digits10 --method BAGAN --results $(SMOKE)/results
	@$(python) -m bench report --profile smoke --seeds 2 --results $(SMOKE)/results --out $(SMOKE)/reports

test: $(ready) ## run the tests
	@OMP_NUM_THREADS=1 $(python) -m pytest $(PYTEST_FLAGS) $(ARGS)

test-long: $(ready) ## run the tests that `make test` leaves out: the page of findings against its records, further ways to stop a run; minutes
	@OMP_NUM_THREADS=1 $(python) -m pytest $(PYTEST_FLAGS) -m long $(ARGS)

faults: $(ready) ## disturb a small benchmark in every way and write docs/reliability.md; hours with ARGS=--long
	@PYTHONPATH=.:tests $(python) tests/faults/campaign.py $(ARGS)

lint: $(ready) ## check style, format and types
	@$(python) -m ruff check .
	@$(python) -m ruff format --check .
	@$(python) -m mypy bench benchmarks .ci/lock.py

docs: $(ready) ## build the documentation as a site that needs no network: site/index.html
	@$(python) -c 'import material' 2>/dev/null || $(python) -m pip --disable-pip-version-check --no-input install \
		--quiet --constraint constraints.txt $(PIP_FLAGS) --no-build-isolation --editable '.[docs]'
	@NO_MKDOCS_2_WARNING=1 $(python) -m mkdocs build --strict --quiet
	@echo 'site/index.html'

compare: $(ready) ## measure: trained fits per hour against plain PyTorch scripts, profiles cpu and pretrained
	@$(python) benchmarks/compare.py $(ARGS)
	@$(MAKE) --no-print-directory compare-frozen ARGS=

compare-frozen: $(ready) ## measure: fits per hour of heads on a frozen body against plain PyTorch scripts
	@$(python) benchmarks/compare_pretrained.py $(ARGS)

compare-gan: $(ready) ## measure: CycleGAN training steps against the usual way to write them
	@$(python) benchmarks/compare_gan.py $(ARGS)

cuda-checks: $(ready) ## measure: what a GPU computes beside the CPU, and how fast; needs a CUDA device
	@$(python) benchmarks/cuda_checks.py $(ARGS)

false-alarms: $(ready) ## measure: how often equal methods are called different, and how often unequal ones are found
	@$(python) benchmarks/false_alarms.py $(ARGS)

decisions: $(ready) ## measure: what recommendations after 5 seeds, 20 seeds and a race are worth, where the truth is known
	@$(python) benchmarks/decisions.py $(ARGS)

false-verdicts: $(ready) ## measure: how often a verdict on a claim is wrong
	@$(python) benchmarks/false_verdicts.py $(ARGS)

coverage: $(ready) ## measure: how often the interval of a gain holds it, on test images drawn anew
	@$(python) benchmarks/coverage.py $(ARGS)

overhead: $(ready) ## measure: what the harness costs over the bare training loop
	@$(python) benchmarks/overhead.py $(ARGS)

paper-step: $(ready) ## measure: one training step of every method and generator at its paper's full size
	@$(python) benchmarks/paper_step.py $(ARGS)
	$(if $(ARGS),,@$(MAKE) --no-print-directory generator-step)

generator-step: $(ready) ## measure: one training step of every generator at its published size
	@$(python) benchmarks/generator_step.py $(ARGS)

cpu-profile: $(ready) ## measure: trials to choose the cpu profile by, at the smallest count
	@$(python) benchmarks/cpu_profile.py $(ARGS)

# Goes on where it was stopped; what is done is written to results/reference also when it is stopped.
reference: $(ready) ## do the reference runs and publish their records; ARGS=--dry-run says what is left
	@$(python) -m bench campaign results/reference/campaign.toml --pack results/reference $(ARGS)

from-nothing: $(ready) ## measure: whole grids of the pretrained profile in an empty folder, features and page included
	@$(python) benchmarks/from_nothing.py $(ARGS)

startup: $(ready) ## measure: processor time that commands take before they do anything
	@$(python) benchmarks/startup.py $(ARGS)

lock: $(ready) ## resolve all dependencies anew into constraints.txt
	@$(python) .ci/lock.py

clean: ## remove what tools leave behind; keeps the environment, results, reports, data and prepared images
	rm -rf build dist site *.egg-info $(SMOKE) .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find bench methods datasets tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +
