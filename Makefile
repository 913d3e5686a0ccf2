# Everything here needs Go and make, nothing else. `make help` lists the targets.
SHELL := /bin/sh
GO ?= go
# The binary is static and the same bytes from the same commit: no cgo, no paths
# of this machine; the version is what the toolchain records.
BUILD := CGO_ENABLED=0 $(GO) build -trimpath -ldflags=-s\ -w
PLATFORMS := linux/amd64 linux/arm64 darwin/amd64 darwin/arm64 windows/amd64 windows/arm64
LINT := $(GO) tool -modfile=tools/lint.mod

.PHONY: help build demo test engines rebuilds browser fuzz lint generate cross reproducible image image-check bench clean

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile

build: ## build ./plimsoll for this machine
	$(BUILD) -o plimsoll ./cmd/plimsoll

demo: build ## build two images and two databases offline, and judge them
	./plimsoll demo

test: ## run the tests
	$(GO) test ./...

engines: ## hold the sources against real Docker, Podman and a registry, the account against rpm and pacman (Linux, root; installs Debian's packages)
	@GO="$(GO)" sh tools/engines.sh
	@GO="$(GO)" sh tools/packagers.sh

rebuilds: ## build the rebuild's Dockerfiles with a real Docker on stand-in bases (Linux, root; installs Debian's packages)
	@GO="$(GO)" sh tools/rebuilds.sh

browser: ## open the HTML report in a real headless Chromium (Linux; installs Debian's package), BROWSER=/path/to/chrome elsewhere
	@GO="$(GO)" sh tools/browser.sh

fuzz: ## fuzz every parser of untrusted bytes, FUZZTIME (default 20s) each
	@GO="$(GO)" FUZZTIME="$(or $(FUZZTIME),20s)" sh tools/fuzz.sh

lint: ## gofumpt, go vet, staticcheck, generated files current
	@out=$$($(LINT) gofumpt -l cmd internal tools bench); if [ -n "$$out" ]; then echo "not gofumpt'd:"; echo "$$out"; exit 1; fi
	$(GO) vet ./...
	$(LINT) staticcheck ./...
	$(GO) mod tidy -diff
	$(GO) run ./tools/generate -check

generate: ## write docs/cli.md and docs/verdict.schema.json from the code
	$(GO) run ./tools/generate

cross: ## build for every platform into dist/
	@for p in $(PLATFORMS); do \
		os=$${p%/*}; arch=$${p#*/}; ext=; [ $$os = windows ] && ext=.exe; \
		echo "dist/plimsoll-$$os-$$arch$$ext"; \
		GOOS=$$os GOARCH=$$arch $(BUILD) -o dist/plimsoll-$$os-$$arch$$ext ./cmd/plimsoll || exit 1; \
	done

reproducible: ## build twice from different folders and compare
	sh tools/reproducible.sh

image: ## build the image of linux/amd64 and linux/arm64 with its SBOMs into dist/image, without a daemon (docs/image.md)
	@set --; for arch in amd64 arm64; do \
		GOOS=linux GOARCH=$$arch $(BUILD) -o dist/plimsoll-linux-$$arch ./cmd/plimsoll || exit 1; \
		set -- "$$@" linux/$$arch=dist/plimsoll-linux-$$arch; \
	done; \
	CGO_ENABLED=0 $(GO) run -trimpath ./tools/image -o dist/image "$$@"

image-check: build ## build the image twice from different folders, compare, and hold it against the strictest policy
	@GO="$(GO)" sh tools/image.sh

bench: ## measure against the floor and against peers (see bench/README.md)
	sh bench/run.sh

clean: ## remove what the targets above made
	rm -rf plimsoll dist
