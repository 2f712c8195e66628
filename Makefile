# The commands of the project. Each is a script that can be run by itself.

SEED ?= 1
SECONDS ?= 60

.PHONY: build release deb web check check-web test e2e demo bench bench-compare campaign tsan fuzz fuzz-promql fuzz-federation fuzz-parser fuzz-logql fuzz-wire fuzz-members fuzz-loki fuzz-tempo fuzz-profiles fuzz-http fuzz-requests fuzz-exposition fuzz-configuration format lint command-line clean

build:            ## debug build
	@scripts/install-dependencies
	swift build

release:          ## release build: Swift linked in, no symbols; prints where it is
	@scripts/install-dependencies
	@scripts/release

deb:              ## the Debian package, with checksums and a list of what is in it, under .build/packages
	@scripts/install-dependencies
	@scripts/deb

check:            ## what to run before each commit: format, order of the sources, build, unit tests
	@scripts/check

test:             ## everything: format, build, unit tests, end to end
	@scripts/test

e2e:              ## end to end only; TRIBUTARY_E2E_QUERIES and TRIBUTARY_SEED make it larger
	@scripts/e2e

web:              ## the web page, under .build/web, where the gateway finds it
	@scripts/install-dependencies
	@scripts/web

check-web:        ## tests of the web page, and a walk through it in a real browser
	@scripts/check-web

demo:             ## three real Prometheus servers as one, on this machine
	@scripts/demo

bench:            ## the gateway beside the bare fan-out and the union, in ten minutes
	@scripts/bench

bench-compare:    ## whether the gateway became slower: make bench-compare BASE=<revision or binary>
	@scripts/bench-compare $(BASE)

fuzz-promql:      ## our engine against the real Prometheus: make fuzz-promql SEED=7
	@scripts/fuzz-promql $(SEED)

fuzz-federation:  ## plans against their union, in process: make fuzz-federation SEED=7
	@scripts/fuzz-federation $(SEED)

campaign:         ## faults, slow and rude clients, mutated requests, kill -9, in their long form: about an hour
	@scripts/campaign

tsan:             ## all tests under ThreadSanitizer: hours
	@scripts/tsan

fuzz:             ## every reader of bytes from elsewhere under libFuzzer: make fuzz SECONDS=600
	@scripts/fuzz $(SECONDS)

fuzz-parser:      ## the parser under libFuzzer
	@scripts/fuzz-parser

fuzz-logql:       ## the parser and the planner of LogQL under libFuzzer
	@scripts/fuzz-logql

fuzz-wire:        ## the two readers of answers against each other, under libFuzzer
	@scripts/fuzz-wire

fuzz-members:     ## remote read, lists, documents and compressed bodies of members, under libFuzzer
	@scripts/fuzz-members

fuzz-loki:        ## answers of Loki and requests to it, under libFuzzer
	@scripts/fuzz-loki

fuzz-tempo:       ## traces, other answers of a Tempo, and TraceQL, under libFuzzer
	@scripts/fuzz-tempo

fuzz-profiles:    ## messages, flame graphs and selectors of profiles, under libFuzzer
	@scripts/fuzz-profiles

fuzz-http:        ## the reader of HTTP requests under libFuzzer
	@scripts/fuzz-http

fuzz-requests:    ## forms, paths and the body of remote read, under libFuzzer
	@scripts/fuzz-requests

fuzz-exposition:  ## the reader of pages of metrics under libFuzzer
	@scripts/fuzz-exposition

fuzz-configuration: ## YAML, and documents of the API, under libFuzzer
	@scripts/fuzz-configuration

format:           ## rewrite the sources as swift format has them
	swift format --in-place --parallel --recursive Sources Tests Package.swift

command-line:     ## man pages and completions under .build/command-line, docs/command-line.md and docs/metrics.md anew
	swift build
	scripts/command-line page >docs/command-line.md
	.build/debug/tributary metrics >docs/metrics.md
	scripts/command-line files .build/command-line

lint:             ## fails when the format differs
	@scripts/check-format

clean:
	rm -rf .build bench/results
