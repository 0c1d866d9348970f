# The commands of this project. Everything real is in setup/, app/xtask and cargo; here is only the order.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.NOTPARALLEL:

# Runs a command in the environment of the builds (see setup/env.sh).
with := setup/with.sh

.PHONY: help run build dev test unit e2e openapi lint deny audit bars peers lighthouse live pictures fuzz setup bundle clean-cache

help: ## this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: build ## set up, build, and start with demo data on http://127.0.0.1:3000
	@exec target/release/vigia serve --demo

build: setup bundle ## the program with everything inside: target/release/vigia
	@setup/program.sh release

dev: setup ## rebuild and reload on every change
	@$(with) cargo run --quiet --package xtask -- dev

test: ## set up and run every test, the browser's too
	@setup/setup.sh test
	@$(MAKE) --no-print-directory bundle lint deny unit build e2e openapi

unit: ## Rust's tests alone
	@setup/unit-tests.sh

e2e: ## the browser's tests alone, against target/release/vigia
	@$(with) npm run --silent e2e

openapi: ## the description of the interface, tried with odd requests (Schemathesis) against target/release/vigia
	@setup/openapi.sh target/release/vigia

lint: bundle ## formatting and clippy, for the server and for the browser
	@setup/lint.sh

deny: ## licences, banned crates, sources (cargo-deny is built on first use)
	@setup/deny.sh bans licenses sources

audit: ## known security advisories, where the network allows
	@setup/deny.sh advisories

bars: build ## benches and soaks, outside `make test`; lines of JSON, kept in target/bars.jsonl
	@bench/bars.sh target/release/vigia
	@ROUNDS=10 $(with) cargo test --test process -- kill:: storm:: --nocapture

peers: build ## our ingest beside two other ways, in one run (installs Mosquitto and InfluxDB 1)
	@"$$(setup/peers.sh)" bench/peers/run.py target/release/vigia

lighthouse: build ## the first pages as a phone meets them: speed, access, good practice
	@setup/lighthouse.sh
	@$(with) node bench/lighthouse/run.mjs

live: build ## from a device to the screen while a thousand speak, and what the page costs the browser
	@$(with) node bench/live/run.mjs

pictures: build ## every screen at three widths, in both themes and both languages, to be looked at: target/pictures
	@$(with) node bench/pictures/run.mjs

fuzz: ## feed the decoders arbitrary input, an hour in all
	@setup/fuzz.sh

setup: ## make the machine ready, no more
	@setup/setup.sh build

bundle:
	@$(with) cargo run --quiet --package xtask -- bundle --release

clean-cache: ## forget what is kept outside the checkout
	@setup/clean-cache.sh
