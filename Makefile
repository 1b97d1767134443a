# SPDX-FileCopyrightText: The Pleiad authors
# SPDX-License-Identifier: BSD-3-Clause
#
#   make           build/pleiad, optimised, with symbols (installs what the build needs)
#   make cluster   build, then six nodes on 127.0.0.1:7000-7005; `make stop` ends them
#   make test      all that CI runs: tidy, unit tests, process tests, sanitizers
#   make asan tsan one sanitizer: unit tests and the short process tests
#   make chaos     the process tests that take minutes: every byte, every step, 200 crashes, and MINUTES
#                  of faults under clients that a judge listens to (SEED)
#   make fuzz      every fuzz target for FUZZ_SECONDS
#   make bench     against Debian's redis-server, figures for this machine
#   make links     build/bin/: the names people already type (redis-server, redis-cli, ...)
#   make tidy      the house rules that a compiler can't check
.PHONY: all build tests cluster stop test tidy unit process chaos asan tsan fuzz bench links clean
.DEFAULT_GOAL := build

JOBS ?= $(shell nproc)
FUZZ_SECONDS ?= 15
# Tests mostly wait, for sockets and timers.
TEST_JOBS ?= 6
TESTS := -DPLEIAD_TESTS=ON -DPLEIAD_UNITY=ON
CLANG := -DCMAKE_C_COMPILER=clang-19 -DCMAKE_CXX_COMPILER=clang++-19
NAMES := redis-server redis-cli redis-trib redis-trib.rb valkey-server valkey-cli redis-check-rdb redis-check-aof \
  valkey-check-rdb valkey-check-aof

# configure(folder, cmake arguments): CMake is asked once; after that ninja notices what changed.
configure = [ -f $(1)/build.ninja ] || cmake -S . -B $(1) -G Ninja $(2) >/dev/null

all build:
	@tools/bootstrap build
	@$(call configure,build,-DPLEIAD_TESTS=OFF -DPLEIAD_UNITY=ON)
	@ninja -j$(JOBS) -C build --quiet pleiad

cluster: build
	@tools/cluster start

stop:
	@tools/cluster stop

links: build
	@mkdir -p build/bin
	@for name in $(NAMES); do ln -sfn ../pleiad build/bin/$$name; done
	@ls -1 build/bin

# The order is from quick to slow, so that a mistake shows early; process is last and prints the closing line.
test: tidy unit asan tsan process

tests:
	@tools/bootstrap all
	@$(call configure,build-test,$(TESTS))
	@ninja -j$(JOBS) -C build-test --quiet

tidy:
	@/usr/bin/env python3 tools/tidy_test.py
	@/usr/bin/env python3 tools/tidy

unit: tests
	@ctest --test-dir build-test --output-on-failure -j$(TEST_JOBS) --no-tests=error

process: tests
	@tests/run --bin build-test/pleiad --jobs $(TEST_JOBS)

chaos: tests
	@tests/run --bin build-test/pleiad --jobs $(TEST_JOBS) --long disk_faults crashes chaos

# Each sanitizer has a build of its own: one process can't hold two of them.
asan:
	@tools/bootstrap all
	@$(call configure,build-asan,$(CLANG) $(TESTS) -DPLEIAD_SANITIZE=address)
	@ninja -j$(JOBS) -C build-asan --quiet
	@tools/sanitized ctest --test-dir build-asan --output-on-failure -j$(TEST_JOBS) --no-tests=error
	@tools/sanitized tests/run --bin build-asan/pleiad --jobs $(TEST_JOBS) --short --slow 3

tsan:
	@tools/bootstrap all
	@$(call configure,build-tsan,$(CLANG) $(TESTS) -DPLEIAD_SANITIZE=thread)
	@ninja -j$(JOBS) -C build-tsan --quiet
	@tools/sanitized ctest --test-dir build-tsan --output-on-failure -j$(TEST_JOBS) --no-tests=error
	@tools/sanitized tests/run --bin build-tsan/pleiad --jobs $(TEST_JOBS) --short --slow 4

fuzz:
	@tools/bootstrap all
	@$(call configure,build-fuzz,$(CLANG) -DPLEIAD_TESTS=OFF -DPLEIAD_FUZZ=ON -DPLEIAD_SANITIZE=address \
	  -DCMAKE_CXX_FLAGS=-fsanitize=fuzzer-no-link)
	@tools/fuzz build-fuzz $(FUZZ_SECONDS) $(JOBS)

bench: build
	@tools/bootstrap all
	@bench/run

clean:
	@tools/cluster stop
	rm -rf build build-test build-asan build-tsan build-fuzz
