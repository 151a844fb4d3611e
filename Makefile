# Everything a person or a build machine runs. Each target sets up what it needs.
SHELL := /bin/bash
.DEFAULT_GOAL := help

# Set in many images of containers, it would have every process, above all each of thousands in the tests,
# compile all it imports anew.
unexport PYTHONDONTWRITEBYTECODE

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
# Try another interpreter with: make setup PYTHON=/path/to/python3.12
PYTHON ?=

.PHONY: help setup check test test-fast test-slow test-unit test-contract test-stack test-compose test-compose-short soak demo lock sbom audit compose-image compose-demo bench bench-reading bench-backtest bench-watching dashboards-check screenshots mutants schemas metrics permissions chart aws costs wheel clean test-kubernetes checkov cfn-guard kube-score test-evasion

EVASION := tests/unit/pipeline/kernel/test_evasion.py tests/unit/fraudctl/compare/test_backtest.py \
	tests/unit/fraudctl/traffic/test_ingest.py tests/contract/test_scenarios.py tests/stack/test_evasion.py

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(READY) ## make .venv with every package (once; quick afterwards)

# A candidate counts only if it runs, has the right version and can make a virtual environment:
# a version manager's shim may be on the PATH for an interpreter that is not there.
define PICK_PYTHON
set -euo pipefail
probe='import sys, ensurepip, venv; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 13))'
for candidate in $(PYTHON) python3.12 python3.11 python3 python; do
  if "$$candidate" -c "$$probe" >/dev/null 2>&1; then echo "$$candidate"; exit 0; fi
done
echo "error: no usable Python 3.11 or 3.12 found (tried: $(PYTHON) python3.12 python3.11 python3 python)" >&2
echo "hint:  install one with its venv module (Debian: apt install python3 python3-venv), or name it:" >&2
echo "       make setup PYTHON=/path/to/python3.12" >&2
exit 1
endef
export PICK_PYTHON

$(READY): pyproject.toml requirements.lock build.lock
	@set -euo pipefail; \
	if ! $(BIN)/python -c 'import pip' >/dev/null 2>&1; then \
	  python="$$(bash -c "$$PICK_PYTHON")"; \
	  echo "Making $(VENV) with $$("$$python" --version)"; \
	  rm -rf $(VENV); "$$python" -m venv $(VENV); \
	fi; \
	echo "Installing the Python packages into $(VENV) (one to three minutes the first time)"; \
	pip="$(BIN)/python -m pip install --quiet --disable-pip-version-check"; \
	$$pip --require-hashes -r build.lock; \
	$$pip --require-hashes --no-build-isolation -r requirements.lock; \
	$$pip --no-deps --no-build-isolation -e .; \
	touch $(READY)

lock: setup ## write requirements.lock and build.lock anew, with every package's checksums, from constraints.txt
	$(LOCK) --extra dev -c constraints.txt pyproject.toml -o requirements.lock
	$(LOCK) --group build -o build.lock

LOCK = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate

sbom: setup ## dist/fraudctl.cdx.json: every package and jar with its checksums (CycloneDX)
	$(BIN)/python -m fraudctl.binaries.sbom dist/fraudctl.cdx.json

# Strict: else it finds nothing, and passes, where a mirror knows no package's vulnerabilities.
audit: setup ## known vulnerabilities of the packages; fails where PyPI's data cannot be reached
	$(BIN)/uv tool run pip-audit@2.10.1 --strict --disable-pip --require-hashes -r requirements.lock

check: setup ## ruff, mypy --strict, import-linter
	$(BIN)/ruff check .
	$(BIN)/ruff format --check --quiet .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: test-unit test-contract test-stack ## every test, also those with real servers (up to 25 minutes)

# A test that no signal reaches, so that its own time limit does not either, ends with its process.
FROZEN := -o faulthandler_timeout=1000 -o faulthandler_exit_on_timeout=true

# One process more than there are processors, since some wait: 66 s in place of 88 on two. More than four cost more to
# start than they save. A module alone is quicker without them.
WORKERS := $(shell n=$$(($$(nproc) + 1)); echo $$((n < 4 ? n : 4)))
UNIT := $(BIN)/python -m pytest $(FROZEN) tests/unit -n $(WORKERS) --dist worksteal

test-fast: setup ## the unit tests, in parallel: no server, no network, of property tests a tenth of the examples (a minute or little more)
	$(UNIT) -m "not slow" --hypothesis-profile quick

test-slow: setup ## what test-fast leaves out: loads, kills at every step, many processes, and property tests with all examples
	$(UNIT) -m "slow or hypothesis"

test-unit: setup ## both: every unit test with all examples
	$(UNIT)

test-contract: setup ## what every extension owes: each store, server and channel by itself (five minutes)
	$(BIN)/python -m pytest $(FROZEN) tests/contract

test-stack: setup ## the pipeline as a whole, on a stack of real servers (15 minutes)
	$(BIN)/python -m pytest $(FROZEN) tests/stack

test-compose: setup ## the same on Docker Compose; makes a Docker where there is none
	.ci/compose $(BIN)/python -m pytest tests/compose tests/contract/test_engines.py

test-compose-short: setup ## the part of it that says most: the contract of engines, both engines decide alike, the image, Compose alone
	.ci/compose $(BIN)/python -m pytest $(SHORT_COMPOSE)

SHORT_COMPOSE = tests/contract/test_engines.py tests/compose/test_both_engines.py tests/compose/test_image.py tests/compose/test_alone.py

test-kubernetes: setup ## the chart and the engine on a real API server, which is built at first (ten minutes, then five)
	.ci/kubernetes $(BIN)/python -m pytest tests/kubernetes

test-evasion: setup ## who knows the rules and tries to pass them by (see docs/security.md; ten minutes)
	$(BIN)/python -m pytest $(EVASION) -k "evasion or backdated or from_the_future"

soak: setup ## the long ones: a million events, ten minutes, every fault (an hour and more; see docs/faults.md)
	$(BIN)/python -m pytest -s tests/soak
	.ci/compose $(BIN)/python -m pytest tests/compose
	$(MAKE) test-kubernetes
	$(MAKE) mutants

# Cosmic Ray is fetched by uv into a place of its own; its tests run in our environment.
mutants: setup ## break the code in one place at a time and see whether the unit tests notice (20 minutes)
	$(BIN)/uv run --quiet --no-project --with cosmic-ray==8.7.0 python tests/mutants.py $(MUTANTS)

bench: setup ## latency, recovery, capacity and the cost of keys (see docs/benchmarks.md)
	$(BIN)/fraudctl up --profile bench
	$(BIN)/fraudctl bench --rate 5000 --duration 60s
	$(BIN)/fraudctl bench --rate 10000 --duration 60s
	$(BIN)/fraudctl bench --rate 5000 --duration 90s --kill taskmanager
	$(BIN)/fraudctl bench --capacity --events 2000000
	$(BIN)/fraudctl bench --keys

bench-reading: setup ## what reading a row of a file costs, and bringing it in as past data (a minute, no stack)
	$(BIN)/python -m fraudctl.bench.reading

bench-backtest: setup ## how fast backtests are, by the kernel and by the reference (a minute, no stack)
	$(BIN)/python -m fraudctl.bench.backtests

bench-watching: setup ## what it costs to watch a stack at 5,000 events a second, and what it does to it (40 minutes)
	$(BIN)/fraudctl up --profile bench
	$(BIN)/python -m fraudctl.bench.watching
	$(BIN)/python -m fraudctl.bench.watching_pairs $(PAIRS)

schemas: setup ## write schemas/*.json anew from the types
	$(BIN)/python -m fraudctl.schemas

permissions: setup ## write docs/permissions.md anew from what each store says it needs
	$(BIN)/python -m fraudctl.observe.permissions_page

aws: setup ## write deploy/aws/pipeline.yaml anew from profiles/aws.yaml
	$(BIN)/python -m fraudctl.aws.template

costs: setup ## write the table of costs in docs/aws.md anew from fraudctl/aws/prices.yaml
	$(BIN)/python -m fraudctl.aws.cost_page

metrics: setup ## write docs/metrics.md anew from the catalogue of metrics
	$(BIN)/python -m fraudctl.monitoring.page

checkov: setup ## what checkov says of the chart and the templates; exceptions in deploy/checkov.yaml (a minute)
	.ci/checkov

cfn-guard: ## whether the templates keep the rules of deploy/rules.guard; the crate is built at first (minutes)
	.ci/cfn-guard

kube-score: setup ## what kube-score says of the chart's manifests; exceptions in .ci/kube-score (a minute)
	.ci/kube-score

chart: setup ## write anew what of the Helm chart is made: dashboards, alert rules, Flink's settings, the schema
	$(BIN)/python -m fraudctl.chart_files

dashboards-check: setup ## the dashboards beside Grafana's schema (npm), and in a Grafana that runs: GRAFANA=http://…
	$(BIN)/python -m tests.dashboards_check $(GRAFANA)

screenshots: setup ## draw docs/images anew, with a Chromium and without a stack (a minute)
	$(BIN)/python -m tests.screenshots

wheel: setup ## dist/fraudctl-*.whl, with the kernel's jar in it
	@rm -f pipeline/kernel/*.jar build/lib/pipeline/kernel/*.jar
	$(BIN)/python -c "$$SHIP_KERNEL"
	$(BIN)/python -m pip wheel --quiet --disable-pip-version-check --no-deps --wheel-dir dist .
	@ls dist/*.whl

define SHIP_KERNEL
import pathlib, shutil
from fraudctl.binaries import artifacts
from fraudctl.servers import flink
cache = artifacts.cache_dir()
artifacts.fetch([one for one in artifacts.lock() if one.use in ("compiler", "connector")], cache)
shutil.copy(flink.build_kernel(cache), pathlib.Path("pipeline/kernel"))
endef
export SHIP_KERNEL

# The stack is stopped again at the end and on an interrupt, unless it was running before.
define DEMO
set -euo pipefail
fraudctl="$(BIN)/fraudctl"
say() { printf '\n\033[1m== %s\033[0m\n' "$$*"; }
[ -t 1 ] && [ -z "$${NO_COLOR:-}" ] || say() { printf '\n== %s\n' "$$*"; }

was_running=yes
"$$fraudctl" status >/dev/null 2>&1 || { [ "$$?" -ne 4 ] || was_running=no; }
stop() {
  code=$$?
  trap - EXIT INT TERM
  if [ "$$was_running" = no ]; then
    say "Stopping the stack. Its data is kept: 'fraudctl up' continues, 'fraudctl purge' deletes."
    "$$fraudctl" down
  fi
  exit "$$code"
}
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

say "Starting Kafka, Flink, PostgreSQL and Redis, and the scoring job (the first time downloads what they are made of)"
"$$fraudctl" up --wait 600

say "Sending 30 seconds of ordinary payments with an attack in them: many users from one address"
"$$fraudctl" simulate --attack ip-burst --rate 200 --duration 30s --seed 7

say "What was flagged"
"$$fraudctl" alerts

say "Why one of them was flagged"
event="$$("$$fraudctl" alerts --json | "$(BIN)/python" -c "$$FIRST_ALERT")"
"$$fraudctl" explain "$$event"

say "The state of everything"
"$$fraudctl" status
endef
export DEMO

# What this machine believes, the build believes, as a secret of which nothing stays; its mirrors are the build's too.
comma := ,
TRUSTED := $(patsubst %,--secret id=ca$(comma)src=%,$(wildcard /etc/ssl/certs/ca-certificates.crt))
MIRRORS := $(foreach name,PIP_INDEX_URL FRAUDCTL_MAVEN_URL,$(if $($(name)),--build-arg $(name)))

compose-image: ## the image of fraudctl's own programs, for up --engine compose
	DOCKER_BUILDKIT=1 docker build $(TRUSTED) $(MIRRORS) -f compose/Dockerfile -t fraudctl:0.2.0 .

compose-demo: setup compose-image ## the same as demo, in containers
	@FRAUDCTL_ENGINE=compose FRAUDCTL_HOME="$${FRAUDCTL_HOME:-$$HOME/.local/state/fraudctl-compose}" bash -c "$$DEMO"

define FIRST_ALERT
import json, sys
alerts = json.load(sys.stdin)["data"]["alerts"]
print(alerts[0]["event_id"] if alerts else sys.exit("error: nothing was flagged"))
endef
export FIRST_ALERT

demo: setup ## start the stack, attack it, see what was caught and why, stop it
	@bash -c "$$DEMO"

clean: ## delete what was built here (not the data of a stack, see: fraudctl purge)
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find fraudctl pipeline tests -name __pycache__ -type d -prune -exec rm -rf {} +
