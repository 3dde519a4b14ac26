# Everything a developer or operator types. `make` alone says what there is.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready
ARGS   ?=

.DEFAULT_GOAL := help
.PHONY: help setup run test check format bench bench-cameras bench-failing bench-visits bench-identity bench-checkin bench-cards bench-import bench-paid bench-review bench-attendance chaos protos lock reference cost clean fuzz

help: ## This list.
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(READY) ## The virtual environment, with everything locked in requirements.lock.

# The virtual environment belongs to this folder and is made with nothing but python3.
$(READY): requirements.lock pyproject.toml
	@.ci/system python
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing Portero's packages into $(VENV) (a minute or two the first time) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check "$$(grep -o '^uv==[0-9.]*' requirements.lock)"
	@$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --requirement requirements.lock
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --editable .
	@touch $@

run: setup ## The main job: server, bridge and a demo camera. ARGS="--once" plays it once; ARGS="--source 0" uses your camera.
	@$(BIN)/portero demo $(ARGS)

test: setup ## All tests, on SQLite and on a MariaDB started privately. ARGS selects, as tests/unit/portero_server (see tests/README.md).
	@.ci/system mariadb prometheus
# Once, and not in each process that a test starts; and the next run finds what pytest compiled, whatever is set here.
	@$(BIN)/python -m compileall -q server clients infra protos/gen tests/chaos tests/support
# One process more than two cores, for tests that wait. A file stays in one process, since its tests may share servers;
# files are taken in their order, the long ones of end_to_end/ before the many short ones of unit/.
	@env -u PYTHONDONTWRITEBYTECODE $(BIN)/pytest -n 3 --dist loadfile --no-loadscope-reorder $(ARGS)

check: setup ## Format, lint, types, layers, drift of generated code, migrations and references.
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/python protos/generate.py --check
	@$(BIN)/python -m portero_server.store.drift
	@$(BIN)/python -m portero_server.reference.settings_page --check
	@$(BIN)/python -m portero_server.reference.tables_page --check
	@$(BIN)/python -m portero_server.reference.roles_page --check
	@$(BIN)/python -m portero_cli.reference --check
	@$(BIN)/python -m portero_server.reference.metrics_page --check
	@$(BIN)/python -m portero_bridge.metrics_reference --check
	@$(BIN)/python -m portero_console.settings_page --check
	@$(BIN)/python -m tests.support.bridge.cameras_page --check
	@$(BIN)/python -m portero_infra.dashboards --check
	@$(BIN)/python -m portero_infra.cost --check

format: setup ## Formats the code and sorts its imports.
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

fuzz: setup ## Fuzzes what reads others' bytes, guided by coverage. ARGS="--minutes 10 jpeg_header multipart".
	@$(BIN)/python -m tests.fuzz $(ARGS)

protos: setup ## Generates protos/gen from protos/portero.
	@$(BIN)/python protos/generate.py

reference: setup ## Writes what is generated: reference pages and dashboards.
	@$(BIN)/python -m portero_server.reference.settings_page
	@$(BIN)/python -m portero_server.reference.tables_page
	@$(BIN)/python -m portero_server.reference.roles_page
	@$(BIN)/python -m portero_cli.reference
	@$(BIN)/python -m portero_server.reference.metrics_page
	@$(BIN)/python -m portero_bridge.metrics_reference
	@$(BIN)/python -m portero_console.settings_page
	@$(BIN)/python -m tests.support.bridge.cameras_page
	@$(BIN)/python -m portero_infra.dashboards

lock: setup ## Resolves requirements.lock anew from pyproject.toml.
	@$(BIN)/uv pip compile pyproject.toml --all-extras --group dev --universal --python-version 3.11 \
		--no-emit-index-url --quiet --upgrade --output-file requirements.lock

bench-visits: setup ## Visits with ground truth: recall, names, calls, time. DATASET=folder of people. ARGS="--look-alikes 6".
	@$(BIN)/python -m tests.benchmarks.visits $(if $(DATASET),--dataset $(DATASET)) $(ARGS)

bench-checkin: setup ## Check-ins at a kiosk: seconds to the result, paid calls, nobody mixed up. ARGS="--guests 20", "--swap", "--publish".
	@$(BIN)/python -m tests.benchmarks.checkin $(ARGS)

bench-identity: setup ## Scenes with known truth: is anybody taken for somebody else? ARGS="--server", "--only cross --pairs 2".
	@$(BIN)/python -m tests.benchmarks.identity $(if $(DATASET),--dataset $(DATASET)) $(ARGS)

bench-import: setup ## A gallery imported and moved at full size, killed in the middle. ARGS="--photos 500", "--only encodings".
	@.ci/system mariadb
	@$(BIN)/python -m tests.benchmarks.importing $(ARGS)

bench-cards: setup ## Specimen ID cards with known truth: fields, degradation, forgeries. ARGS="--cards 60 --forgeries 32 --engine local".
	@.ci/system fonts || true
	@$(BIN)/python -m tests.benchmarks.cards $(ARGS)

bench-review: setup ## A generated month: names before and after 200 reviews, and whether each what-if holds. ARGS="--days 90".
	@$(BIN)/python -m tests.benchmarks.reviewing $(ARGS)

bench-attendance: setup ## Attendance after a year of a large school: reports, recomputing. ARGS="--full", "--groups 50 --people 5000".
	@.ci/system mariadb
	@$(BIN)/python -m tests.benchmarks.attendance_growth $(ARGS)

bench-paid: setup ## Quota, storm and budget against the simulator, with plots in build/bench. ARGS="quota storm budget".
	@$(BIN)/python -m tests.benchmarks.paid $(ARGS)

bench: setup ## The benchmark suite, quick; ARGS="--full --peers" takes half an hour, with what a user would pick instead.
	@.ci/system mariadb
	@$(BIN)/python -m tests.benchmarks $(ARGS)

bench-cameras: setup ## Twenty cameras on one server: who is served how well, at what cost. ARGS="--cameras 40 --rate 5".
	@$(BIN)/python -m tests.benchmarks.cameras $(ARGS)

bench-failing: setup ## A healthy camera beside forty that fail: its frames as a share of those alone. ARGS="--rate 0 --turns 5".
	@$(BIN)/python -m tests.benchmarks.failing_cameras $(ARGS)

chaos: setup ## Kills everything at random and checks what is stored. ARGS="--kills 100 --frames 200000 --seed 1".
	@.ci/system mariadb
	@$(BIN)/python -m tests.chaos $(ARGS)

cost: setup ## What a stack costs a month. ARGS="--cameras 20" asks for one size.
	@$(BIN)/python -m portero_infra.cost $(ARGS)

clean: ## Removes the virtual environment and what tools left behind.
	rm -rf $(VENV) build .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
