# `make demo` shows the product on a real control plane; `make test` proves it. Both install what they need.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
JOBS ?= $(shell nproc)
# Tests on clusters of their own that run side by side; nearly all of their time is waiting.
CLUSTERS ?= 4
MINUTES ?= 30
# The Kubernetes of demo and tests, as in KUBERNETES=1.34; empty: the newest that tests/cluster pins.
KUBERNETES ?=
export KUBERNETES
OLDEST := $(patsubst tests/cluster/modules/k8s-%,%,$(firstword $(sort $(wildcard tests/cluster/modules/k8s-*))))
BIN := build/bin
# The name that the chart pulls unless it is told another.
IMAGE ?= $(shell awk '/^  repository:/ {print $$2; exit}' charts/disagg-operator/values.yaml):$(shell awk '/^appVersion:/ {print $$2}' charts/disagg-operator/Chart.yaml)

.PHONY: help deps live-deps build image image-mocker cluster-tools live-tools charts demo demo-live dev-cluster test test-unit \
        test-integration test-oldest test-asan test-tsan test-go test-live soak check-format lint format bench clean

.NOTPARALLEL:  # JOBS and CLUSTERS say how much runs side by side

help:  ## this list
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

deps:  ## install the Debian packages this project is built with (quiet when nothing is missing)
	@bash cmake/install-deps.sh cmake/debian-packages.txt

build: deps  ## build/bin/disagg-operator and build/bin/kubectl-disagg
	@cmake --preset release $(CMAKE_QUIET)
	@cmake --build build -j $(JOBS) --target disagg-operator kubectl-disagg

image: build  ## build/images/disagg-operator.tar: the operator's image as an OCI archive, without a container daemon (IMAGE=name:tag)
	@bash images/operator.sh $(BIN)/disagg-operator $(IMAGE) build/images/disagg-operator.tar

image-mocker: live-deps  ## build/images/dynamo-mocker.tar and a tiny model: Dynamo's front end and mocker for tests on a real node; needs root
	@bash images/live.sh images/dynamo-mocker localhost/dynamo-mocker:1.6.0 build/images/dynamo-mocker.tar
	@python3 images/tiny_model.py build/images/models/tiny

cluster-tools: deps  ## the pinned control plane (etcd, kube-apiserver, ...), built once per user and KUBERNETES=1.34|1.37
	@mkdir -p $(BIN)
	@cd tests/cluster && go build -trimpath -o ../../$(BIN)/local-cluster .
	@$(BIN)/local-cluster build cluster kubectl helm > /dev/null

live-deps: deps  ## install the Debian packages that live tests call (quiet when nothing is missing)
	@bash cmake/install-deps.sh cmake/live-packages.txt

live-tools: live-deps cluster-tools  ## what `local-cluster up --node` runs: containerd, kubelet, kube-proxy, CoreDNS, ...
	@$(BIN)/local-cluster build node > /dev/null

charts:  ## copy the CRDs into the chart
	@bash charts/sync-crds.sh

demo: build cluster-tools  ## the main job end to end on a local cluster (KEEP=1 leaves it running)
	@bash tests/demo/demo.sh

demo-live: live-tools image image-mocker  ## real pods on a real node, a chat completion, and requests counted through disturbances; needs root
	@bash tests/demo/demo-live.sh

dev-cluster: build cluster-tools  ## a local cluster with the chart installed and the operator running; ends with Ctrl-C
	@bash tests/demo/dev-cluster.sh

test: test-go test-unit test-integration  ## everything: unit, golden, integration on a real API server (KUBERNETES=1.34 for another)

test-go: deps
	@cd tests/cluster && go vet ./... && go test -short ./...

test-live: live-tools  ## the real node of the local cluster; needs root
	@cd tests/cluster && go test -count=1 -v -timeout 20m -run RealNode .

test-unit: deps  ## only what needs no cluster
	@cmake --preset release $(CMAKE_QUIET)
	@cmake --build build -j $(JOBS)
	@ctest --test-dir build --output-on-failure --no-tests=error -L unit

test-integration: cluster-tools  ## only what needs one
	@cmake --preset release $(CMAKE_QUIET)
	@cmake --build build -j $(JOBS)
	@ctest --test-dir build --output-on-failure --no-tests=error -L integration -j $(CLUSTERS)

test-oldest:  ## the same on the oldest Kubernetes that is tested
	@$(MAKE) --no-print-directory test-integration KUBERNETES=$(OLDEST)

test-asan test-tsan: test-%: cluster-tools  ## the same under AddressSanitizer and UndefinedBehaviorSanitizer, or ThreadSanitizer
	@cmake --preset $* $(CMAKE_QUIET)
	@cmake --build build/$* -j $(JOBS)
	@ctest --test-dir build/$* --output-on-failure --no-tests=error -L unit
	@ctest --test-dir build/$* --output-on-failure --no-tests=error -L integration

soak: cluster-tools  ## a fleet to which somebody does hostile things at random for MINUTES=30
	@cmake --preset release $(CMAKE_QUIET)
	@cmake --build build -j $(JOBS) --target soak_test
	@SOAK_MINUTES=$(MINUTES) $(BIN)/soak_test

check-format: deps  ## every source is as `make format` leaves it
	@git ls-files '*.h' '*.cc' | xargs clang-format-16 --dry-run -Werror

lint: check-format  ## formatting and clang-tidy; only what changed is looked at again
	@cmake --preset release $(CMAKE_QUIET)
	@python3 cmake/lint.py --jobs $(JOBS)

format: deps  ## clang-format over the sources
	@git ls-files '*.h' '*.cc' | xargs clang-format-16 -i

bench: cluster-tools  ## the figures of docs/performance.md
	@cmake --preset release $(CMAKE_QUIET)
	@cmake --build build -j $(JOBS) --target disagg-operator disagg-bench
	@bash tests/bench/run.sh

clean:
	@rm -rf build

CMAKE_QUIET := > /dev/null
