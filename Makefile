# Every target makes the virtual environment where it is missing; nothing else has to be installed by hand.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed

.PHONY: setup demo test test-rest test-all soak coverage check format bench docs clean

setup: $(STAMP)

$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt torch
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[demo,hub,images,search,wordnet,tensorboard,mlflow,serve,ray,docs,dev]'
	touch $(STAMP)

demo: $(STAMP)           ## compare seven ways of fine-tuning on the data set that ships with the package
	$(BIN)/tunefork demo

test: $(STAMP)           ## what needs nothing but Python packages
	OMP_NUM_THREADS=1 HF_HUB_OFFLINE=1 $(BIN)/python -m pytest -n 2 -m "not data and not slow"

test-rest: $(STAMP)      ## what make test leaves out: slow tests and the real data sets in TUNEFORK_DATA
	OMP_NUM_THREADS=1 HF_HUB_OFFLINE=1 $(BIN)/python -m pytest -n 2 -m "data or slow"

soak: $(STAMP)           ## kill a small study at a hundred moments and compare what comes of it
	OMP_NUM_THREADS=1 HF_HUB_OFFLINE=1 TUNEFORK_KILL_POINTS=100 TUNEFORK_KILL_SEED=1 $(BIN)/python -m pytest tests/faults/test_kill.py

coverage: $(STAMP)       ## the share of branches that tests take, of what reads rows and studies and keeps them: 90 % at least
	OMP_NUM_THREADS=1 HF_HUB_OFFLINE=1 $(BIN)/coverage run --branch --source=src/tunefork -m pytest -m "not data and not slow" \
	  tests/data tests/config tests/store tests/runner tests/faults tests/test_study_file.py tests/test_preflight.py \
	  tests/engine/test_checkpoint.py tests/study/test_folders.py tests/study/test_searching.py \
	  src/tunefork/data src/tunefork/config src/tunefork/store
	$(BIN)/python -m tests.coverage_of data config store engine/checkpoint

test-all: test test-rest ## everything

check: $(STAMP)          ## lint, format, types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(STAMP)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(STAMP)          ## the short benchmark
	HF_HUB_OFFLINE=1 $(BIN)/python -m benchmarks.study_vs_trainer --set demo --rows 1000 --steps 12 --slices 1

docs: $(STAMP)           ## the documentation site, in site/; nothing is fetched
	$(BIN)/python -m docs_build

clean:
	rm -rf $(VENV) site .pytest_cache .mypy_cache .ruff_cache
