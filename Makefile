# The two commands of the README are `make demo` and `make test`; the rest is for developers.
# ARGS goes to the demo: make demo ARGS=--once
.PHONY: help setup build dev demo test test-random test-s3 check bench fuzz gcc asan tsan clean
JOBS ?= $(shell nproc)

help: ## this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## /{printf "  make %-11s %s\n", $$1, $$2}' Makefile

setup: ## install the packages that this machine lacks (Debian and npm)
	@tools/setup

build: setup ## the release programs, into build/release/bin/
	@cmake --preset release >build-release.log 2>&1 || { cat build-release.log; exit 1; }; rm -f build-release.log
	@cmake --build --preset release -j $(JOBS)

dev: setup
	@cmake --preset dev >build-dev.log 2>&1 || { cat build-dev.log; exit 1; }; rm -f build-dev.log
	@cmake --build --preset dev -j $(JOBS)

demo: build ## create a sample estate, start it, and rehearse the 2020 incident (ARGS=--once: then exit)
	@tools/demo $(ARGS)

test: dev ## install, build and run every test
	@ctest --preset dev

test-random: dev ## restic and bulkhead in turns on one repository, RANDOM_STEPS steps (default 300)
	@BULKHEAD_BIN=$(CURDIR)/build/dev/bin BULKHEAD_RANDOM_STEPS=$(or $(RANDOM_STEPS),300) \
		BULKHEAD_RANDOM_SEED=$(or $(RANDOM_SEED),2020) python3 tests/interop/random_operations_test.py

check: dev ## the style checks only
	@tools/check

test-s3: dev ## the S3 backend against a real store, Ceph's radosgw (unpacks 54 MB of packages)
	@BULKHEAD_BIN=$(CURDIR)/build/dev/bin tests/s3/radosgw_test.py

gcc: setup ## build and run the unit tests with the second compiler
	@cmake --preset gcc && cmake --build --preset gcc -j $(JOBS) && ctest --preset gcc

asan: setup ## build and run the unit tests with the address and undefined-behaviour sanitizers
	@cmake --preset asan-ubsan && cmake --build --preset asan-ubsan -j $(JOBS) && ctest --preset asan-ubsan

tsan: setup ## build and run the unit tests with the thread sanitizer
	@cmake --preset tsan && cmake --build --preset tsan -j $(JOBS) && ctest --preset tsan

fuzz: setup ## coverage-guided fuzzing of every parser, FUZZ_SECONDS each (default 60)
	@tools/fuzz

bench: build ## whole-program comparisons: a table in build/benchmarks/
	@benchmarks/repository
	@benchmarks/vault

clean: ## remove build/
	rm -rf build
