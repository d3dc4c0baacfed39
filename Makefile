# Needs Python 3.11+, pip and make; everything else is installed into .venv. Node (npm) is optional: see `assets`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
VENDOR := src/frontrow/web/static/vendor
PORT ?= 8000
WORKSPACE ?= demo
# Bytecode makes imports two to three times faster, so an inherited ban on it is lifted.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test lint format bench assets lock clean
.DEFAULT_GOAL := demo

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Frontrow needs Python 3.11 or newer, this is " + sys.version.split()[0])'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check 'uv>=0.5'
	VIRTUAL_ENV=$(VENV) $(BIN)/uv pip sync --quiet --require-hashes requirements.lock
	VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

# The browser's libraries: without npm the pages still work as links, forms and tables.
assets: $(READY)
	@sh web/fetch-assets.sh

demo: $(READY) assets  ## build a small streaming service out of real data and serve it
	$(BIN)/frontrow demo --workspace $(WORKSPACE) --port $(PORT)

test: $(READY) assets
	$(BIN)/python -m pytest $(ARGS)

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(READY)  ## FRONTROW_DATA=<dir> make bench [ONLY=events]
	$(BIN)/python -m benchmarks $(ONLY)

lock:  ## write requirements.lock anew (hashes, no addresses)
	VIRTUAL_ENV=$(VENV) $(BIN)/uv lock --quiet
	VIRTUAL_ENV=$(VENV) $(BIN)/uv export --quiet --no-emit-project --no-header --no-annotate --all-groups --all-extras --output-file requirements.lock
	rm -f uv.lock

clean:
	rm -rf $(VENV) $(VENDOR) web/node_modules .pytest_cache .mypy_cache .ruff_cache
