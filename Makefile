# The front door. `make` alone lists what there is.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help demo run test lint bless bench bench-compare profile crash days fuzz ci tools

help: ## List what make can do
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' Makefile

demo: ## Run a whole shop with simulated M-PESA, SMS and router
	cargo run --release --locked -- demo

run: ## Run the shop that lango.toml and the environment describe
	cargo run --release --locked -- serve

test: tools ## Install what the tests need and run all of them
	cargo test --locked

lint: ## Check formatting and run clippy, warnings being errors
	cargo fmt --all -- --check
	cargo clippy --locked --all-targets -- -D warnings

bless: tools ## Run the tests and take every changed snapshot file as right; then read the diff
	INSTA_UPDATE=always INSTA_FORCE_PASS=1 cargo test --locked --no-fail-fast
	@find src tests -name '.*.pending-snap' -print -delete | sed 's/^/inline, to be edited by hand: /'

bench: ## Measure everything, each figure beside its yardstick; samples go to benches/results
	cargo bench --locked --bench '*'

bench-compare: ## Let the shops of another commit and of this tree sell in turns: BASE=<commit>
	@bash benches/compare "$${BASE:?say which commit: make bench-compare BASE=main}" $(ARGS)

profile: ## Sell under perf, and print where the shop's time goes
	RUSTFLAGS="-C force-frame-pointers=yes" CFLAGS=-fno-omit-frame-pointer \
	    cargo build --profile profiling --locked --bin lango --target-dir target/profile
	cargo bench --locked --bench figures -- --profile --shop target/profile/profiling/lango $(ARGS)

crash: ## Kill the shop 200 times under load, and check that nothing is lost
	LANGO_TEST_KILLS=200 cargo test --locked --test it -- --nocapture crash::

fuzz: tools ## Try every reader of foreign bytes for a minute (LANGO_FUZZ_SECONDS changes it)
	@bash fuzz/run

days: ## Tell 10,000 random days, each from a seed, and check every promise after each
	LANGO_TEST_DAYS=$${LANGO_TEST_DAYS:-10000} cargo test --locked --profile days --test it -- --nocapture days::random

ci: ## Do what the build server does
	bash .ci/run

tools: ## Install what the tests need: Debian packages, axe, routeros-lsp, cargo-deny
	@bash tests/tools.sh
